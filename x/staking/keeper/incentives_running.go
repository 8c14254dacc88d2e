package keeper

import (
	"context"
	"errors"
	"time"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/incentive"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// settle brings a prover's figures of the running epoch to the block's time, by
// the vault and the state as they are stored. Whatever changes one of them calls
// it before (law S10: stake-time is kept lazily). It touches no key of another
// prover.
func (k *Keeper) settle(ctx context.Context, addr sdk.AccAddress) error {
	t, err := k.settled(ctx, addr)
	if err != nil {
		return err
	}
	return k.running.Set(ctx, addr, t)
}

// settled returns a prover's figures of the running epoch as of the block's time.
// Figures of the epoch that ended last become its record on the way, where the
// payout has not come to them yet: the two never mix.
func (k *Keeper) settled(ctx context.Context, addr sdk.AccAddress) (types.RunningEpoch, error) {
	clock, err := k.epochClock.Get(ctx)
	if err != nil {
		return types.RunningEpoch{}, err
	}
	t, err := k.running.Get(ctx, addr)
	if errors.Is(err, collections.ErrNotFound) {
		text, err := k.text(addr)
		return types.NewRunningEpoch(text, clock.Number, now(ctx)), err
	}
	if err != nil {
		return t, err
	}
	if t.Figures.Epoch != clock.Number {
		if t, err = k.turn(ctx, addr, clock, t); err != nil {
			return t, err
		}
	}
	return k.accrue(ctx, addr, t, now(ctx))
}

// turn closes a tally of the epoch that ended last and returns the one of the
// running epoch, from that end on. A tally that scoring had to leave behind
// starts anew.
func (k *Keeper) turn(ctx context.Context, addr sdk.AccAddress, clock types.EpochClock, t types.RunningEpoch) (types.RunningEpoch, error) {
	fresh := types.NewRunningEpoch(t.Figures.Prover, clock.Number, clock.Start)
	p, err := k.payouts.Get(ctx, clock.Last)
	if errors.Is(err, collections.ErrNotFound) {
		return fresh, nil
	}
	if err != nil || p.Phase != types.PAYOUT_PHASE_SCORE || t.Figures.Epoch != p.Epoch {
		return fresh, err
	}
	if t, err = k.accrue(ctx, addr, t, p.End); err != nil || t.Figures.Empty() {
		return fresh, err
	}
	return fresh, k.proverEpochs.Set(ctx, collections.Join(p.Epoch, addr), t.Figures)
}

// accrue adds what vested, and the current vault's assets over time, from where
// the tally stands until then, unless the epoch belongs to the generation before.
// Nothing was written to the vault in between.
func (k *Keeper) accrue(ctx context.Context, addr sdk.AccAddress, t types.RunningEpoch, until time.Time) (types.RunningEpoch, error) {
	since := t.Since
	if !until.After(since) {
		return t, nil
	}
	t.Since = until.UTC()
	p, err := k.provers.Get(ctx, addr)
	if errors.Is(err, collections.ErrNotFound) {
		return t, nil // about to register
	}
	if err != nil {
		return t, err
	}
	if !t.Figures.Claim(p.Generation) {
		return t, nil
	}
	v, err := k.vaults.Get(ctx, vaultKey(addr, p.Generation))
	if err != nil {
		return t, err
	}
	before, err := v.Figures().At(since)
	if err != nil {
		return t, vaultError(err)
	}
	after, err := before.At(until)
	if err != nil {
		return t, vaultError(err)
	}
	vested := after.Assets.Sub(before.Assets)
	sum := incentive.AssetTime(before.Assets, vested, v.Stream.End.Sub(since), until.Sub(since))
	f := &t.Figures
	f.Vested = incentive.Add(f.Vested, vested)
	f.AssetTime = incentive.Add(f.AssetTime, sum)
	if p.State() == types.PROVER_STATE_ACTIVE {
		f.StakeTime = incentive.Add(f.StakeTime, sum)
	}
	return t, nil
}

// settleReward settles a prover's figures, as saveVault does, before its vault takes a
// reward, and adds the reward to them if the vault is the current one. vested is the part
// of it that the vault's assets will hold at once.
func (k *Keeper) settleReward(ctx context.Context, generation uint64, current bool, r reward, vested math.Int) error {
	t, err := k.settled(ctx, r.prover)
	if err != nil {
		return err
	}
	if current {
		record(&t.Figures, generation, r, vested)
	}
	return k.running.Set(ctx, r.prover, t)
}

// record adds a reward to the figures, unless they belong to a later generation.
func record(f *types.ProverEpoch, generation uint64, r reward, vested math.Int) {
	if !f.Claim(generation) {
		return
	}
	f.Rewards = incentive.Add(f.Rewards, r.amount)
	f.Vested = incentive.Add(f.Vested, vested)
	if r.source == types.SourceMarket {
		f.Fees = incentive.Add(incentive.Add(f.Fees, r.amount), r.feePaid)
		f.ProtocolFees = incentive.Add(f.ProtocolFees, r.feePaid)
	}
}
