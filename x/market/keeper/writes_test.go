package keeper_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/proofmarket/proofmarket/x/market/keeper"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// counting counts what is written to a store.
type counting struct {
	inner store.KVStoreService
	n     *int
}

type countingStore struct {
	store.KVStore
	n *int
}

func (c counting) OpenKVStore(ctx context.Context) store.KVStore {
	return countingStore{c.inner.OpenKVStore(ctx), c.n}
}

func (c countingStore) Set(key, value []byte) error { *c.n++; return c.KVStore.Set(key, value) }
func (c countingStore) Delete(key []byte) error     { *c.n++; return c.KVStore.Delete(key) }

// The writes of each message and each step at the end of a block to what is committed.
// More of them make every node slower. Counting for the statistics is none: what a block
// adds is an object until its end.
func TestWrites(t *testing.T) {
	f := setup(t)
	n := 0
	keys := storeKeys(f.Ctx.MultiStore())
	service := counting{runtime.NewKVStoreService(keys[types.StoreKey].(*storetypes.KVStoreKey)), &n}
	f.keeper = keeper.NewKeeper(f.Codec, service, keys[types.ObjectStoreKey].(*storetypes.ObjectStoreKey), f.Account, f.Bank, fakePool{f.Fixture}, f.verifier, f.provers, f.Authority)
	f.msgs, f.queries = keeper.NewMsgServer(f.keeper), keeper.NewQueryServer(f.keeper)
	got := map[string]int{}
	step := func(name string, do func()) {
		n = 0
		do()
		got[name] = n
	}
	var id string
	step("request", func() { id = f.request(withStandby) })
	step("bid", func() { f.bid(id, alice, 6_000_000, true) })
	step("bid again", func() { f.bid(id, alice, 6_000_000, true) })
	step("second bid", func() { f.bid(id, bob, 4_000_000) })
	f.bid(id, carol, 7_000_000)
	f.toReveal(id)
	step("reveal, leads", func() { f.reveal(id, alice, 6_000_000, true) })
	step("reveal, takes the lead", func() { f.reveal(id, bob, 4_000_000) })
	step("reveal, the last, does not lead", func() { f.reveal(id, carol, 7_000_000) })
	f.endBlock()
	f.beginBlock(1)
	step("proof", func() {
		_, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, bob))
		require.NoError(t, err)
	})
	id = f.request()
	step("cancel", func() { f.cancel(id) })
	f.endBlock()
	step("idle block", func() { f.beginBlock(1); f.endBlock() })
	f.beginBlock(1)
	f.request(func(m *types.MsgRequest) { m.BiddingBlocks = 1 })
	f.endBlock()
	step("block with a refund", func() { f.beginBlock(1); f.endBlock() })
	f.bid(f.request(), alice, 6_000_000)
	step("block with a bid", f.endBlock)
	f.provers.epoch++
	f.beginBlock(1)
	f.bid(f.request(), alice, 6_000_000)
	step("block with the first bid of an epoch", f.endBlock)
	f.beginBlock(1)
	f.bid(f.request(), alice, 6_000_000)
	step("block with the next", f.endBlock)
	require.Equal(t, map[string]int{
		"request":                         6,
		"bid":                             4, // and the request waits for another block
		"second bid":                      2,
		"bid again":                       1,
		"reveal, leads":                   4,
		"reveal, takes the lead":          4,
		"reveal, the last, does not lead": 4,
		"proof":                           11,
		"cancel":                          8,
		"idle block":                      1,
		"block with a refund":             11,
		// The market's figures, and the prover's: of the running epoch alone, and when
		// an epoch is new of those before it too.
		"block with a bid":                     2,
		"block with the first bid of an epoch": 4,
		"block with the next":                  2,
	}, got)
}
