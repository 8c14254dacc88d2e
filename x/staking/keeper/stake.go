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

// Stake puts up to amount uproof of staker into the prover's current vault and
// gives it shares (law S2). Only the prover stakes into a vault that is not
// ACTIVE, and nobody once it is retired. It fails with ErrProverNotFound,
// ErrProverRetired, ErrProverNotActive, ErrAmountTooSmall, ErrMinOut,
// ErrVaultClosed, ErrInvalidAmount, or bank's error when the coins are missing.
func (k *Keeper) Stake(
	ctx context.Context, staker, prover sdk.AccAddress, amount, minShares math.Int,
) (shares, taken math.Int, err error) {
	fail := func(err error) (math.Int, math.Int, error) { return math.Int{}, math.Int{}, err }
	if err := positive("amount", amount); err != nil {
		return fail(err)
	}
	if minShares, err = notNegative("min_shares_out", minShares); err != nil {
		return fail(err)
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return fail(err)
	}
	if amount.LT(params.MinStake) {
		return fail(types.ErrAmountTooSmall.Wrapf("%s uproof, min_stake is %s", amount, params.MinStake))
	}
	p, v, err := k.vaultOf(ctx, prover, 0)
	if err != nil {
		return fail(err)
	}
	if err := mayStake(p, staker, prover); err != nil {
		return fail(err)
	}
	plan, err := v.Figures().Stake(amount, minShares)
	if err != nil {
		return fail(vaultError(err))
	}
	v.SetFigures(plan.Vault)
	if err := k.deposit(ctx, prover, staker, v, plan.Takes, plan.Shares); err != nil {
		return fail(err)
	}
	if err := k.saveVault(ctx, prover, v); err != nil {
		return fail(err)
	}
	text, err := k.text(staker)
	if err != nil {
		return fail(err)
	}
	return plan.Shares, plan.Takes, events.Emit(ctx, &types.EventStaked{
		Prover: p.Address, Generation: v.Generation, Staker: text, Shares: plan.Shares, Taken: plan.Takes,
	})
}

// mayStake returns an error for a staker that may not put anything into the
// prover's current vault as it stands (law S2): ErrProverRetired or
// ErrProverNotActive.
func mayStake(p types.Prover, staker, prover sdk.AccAddress) error {
	switch {
	case p.Retired:
		return types.ErrProverRetired.Wrap(p.Address)
	case p.State() != types.PROVER_STATE_ACTIVE && !staker.Equals(prover):
		return types.ErrProverNotActive.Wrapf("%s is %s: only the prover itself may stake", p.Address, p.State())
	}
	return nil
}

// RequestUnstake burns shares of staker and moves their value to the unstaking
// pool of the generation, 0 for the current one (law S4). It works in any state
// but a closed vault. To ask for all shares always leaves nothing behind, so
// neither min_unstake nor min_self_stake can stand in the way of a full exit, not
// even by dust that somebody sends. A prover keeps none of its own shares or at least
// min_self_stake of them; one that keeps none is deactivated (law S1). It fails
// with ErrProverNotFound, ErrVaultNotFound, ErrVaultClosed, ErrTooFewShares,
// ErrTooManyUnstakes, ErrAmountTooSmall, ErrMinOut, ErrSelfStakeRange,
// ErrInvalidAmount.
func (k *Keeper) RequestUnstake(
	ctx context.Context, staker, prover sdk.AccAddress, asked quantity, minOut math.Int, generation uint64,
) (types.Unstake, math.Int, error) {
	fail := func(err error) (types.Unstake, math.Int, error) { return types.Unstake{}, math.Int{}, err }
	minOut, err := notNegative("min_out", minOut)
	if err != nil {
		return fail(err)
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return fail(err)
	}
	p, v, err := k.vaultOf(ctx, prover, generation)
	if err != nil {
		return fail(err)
	}
	own := k.ownShares(ctx, staker, v)
	shares, err := asked.of(own, v.Denom())
	if err != nil {
		return fail(err)
	}
	if err := k.roomForUnstake(ctx, staker, prover, params.MaxUnstakes); err != nil {
		return fail(err)
	}
	plan, err := v.Figures().Unstake(shares, minOut)
	if err != nil {
		return fail(vaultError(err))
	}
	rest := own.Sub(shares)
	if plan.Value.LT(params.MinUnstake) && rest.IsPositive() {
		return fail(types.ErrAmountTooSmall.Wrapf("%s uproof, min_unstake is %s unless all shares leave", plan.Value, params.MinUnstake))
	}
	v.SetFigures(plan.Vault)
	v.Commission = v.Commission.Add(plan.Released)
	if staker.Equals(prover) {
		if err := k.selfExit(ctx, prover, p, v, rest, params.MinSelfStake); err != nil {
			return fail(err)
		}
	}
	text, err := k.text(staker)
	if err != nil {
		return fail(err)
	}
	u := types.Unstake{
		Prover: p.Address, Generation: v.Generation, Id: v.NextUnstake, Staker: text, PoolShares: plan.PoolShares,
		ReadyAt: now(ctx).Add(params.UnstakeDelay), Mark: p.Load.NextAssignment, Status: types.UNSTAKE_STATUS_QUEUED,
	}
	v.NextUnstake++
	if err := k.burn(ctx, staker, sdk.NewCoin(v.Denom(), shares)); err != nil {
		return fail(err)
	}
	if err := k.saveVault(ctx, prover, v); err != nil {
		return fail(err)
	}
	if err := k.addUnstake(ctx, prover, staker, u); err != nil {
		return fail(err)
	}
	return u, plan.Value, events.Emit(ctx, &types.EventUnstakeRequested{
		Prover: u.Prover, Generation: u.Generation, Id: u.Id, Staker: u.Staker, Shares: shares, Value: plan.Value,
		PoolShares: u.PoolShares, ReadyAt: u.ReadyAt, Mark: u.Mark, Released: plan.Released,
	})
}

// selfExit holds the prover to what it may keep of its own shares (law S3) and
// deactivates it when it keeps none (law S1). v is the vault afterwards.
func (k *Keeper) selfExit(
	ctx context.Context, addr sdk.AccAddress, p types.Prover, v types.Vault, rest, minSelfStake math.Int,
) error {
	if rest.IsPositive() {
		left, err := v.Figures().Value(rest)
		if err != nil {
			return vaultError(err)
		}
		if left.LT(minSelfStake) {
			return types.ErrSelfStakeRange.Wrapf("%s uproof would be left, min_self_stake is %s", left, minSelfStake)
		}
		return nil
	}
	if v.Generation != p.Generation || p.Retired {
		return nil
	}
	old := p
	p.AddCause(types.DEACTIVATION_CAUSE_SELF_STAKE)
	return k.saveProver(ctx, addr, old, p, "self_exit")
}

// mint makes new shares for a staker.
func (k *Keeper) mint(ctx context.Context, staker sdk.AccAddress, shares sdk.Coin) error {
	coins := sdk.NewCoins(shares)
	if err := k.bk.MintCoins(ctx, types.ModuleName, coins); err != nil {
		return err
	}
	return k.bk.SendCoinsFromModuleToAccount(ctx, types.ModuleName, staker, coins)
}

// burn takes shares out of the world.
func (k *Keeper) burn(ctx context.Context, staker sdk.AccAddress, shares sdk.Coin) error {
	coins := sdk.NewCoins(shares)
	if err := k.bk.SendCoinsFromAccountToModule(ctx, staker, types.ModuleName, coins); err != nil {
		return err
	}
	return k.bk.BurnCoins(ctx, types.ModuleName, coins)
}

// roomForUnstake returns ErrTooManyUnstakes once staker has limit open entries
// with the prover, over all generations. Void entries do not count. It looks at
// the entries only where their number, with the void ones, has come to limit.
func (k *Keeper) roomForUnstake(ctx context.Context, staker, prover sdk.AccAddress, limit uint32) error {
	all, err := k.openUnstakes.Get(ctx, collections.Join(staker, prover))
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	if all < uint64(limit) {
		return nil
	}
	var open uint32
	voidBelow := map[uint64]uint64{} // generation → id, read once each
	rng := collections.NewSuperPrefixedQuadRange[sdk.AccAddress, sdk.AccAddress, uint64, uint64](staker, prover)
	err = k.byStaker.Walk(ctx, rng, func(key StakerKey) (bool, error) {
		below, known := voidBelow[key.K3()]
		if !known {
			v, err := k.vaults.Get(ctx, vaultKey(prover, key.K3()))
			if err != nil {
				return true, err
			}
			below = v.VoidBelow
			voidBelow[key.K3()] = below
		}
		if key.K4() >= below {
			open++
		}
		return open >= limit, nil
	})
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	if open >= limit {
		return types.ErrTooManyUnstakes.Wrapf("%d are open with this prover, at most %d are allowed", open, limit)
	}
	return nil
}
