package find_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"

	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/find"
)

// What it finds is what Map.Get finds, and it costs the same gas.
func TestIn(t *testing.T) {
	key := storetypes.NewKVStoreKey("store")
	ctx := testutil.DefaultContext(key, storetypes.NewTransientStoreKey("transient"))
	service := runtime.NewKVStoreService(key)
	pair := collections.PairKeyCodec(sdk.AccAddressKey, collections.StringKey)
	m := collections.NewMap(collections.NewSchemaBuilder(service), collections.NewPrefix(7), "numbers", pair, collections.Uint64Value)
	there := collections.Join(sdk.AccAddress("alice"), "one")
	require.NoError(t, m.Set(ctx, there, 11))
	for _, at := range []collections.Pair[sdk.AccAddress, string]{there, collections.Join(sdk.AccAddress("alice"), "two"), collections.Join(sdk.AccAddress("bob"), "one")} {
		metered := func() sdk.Context { return ctx.WithGasMeter(storetypes.NewInfiniteGasMeter()) }
		plain, own := metered(), metered()
		want, failure := m.Get(plain, at)
		got, found, err := find.In(own, service, m, at)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, !errors.Is(failure, collections.ErrNotFound), found)
		require.Equal(t, plain.GasMeter().GasConsumed(), own.GasMeter().GasConsumed())
	}

	raw, err := collections.EncodeKeyWithPrefix(m.GetPrefix(), pair, there)
	require.NoError(t, err)
	ctx.KVStore(key).Set(raw, []byte("no number"))
	_, found, err := find.In(ctx, service, m, there)
	require.ErrorIs(t, err, collections.ErrEncoding)
	require.False(t, found)

	texts := collections.PairKeyCodec(collections.StringKey, collections.StringKey)
	other := collections.NewMap(collections.NewSchemaBuilder(service), collections.NewPrefix(8), "texts", texts, collections.Uint64Value)
	_, _, err = find.In(ctx, service, other, collections.Join("a\x00b", "c"))
	require.ErrorIs(t, err, collections.ErrEncoding)
}
