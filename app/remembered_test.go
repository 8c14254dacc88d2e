package app_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// Decoded records that a node remembers are shared by transactions that run side by side:
// nothing in them may be of a kind that is changed in place (decision 36).
func TestRememberedRecordsAreValues(t *testing.T) {
	for _, record := range []any{
		markettypes.Request{}, markettypes.Params{}, markettypes.Clock{}, proverstypes.Vault{}, proverstypes.Params{},
	} {
		requireValue(t, reflect.TypeOf(record), reflect.TypeOf(record).String())
	}
}

// requireValue fails for a type in which something is shared by its copies.
func requireValue(t *testing.T, kind reflect.Type, path string) {
	t.Helper()
	switch kind {
	case reflect.TypeFor[math.Int](), reflect.TypeFor[time.Time]():
		return // nobody changes one
	}
	if path == "types.Request.Input.Inline" {
		return // in a record of its own, never in that of the request
	}
	switch kind.Kind() {
	case reflect.Struct:
		for i := range kind.NumField() {
			requireValue(t, kind.Field(i).Type, path+"."+kind.Field(i).Name)
		}
	case reflect.Slice, reflect.Map, reflect.Pointer, reflect.Interface, reflect.Func, reflect.Chan:
		require.Fail(t, "shared by all copies", path)
	default:
	}
}
