package keeper_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// split replaces each unstaking of the state by parts equal ones and imports the
// result: many entries without as many transactions.
func (f *fixture) split(t require.TestingT, parts int64) {
	g, err := f.k.ExportGenesis(f.ctx)
	require.NoError(t, err)
	var many []types.Unstake
	next := map[string]uint64{}
	for _, u := range g.Unstakes {
		piece := u
		piece.PoolShares = u.PoolShares.QuoRaw(parts)
		require.Equal(t, u.PoolShares.String(), piece.PoolShares.MulRaw(parts).String())
		for range parts {
			next[u.Prover]++
			piece.Id = next[u.Prover]
			many = append(many, piece)
		}
	}
	g.Unstakes = many
	for i := range g.Vaults {
		g.Vaults[i].NextUnstake = next[g.Vaults[i].Prover] + 1
	}
	store := f.ctx.KVStore(f.key)
	var keys [][]byte
	it := store.Iterator(nil, nil)
	for ; it.Valid(); it.Next() {
		keys = append(keys, it.Key())
	}
	require.NoError(t, it.Close())
	for _, key := range keys {
		store.Delete(key)
	}
	require.NoError(t, f.k.InitGenesis(f.ctx, g))
	f.commit()
}

// Laws S4 and S5 under load: ten thousand entries mature in one block, the first
// thousand must wait for an assignment. Each block's work stays within the cap,
// the oldest come first, those that wait cost one attempt each and hold up
// nobody, and when their obligation ends they come out beside the queue.
func TestTenThousandEntriesMatureAtOnce(t *testing.T) {
	const limit = 100
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.EndBlockCap = limit })
	busy := f.register(t, "busy", 1000*proof, 0)
	idle := f.register(t, "idle", 1000*proof, 0)
	work, err := f.open(busy, proof, proof)
	require.NoError(t, err)
	stakers := make([]sdk.AccAddress, 10)
	for i := range stakers {
		stakers[i] = f.account(t, fmt.Sprintf("staker%d", i), 1000*proof)
		prover, share := idle, int64(900*proof)
		if i == 0 {
			prover, share = busy, 1000*proof // the first thousand
		}
		require.NoError(t, f.stake(stakers[i], prover, share))
		_, err := f.unstake(stakers[i], prover, share)
		require.NoError(t, err)
	}
	f.split(t, 1000)
	g, err := f.k.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.Len(t, g.Unstakes, 10_000)

	f.ctx = f.ctx.WithBlockTime(f.ctx.BlockTime().Add(8 * day)) // all at once
	blocks, done, waiting := 0, 0, 0
	for done+waiting < 10_000 && blocks < 1000 {
		f.ctx = f.ctx.WithEventManager(sdk.NewEventManager()).WithBlockHeight(f.ctx.BlockHeight() + 1)
		require.NoError(t, f.k.EndBlock(f.ctx))
		paid, parked := f.tally()
		require.LessOrEqual(t, paid+parked, limit, "within the cap")
		done, waiting, blocks = done+paid, waiting+parked, blocks+1
		f.commit()
	}
	require.EqualValues(t, 9000, done)
	require.EqualValues(t, 1000, waiting)
	require.Equal(t, 100, blocks, "not one attempt is wasted")
	require.EqualValues(t, 0, f.balance(stakers[0]))
	for _, staker := range stakers[1:] {
		require.EqualValues(t, 1000*proof, f.balance(staker))
	}

	// The assignment ends: the parked thousand need ten blocks more.
	require.NoError(t, f.closeWork(busy, work))
	for blocks, done = 0, 0; done < 1000 && blocks < 1000; blocks++ {
		f.ctx = f.ctx.WithEventManager(sdk.NewEventManager()).WithBlockHeight(f.ctx.BlockHeight() + 1)
		require.NoError(t, f.k.EndBlock(f.ctx))
		paid, _ := f.tally()
		require.LessOrEqual(t, paid, limit)
		done += paid
	}
	require.Equal(t, 10, blocks)
	require.EqualValues(t, 1000*proof, f.balance(stakers[0]))
	f.requireSound(t)
}

// tally counts what the events of this block's end say.
func (f *fixture) tally() (paid, parked int) {
	for _, e := range f.ctx.EventManager().Events() {
		switch e.Type {
		case "proofmarket.provers.v1.EventUnstakeCompleted":
			paid++
		case "proofmarket.provers.v1.EventUnstakeParked":
			parked++
		}
	}
	return paid, parked
}

// Parked entries of many provers come out in turn: one with a thousand of them,
// and the lowest address, does not hold up another's one.
func TestRipeProversTakeTurns(t *testing.T) {
	const limit = 10
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.EndBlockCap = limit })
	var provers, stakers []sdk.AccAddress
	for i := range 25 {
		provers = append(provers, f.register(t, fmt.Sprintf("a%02d", i), 1000*proof, 0))
		stakers = append(stakers, f.account(t, fmt.Sprintf("s%02d", i), 1000*proof))
		_, err := f.open(provers[i], proof, proof)
		require.NoError(t, err)
		require.NoError(t, f.stake(stakers[i], provers[i], 1000*proof))
		_, err = f.unstake(stakers[i], provers[i], 1000*proof)
		require.NoError(t, err)
	}
	f.split(t, 40)
	f.ctx = f.ctx.WithBlockTime(f.ctx.BlockTime().Add(8 * day))
	for range 100 { // 25 × 40 entries are parked
		f.endBlock(t, 0)
	}
	for _, prover := range provers {
		require.EqualValues(t, 40, f.provers(t, prover).Load.ParkedUnstakes)
		require.NoError(t, f.closeWork(prover, 1))
	}
	for range 3 {
		f.endBlock(t, time.Second)
	}
	for i, prover := range provers {
		require.Less(t, f.provers(t, prover).Load.ParkedUnstakes, uint64(40), "prover %d had its turn within 25 / 10 blocks", i)
	}
	for range 97 {
		f.endBlock(t, time.Second)
	}
	for i, staker := range stakers {
		require.EqualValues(t, 1000*proof, f.balance(staker), "staker %d", i)
	}
	f.requireSound(t)
}

func (f *fixture) provers(t require.TestingT, addr sdk.AccAddress) types.Prover {
	res, err := f.query.Prover(f.ctx, &types.QueryProverRequest{Prover: addr.String()})
	require.NoError(t, err)
	return res.Prover.Prover
}
