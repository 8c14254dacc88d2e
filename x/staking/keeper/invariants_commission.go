package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// checkCommissions: rates are what messages can leave (law S6), each pending one
// that is not due yet has its place in the queue, and each place a pending change
// (invariant 5); breakers are in range.
func (k *Keeper) checkCommissions(ctx context.Context) error {
	err := k.provers.Walk(ctx, nil, func(_ sdk.AccAddress, p types.Prover) (bool, error) {
		if err := p.Breaker.Validate(); err != nil {
			return true, broken("breaker of %s: %s", p.Address, err)
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	var last sdk.AccAddress
	sources := 0 // of the prover at hand: they come in the order of provers
	if err := k.commissions.Walk(ctx, nil, func(key CommissionKey, r types.CommissionRate) (bool, error) {
		if !key.K1().Equals(last) {
			last, sources = key.K1(), 0
		}
		if !r.IsDefault() {
			sources++
		}
		if sources > types.MaxCommissionRates {
			return true, broken("%s has rates for %d sources", r.Prover, sources)
		}
		return false, k.checkRate(ctx, key, r)
	}); err != nil {
		return err
	}
	return k.commissionQueue.Walk(ctx, nil, func(key CommissionQueueKey) (bool, error) {
		r, err := k.commissions.Get(ctx, collections.Join(key.K2(), key.K3()))
		if err != nil || r.Pending == nil || r.Pending.EffectiveAt.UnixNano() != key.K1() {
			return true, broken("a change of the commission of %s for %q is queued and not pending", key.K2(), key.K3())
		}
		return false, nil
	})
}

func (k *Keeper) checkRate(ctx context.Context, key CommissionKey, r types.CommissionRate) error {
	fail := func(why string) error { return broken("commission of %s for %q: %s", key.K1(), key.K2(), why) }
	p, err := k.prover(ctx, key.K1())
	if err != nil {
		return fail("no such prover")
	}
	if r.Prover != p.Address || r.Source != key.K2() {
		return fail("stored under another key")
	}
	if err := r.Validate(); err != nil {
		return fail(err.Error())
	}
	if r.IsDefault() && r.Bps != p.CommissionBps {
		return fail("differs from the prover's record")
	}
	if r.Pending == nil {
		return nil
	}
	if p.Retired {
		return fail("a retired prover has nothing pending")
	}
	queued, err := k.commissionQueue.Has(ctx, commissionQueueKey(key.K1(), r))
	if err == nil && !queued && r.Pending.EffectiveAt.After(now(ctx)) {
		return fail("pending and not queued")
	}
	return err
}
