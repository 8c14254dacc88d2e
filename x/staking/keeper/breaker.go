package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// SetBreaker sets the prover's own limits, 0 for none, in any state but none and
// retired (law S8). Only the stake key signs for it: addr is the prover, never a
// submitter. A limit below what is open or lost already undoes nothing: it holds
// for the next work and at the next loss. Nor does a higher one lift a
// deactivation, which takes a message of its own. It fails with
// ErrProverNotFound, ErrProverRetired, ErrInvalidBreaker.
func (k *Keeper) SetBreaker(ctx context.Context, addr sdk.AccAddress, maxExposure, lossLimit math.Int) error {
	limits := types.Breaker{MaxExposure: orZero(maxExposure), LossLimit: orZero(lossLimit)}
	if err := limits.Validate(); err != nil {
		return err
	}
	p, err := k.inBusiness(ctx, addr)
	if err != nil {
		return err
	}
	p.Breaker.MaxExposure, p.Breaker.LossLimit = limits.MaxExposure, limits.LossLimit
	if err := k.provers.Set(ctx, addr, p); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventBreakerSet{
		Prover: p.Address, MaxExposure: limits.MaxExposure, LossLimit: limits.LossLimit,
	})
}

// orZero returns zero for an amount that was left out.
func orZero(amount math.Int) math.Int {
	if amount.IsNil() {
		return math.ZeroInt()
	}
	return amount
}

// lose counts a slash against the prover's loss_limit and deactivates it once
// the losses of an epoch pass that (law S8). Every slash counts, with what it
// really took.
func lose(p *types.Prover, slashed math.Int, epoch uint64) {
	if !slashed.IsPositive() {
		return
	}
	var tripped bool
	if p.Breaker, tripped = p.Breaker.Lose(slashed, epoch); tripped && !p.Retired {
		p.AddCause(types.DEACTIVATION_CAUSE_BREAKER)
	}
}
