package events

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/cosmos/gogoproto/proto"
	"github.com/cosmos/gogoproto/types"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
)

// writer writes the value of a field in protobuf's JSON form
// (https://protobuf.dev/programming-guides/json).
type writer func(reflect.Value) (string, error)

func writeString(v reflect.Value) (string, error) { return quote(v.String()) }

// quote writes a string as encoding/json does, most of them without its help.
func quote(s string) (string, error) {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			b, err := json.Marshal(s)
			return string(b), err
		}
	}
	return `"` + s + `"`, nil
}

func writeBool(v reflect.Value) (string, error) { return strconv.FormatBool(v.Bool()), nil }

func writeNumber(v reflect.Value) (string, error) { return strconv.FormatUint(v.Uint(), 10), nil }

// writeLongNumber quotes: JavaScript's numbers have 53 bits.
func writeLongNumber(v reflect.Value) (string, error) {
	return `"` + strconv.FormatUint(v.Uint(), 10) + `"`, nil
}

// writeInt writes an amount; one that was never set is 0.
func writeInt(v reflect.Value) (string, error) {
	i := v.Interface().(math.Int)
	if i.IsNil() {
		return `"0"`, nil
	}
	return `"` + i.String() + `"`, nil
}

// writeEnum writes the name of a value, or its number where it has none.
func writeEnum(t reflect.Type) writer {
	if !t.Implements(reflect.TypeFor[fmt.Stringer]()) || t.Kind() != reflect.Int32 {
		return nil
	}
	return func(v reflect.Value) (string, error) {
		number := strconv.FormatInt(v.Int(), 10)
		if name := v.Interface().(fmt.Stringer).String(); name != number {
			return `"` + name + `"`, nil
		}
		return number, nil
	}
}

// writeBytes writes bytes in base64.
func writeBytes(v reflect.Value) (string, error) {
	b, err := json.Marshal(v.Bytes())
	return string(b), err
}

func writeTime(v reflect.Value) (string, error) {
	t := v.Interface().(time.Time)
	if _, err := types.TimestampProto(t); err != nil {
		return "", err
	}
	return `"` + fraction(t.UTC().Format("2006-01-02T15:04:05.000000000")) + `Z"`, nil
}

func writeDuration(v reflect.Value) (string, error) {
	d := v.Interface().(time.Duration)
	if d < 0 {
		return marshal(types.DurationProto(d))
	}
	return `"` + fraction(fmt.Sprintf("%d.%09d", d/time.Second, d%time.Second)) + `s"`, nil
}

// fraction leaves three, six or nine digits behind a number's point, or no point.
func fraction(number string) string {
	for range 2 {
		number = strings.TrimSuffix(number, "000")
	}
	return strings.TrimSuffix(number, ".000")
}

// writeMessage writes a message in a message: its fields as they are declared.
func writeMessage(v reflect.Value) (string, error) {
	m := v.Addr().Interface().(proto.Message)
	s := shapeOf(m)
	if s == nil {
		return marshal(m)
	}
	var out strings.Builder
	out.WriteByte('{')
	for i, f := range s.fields {
		value, err := f.write(v.Field(f.index))
		if err != nil {
			return "", err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(`"` + f.name + `":` + value)
	}
	out.WriteByte('}')
	return out.String(), nil
}

func marshal(m proto.Message) (string, error) {
	b, err := codec.ProtoMarshalJSON(m, nil)
	return string(b), err
}
