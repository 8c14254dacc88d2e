package keeper_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// blow is something that happens to a prover outside the market.
type blow struct {
	// takes is what it is slashed.
	takes int64
	state stakingtypes.ProverState
	// blameless tells that it was not the prover's own doing (law M6).
	blameless bool
	// refusal is what a bid fails with from then on; nil if the prover is eligible still.
	refusal error
}

// blows are all that can happen to a prover.
var blows = map[string]blow{
	"jailed":           {0, stakingtypes.PROVER_STATE_JAILED, true, types.ErrProverNotActive},
	"stopped":          {0, stakingtypes.PROVER_STATE_DEACTIVATED, true, types.ErrProverNotActive},
	"stopped itself":   {0, stakingtypes.PROVER_STATE_DEACTIVATED, false, types.ErrProverNotActive},
	"slashed a little": {1_000_000, stakingtypes.PROVER_STATE_ACTIVE, true, nil},
	"slashed too far":  {98_000_001, stakingtypes.PROVER_STATE_ACTIVE, true, types.ErrVaultTooSmall},
	"slashed to dust":  {99_999_999, stakingtypes.PROVER_STATE_ACTIVE, true, types.ErrSelfStakeTooLow},
	"slashed to zero":  {100_000_000, stakingtypes.PROVER_STATE_DEACTIVATED, true, types.ErrProverNotActive},
}

// strike lets a blow fall on a prover.
func (f *fixture) strike(prover sdk.AccAddress, b blow) {
	if b.takes > 0 {
		f.takes(prover, b.takes)
	}
	f.provers.change(f.Ctx, prover, func(p *fakeProver) {
		p.State = b.state
		if b.blameless && b.takes == 0 {
			p.Faults++
		}
	})
}

// bob is jailed, stopped or slashed between each pair of steps of a life in which he
// would win. Before his reveal, he is out of the auction: alice wins, and his bond
// goes back unless it was his own doing. After it, he may deliver still and is paid
// (defect 2); if he does not, he pays what he has left, and alice stands by.
func TestAdversaryProverStruckBetweenSteps(t *testing.T) {
	for what, b := range blows {
		for _, missed := range []bool{false, true} {
			list := stages(missed)
			for at := 1; at < len(list); at++ {
				t.Run(fmt.Sprintf("%s before %s, missed %t", what, list[at].name, missed), func(t *testing.T) {
					l, gains := live(setup(t), list, time.Second, func(l *life, next int) {
						if next == at {
							l.strike(bob, b)
						}
					})
					out := b.refusal != nil && list[at].name != "closing" && list[at].name != "miss" && list[at].name != "proof"
					want := map[string]int64{}
					for who, n := range calm(missed) {
						want[who] = n
					}
					switch {
					case out:
						want = map[string]int64{"requester": -7_000_000 - requestFee, "alice": 6_650_000, chest: 350_000 + requestFee}
						if missed { // alice does so instead, and carol stands by
							want["alice"], want["carol"] = -bond-penalty, 6_650_000
							want[chest] += bond + penalty
						}
						if !b.blameless && list[at].name != "bids" {
							want["bob"], want[chest] = -bond, want[chest]+bond
						}
					case missed && list[at].name != "proof":
						spared := penalty - min(penalty, 100_000_000-b.takes)
						want["bob"], want[chest] = want["bob"]+spared, want[chest]-spared
					}
					taken := b.takes
					if missed && list[at].name == "proof" {
						taken = min(taken, 100_000_000-penalty) // it has paid that before
					}
					want["bob"] -= taken
					want[chest] += taken
					require.Equal(t, some(want), gains)
					if out && at <= 2 {
						require.ErrorIs(t, l.refused[0], b.refusal)
					} else {
						require.Empty(t, l.refused)
					}
				})
			}
		}
	}
}
