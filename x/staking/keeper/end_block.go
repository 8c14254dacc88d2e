package keeper

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/log/v2"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/internal/isolate"
	"github.com/proofmarket/proofmarket/x/internal/treasury"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// EndBlock completes unstakings that are due, parks those that must wait, deletes
// void entries, writes down commission rates that are due, pays incentives and
// counts the vaults that changed, each with a cap and each item on its own, and
// moves what the treasury is owed to the community pool. It must run after bank's
// EndBlock, which makes the transactions' virtual credits spendable (law M18).
func (k *Keeper) EndBlock(ctx context.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	limit := int(params.EndBlockCap)
	steps := []func(context.Context, int) error{
		k.handleQueue, k.handleRipe, k.handlePurge, k.handleCommissions, k.handleIncentives,
		k.foldDirty, // the last: it counts what the others changed
	}
	for _, step := range steps {
		if err := step(ctx, limit); err != nil {
			return err
		}
	}
	// What cannot be moved today stays in the module account and is swept with
	// tomorrow's; it is no reason to stop the chain.
	err = isolate.Run(ctx, types.ErrItemPanicked, func(ctx context.Context) error {
		return treasury.Sweep(ctx, k.bk, k.pool, k.ak.GetModuleAddress(types.ModuleName), chain.Denom)
	})
	if err != nil {
		logger(ctx).Error("the treasury's coins could not be swept", "error", err)
	}
	return nil
}

// handleQueue works off entries whose delay is over, oldest first. The limit
// counts attempts.
func (k *Keeper) handleQueue(ctx context.Context, limit int) error {
	q := k.unstakeQueue()
	due, err := q.due(ctx, k, limit)
	if err != nil {
		return err
	}
	for _, key := range due {
		if k.attempt(ctx, collections.Join3(key.K2(), key.K3(), key.K4()), k.mature) {
			continue
		}
		if err := k.queue.Remove(ctx, key); err != nil {
			return err
		}
	}
	return q.moveOn(ctx, k, due, limit)
}

// mature pays an entry whose delay is over, parks it while assignments from
// before its request are open (law S5), or deletes it when it is void.
func (k *Keeper) mature(ctx context.Context, key UnstakeKey) error {
	u, err := k.unstake(ctx, key)
	if err != nil {
		return err
	}
	v, err := k.vault(ctx, key.K1(), key.K2())
	if err != nil {
		return err
	}
	if v.Void(u.Id) {
		return k.deleteVoid(ctx, key.K1(), u)
	}
	bound, _, err := k.obliged(ctx, key.K1(), u.Mark)
	if err != nil {
		return err
	}
	if !bound {
		_, err = k.pay(ctx, key.K1(), v, u)
		return err
	}
	if err := k.moveUnstake(ctx, key.K1(), u, types.UNSTAKE_STATUS_PARKED); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventUnstakeParked{
		Prover: u.Prover, Generation: u.Generation, Id: u.Id, Staker: u.Staker, Mark: u.Mark,
	})
}

// handleRipe works off parked entries whose last obligation ended, each ripe
// prover's by age. Provers take turns and share the limit, so that one with many
// entries does not hold up the others. The limit counts entries, and provers that
// had none.
func (k *Keeper) handleRipe(ctx context.Context, limit int) error {
	for limit > 0 {
		provers, err := inTurn(ctx, k.ripe, k.ripeCursor, limit)
		if err != nil || len(provers) == 0 {
			return err
		}
		share := max(limit/len(provers), 1)
		for _, addr := range provers {
			tried, err := k.releaseParked(ctx, addr, share)
			if err != nil {
				return err
			}
			limit -= max(tried, 1)
		}
	}
	return nil
}

// releaseParked pays up to limit parked entries of a prover and returns how
// many it tried. The prover stays ripe when there may be more.
func (k *Keeper) releaseParked(ctx context.Context, addr sdk.AccAddress, limit int) (int, error) {
	lowest, open, err := k.lowestOpen(ctx, addr)
	if err != nil {
		return 0, err
	}
	var free []ParkedKey
	rng := collections.NewPrefixedQuadRange[sdk.AccAddress, uint64, uint64, uint64](addr)
	err = k.parked.Walk(ctx, rng, func(key ParkedKey) (bool, error) {
		if len(free) >= limit || (open && key.K2() > lowest) {
			return true, nil
		}
		free = append(free, key)
		return false, nil
	})
	if err != nil {
		return 0, err
	}
	for _, key := range free {
		if k.attempt(ctx, collections.Join3(addr, key.K3(), key.K4()), k.mature) {
			continue
		}
		if err := k.parked.Remove(ctx, key); err != nil {
			return 0, err
		}
	}
	if len(free) < limit {
		return len(free), k.ripe.Remove(ctx, addr)
	}
	return len(free), nil
}

// handlePurge deletes void entries of wiped pools. A vault whose entries cannot
// be deleted is struck off: they are void all the same.
func (k *Keeper) handlePurge(ctx context.Context, limit int) error {
	for limit > 0 {
		var wiped *VaultKey
		if err := k.purge.Walk(ctx, nil, func(key VaultKey) (bool, error) {
			wiped = &key
			return true, nil
		}); err != nil || wiped == nil {
			return err
		}
		var tried int
		err := isolate.Run(ctx, types.ErrItemPanicked, func(ctx context.Context) (err error) {
			tried, err = k.purgeVault(ctx, *wiped, limit)
			return err
		})
		if err != nil {
			logger(ctx).Error("void unstakings could not be deleted", "prover", wiped.K1().String(), "error", err)
			if err := k.purge.Remove(ctx, *wiped); err != nil {
				return err
			}
		}
		limit -= max(tried, 1)
	}
	return nil
}

// purgeVault deletes up to limit void entries of a vault and returns how many it
// tried. The vault stays on the list when there may be more.
func (k *Keeper) purgeVault(ctx context.Context, key VaultKey, limit int) (int, error) {
	v, err := k.vaults.Get(ctx, key)
	if err != nil {
		return 0, err
	}
	var void []types.Unstake
	rng := collections.NewSuperPrefixedTripleRange[sdk.AccAddress, uint64, uint64](key.K1(), key.K2())
	err = k.unstakes.Walk(ctx, rng, func(_ UnstakeKey, u types.Unstake) (bool, error) {
		if len(void) >= limit || !v.Void(u.Id) {
			return true, nil
		}
		void = append(void, u)
		return false, nil
	})
	if err != nil {
		return 0, err
	}
	for _, u := range void {
		if err := k.deleteVoid(ctx, key.K1(), u); err != nil {
			return 0, err
		}
	}
	if len(void) < limit {
		return len(void), k.purge.Remove(ctx, key)
	}
	return len(void), nil
}

func (k *Keeper) deleteVoid(ctx context.Context, prover sdk.AccAddress, u types.Unstake) error {
	if err := k.removeUnstake(ctx, prover, u); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventUnstakeVoided{Prover: u.Prover, Generation: u.Generation, Id: u.Id, Staker: u.Staker})
}

// attempt runs one item on its own. An item that fails or panics changes
// nothing and moves out of the way, for MsgCompleteUnstake to retry: it cannot
// hold up the others, nor be tried again in every block. It returns false when
// even that fails: then the caller strikes off the place that led to it.
func (k *Keeper) attempt(ctx context.Context, key UnstakeKey, item func(context.Context, UnstakeKey) error) bool {
	err := isolate.Run(ctx, types.ErrItemPanicked, func(ctx context.Context) error { return item(ctx, key) })
	if err == nil {
		return true
	}
	logger(ctx).Error("an unstaking failed and is put aside",
		"prover", key.K1().String(), "generation", key.K2(), "id", key.K3(), "error", err)
	if err := isolate.Run(ctx, types.ErrItemPanicked, func(ctx context.Context) error { return k.putAside(ctx, key) }); err != nil {
		logger(ctx).Error("an unstaking could not be put aside", "error", err)
		return false
	}
	return true
}

func (k *Keeper) putAside(ctx context.Context, key UnstakeKey) error {
	u, err := k.unstake(ctx, key)
	if err != nil {
		return err
	}
	if err := k.moveUnstake(ctx, key.K1(), u, types.UNSTAKE_STATUS_FAILED); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventUnstakeFailed{Prover: u.Prover, Generation: u.Generation, Id: u.Id, Staker: u.Staker})
}

func logger(ctx context.Context) log.Logger { return sdk.UnwrapSDKContext(ctx).Logger() }
