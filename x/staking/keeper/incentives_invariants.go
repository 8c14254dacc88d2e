package keeper

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/incentive"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// checkIncentives: the pool covers what the payout under way may still pay
// (invariant 2), the payout's sums are those of the figures that it was scored
// by, and figures of two epochs never mix (law S10).
func (k *Keeper) checkIncentives(ctx context.Context) error {
	clock, err := k.epochClock.Get(ctx)
	if err != nil {
		return broken("there is no epoch clock")
	}
	if k.ak.GetAccount(ctx, types.IncentiveAddress()) == nil {
		return broken("the incentive pool has no account")
	}
	if err := k.checkPayouts(ctx, clock); err != nil {
		return err
	}
	open, err := k.scoring(ctx, clock)
	if err != nil {
		return err
	}
	if err := k.checkRunning(ctx, clock, open); err != nil {
		return err
	}
	return k.provers.Walk(ctx, nil, func(addr sdk.AccAddress, p types.Prover) (bool, error) {
		if p.State() != types.PROVER_STATE_ACTIVE {
			return false, nil
		}
		if has, err := k.running.Has(ctx, addr); err != nil || !has {
			return true, broken("%s is active and has no tally", p.Address)
		}
		return false, nil
	})
}

// scoring returns the payout if it is in its first phase, else nil.
func (k *Keeper) scoring(ctx context.Context, clock types.EpochClock) (*types.Payout, error) {
	if clock.Last == 0 {
		return nil, nil
	}
	p, err := k.payouts.Get(ctx, clock.Last)
	if err != nil {
		return nil, broken("epoch %d has no payout", clock.Last)
	}
	if p.Phase != types.PAYOUT_PHASE_SCORE {
		return nil, nil
	}
	return &p, nil
}

func (k *Keeper) checkRunning(ctx context.Context, clock types.EpochClock, scoring *types.Payout) error {
	return k.running.Walk(ctx, nil, func(addr sdk.AccAddress, t types.RunningEpoch) (bool, error) {
		f := t.Figures
		if text, err := k.text(addr); err != nil || text != f.Prover {
			return true, broken("tally of %s is stored under %s", f.Prover, text)
		}
		if p, err := k.prover(ctx, addr); err != nil || f.Generation > p.Generation {
			return true, broken("tally of %s, who is no prover or has no generation %d", f.Prover, f.Generation)
		}
		waits := scoring != nil && f.Epoch == scoring.Epoch
		if f.Epoch != clock.Number && !waits {
			return true, broken("tally of %s is of epoch %d, %d runs", f.Prover, f.Epoch, clock.Number)
		}
		if t.Since.After(now(ctx)) || (!waits && t.Since.Before(clock.Start)) {
			return true, broken("tally of %s is complete up to %s, the epoch began at %s", f.Prover, t.Since, clock.Start)
		}
		return false, checkFigures(f)
	})
}

func checkFigures(e types.ProverEpoch) error {
	for _, figure := range []math.Int{e.Fees, e.ProtocolFees, e.Rewards, e.Vested, e.AssetTime, e.StakeTime, e.Incentive} {
		if !incentive.Valid(figure) {
			return broken("epoch %d of %s has the figure %s", e.Epoch, e.Prover, figure)
		}
	}
	if e.ProtocolFees.GT(e.Fees) || e.StakeTime.GT(e.AssetTime) {
		return broken("epoch %d of %s: a part is more than the whole", e.Epoch, e.Prover)
	}
	return nil
}

// epochSums are the sums over the records of one epoch.
type epochSums struct {
	fees, stake, paid math.Int
	records, handled  uint64
}

func (k *Keeper) checkPayouts(ctx context.Context, clock types.EpochClock) error {
	if err := k.proverEpochs.Walk(ctx, nil, func(key EpochKey, e types.ProverEpoch) (bool, error) {
		text, err := k.text(key.K2())
		if err != nil || text != e.Prover || key.K1() != e.Epoch || e.Epoch > clock.Last {
			return true, broken("epoch %d of %s is stored under %d, %s", e.Epoch, e.Prover, key.K1(), text)
		}
		if has, err := k.payouts.Has(ctx, e.Epoch); err != nil || !has {
			return true, broken("epoch %d of %s has no payout", e.Epoch, e.Prover)
		}
		if has, err := k.vaults.Has(ctx, vaultKey(key.K2(), e.Generation)); err != nil || !has {
			return true, broken("epoch %d of %s belongs to generation %d", e.Epoch, e.Prover, e.Generation)
		}
		return false, checkFigures(e)
	}); err != nil {
		return err
	}
	return k.payouts.Walk(ctx, nil, func(epoch uint64, p types.Payout) (bool, error) {
		if p.Epoch != epoch || epoch > clock.Last || (p.Open() && epoch != clock.Last) {
			return true, broken("payout of epoch %d is %s, stored under %d, the last epoch is %d", p.Epoch, p.Phase, epoch, clock.Last)
		}
		if err := p.Pot().Check(); err != nil {
			return true, broken("payout of epoch %d: %s", epoch, err)
		}
		if left := p.Budget.Sub(p.Paid); left.IsNegative() || (p.Open() && left.GT(k.incentivePool(ctx))) {
			return true, broken("payout of epoch %d: %s of %s are left, the pool holds %s", epoch, left, p.Budget, k.incentivePool(ctx))
		}
		if epoch != clock.Last {
			return false, nil // its records may be on the way out
		}
		return false, k.checkSums(ctx, p)
	})
}

// checkSums compares a payout with the records of its epoch, those up to the
// cursor while it is scored or paid.
func (k *Keeper) checkSums(ctx context.Context, p types.Payout) error {
	sums := epochSums{fees: math.ZeroInt(), stake: math.ZeroInt(), paid: math.ZeroInt()}
	var cursor sdk.AccAddress
	if p.Cursor != "" {
		var err error
		if cursor, err = k.address(p.Cursor); err != nil {
			return err
		}
	}
	rng := collections.NewPrefixedPairRange[uint64, sdk.AccAddress](p.Epoch)
	err := k.proverEpochs.Walk(ctx, rng, func(key EpochKey, e types.ProverEpoch) (bool, error) {
		passed := string(key.K2()) <= string(cursor)
		if passed || p.Phase > types.PAYOUT_PHASE_SCORE {
			sums.records++
			sums.fees, sums.stake = sums.fees.Add(e.ProtocolFees), sums.stake.Add(e.StakeTime)
		}
		if (passed && p.Phase == types.PAYOUT_PHASE_PAY) || p.Phase > types.PAYOUT_PHASE_PAY {
			sums.handled++
		}
		sums.paid = sums.paid.Add(e.Incentive)
		return false, nil
	})
	if err != nil {
		return err
	}
	if !sums.fees.Equal(p.ProtocolFees) || !sums.stake.Equal(p.StakeTime) || !sums.paid.Equal(p.Paid) ||
		sums.records != p.Scored || sums.handled != p.Handled {
		return broken("payout of epoch %d is %s, its records sum to %+v", p.Epoch, p.String(), sums)
	}
	return nil
}
