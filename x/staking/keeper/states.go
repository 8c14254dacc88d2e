package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// Deactivate is the prover's own wish to take no more work (law S1). It fails
// with ErrProverNotFound, ErrProverRetired, ErrAlreadyInState.
func (k *Keeper) Deactivate(ctx context.Context, addr sdk.AccAddress) error {
	p, err := k.prover(ctx, addr)
	if err != nil {
		return err
	}
	if p.Retired {
		return types.ErrProverRetired.Wrap(p.Address)
	}
	old := p
	if !p.AddCause(types.DEACTIVATION_CAUSE_OWN_WISH) {
		return types.ErrAlreadyInState.Wrapf("%s is deactivated by its own wish", p.Address)
	}
	return k.saveProver(ctx, addr, old, p, "own_wish")
}

// Reactivate lifts the causes that are the prover's to lift and returns the
// state that the others leave (law S1). It needs min_self_stake. It fails with
// ErrProverNotFound, ErrProverRetired, ErrNothingToLift, ErrSelfStakeTooLow.
func (k *Keeper) Reactivate(ctx context.Context, addr sdk.AccAddress) (types.ProverState, error) {
	p, v, err := k.vaultOf(ctx, addr, 0)
	if err != nil {
		return 0, err
	}
	if p.Retired {
		return 0, types.ErrProverRetired.Wrap(p.Address)
	}
	old := p
	selfStake := p.RemoveCause(types.DEACTIVATION_CAUSE_SELF_STAKE)
	ownWish := p.RemoveCause(types.DEACTIVATION_CAUSE_OWN_WISH)
	breaker := p.RemoveCause(types.DEACTIVATION_CAUSE_BREAKER)
	if breaker {
		p.Breaker = p.Breaker.Forget() // losses count anew (law S8)
	}
	if !selfStake && !ownWish && !breaker {
		return 0, types.ErrNothingToLift.Wrapf("%s is %s, by no cause of its own", p.Address, p.State())
	}
	own, err := k.selfStake(ctx, addr, v)
	if err != nil {
		return 0, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return 0, err
	}
	if own.LT(params.MinSelfStake) {
		return 0, types.ErrSelfStakeTooLow.Wrapf("%s uproof, stake up to %s first", own, params.MinSelfStake)
	}
	return p.State(), k.saveProver(ctx, addr, old, p, "reactivate")
}

// Retire ends the prover's business, by its own message only (law S1). Holders
// still unstake and the commission stays claimable; nothing that others hold
// stands in the way. It fails with ErrProverNotFound, ErrProverRetired,
// ErrProverJailed, ErrOpenAssignments.
func (k *Keeper) Retire(ctx context.Context, addr sdk.AccAddress) error {
	p, v, err := k.vaultOf(ctx, addr, 0)
	switch {
	case err != nil:
		return err
	case p.Retired:
		return types.ErrProverRetired.Wrap(p.Address)
	case p.Jailed:
		return types.ErrProverJailed.Wrap(p.Address)
	case p.Load.OpenAssignments > 0:
		return types.ErrOpenAssignments.Wrapf("%d of %s", p.Load.OpenAssignments, p.Address)
	}
	old := p
	if err := k.retire(ctx, addr, &p); err != nil {
		return err
	}
	if err := k.saveOrEnd(ctx, addr, p, v); err != nil {
		return err
	}
	return k.saveProver(ctx, addr, old, p, "retire")
}

// Jail is the authority's and a fault. A retired prover can be jailed too, which
// keeps it from registering again. It fails with ErrProverNotFound,
// ErrAlreadyInState.
func (k *Keeper) Jail(ctx context.Context, addr sdk.AccAddress) error {
	p, err := k.prover(ctx, addr)
	if err != nil {
		return err
	}
	if p.Jailed {
		return types.ErrAlreadyInState.Wrapf("%s is jailed", p.Address)
	}
	old := p
	p.Jailed = true
	p.Faults++
	return k.saveProver(ctx, addr, old, p, "jail")
}

// Unjail is the authority's; the remaining causes decide the state that it
// returns. It fails with ErrProverNotFound, ErrNothingToLift.
func (k *Keeper) Unjail(ctx context.Context, addr sdk.AccAddress) (types.ProverState, error) {
	p, err := k.prover(ctx, addr)
	if err != nil {
		return 0, err
	}
	if !p.Jailed {
		return 0, types.ErrNothingToLift.Wrapf("%s is not jailed", p.Address)
	}
	old := p
	p.Jailed = false
	return p.State(), k.saveProver(ctx, addr, old, p, "unjail")
}

// DeactivateProver sets the authority's cause and is a fault. The cause outlives
// the generation. It fails with ErrProverNotFound, ErrAlreadyInState.
func (k *Keeper) DeactivateProver(ctx context.Context, addr sdk.AccAddress) error {
	p, err := k.prover(ctx, addr)
	if err != nil {
		return err
	}
	old := p
	if !p.AddCause(types.DEACTIVATION_CAUSE_AUTHORITY) {
		return types.ErrAlreadyInState.Wrapf("%s is deactivated by the authority", p.Address)
	}
	p.Faults++
	return k.saveProver(ctx, addr, old, p, "authority")
}

// LiftDeactivation lifts the authority's cause; the others decide the state that
// it returns. It fails with ErrProverNotFound, ErrNothingToLift.
func (k *Keeper) LiftDeactivation(ctx context.Context, addr sdk.AccAddress) (types.ProverState, error) {
	p, err := k.prover(ctx, addr)
	if err != nil {
		return 0, err
	}
	old := p
	if !p.RemoveCause(types.DEACTIVATION_CAUSE_AUTHORITY) {
		return 0, types.ErrNothingToLift.Wrapf("%s is not deactivated by the authority", p.Address)
	}
	return p.State(), k.saveProver(ctx, addr, old, p, "lift")
}
