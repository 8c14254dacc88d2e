package keeper

import (
	"context"
	"slices"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/staking/types"
	"github.com/proofmarket/proofmarket/x/staking/vault"
)

// CancelUnstake stakes the present value of the staker's entries again, at
// today's price and with the rights of staking: only the prover into a vault that
// is not ACTIVE, nobody into one that is over (law S4). There is no least amount
// but one share: what leaves the pool was in the vault before. It works wherever
// the entries wait, and on all of them or none. No coin moves: vault and pool
// share an account.
//
// What makes no whole share stays in the pool as the last of the entries, which
// from then on waits for what the latest of them waited for. ids must hold 1 to
// MaxUnstakeIDs, each once. It returns the shares minted and the value that moved.
// It fails with ErrInvalidIDs, ErrInvalidAmount, ErrProverNotFound, ErrVaultOver,
// ErrProverRetired, ErrProverNotActive, ErrUnstakeNotFound, ErrNotStaker,
// ErrVaultClosed, ErrAmountTooSmall, ErrMinOut.
func (k *Keeper) CancelUnstake(
	ctx context.Context, staker, prover sdk.AccAddress, generation uint64, ids []uint64, minShares math.Int,
) (shares, value math.Int, err error) {
	fail := func(err error) (math.Int, math.Int, error) { return math.Int{}, math.Int{}, err }
	if err := types.CheckIDs(ids); err != nil {
		return fail(err)
	}
	if minShares, err = notNegative("min_shares_out", minShares); err != nil {
		return fail(err)
	}
	p, v, err := k.vaultOf(ctx, prover, generation)
	if err != nil {
		return fail(err)
	}
	if v.Generation != p.Generation {
		return fail(types.ErrVaultOver.Wrapf("%s is in generation %d", p.Address, p.Generation))
	}
	if err := mayStake(p, staker, prover); err != nil {
		return fail(err)
	}
	text, err := k.text(staker)
	if err != nil {
		return fail(err)
	}
	entries, err := k.entriesOf(ctx, prover, text, v, ids)
	if err != nil {
		return fail(err)
	}
	offered := math.ZeroInt()
	for _, u := range entries {
		offered = offered.Add(u.PoolShares)
	}
	plan, err := v.Figures().Cancel(offered, minShares)
	if err != nil {
		return fail(vaultError(err))
	}
	last, err := k.takeBack(ctx, prover, staker, entries, plan)
	if err != nil {
		return fail(err)
	}
	v.SetFigures(plan.Vault)
	if err := k.mint(ctx, staker, sdk.NewCoin(v.Denom(), plan.Shares)); err != nil {
		return fail(err)
	}
	if err := k.saveVault(ctx, prover, v); err != nil {
		return fail(err)
	}
	event := types.EventUnstakeCancelled{
		Prover: p.Address, Generation: v.Generation, Staker: text, Ids: slices.Sorted(slices.Values(ids)),
		Shares: plan.Shares, Value: plan.Value, PoolShares: offered.Sub(plan.Kept), Kept: plan.Kept,
	}
	if plan.Kept.IsPositive() {
		event.ReadyAt, event.Mark = &last.ReadyAt, last.Mark
	}
	return plan.Shares, plan.Value, events.Emit(ctx, &event)
}

// entriesOf loads the staker's entries, by id. It fails with ErrUnstakeNotFound,
// also for a void one, and ErrNotStaker.
func (k *Keeper) entriesOf(
	ctx context.Context, prover sdk.AccAddress, staker string, v types.Vault, ids []uint64,
) ([]types.Unstake, error) {
	entries := make([]types.Unstake, 0, len(ids))
	for _, id := range slices.Sorted(slices.Values(ids)) {
		u, err := k.unstake(ctx, collections.Join3(prover, v.Generation, id))
		if err != nil {
			return nil, err
		}
		if v.Void(id) {
			return nil, errVoid(prover, v.Generation, id)
		}
		if u.Staker != staker {
			return nil, types.ErrNotStaker.Wrapf("%s/%d/%d is %s's", prover, v.Generation, id, u.Staker)
		}
		entries = append(entries, u)
	}
	return entries, nil
}

// takeBack removes the entries, but for what the plan keeps of them, which stays
// as the last one. That one waits for the latest ready_at and the highest mark of
// all: it may hold value of any of them, and none gets out sooner (law S5). It
// returns the last entry.
func (k *Keeper) takeBack(
	ctx context.Context, prover, staker sdk.AccAddress, entries []types.Unstake, plan vault.CancelPlan,
) (types.Unstake, error) {
	last := entries[len(entries)-1]
	for _, u := range entries {
		if err := k.removeUnstake(ctx, prover, u); err != nil {
			return last, err
		}
		if u.ReadyAt.After(last.ReadyAt) {
			last.ReadyAt = u.ReadyAt
		}
		last.Mark = max(last.Mark, u.Mark)
	}
	last.PoolShares, last.Status = plan.Kept, types.UNSTAKE_STATUS_QUEUED
	if plan.Kept.IsZero() {
		return last, nil
	}
	return last, k.addUnstake(ctx, prover, staker, last)
}
