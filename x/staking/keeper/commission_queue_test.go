package keeper_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// The end of a block writes due changes down, oldest first and no more than its
// cap; by their time they count all the same. One that fails holds up nobody.
func TestCommissionsAreWrittenInPages(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.EndBlockCap = 2 })
	var provers []sdk.AccAddress
	for i := range 5 {
		p := f.register(t, fmt.Sprintf("prover%d", i), 1000*proof, 1000)
		_, err := f.setCommission(p, "", 2000)
		require.NoError(t, err)
		provers = append(provers, p)
		f.endBlock(t, time.Second)
	}
	f.later(notice)
	stored := func() (written int) {
		g, err := f.k.ExportGenesis(f.ctx)
		require.NoError(t, err)
		for _, p := range g.Provers {
			if p.Prover.CommissionBps == 2000 {
				written++
			}
		}
		require.Len(t, g.Commissions, 5-written)
		return written
	}
	for _, want := range []int{0, 2, 4, 5, 5} {
		require.Equal(t, want, stored())
		for _, p := range provers {
			require.EqualValues(t, 2000, f.charged(t, p, "market"))
		}
		f.requireSound(t)
		requireSameAfterImport(t, f)
		f.endBlock(t, time.Second)
	}
}

func TestOneFailingCommissionDoesNotStopTheOthers(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.EndBlockCap = 1 })
	alice, bob := f.register(t, "alice", 1000*proof, 1000), f.register(t, "bob", 1000*proof, 1000)
	for _, p := range []sdk.AccAddress{alice, bob} {
		_, err := f.setCommission(p, "market", 2000)
		require.NoError(t, err)
		f.later(time.Second)
	}
	f.endBlock(t, notice)
	store := f.ctx.KVStore(f.key)
	record := append(types.ProversPrefix.Bytes(), alice...)
	saved := store.Get(record)
	require.NotEmpty(t, saved)
	store.Set(record, []byte("no record"))
	f.endBlock(t, 0) // alice's fails
	f.endBlock(t, 0)
	store.Set(record, saved)
	require.NotContains(t, f.pendingOf(t), bob.String())
	require.EqualValues(t, 2000, f.charged(t, alice, "market"), "by its time it counts")
	f.requireSound(t)
	_, err := f.setCommission(alice, "market", 3000)
	require.NoError(t, err, "and the next change works")
	f.requireSound(t)
}

// pendingOf lists the provers with a stored pending change.
func (f *fixture) pendingOf(t require.TestingT) (provers []string) {
	g, err := f.k.ExportGenesis(f.ctx)
	require.NoError(t, err)
	for _, r := range g.Commissions {
		if r.Pending != nil {
			provers = append(provers, r.Prover)
		}
	}
	return provers
}
