package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/internal/isolate"
	"github.com/proofmarket/proofmarket/x/internal/ownaccount"
	"github.com/proofmarket/proofmarket/x/internal/treasury"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// CompleteUnstake pays an entry of the generation, 0 for the current one, to
// its staker, whoever asks, in any state of the prover (laws S4, S5). It fails
// with ErrProverNotFound, ErrUnstakeNotFound, ErrUnstakeNotReady,
// ErrUnstakeObligations.
func (k *Keeper) CompleteUnstake(ctx context.Context, prover sdk.AccAddress, generation, id uint64) (math.Int, error) {
	if generation == 0 {
		p, err := k.prover(ctx, prover)
		if err != nil {
			return math.Int{}, err
		}
		generation = p.Generation
	}
	u, err := k.unstake(ctx, collections.Join3(prover, generation, id))
	if err != nil {
		return math.Int{}, err
	}
	v, err := k.vault(ctx, prover, generation)
	if err != nil {
		return math.Int{}, err
	}
	if v.Void(id) {
		return math.Int{}, errVoid(prover, generation, id)
	}
	if u.ReadyAt.After(now(ctx)) {
		return math.Int{}, types.ErrUnstakeNotReady.Wrapf("ready at %s, now %s", u.ReadyAt, now(ctx))
	}
	bound, lowest, err := k.obliged(ctx, prover, u.Mark)
	if err != nil {
		return math.Int{}, err
	}
	if bound {
		return math.Int{}, types.ErrUnstakeObligations.Wrapf("assignment %d is open, the unstaking waits for all below %d", lowest, u.Mark)
	}
	return k.pay(ctx, prover, v, u)
}

func errVoid(prover sdk.AccAddress, generation, id uint64) error {
	return types.ErrUnstakeNotFound.Wrapf("%s/%d/%d: a slash took the whole unstaking pool", prover, generation, id)
}

// CompleteUnstakes pays many entries of the generation, 0 for the current one,
// each on its own: one that fails is told in its result and keeps none of the
// others. ids must hold 1 to MaxUnstakeIDs, each once. It fails with
// ErrInvalidIDs, ErrProverNotFound, ErrVaultNotFound.
func (k *Keeper) CompleteUnstakes(
	ctx context.Context, prover sdk.AccAddress, generation uint64, ids []uint64,
) ([]types.UnstakeResult, error) {
	if err := types.CheckIDs(ids); err != nil {
		return nil, err
	}
	_, v, err := k.vaultOf(ctx, prover, generation)
	if err != nil {
		return nil, err
	}
	results := make([]types.UnstakeResult, len(ids))
	for i, id := range ids {
		results[i] = types.UnstakeResult{Id: id, Paid: math.ZeroInt()}
		err := isolate.Run(ctx, types.ErrItemPanicked, func(ctx context.Context) error {
			paid, err := k.CompleteUnstake(ctx, prover, v.Generation, id)
			if err == nil {
				results[i].Paid = paid
			}
			return err
		})
		if err != nil {
			logger(ctx).Debug("an unstaking was not completed", "prover", v.Prover, "id", id, "error", err)
			results[i].Error = publicText(err)
		}
	}
	return results, nil
}

// publicText is what a result may say of an error. It becomes part of the block's
// results, so an error without a code, whose words may differ between machines,
// does not speak for itself.
func publicText(err error) string {
	if codespace, _, _ := errorsmod.ABCIInfo(err, false); codespace == errorsmod.UndefinedCodespace {
		return "internal error"
	}
	return err.Error()
}

// unstake loads an entry. It fails with ErrUnstakeNotFound.
func (k *Keeper) unstake(ctx context.Context, key UnstakeKey) (types.Unstake, error) {
	u, err := k.unstakes.Get(ctx, key)
	if errors.Is(err, collections.ErrNotFound) {
		return u, types.ErrUnstakeNotFound.Wrapf("%s/%d/%d", key.K1(), key.K2(), key.K3())
	}
	return u, err
}

// obliged reports whether an assignment with a number below mark is open, and
// the lowest open one (law S5).
func (k *Keeper) obliged(ctx context.Context, prover sdk.AccAddress, mark uint64) (bool, uint64, error) {
	lowest, found, err := k.lowestOpen(ctx, prover)
	return found && lowest < mark, lowest, err
}

// lowestOpen returns the lowest number of the prover's open assignments.
func (k *Keeper) lowestOpen(ctx context.Context, prover sdk.AccAddress) (number uint64, found bool, err error) {
	rng := collections.NewPrefixedPairRange[sdk.AccAddress, uint64](prover)
	err = k.assignments.Walk(ctx, rng, func(key AssignmentKey, _ types.Assignment) (bool, error) {
		number, found = key.K2(), true
		return true, nil
	})
	return number, found, err
}

// pay ends an entry that may complete. v is the vault as of now.
func (k *Keeper) pay(ctx context.Context, prover sdk.AccAddress, v types.Vault, u types.Unstake) (math.Int, error) {
	plan, err := v.Figures().Complete(u.PoolShares)
	if err != nil {
		return math.Int{}, vaultError(err)
	}
	v.SetFigures(plan.Vault)
	if err := k.removeUnstake(ctx, prover, u); err != nil {
		return math.Int{}, err
	}
	staker, err := k.address(u.Staker)
	if err != nil {
		return math.Int{}, err
	}
	if err := k.payOut(ctx, prover, v, staker, plan.Pays); err != nil {
		return math.Int{}, err
	}
	return plan.Pays, events.Emit(ctx, &types.EventUnstakeCompleted{
		Prover: u.Prover, Generation: u.Generation, Id: u.Id, Staker: u.Staker, Paid: plan.Pays,
	})
}

// payOut sends uproof out of the vault's account, saves the vault and ends it
// if that was the last it owed.
func (k *Keeper) payOut(ctx context.Context, prover sdk.AccAddress, v types.Vault, to sdk.AccAddress, amount math.Int) error {
	if amount.IsPositive() {
		if err := k.bk.SendCoins(ctx, types.VaultAddress(prover, v.Generation), to, chain.Coins(amount)); err != nil {
			return err
		}
	}
	p, err := k.prover(ctx, prover)
	if err != nil {
		return err
	}
	return k.saveOrEnd(ctx, prover, p, v)
}

// saveOrEnd saves a vault. A generation that is over and owes nothing ends: its
// account goes, and a surplus that somebody sent there goes to the treasury
// (invariant 2). The record stays.
func (k *Keeper) saveOrEnd(ctx context.Context, prover sdk.AccAddress, p types.Prover, v types.Vault) error {
	over := v.Generation != p.Generation || p.Retired
	if !over || v.Ended || !v.Settled() {
		return k.saveVault(ctx, prover, v)
	}
	account := types.VaultAddress(prover, v.Generation)
	surplus := ownaccount.Surplus(ctx, k.bk, account, chain.Denom)
	if err := treasury.Collect(ctx, k.bk, account, types.ModuleName, chain.Denom, surplus); err != nil {
		return err
	}
	ownaccount.Close(ctx, k.ak, account)
	v.Ended = true
	if err := k.saveVault(ctx, prover, v); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventVaultEnded{Prover: v.Prover, Generation: v.Generation, Surplus: surplus})
}

// ClaimCommission pays the prover what the generation, 0 for the current one,
// owes it, in any state (law S6). It fails with ErrProverNotFound,
// ErrVaultNotFound, ErrNoCommission.
func (k *Keeper) ClaimCommission(ctx context.Context, prover sdk.AccAddress, generation uint64) (math.Int, error) {
	_, v, err := k.vaultOf(ctx, prover, generation)
	if err != nil {
		return math.Int{}, err
	}
	if !v.Commission.IsPositive() {
		return math.Int{}, types.ErrNoCommission.Wrapf("%s, generation %d", v.Prover, v.Generation)
	}
	paid := v.Commission
	v.Commission = math.ZeroInt()
	if err := k.payOut(ctx, prover, v, prover, paid); err != nil {
		return math.Int{}, err
	}
	return paid, events.Emit(ctx, &types.EventCommissionClaimed{Prover: v.Prover, Generation: v.Generation, Paid: paid})
}
