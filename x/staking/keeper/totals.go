package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/isolate"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// foldDirty counts up to limit vaults that changed, in turn, so that each comes
// round however many change: totals and ranking follow the records with a delay
// of one round at most. The others wait for the next block.
func (k *Keeper) foldDirty(ctx context.Context, limit int) error {
	keys, err := inTurn(ctx, k.dirty, k.dirtyCursor, limit)
	if err != nil || len(keys) == 0 {
		return err
	}
	totals, err := k.loadTotals(ctx)
	if err != nil {
		return err
	}
	for _, key := range keys {
		err := isolate.Run(ctx, types.ErrItemPanicked, func(ctx context.Context) error {
			next, err := k.countVault(ctx, key, totals)
			if err != nil {
				return err
			}
			if err := k.dirty.Remove(ctx, key); err != nil {
				return err
			}
			totals = next
			return nil
		})
		if err != nil { // it keeps its old figures, and its turn in the next round
			logger(ctx).Error("a vault could not be counted", "prover", key.K1().String(), "error", err)
		}
	}
	return k.totals.Set(ctx, totals)
}

// inTurn returns up to limit keys of a set, going round it from block to block:
// none waits longer than the others need for one turn.
func inTurn[K any](ctx context.Context, set collections.KeySet[K], cursor collections.Item[K], limit int) ([]K, error) {
	var keys []K
	take := func(key K) (bool, error) {
		keys = append(keys, key)
		return len(keys) >= limit, nil
	}
	last, err := cursor.Get(ctx)
	began := err == nil
	switch {
	case errors.Is(err, collections.ErrNotFound):
		err = set.Walk(ctx, nil, take)
	case err == nil:
		if err = set.Walk(ctx, new(collections.Range[K]).StartExclusive(last), take); err == nil && len(keys) < limit {
			err = set.Walk(ctx, new(collections.Range[K]).EndInclusive(last), take)
		}
	}
	switch {
	case err != nil:
		return nil, err
	case len(keys) >= limit:
		return keys, cursor.Set(ctx, keys[len(keys)-1])
	case began:
		return keys, cursor.Remove(ctx)
	}
	return keys, nil
}

// countVault brings the tally of one vault up to date, and that of the generation
// before it, which is not current any more. It returns the totals afterwards.
func (k *Keeper) countVault(ctx context.Context, key VaultKey, totals types.Totals) (types.Totals, error) {
	p, err := k.prover(ctx, key.K1())
	if err != nil {
		return totals, err
	}
	if key.K2() > 1 {
		if totals, err = k.recount(ctx, p, vaultKey(key.K1(), key.K2()-1), totals); err != nil {
			return totals, err
		}
	}
	return k.recount(ctx, p, key, totals)
}

// recount replaces one tally.
func (k *Keeper) recount(ctx context.Context, p types.Prover, key VaultKey, totals types.Totals) (types.Totals, error) {
	v, err := k.vaults.Get(ctx, key)
	if err != nil {
		return totals, err
	}
	old, err := k.tallies.Get(ctx, key)
	if errors.Is(err, collections.ErrNotFound) {
		old, err = types.NewVaultTally(), nil
	}
	if err != nil {
		return totals, err
	}
	fresh := types.TallyOf(p, v)
	if fresh.Equal(old) {
		return totals, nil
	}
	if fresh.State != old.State || !fresh.Assets.Equal(old.Assets) {
		if rank, ranked := rankOf(key, old); ranked {
			if err := k.ranking.Remove(ctx, rank); err != nil {
				return totals, err
			}
		}
		if rank, ranked := rankOf(key, fresh); ranked {
			if err := k.ranking.Set(ctx, rank); err != nil {
				return totals, err
			}
		}
	}
	return totals.Replace(old, fresh), k.tallies.Set(ctx, key, fresh)
}

// rankOf returns the place of a vault in the ranking; none for a vault that is not
// current.
func rankOf(key VaultKey, t types.VaultTally) (rank RankKey, ranked bool) {
	if t.State == types.PROVER_STATE_UNSPECIFIED {
		return rank, false
	}
	assets := t.Assets.BigInt().FillBytes(make([]byte, 32))
	for i := range assets {
		assets[i] = ^assets[i] // the largest comes first
	}
	return collections.Join4(int32(t.State), assets, key.K1(), key.K2()), true
}

// loadTotals returns the totals; those of no vaults before the first block.
func (k *Keeper) loadTotals(ctx context.Context) (types.Totals, error) {
	totals, err := k.totals.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return types.NewTotals(), nil
	}
	return totals, err
}

// checkTotals compares tallies, ranking and totals with a full recount. A vault
// that waits to be counted may have an old tally; its sums and places follow from
// that one all the same (invariant 5).
func (k *Keeper) checkTotals(ctx context.Context) error {
	sum, places := types.NewTotals(), 0
	err := k.vaults.Walk(ctx, nil, func(key VaultKey, v types.Vault) (bool, error) {
		p, err := k.prover(ctx, key.K1())
		if err != nil {
			return true, err
		}
		tally, err := k.tallies.Get(ctx, key)
		if errors.Is(err, collections.ErrNotFound) {
			tally, err = types.NewVaultTally(), nil
		}
		if err != nil {
			return true, err
		}
		waits, err := k.waits(ctx, key)
		if err != nil {
			return true, err
		}
		if want := types.TallyOf(p, v); !waits && !tally.Equal(want) {
			return true, broken("vault %s/%d is counted as %s, it is %s", v.Prover, v.Generation, tally.String(), want.String())
		}
		if rank, ranked := rankOf(key, tally); ranked {
			places++
			if has, err := k.ranking.Has(ctx, rank); err != nil || !has {
				return true, broken("vault %s/%d is not in the ranking", v.Prover, v.Generation)
			}
		}
		sum = sum.Replace(types.NewVaultTally(), tally)
		return false, nil
	})
	if err != nil {
		return err
	}
	totals, err := k.loadTotals(ctx)
	if err != nil {
		return err
	}
	if totals.String() != sum.String() {
		return broken("totals are %s, the vaults sum to %s", totals.String(), sum.String())
	}
	ranked, err := count(ctx, collections.Map[RankKey, collections.NoValue](k.ranking))
	if err == nil && ranked != places {
		err = broken("%d places in the ranking, %d belong to vaults", ranked, places)
	}
	return err
}

// waits reports whether a vault is to be counted, by itself or with the next
// generation.
func (k *Keeper) waits(ctx context.Context, key VaultKey) (bool, error) {
	for _, at := range []VaultKey{key, vaultKey(key.K1(), key.K2()+1)} {
		if has, err := k.dirty.Has(ctx, at); err != nil || has {
			return has, err
		}
	}
	return false, nil
}

// rankRange is the prefix of the ranking of one state.
func rankRange(state types.ProverState) RankKey {
	return collections.QuadPrefix[int32, []byte, sdk.AccAddress, uint64](int32(state))
}
