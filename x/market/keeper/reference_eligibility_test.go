package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// busyStake is the min_stake of the request that alice leads beside the one that is
// looked at: odd, so that rounding shows.
const busyStake = 3_000_019

// busy makes alice the winner of a request, and gives it.
func (f *fixture) busy() string {
	id := f.request(func(m *types.MsgRequest) { m.MinStake = math.NewInt(busyStake) })
	f.bid(id, alice, 1_000_000)
	f.toReveal(id)
	require.True(f.t, f.reveal(id, alice, 1_000_000).Leads)
	f.blocks(1)
	return id
}

// The reference's formula, live overcommit_bps included: vault ≥ minStake +
// assignedStake × overcommitBps / 10000, at the bid and at the reveal; the limit
// itself is enough, one less is not. So are those of laws M4 and S8.
func TestReferenceEligibilityEdges(t *testing.T) {
	assets := func(n int64) func(*fakeProver) { return func(p *fakeProver) { p.Assets = n } }
	for name, tc := range map[string]struct {
		overcommit, slash uint32
		enough, short     func(*fakeProver)
		want              error
	}{
		"overcommit 0":     {0, 1000, assets(minStake), assets(minStake - 1), types.ErrVaultTooSmall},
		"overcommit 1":     {1, 1000, assets(minStake + 300), assets(minStake + 299), types.ErrVaultTooSmall},
		"overcommit 500":   {500, 1000, assets(minStake + 150_000), assets(minStake + 149_999), types.ErrVaultTooSmall},
		"overcommit 10000": {10_000, 1000, assets(minStake + busyStake), assets(minStake + busyStake - 1), types.ErrVaultTooSmall},
		"exposure":         {0, 10_000, assets(minStake + busyStake), assets(minStake + busyStake - 1), types.ErrExposureTooHigh},
		"own limit": {
			500, 1000, func(p *fakeProver) { p.MaxExposure = penalty + busyStake/10 },
			func(p *fakeProver) { p.MaxExposure = penalty + busyStake/10 - 1 }, types.ErrMaxExposure,
		},
		"own stake": {
			500, 1000, func(p *fakeProver) { p.SelfStake = 1_000_000 },
			func(p *fakeProver) { p.SelfStake = 999_999 }, types.ErrSelfStakeTooLow,
		},
		"state": {
			500, 1000, func(*fakeProver) {},
			func(p *fakeProver) { p.State = stakingtypes.PROVER_STATE_DEACTIVATED }, types.ErrProverNotActive,
		},
	} {
		// fresh gives a chain on which alice leads a request; it has coins for both sides.
		fresh := func(t *testing.T) (*fixture, []string) {
			f := setup(t)
			f.set(func(p *types.Params) { p.SlashBps, p.OvercommitBps = tc.slash, 10_000 })
			ids := []string{f.busy(), f.request()}
			f.set(func(p *types.Params) { p.OvercommitBps = tc.overcommit })
			return f, ids
		}
		t.Run(name+", bid", func(t *testing.T) {
			f, ids := fresh(t)
			f.provers.change(f.Ctx, alice, tc.short)
			fails(f, f.msgs.Bid, f.bidMsg(ids[1], alice, alice, 5, false), tc.want)
			f.provers.change(f.Ctx, alice, rich)
			f.provers.change(f.Ctx, alice, tc.enough)
			f.bid(ids[1], alice, 5)
			f.provers.change(f.Ctx, alice, rich)
			f.finish(ids...)
		})
		for _, enough := range []bool{true, false} {
			t.Run(name+", reveal", func(t *testing.T) {
				f, ids := fresh(t)
				before := f.Balance(alice)
				f.bid(ids[1], alice, 5)
				f.bid(ids[1], bob, 9)
				f.toReveal(ids[1])
				change := tc.short
				if enough {
					change = tc.enough
				}
				f.provers.change(f.Ctx, alice, change)
				response := f.reveal(ids[1], alice, 5)
				require.Equal(t, enough, response.Ranked)
				require.Equal(t, enough, response.Leads)
				require.Equal(t, int64(-bond), f.gained(alice, before), "the leader's bond stays, the other's is lost")
				f.reveal(ids[1], bob, 9)
				f.blocks(1)
				d := f.view(ids[1]).Auction.Assignment
				require.Equal(t, map[bool]string{true: alice.String(), false: bob.String()}[enough], d.Prover)
				f.provers.change(f.Ctx, alice, rich)
				f.proves(ids[1])
				f.proves(ids[0])
				f.blocks(1)
				require.Equal(t, map[bool]int64{true: bond, false: 0}[enough], f.gained(alice, before), "with the bond of the other request")
			})
		}
	}
}

// rich makes a prover eligible for everything again.
func rich(p *fakeProver) {
	p.State, p.Assets, p.SelfStake, p.MaxExposure = stakingtypes.PROVER_STATE_ACTIVE, 100_000_000, 100_000_000, 0
}

// The reference: + minStake when leading, moved when the lead changes, released when
// fulfilled or refunded; ours moves the penalty (exposure) with it, on each request
// for itself.
func TestReferenceLeadMovesAssignedStakeAndExposure(t *testing.T) {
	f := setup(t)
	before := f.riches()
	large := f.request(withStandby)
	small := f.request(withStandby, func(m *types.MsgRequest) { m.MinStake = math.NewInt(1_000_009) })
	// owes checks what each prover leads or is assigned; others nothing.
	owes := func(want map[string][]int64) {
		for _, name := range []string{"alice", "bob", "carol", "dave"} {
			stake, exposure := int64(0), int64(0)
			for _, n := range want[name] {
				stake, exposure = stake+n, exposure+n/10
			}
			prover, _ := f.provers.get(f.Ctx, people[name])
			require.Len(t, prover.Open, len(want[name]), name)
			standing, err := f.provers.Standing(f.Ctx, people[name])
			require.NoError(t, err)
			require.Equal(t, stake, standing.AssignedStake.Int64(), name)
			require.Equal(t, exposure, standing.Exposure.Int64(), name)
		}
	}
	provers := []sdk.AccAddress{alice, bob, carol, dave}
	for i, p := range provers {
		f.bid(large, p, int64(9-i)*1_000_000, true)
		f.bid(small, p, int64(1+i)*1_000_000, true)
	}
	owes(nil)
	f.toReveal(large)
	f.reveal(small, alice, 1_000_000, true)
	owes(map[string][]int64{"alice": {1_000_009}})
	for i, p := range provers { // each undercuts the one before
		f.reveal(large, p, int64(9-i)*1_000_000, true)
		want := map[string][]int64{"alice": {1_000_009}}
		for name, addr := range people {
			if addr.Equals(p) {
				want[name] = append(want[name], minStake)
			}
		}
		owes(want)
	}
	f.reveal(small, bob, 2_000_000, true) // does not lead
	f.reveal(small, carol, 3_000_000, true)
	f.reveal(small, dave, 4_000_000, true)
	both := map[string][]int64{"alice": {1_000_009}, "dave": {minStake}}
	owes(both)
	f.blocks(1)
	owes(both)
	f.proves(small)
	owes(map[string][]int64{"dave": {minStake}}) // fulfilled
	f.pass(gaps{59 * time.Second, 2 * time.Second, time.Second})
	require.Equal(t, carol.String(), f.view(large).Auction.Assignment.Prover)
	owes(map[string][]int64{"carol": {minStake}}) // missed and promoted
	f.finish(large)
	owes(nil) // refunded
	require.Equal(t, map[string]int64{
		"requester": -2_000_000 - 2*requestFee, "alice": 1_900_000, "dave": -bond - penalty, "carol": -penalty,
		chest: 100_000 + 2*requestFee + bond + 2*penalty,
	}, f.gains(before))
}
