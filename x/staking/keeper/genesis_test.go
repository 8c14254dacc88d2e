package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// withEmptyStore returns a fixture in a branch of the store in which the
// module's own store is empty, while bank and accounts are as they were.
func (f *fixture) withEmptyStore(t require.TestingT) *fixture {
	branch := *f
	branch.ctx, _ = f.ctx.CacheContext()
	store := branch.ctx.KVStore(f.key)
	var keys [][]byte
	it := store.Iterator(nil, nil)
	for ; it.Valid(); it.Next() {
		keys = append(keys, it.Key())
	}
	require.NoError(t, it.Close())
	for _, key := range keys {
		store.Delete(key)
	}
	return &branch
}

// busy returns a fixture with something of everything.
func busy(t *testing.T) (*fixture, sdk.AccAddress, sdk.AccAddress) {
	f := newFixture(t)
	alice := f.register(t, "alice", 2000*proof, 700)
	bob := f.account(t, "bob", 500*proof)
	require.NoError(t, f.stake(bob, alice, 500*proof))
	_, err := f.open(alice, 10*proof, proof)
	require.NoError(t, err)
	_, err = f.unstake(bob, alice, 100*proof) // will be parked
	require.NoError(t, err)
	f.endBlock(t, 8*day)
	f.endBlock(t, time.Second)
	_, err = f.unstake(bob, alice, 100*proof) // queued
	require.NoError(t, err)
	f.reward(t, alice, 10*proof)
	carol := f.register(t, "carol", 1000*proof, 0)
	_, err = f.unstake(carol, carol, 1000*proof)
	require.NoError(t, err)
	f.slash(t, carol, 1000*proof) // her entry is void
	f.requireSound(t)
	return f, alice, bob
}

// Invariant 7, and the chain goes on as it would have.
func TestGenesisRoundTrip(t *testing.T) {
	f, alice, bob := busy(t)
	requireSameAfterImport(t, f)

	g, err := f.k.ExportGenesis(f.ctx)
	require.NoError(t, err)
	fresh := f.withEmptyStore(t)
	require.NoError(t, fresh.k.InitGenesis(fresh.ctx, g))
	// The branch first: it reads through to what f has.
	for _, x := range []*fixture{fresh, f} {
		require.NoError(t, x.closeWork(alice, 1))
		x.endBlock(t, 8*day)
		x.endBlock(t, time.Second)
		x.requireSound(t)
	}
	require.EqualValues(t, f.balance(bob), fresh.balance(bob))
	require.Greater(t, f.balance(bob), int64(200*proof-1))
}

func TestGenesisRefused(t *testing.T) {
	cases := []struct {
		name    string
		malform func(*types.GenesisState)
		err     error
	}{
		{"params", func(g *types.GenesisState) { g.Params.UnstakeDelay = 0 }, types.ErrInvalidParams},
		{"prover twice", func(g *types.GenesisState) { g.Provers = append(g.Provers, g.Provers[0]) }, types.ErrInvalidGenesis},
		{"no generation", func(g *types.GenesisState) { g.Provers[0].Prover.Generation = 0 }, types.ErrInvalidGenesis},
		{"commission", func(g *types.GenesisState) { g.Provers[0].Prover.CommissionBps = 10_001 }, types.ErrInvalidGenesis},
		{"no load", func(g *types.GenesisState) { g.Provers[0].Prover.Load = types.Load{} }, types.ErrInvalidGenesis},
		{"unknown cause", func(g *types.GenesisState) { g.Provers[0].Prover.Causes = []types.DeactivationCause{9} }, types.ErrInvalidGenesis},
		{"cause twice", func(g *types.GenesisState) { g.Provers[0].Prover.Causes = []types.DeactivationCause{1, 1} }, types.ErrInvalidGenesis},
		{"profile", func(g *types.GenesisState) { g.Provers[0].Profile.Name = "\xff" }, types.ErrInvalidProfile},
		{"vault twice", func(g *types.GenesisState) { g.Vaults = append(g.Vaults, g.Vaults[0]) }, types.ErrInvalidGenesis},
		{"vault of nobody", func(g *types.GenesisState) { g.Vaults[0].Prover = "x" }, types.ErrInvalidGenesis},
		{"vault without amounts", func(g *types.GenesisState) { g.Vaults[0].Assets = math.Int{} }, types.ErrInvalidGenesis},
		{"vault without commission", func(g *types.GenesisState) { g.Vaults[0].Commission = math.Int{} }, types.ErrInvalidGenesis},
		{"vault closed", func(g *types.GenesisState) { g.Vaults[0].Closed = true }, types.ErrInvalidGenesis},
		{"vault ended", func(g *types.GenesisState) { g.Vaults[0].Ended = true }, types.ErrInvalidGenesis},
		{"vault void", func(g *types.GenesisState) { g.Vaults[0].VoidBelow = 99 }, types.ErrInvalidGenesis},
		{"vault ids", func(g *types.GenesisState) { g.Vaults[0].NextUnstake = 0 }, types.ErrInvalidGenesis},
		{"assignment twice", func(g *types.GenesisState) { g.Assignments = append(g.Assignments, g.Assignments[0]) }, types.ErrInvalidGenesis},
		{"assignment without stake", func(g *types.GenesisState) { g.Assignments[0].Stake = math.Int{} }, types.ErrInvalidGenesis},
		{"unstaking twice", func(g *types.GenesisState) { g.Unstakes = append(g.Unstakes, g.Unstakes[0]) }, types.ErrInvalidGenesis},
		{"unstaking status", func(g *types.GenesisState) { g.Unstakes[0].Status = 0 }, types.ErrInvalidGenesis},
		{"unstaking shares", func(g *types.GenesisState) { g.Unstakes[0].PoolShares = math.ZeroInt() }, types.ErrInvalidGenesis},
		{"unstaking time", func(g *types.GenesisState) { g.Unstakes[0].ReadyAt = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC) }, types.ErrInvalidGenesis},
		{"staker", func(g *types.GenesisState) { g.Unstakes[0].Staker = "bob" }, types.ErrInvalidAddress},

		{"load", func(g *types.GenesisState) { g.Provers[0].Prover.Load.OpenAssignments++ }, types.ErrInvariant},
		{"exposure", func(g *types.GenesisState) { g.Assignments[0].Penalty = math.NewInt(7) }, types.ErrInvariant},
		{"assignment number", func(g *types.GenesisState) { g.Provers[0].Prover.Load.NextAssignment = 1 }, types.ErrInvariant},
		{"generation without a vault", func(g *types.GenesisState) { g.Provers[0].Prover.Generation++ }, types.ErrInvariant},
		{"owes more than it holds", func(g *types.GenesisState) { g.Vaults[0].Commission = math.NewInt(99_999 * proof) }, types.ErrInvariant},
		{"shares without supply", func(g *types.GenesisState) { g.Vaults[0].Shares = g.Vaults[0].Shares.AddRaw(1) }, types.ErrInvariant},
		{"pool shares", func(g *types.GenesisState) { g.Unstakes[0].PoolShares = math.NewInt(1) }, types.ErrInvariant},
		{"unstaking id", func(g *types.GenesisState) { g.Vaults[0].NextUnstake = 1 }, types.ErrInvariant},
		{"parked count", func(g *types.GenesisState) { g.Unstakes = g.Unstakes[1:] }, types.ErrInvariant},
	}
	f, _, _ := busy(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g, err := f.k.ExportGenesis(f.ctx)
			require.NoError(t, err)
			c.malform(g)
			fresh := f.withEmptyStore(t)
			require.ErrorIs(t, fresh.k.InitGenesis(fresh.ctx, g), c.err)
		})
	}
}
