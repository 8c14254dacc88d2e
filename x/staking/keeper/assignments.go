package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// Standing returns what the market needs to know of a prover (law M4), as of
// the block's time. It fails with ErrProverNotFound.
func (k *Keeper) Standing(ctx context.Context, addr sdk.AccAddress) (types.Standing, error) {
	p, err := k.prover(ctx, addr)
	if err != nil {
		return types.Standing{}, err
	}
	return k.StandingOf(ctx, addr, p)
}

// StandingOf is Standing of a prover whose record was just read.
func (k *Keeper) StandingOf(ctx context.Context, addr sdk.AccAddress, p types.Prover) (types.Standing, error) {
	v, err := k.vault(ctx, addr, p.Generation)
	if err != nil {
		return types.Standing{}, err
	}
	own, err := k.selfStake(ctx, addr, v)
	if err != nil {
		return types.Standing{}, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return types.Standing{}, err
	}
	return types.Standing{
		State: p.State(), Generation: p.Generation, Faults: p.Faults,
		Assets: v.Assets, SelfStake: own, MinSelfStake: params.MinSelfStake,
		AssignedStake: p.Load.AssignedStake, Exposure: p.Load.Exposure, OpenAssignments: p.Load.OpenAssignments,
		MaxExposure: p.Breaker.MaxExposure,
	}, nil
}

// OpenAssignment records that a prover took work and returns its number (law
// S5). The caller has checked eligibility; this keeper holds on to what money
// depends on: the prover is ACTIVE, and all penalties together stay within the
// vault's assets (invariant 4) and the prover's own limit (law S8). It fails with
// ErrProverNotFound, ErrProverNotActive, ErrExposure, ErrMaxExposure,
// ErrInvalidAmount.
func (k *Keeper) OpenAssignment(ctx context.Context, addr sdk.AccAddress, stake, penalty math.Int) (uint64, error) {
	if err := positive("stake", stake); err != nil {
		return 0, err
	}
	penalty, err := notNegative("penalty", penalty)
	if err != nil {
		return 0, err
	}
	p, v, err := k.vaultOf(ctx, addr, 0)
	if err != nil {
		return 0, err
	}
	if p.State() != types.PROVER_STATE_ACTIVE {
		return 0, types.ErrProverNotActive.Wrapf("%s is %s", p.Address, p.State())
	}
	exposure, err := p.Load.Exposure.SafeAdd(penalty)
	if err != nil || exposure.GT(v.Assets) {
		return 0, types.ErrExposure.Wrapf("%s + %s uproof of penalties, the vault holds %s", p.Load.Exposure, penalty, v.Assets)
	}
	if !p.Breaker.Allows(exposure) {
		return 0, types.ErrMaxExposure.Wrapf("%s + %s uproof, the limit is %s", p.Load.Exposure, penalty, p.Breaker.MaxExposure)
	}
	assigned, err := p.Load.AssignedStake.SafeAdd(stake)
	if err != nil {
		return 0, types.ErrInvalidAmount.Wrapf("assigned stake %s + %s", p.Load.AssignedStake, stake)
	}
	a := types.Assignment{Prover: p.Address, Number: p.Load.NextAssignment, Stake: stake, Penalty: penalty}
	p.Load.NextAssignment++
	p.Load.OpenAssignments++
	p.Load.AssignedStake, p.Load.Exposure = assigned, exposure
	if err := k.provers.Set(ctx, addr, p); err != nil {
		return 0, err
	}
	if err := k.assignments.Set(ctx, collections.Join(addr, a.Number), a); err != nil {
		return 0, err
	}
	return a.Number, events.Emit(ctx, &types.EventAssignmentOpened{
		Prover: a.Prover, Number: a.Number, Stake: a.Stake, Penalty: a.Penalty,
	})
}

// CloseAssignment records that the work ended, however it did, in any state of
// the prover. The last one retires a prover whose vault was slashed to zero (law
// S7). It fails with ErrProverNotFound, ErrAssignmentUnknown.
func (k *Keeper) CloseAssignment(ctx context.Context, addr sdk.AccAddress, number uint64) error {
	p, v, err := k.vaultOf(ctx, addr, 0)
	if err != nil {
		return err
	}
	key := collections.Join(addr, number)
	a, err := k.assignments.Get(ctx, key)
	if errors.Is(err, collections.ErrNotFound) {
		return types.ErrAssignmentUnknown.Wrapf("%s has no open assignment %d", p.Address, number)
	}
	if err != nil {
		return err
	}
	if err := k.assignments.Remove(ctx, key); err != nil {
		return err
	}
	old := p
	p.Load.OpenAssignments--
	p.Load.AssignedStake = p.Load.AssignedStake.Sub(a.Stake)
	p.Load.Exposure = p.Load.Exposure.Sub(a.Penalty)
	if p.Load.ParkedUnstakes > 0 {
		if err := k.ripe.Set(ctx, addr); err != nil {
			return err
		}
	}
	if v.Closed && p.Load.OpenAssignments == 0 && !p.Retired {
		if err := k.retire(ctx, addr, &p); err != nil {
			return err
		}
		if err := k.saveOrEnd(ctx, addr, p, v); err != nil {
			return err
		}
	}
	if err := k.saveProver(ctx, addr, old, p, "vault_closed"); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventAssignmentClosed{Prover: p.Address, Number: number})
}
