package keeper

import (
	"context"
	"errors"
	"time"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/internal/find"
	"github.com/proofmarket/proofmarket/x/internal/isolate"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// SetCommission sets what the prover keeps of rewards from source, or with an
// empty source of all that have no rate of their own (law S6). It returns when
// the rate counts; nil for at once. max_commission_bps and commission_notice
// bind as they are now, whatever becomes of them until then. It fails with
// ErrProverNotFound, ErrProverRetired, ErrInvalidSource, ErrInvalidCommission,
// ErrTooManyRates, ErrCommissionUnchanged.
func (k *Keeper) SetCommission(ctx context.Context, addr sdk.AccAddress, source string, bps uint32) (*time.Time, error) {
	params, p, err := k.commissionTerms(ctx, addr, source)
	if err != nil {
		return nil, err
	}
	if bps > params.MaxCommissionBps {
		return nil, types.ErrInvalidCommission.Wrapf("%d basis points, at most %d are allowed", bps, params.MaxCommissionBps)
	}
	rate, own, err := k.rate(ctx, addr, p, source)
	if err != nil {
		return nil, err
	}
	if own && rate.Bps == bps && rate.Pending == nil {
		return nil, types.ErrCommissionUnchanged.Wrapf("%d basis points", bps)
	}
	if !own {
		if err := k.roomForRate(ctx, addr); err != nil {
			return nil, err
		}
	}
	rate = rate.Choose(bps, now(ctx), params.CommissionNotice)
	return k.changeRate(ctx, addr, rate, true, "set")
}

// ResetCommission gives source the default's rate again; with an empty source it
// drops the default's pending change. It returns when that counts, nil for at
// once. It fails with ErrProverNotFound, ErrProverRetired, ErrInvalidSource,
// ErrNoOwnRate, ErrCommissionUnchanged.
func (k *Keeper) ResetCommission(ctx context.Context, addr sdk.AccAddress, source string) (*time.Time, error) {
	params, p, err := k.commissionTerms(ctx, addr, source)
	if err != nil {
		return nil, err
	}
	rate, own, err := k.rate(ctx, addr, p, source)
	if err != nil {
		return nil, err
	}
	if source == "" {
		if rate.Pending == nil {
			return nil, types.ErrCommissionUnchanged.Wrap("the default has no pending change to drop")
		}
		rate.Pending = nil
		return k.changeRate(ctx, addr, rate, true, "reset")
	}
	if !own {
		return nil, types.ErrNoOwnRate.Wrapf("%q", source)
	}
	fallback, _, err := k.rate(ctx, addr, p, "")
	if err != nil {
		return nil, err
	}
	rate, own = rate.Release(fallback, now(ctx), params.CommissionNotice)
	if !own {
		rate.Bps = fallback.Bps
	}
	return k.changeRate(ctx, addr, rate, own, "reset")
}

// commissionTerms loads what a change of a rate depends on.
func (k *Keeper) commissionTerms(ctx context.Context, addr sdk.AccAddress, source string) (types.Params, types.Prover, error) {
	if source != "" {
		if err := types.ValidateSource(source); err != nil {
			return types.Params{}, types.Prover{}, err
		}
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return params, types.Prover{}, err
	}
	p, err := k.inBusiness(ctx, addr)
	return params, p, err
}

// rate returns the rate of the prover on rewards from source, or the default for
// an empty source, as of the block's time: whether or not the end of a block has
// come to a change that is due, it counts. own is false for a source that has no
// rate of its own; its Bps are the default's then.
func (k *Keeper) rate(ctx context.Context, addr sdk.AccAddress, p types.Prover, source string) (types.CommissionRate, bool, error) {
	stored, found, err := find.In(ctx, k.kv, k.commissions, collections.Join(addr, source))
	if err != nil {
		return stored, false, err
	}
	if found {
		if rate, own := stored.At(now(ctx)); own {
			return rate, true, nil
		}
	}
	if source == "" {
		return types.CommissionRate{Prover: p.Address, Bps: p.CommissionBps}, true, nil
	}
	fallback, _, err := k.rate(ctx, addr, p, "")
	return types.CommissionRate{Prover: p.Address, Source: source, Bps: fallback.Bps}, false, err
}

// roomForRate returns ErrTooManyRates once MaxCommissionRates sources have rates
// of their own.
func (k *Keeper) roomForRate(ctx context.Context, addr sdk.AccAddress) error {
	records, err := k.rates(ctx, addr)
	if err != nil {
		return err
	}
	sources := 0
	for _, r := range records {
		if _, own := r.At(now(ctx)); own && !r.IsDefault() {
			sources++
		}
	}
	if sources >= types.MaxCommissionRates {
		return types.ErrTooManyRates.Wrapf("%d have, at most %d may", sources, types.MaxCommissionRates)
	}
	return nil
}

// rates returns the records of a prover's rates as they are stored, the default's
// first. There are at most MaxCommissionRates + 1.
func (k *Keeper) rates(ctx context.Context, addr sdk.AccAddress) (records []types.CommissionRate, err error) {
	err = k.commissions.Walk(ctx, collections.NewPrefixedPairRange[sdk.AccAddress, string](addr),
		func(_ CommissionKey, r types.CommissionRate) (bool, error) {
			records = append(records, r)
			return false, nil
		})
	return records, err
}

// changeRate brings the prover's records up to now, so that a source which lost
// its rate leaves its place, and stores a rate that its prover decided on. It
// returns when the pending change counts.
func (k *Keeper) changeRate(
	ctx context.Context, addr sdk.AccAddress, rate types.CommissionRate, own bool, reason string,
) (*time.Time, error) {
	p, err := k.prover(ctx, addr)
	if err != nil {
		return nil, err
	}
	if err := k.settleRates(ctx, addr, &p); err != nil {
		return nil, err
	}
	if err := k.saveRate(ctx, addr, &p, rate, own, reason); err != nil {
		return nil, err
	}
	if rate.Pending == nil {
		return nil, k.provers.Set(ctx, addr, p)
	}
	return &rate.Pending.EffectiveAt, k.provers.Set(ctx, addr, p)
}

// settleRates writes down the prover's changes that are due.
func (k *Keeper) settleRates(ctx context.Context, addr sdk.AccAddress, p *types.Prover) error {
	records, err := k.rates(ctx, addr)
	if err != nil {
		return err
	}
	for _, r := range records { // the default first: others may fall back to it
		if err := k.settleRate(ctx, addr, p, r); err != nil {
			return err
		}
	}
	return nil
}

// settleRate writes down a pending change if it is due.
func (k *Keeper) settleRate(ctx context.Context, addr sdk.AccAddress, p *types.Prover, stored types.CommissionRate) error {
	rate, own := stored.At(now(ctx))
	if stored.Pending == nil || rate.Pending != nil {
		return nil
	}
	if !own {
		fallback, _, err := k.rate(ctx, addr, *p, "")
		if err != nil {
			return err
		}
		rate.Bps = fallback.Bps
	}
	return k.saveRate(ctx, addr, p, rate, own, "due")
}

// saveRate stores a rate with its place in the queue, or deletes the record of a
// source that has no rate of its own any more. The default's rate in force is in
// the prover's record, which the caller stores.
func (k *Keeper) saveRate(
	ctx context.Context, addr sdk.AccAddress, p *types.Prover, rate types.CommissionRate, own bool, reason string,
) error {
	key := collections.Join(addr, rate.Source)
	if err := k.removeRate(ctx, addr, key); err != nil {
		return err
	}
	if rate.IsDefault() {
		p.CommissionBps = rate.Bps
	}
	if rate.Pending != nil {
		if err := k.lowerHead(ctx, headRates, rate.Pending.EffectiveAt); err != nil {
			return err
		}
		if err := k.commissionQueue.Set(ctx, commissionQueueKey(addr, rate)); err != nil {
			return err
		}
	}
	if own && (rate.Pending != nil || !rate.IsDefault()) {
		if err := k.commissions.Set(ctx, key, rate); err != nil {
			return err
		}
	}
	return events.Emit(ctx, &types.EventCommissionChanged{
		Prover: p.Address, Source: rate.Source, Bps: rate.Bps, Inherited: !own, Pending: rate.Pending, Reason: reason,
	})
}

// removeRate deletes a record, if there is one, and its place in the queue.
func (k *Keeper) removeRate(ctx context.Context, addr sdk.AccAddress, key CommissionKey) error {
	stored, err := k.commissions.Get(ctx, key)
	if errors.Is(err, collections.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if stored.Pending != nil {
		if err := k.commissionQueue.Remove(ctx, commissionQueueKey(addr, stored)); err != nil {
			return err
		}
	}
	return k.commissions.Remove(ctx, key)
}

// retire ends a prover's business: it takes no more work, and what was announced
// of its rates does not come any more (law S1). Rates in force stay, for rewards
// that come late. The caller stores the record.
func (k *Keeper) retire(ctx context.Context, addr sdk.AccAddress, p *types.Prover) error {
	p.Retired = true
	if err := k.settleRates(ctx, addr, p); err != nil {
		return err
	}
	records, err := k.rates(ctx, addr)
	if err != nil {
		return err
	}
	for _, r := range records {
		if r.Pending == nil {
			continue
		}
		r.Pending = nil
		if err := k.saveRate(ctx, addr, p, r, true, "retire"); err != nil {
			return err
		}
	}
	return nil
}

// clearRates deletes what a generation before had: the next one starts with the
// rate that it registers with.
func (k *Keeper) clearRates(ctx context.Context, addr sdk.AccAddress) error {
	records, err := k.rates(ctx, addr)
	if err != nil {
		return err
	}
	for _, r := range records {
		if err := k.removeRate(ctx, addr, collections.Join(addr, r.Source)); err != nil {
			return err
		}
	}
	return nil
}

// handleCommissions writes down changes that are due, oldest first. The limit
// counts attempts. One that fails is struck off: by its time it counts all the
// same.
func (k *Keeper) handleCommissions(ctx context.Context, limit int) error {
	q := k.rateQueue()
	due, err := q.due(ctx, k, limit)
	if err != nil {
		return err
	}
	for _, key := range due {
		err := isolate.Run(ctx, types.ErrItemPanicked, func(ctx context.Context) error {
			return k.settleDue(ctx, key.K2(), key.K3())
		})
		if err == nil {
			continue
		}
		logger(ctx).Error("a commission could not be written down; by its time it counts all the same",
			"prover", key.K2().String(), "source", key.K3(), "error", err)
		if err := k.commissionQueue.Remove(ctx, key); err != nil {
			return err
		}
	}
	return q.moveOn(ctx, k, due, limit)
}

func (k *Keeper) settleDue(ctx context.Context, addr sdk.AccAddress, source string) error {
	p, err := k.prover(ctx, addr)
	if err != nil {
		return err
	}
	stored, err := k.commissions.Get(ctx, collections.Join(addr, source))
	if err != nil {
		return err
	}
	if err := k.settleRate(ctx, addr, &p, stored); err != nil {
		return err
	}
	return k.provers.Set(ctx, addr, p)
}

func commissionQueueKey(addr sdk.AccAddress, r types.CommissionRate) CommissionQueueKey {
	return collections.Join3(r.Pending.EffectiveAt.UnixNano(), addr, r.Source)
}

// Commission implements types.QueryServer.
func (s queryServer) Commission(
	ctx context.Context, req *types.QueryCommissionRequest,
) (*types.QueryCommissionResponse, error) {
	if req == nil {
		return nil, errEmptyRequest()
	}
	addr, err := s.k.address(req.Prover)
	if err != nil {
		return nil, err
	}
	p, err := s.k.prover(ctx, addr)
	if err != nil {
		return nil, err
	}
	res := &types.QueryCommissionResponse{}
	if res.DefaultRate, _, err = s.k.rate(ctx, addr, p, ""); err != nil {
		return nil, err
	}
	records, err := s.k.rates(ctx, addr)
	for _, r := range records {
		if rate, own := r.At(now(ctx)); own && !r.IsDefault() {
			res.Rates = append(res.Rates, rate)
		}
	}
	return res, err
}
