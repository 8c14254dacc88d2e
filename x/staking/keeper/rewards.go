package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/internal/ownaccount"
	"github.com/proofmarket/proofmarket/x/internal/treasury"
	"github.com/proofmarket/proofmarket/x/staking/types"
	"github.com/proofmarket/proofmarket/x/staking/vault"
)

// AddRewards moves amount uproof from the account from into the prover's
// current vault: the commission accrues for the prover, the rest vests (law
// S6). It works in any state but none: a prover that delivered is paid. source
// names where the reward comes from, which decides the commission rate; feePaid
// is the protocol fee, in uproof, that the rewarded work paid. Zero changes
// nothing. It fails with ErrProverNotFound, ErrInvalidReward, or bank's error when
// the coins are missing.
func (k *Keeper) AddRewards(
	ctx context.Context, prover, from sdk.AccAddress, source string, amount, feePaid math.Int,
) error {
	if err := types.ValidateSource(source); err != nil {
		return types.ErrInvalidReward.Wrap(err.Error())
	}
	for _, a := range []math.Int{amount, feePaid} {
		if a.IsNil() || a.IsNegative() {
			return types.ErrInvalidReward.Wrapf("amount of %s uproof, fee of %s", amount, feePaid)
		}
	}
	if amount.IsZero() {
		_, err := k.prover(ctx, prover)
		return err
	}
	return k.addReward(ctx, 0, reward{prover, from, source, amount, feePaid})
}

// reward is what AddRewards was given.
type reward struct {
	prover, from    sdk.AccAddress
	source          string
	amount, feePaid math.Int
}

// addReward gives a reward to a generation's vault, 0 for the current one. The
// rates of one that is over are gone: it takes no commission, but for what a vault
// below min_self_stake leaves to it.
func (k *Keeper) addReward(ctx context.Context, generation uint64, r reward) error {
	p, v, err := k.vaultOf(ctx, r.prover, generation)
	if err != nil {
		return err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	current := v.Generation == p.Generation
	var rate types.CommissionRate
	if current {
		if rate, _, err = k.rate(ctx, r.prover, p, r.source); err != nil {
			return err
		}
	}
	plan, err := v.Figures().Reward(r.amount, vault.RewardTerms{
		CommissionBps: rate.Bps, MinAssets: params.MinSelfStake, Period: params.RewardPeriod,
	}, now(ctx))
	if err != nil {
		return types.ErrInvalidReward.Wrap(err.Error())
	}
	commission, err := v.Commission.SafeAdd(plan.Commission)
	if err != nil {
		return types.ErrInvalidReward.Wrap(err.Error())
	}
	account := types.VaultAddress(r.prover, v.Generation)
	if v.Ended { // a late reward: the account lives again until it is claimed
		ownaccount.Open(ctx, k.ak, account)
		v.Ended = false
	}
	if err := k.bk.SendCoins(ctx, r.from, account, chain.Coins(r.amount)); err != nil {
		return err
	}
	atOnce := plan.Vault.Assets.Sub(v.Assets)
	v.SetFigures(plan.Vault)
	v.Commission = commission
	if err := k.settleReward(ctx, v.Generation, current, r, atOnce); err != nil {
		return err
	}
	if err := k.putVault(ctx, r.prover, v); err != nil {
		return err
	}
	payer, err := k.text(r.from)
	if err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventRewardsAdded{
		Prover: p.Address, Generation: v.Generation, Source: r.source, From: payer, Amount: r.amount,
		Commission: plan.Commission, FeePaid: r.feePaid, VestsAt: v.Stream.End,
	})
}

// Slash takes exactly min(amount, what vault and unstaking pool hold) from the
// prover's current vault, on its way to the treasury, and returns it (law S7).
// Nobody can name another recipient. It never fails for want of stake. reason
// names why, for the record; amount zero changes nothing. It is no fault: a prover
// misses a deadline by its own doing, and could miss a small one on purpose to save
// the bonds of all its sealed bids (law M6). It fails with ErrProverNotFound,
// ErrInvalidAmount, ErrInvalidReason.
func (k *Keeper) Slash(ctx context.Context, prover sdk.AccAddress, reason string, amount math.Int) (math.Int, error) {
	return k.slash(ctx, prover, reason, amount, 0)
}

// slash slashes, and raises the prover's faults by faults, even when nothing was
// left to take.
func (k *Keeper) slash(ctx context.Context, prover sdk.AccAddress, reason string, amount math.Int, faults uint64) (math.Int, error) {
	amount, err := notNegative("amount", amount)
	if err != nil {
		return math.Int{}, err
	}
	if len(reason) > types.MaxSourceBytes {
		return math.Int{}, types.ErrInvalidReason.Wrapf("it has %d bytes, at most %d are allowed", len(reason), types.MaxSourceBytes)
	}
	p, v, err := k.vaultOf(ctx, prover, 0)
	if err != nil || amount.IsZero() {
		return math.ZeroInt(), err
	}
	plan, err := v.Figures().Slash(amount)
	if err != nil {
		return math.Int{}, vaultError(err)
	}
	v.SetFigures(plan.Vault)
	v.Commission = v.Commission.Add(plan.Released)
	v.Closed = v.Closed || plan.Closed
	account := types.VaultAddress(prover, v.Generation)
	if err := treasury.Collect(ctx, k.bk, account, types.ModuleName, chain.Denom, plan.Slashed); err != nil {
		return math.Int{}, err
	}
	event := types.EventSlashed{
		Prover: p.Address, Generation: v.Generation, Reason: reason, Asked: amount, FromVault: plan.FromVault,
		FromPool: plan.FromPool, Released: plan.Released, Closed: plan.Closed, Faults: p.Faults + faults,
	}
	if plan.PoolWiped {
		if event.VoidBelow, err = k.voidEntries(ctx, prover, &v); err != nil {
			return math.Int{}, err
		}
	}
	if err := k.punish(ctx, prover, p, v, plan.Slashed, faults); err != nil {
		return math.Int{}, err
	}
	return plan.Slashed, events.Emit(ctx, &event)
}

// punish records what a slash made of the prover. v is the vault afterwards.
func (k *Keeper) punish(ctx context.Context, addr sdk.AccAddress, p types.Prover, v types.Vault, slashed math.Int, faults uint64) error {
	old := p
	p.Faults += faults
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	own, err := k.selfStake(ctx, addr, v)
	if err != nil {
		return err
	}
	if own.LT(params.MinSelfStake) && !p.Retired {
		p.AddCause(types.DEACTIVATION_CAUSE_SELF_STAKE)
	}
	lose(&p, slashed, types.Epoch(now(ctx), params.EpochLength))
	if v.Closed && p.Load.OpenAssignments == 0 && !p.Retired {
		if err := k.retire(ctx, addr, &p); err != nil {
			return err
		}
	}
	if err := k.saveOrEnd(ctx, addr, p, v); err != nil {
		return err
	}
	return k.saveProver(ctx, addr, old, p, "slash")
}

// voidEntries declares all entries of a wiped pool void, at once and however
// many there are; the end of the block deletes them in pages (law S4).
func (k *Keeper) voidEntries(ctx context.Context, prover sdk.AccAddress, v *types.Vault) (uint64, error) {
	v.VoidBelow = v.NextUnstake
	return v.VoidBelow, k.purge.Set(ctx, vaultKey(prover, v.Generation))
}
