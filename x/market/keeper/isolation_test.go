package keeper_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// marketKeys lists the keys of the market's store with their values.
func (f *fixture) marketKeys() map[string]string {
	key := f.Ctx.MultiStore().(interface {
		StoreKeysByName() map[string]storetypes.StoreKey
	}).StoreKeysByName()[types.StoreKey]
	all := map[string]string{}
	it := f.Ctx.KVStore(key).Iterator(nil, nil)
	defer it.Close()
	for ; it.Valid(); it.Next() {
		all[string(it.Key())] = string(it.Value())
	}
	return all
}

// law M18: what a message writes in the market's store belongs to its request.
// Every key written contains the request's id, so no two requests share one.
func TestMessagesWriteTheirOwnKeysOnly(t *testing.T) {
	f := setup(t)
	f.assigned(withStandby)
	id := f.request(withStandby)
	raw, err := types.ParseID(id)
	require.NoError(t, err)
	step := func(name string, do func()) {
		before := f.marketKeys()
		do()
		after := f.marketKeys()
		for key, value := range before {
			if now, still := after[key]; !still || now != value {
				require.True(t, bytes.Contains([]byte(key), raw), "%s changed %x", name, key)
			}
		}
		for key := range after {
			if _, known := before[key]; !known {
				require.True(t, bytes.Contains([]byte(key), raw), "%s added %x", name, key)
			}
		}
	}
	step("bid", func() { f.bid(id, alice, 6, true); f.bid(id, dave, 5) })
	f.toReveal(id)
	step("reveal", func() { f.reveal(id, alice, 6, true); f.reveal(id, dave, 5) })
	f.blocks(1)
	step("proof", func() {
		_, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, dave))
		require.NoError(t, err)
	})
	f.blocks(1)
}
