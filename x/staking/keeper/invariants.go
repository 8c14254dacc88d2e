package keeper

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// CheckInvariants checks the whole state against the laws of docs/design.md,
// section 7, as far as they concern provers. It reads everything: it is for
// tests, simulation and genesis, not for blocks. It fails with ErrInvariant,
// naming the record.
func (k *Keeper) CheckInvariants(ctx context.Context) error {
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	if err := params.Validate(); err != nil {
		return err
	}
	for _, check := range k.invariantChecks() {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return nil
}

// invariantChecks returns the parts of CheckInvariants.
func (k *Keeper) invariantChecks() []func(context.Context) error {
	return []func(context.Context) error{
		k.checkProvers, k.checkVaults, k.checkUnstakes, k.checkAssignments, k.checkIndexes, k.checkOpenUnstakes, k.checkTotals,
		k.checkCommissions, k.checkIncentives, k.checkHeads,
	}
}

// broken names what does not hold.
func broken(format string, args ...any) error { return types.ErrInvariant.Wrapf(format, args...) }

// checkProvers: each prover has a profile, a current vault, and a load that is
// the sum of its open assignments (invariant 4) and of its parked entries.
func (k *Keeper) checkProvers(ctx context.Context) error {
	sums, err := k.workSums(ctx)
	if err != nil {
		return err
	}
	provers, profiles := 0, 0
	err = k.provers.Walk(ctx, nil, func(addr sdk.AccAddress, p types.Prover) (bool, error) {
		provers++
		if text, err := k.text(addr); err != nil || text != p.Address {
			return true, broken("prover %s is stored under %s", p.Address, text)
		}
		if has, err := k.profiles.Has(ctx, addr); err != nil || !has {
			return true, broken("prover %s has no profile", p.Address)
		}
		v, err := k.vaults.Get(ctx, vaultKey(addr, p.Generation))
		if err != nil {
			return true, broken("prover %s has no vault of generation %d", p.Address, p.Generation)
		}
		if next, err := k.vaults.Has(ctx, vaultKey(addr, p.Generation+1)); err != nil || next {
			return true, broken("prover %s has a vault beyond generation %d", p.Address, p.Generation)
		}
		if v.Closed && !p.Retired && p.Load.OpenAssignments == 0 {
			return true, broken("the vault of %s is closed and nothing is open, but it is not retired", p.Address)
		}
		if p.Retired && p.Load.OpenAssignments > 0 {
			return true, broken("%s is retired with %d assignments open", p.Address, p.Load.OpenAssignments)
		}
		return false, k.checkLoad(ctx, addr, p, sums[string(addr)])
	})
	if err != nil {
		return err
	}
	if err := k.profiles.Walk(ctx, nil, func(_ sdk.AccAddress, p types.Profile) (bool, error) {
		profiles++
		return false, p.Validate()
	}); err != nil {
		return err
	}
	if provers != profiles {
		return broken("%d provers, %d profiles", provers, profiles)
	}
	return nil
}

// checkLoad compares a prover's load with what its records sum to, nil for none.
func (k *Keeper) checkLoad(ctx context.Context, addr sdk.AccAddress, p types.Prover, sum *workSum) error {
	if sum == nil {
		sum = newWorkSum()
	}
	l := p.Load
	if !l.AssignedStake.Equal(sum.stake) || !l.Exposure.Equal(sum.exposure) || l.OpenAssignments != sum.open || l.ParkedUnstakes != sum.parked {
		return broken("load of %s is %s, its records sum to %s, %s, %d open, %d parked",
			p.Address, l.String(), sum.stake, sum.exposure, sum.open, sum.parked)
	}
	if ripe, err := k.ripe.Has(ctx, addr); err != nil || (sum.eligible() && !ripe) {
		return broken("%s has parked unstakings that nothing holds and is not ripe", p.Address)
	}
	return nil
}

// checkVaults: each vault's account holds what the vault owes (invariant 2), at
// least: a surplus is nobody's. Its denom's supply is its shares, and its
// entries' pool shares are its pool shares (invariant 3).
func (k *Keeper) checkVaults(ctx context.Context) error {
	sums, err := k.poolSums(ctx)
	if err != nil {
		return err
	}
	return k.vaults.Walk(ctx, nil, func(key VaultKey, v types.Vault) (bool, error) {
		p, err := k.prover(ctx, key.K1())
		if err != nil {
			return true, broken("vault %s/%d has no prover", v.Prover, v.Generation)
		}
		if v.Prover != p.Address || v.Generation != key.K2() || v.Generation > p.Generation {
			return true, broken("vault %s/%d is stored under %s/%d", v.Prover, v.Generation, key.K1(), key.K2())
		}
		figures := v.Figures()
		if err := figures.Check(); err != nil {
			return true, broken("vault %s/%d: %s", v.Prover, v.Generation, err)
		}
		if v.Closed != figures.Closed() {
			return true, broken("vault %s/%d: closed is %t with %s assets, %s shares", v.Prover, v.Generation, v.Closed, v.Assets, v.Shares)
		}
		over := v.Generation < p.Generation || p.Retired
		if v.Ended != (over && v.Settled()) {
			return true, broken("vault %s/%d: ended is %t", v.Prover, v.Generation, v.Ended)
		}
		pool, found := sums[vaultID{string(key.K1()), key.K2()}]
		if !found {
			pool = math.ZeroInt()
		}
		if !pool.Equal(v.PoolShares) {
			return true, broken("vault %s/%d has %s pool shares, its entries %s", v.Prover, v.Generation, v.PoolShares, pool)
		}
		return false, k.checkCoins(ctx, key.K1(), v)
	})
}

// Owed returns what the vault's account must hold (invariant 2), in uproof.
func Owed(v types.Vault) math.Int {
	return v.Assets.Add(v.Figures().Unvested()).Add(v.PoolAssets).Add(v.Commission)
}

func (k *Keeper) checkCoins(ctx context.Context, addr sdk.AccAddress, v types.Vault) error {
	account := types.VaultAddress(addr, v.Generation)
	if held := k.bk.GetBalance(ctx, account, chain.Denom).Amount; held.LT(Owed(v)) {
		return broken("vault %s/%d holds %s uproof and owes %s", v.Prover, v.Generation, held, Owed(v))
	}
	if !v.Ended && k.ak.GetAccount(ctx, account) == nil {
		return broken("vault %s/%d has no account", v.Prover, v.Generation)
	}
	if supply := k.bk.GetSupply(ctx, v.Denom()).Amount; !supply.Equal(v.Shares) {
		return broken("supply of %s is %s, the vault has %s shares", v.Denom(), supply, v.Shares)
	}
	return nil
}

// checkUnstakes: each entry is where its status says, and nowhere else
// (invariant 5).
func (k *Keeper) checkUnstakes(ctx context.Context) error {
	return k.unstakes.Walk(ctx, nil, func(key UnstakeKey, u types.Unstake) (bool, error) {
		v, err := k.vaults.Get(ctx, vaultKey(key.K1(), key.K2()))
		if err != nil || u.Id >= v.NextUnstake || u.Id != key.K3() || u.Generation != key.K2() || u.Prover != v.Prover {
			return true, broken("unstaking %s/%d/%d belongs to no vault", key.K1(), key.K2(), key.K3())
		}
		staker, err := k.address(u.Staker)
		if err != nil {
			return true, err
		}
		queued, err1 := k.queue.Has(ctx, queueKey(key.K1(), u))
		parked, err2 := k.parked.Has(ctx, parkedKey(key.K1(), u))
		failed, err3 := k.failed.Has(ctx, key)
		indexed, err4 := k.byStaker.Has(ctx, collections.Join4(staker, key.K1(), key.K2(), key.K3()))
		purged, err5 := k.purge.Has(ctx, vaultKey(key.K1(), key.K2()))
		for _, err := range []error{err1, err2, err3, err4, err5} {
			if err != nil {
				return true, err
			}
		}
		if !indexed || queued != (u.Status == types.UNSTAKE_STATUS_QUEUED) ||
			parked != (u.Status == types.UNSTAKE_STATUS_PARKED) || failed != (u.Status == types.UNSTAKE_STATUS_FAILED) {
			return true, broken("unstaking %s/%d/%d is %s: queued %t, parked %t, failed %t, indexed %t",
				u.Prover, u.Generation, u.Id, u.Status, queued, parked, failed, indexed)
		}
		if v.Void(u.Id) && !purged {
			return true, broken("unstaking %s/%d/%d is void and will not be deleted", u.Prover, u.Generation, u.Id)
		}
		return false, nil
	})
}

// checkAssignments: each assignment has a prover that numbered it; its load was
// checked there.
func (k *Keeper) checkAssignments(ctx context.Context) error {
	return k.assignments.Walk(ctx, nil, func(key AssignmentKey, a types.Assignment) (bool, error) {
		p, err := k.prover(ctx, key.K1())
		if err != nil {
			return true, broken("assignment %d has no prover %s", key.K2(), key.K1())
		}
		if key.K2() >= p.Load.NextAssignment || key.K2() != a.Number || a.Prover != p.Address {
			return true, broken("assignment %d of %s is stored under %d, next is %d", a.Number, a.Prover, key.K2(), p.Load.NextAssignment)
		}
		return false, nil
	})
}

// checkIndexes: there are no more places than entries (invariant 5). Together
// with checkUnstakes, each place belongs to one entry.
func (k *Keeper) checkIndexes(ctx context.Context) error {
	entries, err := count(ctx, k.unstakes)
	if err != nil {
		return err
	}
	places := 0
	for _, counted := range []func() (int, error){
		func() (int, error) { return count(ctx, collections.Map[QueueKey, collections.NoValue](k.queue)) },
		func() (int, error) { return count(ctx, collections.Map[ParkedKey, collections.NoValue](k.parked)) },
		func() (int, error) { return count(ctx, collections.Map[UnstakeKey, collections.NoValue](k.failed)) },
	} {
		n, err := counted()
		if err != nil {
			return err
		}
		places += n
	}
	indexed, err := count(ctx, collections.Map[StakerKey, collections.NoValue](k.byStaker))
	if err != nil {
		return err
	}
	if places != entries || indexed != entries {
		return broken("%d unstakings, %d places, %d in the index", entries, places, indexed)
	}
	if err := k.ripe.Walk(ctx, nil, func(addr sdk.AccAddress) (bool, error) {
		_, err := k.prover(ctx, addr)
		return err != nil, err
	}); err != nil {
		return broken("ripe: %s", err)
	}
	return k.purge.Walk(ctx, nil, func(key VaultKey) (bool, error) {
		v, err := k.vaults.Get(ctx, key)
		if err != nil || v.VoidBelow == 0 {
			return true, broken("purge: %s/%d has no void unstakings", key.K1(), key.K2())
		}
		return false, nil
	})
}

// count returns the number of keys of a map.
func count[K, V any](ctx context.Context, m collections.Map[K, V]) (n int, err error) {
	err = m.Walk(ctx, nil, func(K, V) (bool, error) {
		n++
		return false, nil
	})
	return n, err
}
