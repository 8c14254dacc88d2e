package events_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	_ "github.com/proofmarket/proofmarket/x/staking/types"
	_ "github.com/proofmarket/proofmarket/x/verifier/types"
)

// all returns the types of all events that our modules have.
func all(t testing.TB) (list []reflect.Type) {
	t.Helper()
	files, err := proto.MergedRegistry()
	require.NoError(t, err)
	for _, module := range []protoreflect.FullName{"proofmarket.market.v1", "proofmarket.provers.v1", "proofmarket.verifier.v1"} {
		before := len(list)
		files.RangeFilesByPackage(module, func(file protoreflect.FileDescriptor) bool {
			for i := range file.Messages().Len() {
				if m := file.Messages().Get(i); strings.HasPrefix(string(m.Name()), "Event") {
					list = append(list, proto.MessageType(string(m.FullName())))
				}
			}
			return true
		})
		require.Greater(t, len(list), before, module)
	}
	return list
}

// fraction is a part of a second: of none, three, six and nine digits.
func fraction(t *rapid.T) time.Duration {
	unit := rapid.SampledFrom([]time.Duration{time.Second, time.Millisecond, time.Microsecond, time.Nanosecond}).Draw(t, "unit")
	return time.Duration(rapid.Int64Range(0, int64(time.Second/unit)-1).Draw(t, "fraction")) * unit
}

// fill gives every field of a struct some value.
func fill(t *rapid.T, v reflect.Value) {
	switch v.Interface().(type) {
	case math.Int:
		if rapid.Bool().Draw(t, "set") {
			v.Set(reflect.ValueOf(math.NewInt(rapid.Int64().Draw(t, "int")).Mul(math.NewInt(rapid.Int64().Draw(t, "times")))))
		}
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(rapid.Int64Range(0, 1<<34).Draw(t, "seconds"), int64(fraction(t))).UTC()))
		return
	case time.Duration:
		seconds := rapid.Int64Range(-1<<33, 1<<33).Draw(t, "seconds")
		v.Set(reflect.ValueOf(time.Duration(seconds)*time.Second + fraction(t)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]*`)).Draw(t, "string"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int32:
		v.SetInt(int64(rapid.Int32Range(-1, 20).Draw(t, "enum")))
	case reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "int64"))
	case reflect.Uint32:
		v.SetUint(uint64(rapid.Uint32().Draw(t, "uint32")))
	case reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(t, "uint64"))
	case reflect.Uint8:
		v.SetUint(uint64(rapid.Byte().Draw(t, "byte")))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), rapid.IntRange(0, 3).Draw(t, "length"), 3))
		for i := range v.Len() {
			fill(t, v.Index(i))
		}
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "there") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	default:
		t.Fatalf("a field of kind %s", v.Kind())
	}
}

// Whoever reads events can't tell who wrote them.
func TestEventsAreThoseOfTheSDK(t *testing.T) {
	for _, kind := range all(t) {
		t.Run(kind.Elem().Name(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				event := reflect.New(kind.Elem())
				if rapid.IntRange(0, 9).Draw(t, "empty") > 0 {
					fill(t, event.Elem())
				}
				want, err := sdk.TypedEventToEvent(event.Interface().(proto.Message))
				require.NoError(t, err)
				got, err := events.Of(event.Interface().(proto.Message))
				require.NoError(t, err)
				require.Equal(t, want, got)
			})
		})
	}
}

// What can't be written is an error, never a panic.
func TestWhatCannotBeWritten(t *testing.T) {
	_, err := events.Of((*markettypes.EventBid)(nil))
	require.Error(t, err)
	_, err = events.Of(&markettypes.EventAssigned{Deadline: time.Unix(1<<50, 0)})
	require.Error(t, err)
}

func BenchmarkEvent(b *testing.B) {
	event := &markettypes.EventBid{RequestId: strings.Repeat("ab", 32), Bond: math.NewInt(100_000)}
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := events.Of(event)
			require.NoError(b, err)
		}
	})
	b.Run("the SDK's", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := sdk.TypedEventToEvent(event)
			require.NoError(b, err)
		}
	})
}
