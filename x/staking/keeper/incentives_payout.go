package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/internal/isolate"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// scorePage adds up to limit provers' figures of the payout's epoch to its sums
// and returns how many it tried.
func (k *Keeper) scorePage(ctx context.Context, p *types.Payout, limit int) (int, error) {
	rng := new(collections.Range[sdk.AccAddress])
	if p.Cursor != "" {
		cursor, err := k.address(p.Cursor)
		if err != nil {
			return 0, err
		}
		rng = rng.StartExclusive(cursor)
	}
	var page []sdk.AccAddress
	err := k.running.Walk(ctx, rng, func(addr sdk.AccAddress, _ types.RunningEpoch) (bool, error) {
		page = append(page, addr)
		return len(page) >= limit, nil
	})
	if err != nil {
		return 0, err
	}
	for _, addr := range page {
		if p.Cursor, err = k.text(addr); err != nil {
			return 0, err
		}
		scored := *p
		err := isolate.Run(ctx, types.ErrItemPanicked, func(ctx context.Context) error { return k.score(ctx, addr, &scored) })
		if err != nil {
			// What is left behind starts anew when its prover is touched.
			logger(ctx).Error("a prover could not be scored", "prover", p.Cursor, "epoch", p.Epoch, "error", err)
			continue
		}
		*p = scored
	}
	return len(page), nil
}

// score closes a prover's figures of the payout's epoch, unless a transaction did
// already, and adds them to its sums.
func (k *Keeper) score(ctx context.Context, addr sdk.AccAddress, p *types.Payout) error {
	t, err := k.running.Get(ctx, addr)
	if err != nil {
		return err
	}
	if t.Figures.Epoch == p.Epoch {
		clock, err := k.epochClock.Get(ctx)
		if err != nil {
			return err
		}
		if t, err = k.turn(ctx, addr, clock, t); err != nil {
			return err
		}
		if err := k.keepRunning(ctx, addr, t); err != nil {
			return err
		}
	}
	e, err := k.proverEpochs.Get(ctx, collections.Join(p.Epoch, addr))
	if errors.Is(err, collections.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if p.ProtocolFees, err = p.ProtocolFees.SafeAdd(e.ProtocolFees); err != nil {
		return err
	}
	if p.StakeTime, err = p.StakeTime.SafeAdd(e.StakeTime); err != nil {
		return err
	}
	p.Scored++
	return nil
}

// keepRunning stores a fresh tally, or deletes it where nothing is to be counted
// until somebody writes to the vault again, which makes a new one: so provers
// that are gone cost the payouts nothing.
func (k *Keeper) keepRunning(ctx context.Context, addr sdk.AccAddress, t types.RunningEpoch) error {
	p, err := k.prover(ctx, addr)
	if err != nil {
		return err
	}
	v, err := k.vaults.Get(ctx, vaultKey(addr, p.Generation))
	if err != nil {
		return err
	}
	active := p.State() == types.PROVER_STATE_ACTIVE
	if !active && (p.Retired || v.Assets.IsZero()) && v.Figures().Unvested().IsZero() {
		return k.running.Remove(ctx, addr)
	}
	return k.running.Set(ctx, addr, t)
}

// payPage pays up to limit provers their part of the payout and returns how many
// it tried. What cannot be paid stays in the pool.
func (k *Keeper) payPage(ctx context.Context, p *types.Payout, limit int) (int, error) {
	rng := collections.NewPrefixedPairRange[uint64, sdk.AccAddress](p.Epoch)
	if p.Cursor != "" {
		cursor, err := k.address(p.Cursor)
		if err != nil {
			return 0, err
		}
		rng = rng.StartExclusive(cursor)
	}
	var page []sdk.AccAddress
	err := k.proverEpochs.Walk(ctx, rng, func(key EpochKey, _ types.ProverEpoch) (bool, error) {
		page = append(page, key.K2())
		return len(page) >= limit, nil
	})
	if err != nil {
		return 0, err
	}
	for _, addr := range page {
		if p.Cursor, err = k.text(addr); err != nil {
			return 0, err
		}
		p.Handled++
		paid := *p
		err := isolate.Run(ctx, types.ErrItemPanicked, func(ctx context.Context) error { return k.payIncentive(ctx, addr, &paid) })
		if err == nil {
			*p = paid
			continue
		}
		logger(ctx).Error("an incentive could not be paid", "prover", p.Cursor, "epoch", p.Epoch, "error", err)
		if err := events.Emit(ctx, &types.EventIncentiveFailed{Prover: p.Cursor, Epoch: p.Epoch}); err != nil {
			return 0, err
		}
	}
	return len(page), nil
}

// payIncentive pays one prover its part, as a reward of the vault that earned it
// (law S6), in whatever state the prover is by now. Where that generation is over,
// its rates are gone with it: the holders get all.
func (k *Keeper) payIncentive(ctx context.Context, addr sdk.AccAddress, p *types.Payout) error {
	key := collections.Join(p.Epoch, addr)
	e, err := k.proverEpochs.Get(ctx, key)
	if err != nil {
		return err
	}
	part, err := p.Pot().Share(e.Score())
	if err != nil {
		return types.ErrIncentives.Wrap(err.Error())
	}
	amount := part.Total()
	if amount.IsZero() {
		return nil
	}
	if p.Paid = p.Paid.Add(amount); p.Paid.GT(p.Budget) {
		return types.ErrIncentives.Wrapf("%s of a budget of %s", p.Paid, p.Budget)
	}
	if err := k.addReward(ctx, e.Generation, reward{
		prover: addr, from: types.IncentiveAddress(), source: types.SourceIncentive, amount: amount, feePaid: math.ZeroInt(),
	}); err != nil {
		return err
	}
	e.Incentive = amount
	if err := k.proverEpochs.Set(ctx, key, e); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventIncentivePaid{
		Prover: e.Prover, Epoch: p.Epoch, ByFees: part.ByFees, ByStake: part.ByStake, Generation: e.Generation,
	})
}

// prunePage deletes up to limit records of epochs that are no longer kept, oldest
// first, and returns how many it deleted.
func (k *Keeper) prunePage(ctx context.Context, last uint64, limit int) (int, error) {
	if last < types.MaxEpochs {
		return 0, nil
	}
	kept := last - types.MaxEpochs + 1
	head, err := k.head(ctx, headEpochs)
	if err != nil {
		return 0, err
	}
	var old []EpochKey
	rng := new(collections.Range[EpochKey]).StartInclusive(collections.PairPrefix[uint64, sdk.AccAddress](head))
	err = k.proverEpochs.Walk(ctx, rng, func(key EpochKey, _ types.ProverEpoch) (bool, error) {
		if key.K1() < kept {
			old = append(old, key)
		}
		return key.K1() >= kept || len(old) >= limit, nil
	})
	if err != nil {
		return 0, err
	}
	for _, key := range old {
		if err := k.proverEpochs.Remove(ctx, key); err != nil {
			return 0, err
		}
	}
	if len(old) >= limit {
		return len(old), nil
	}
	payouts, err := k.prunePayouts(ctx, head, kept, limit-len(old))
	if err == nil && payouts < limit-len(old) {
		err = k.raiseHead(ctx, headEpochs, kept)
	}
	return len(old) + payouts, err
}

func (k *Keeper) prunePayouts(ctx context.Context, head, kept uint64, limit int) (int, error) {
	var old []uint64
	err := k.payouts.Walk(ctx, new(collections.Range[uint64]).StartInclusive(head), func(epoch uint64, _ types.Payout) (bool, error) {
		if epoch < kept {
			old = append(old, epoch)
		}
		return epoch >= kept || len(old) >= limit, nil
	})
	if err != nil {
		return 0, err
	}
	for _, epoch := range old {
		if err := k.payouts.Remove(ctx, epoch); err != nil {
			return 0, err
		}
	}
	return len(old), nil
}
