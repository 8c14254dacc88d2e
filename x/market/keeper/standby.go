package keeper

import (
	"context"
	"math/big"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/isolate"
	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// candidate is a ranked bidder that offered to stand by.
type candidate struct {
	prover sdk.AccAddress
	fee    math.Int
	order  uint64
}

// searchStandby looks at the next candidates in the order of their fees and
// promotes the first that is still eligible and cheap enough (law M9). It looks
// at StandbyPage of them in one go; if more remain, the search goes on in the
// next block. With nobody left the request is refunded.
func (k *Keeper) searchStandby(ctx context.Context, e *entry, m moment) error {
	search := e.auction.Search
	page, err := k.candidates(ctx, e.id, search)
	if err != nil {
		return err
	}
	limit := auction.Miss{FeeLimit: search.Limit}
	for _, c := range page {
		if !limit.Allows(c.fee) {
			return k.refund(ctx, e, types.END_REASON_MISSED, auction.BiddersAtFault)
		}
		promoted, err := k.tryPromote(ctx, e, m, c)
		if err != nil || promoted {
			return err
		}
	}
	if len(page) < types.StandbyPage {
		return k.refund(ctx, e, types.END_REASON_MISSED, auction.BiddersAtFault)
	}
	// It goes to the back of the queue: a long search holds up nobody.
	last := page[len(page)-1]
	e.auction.Search = &types.StandbySearch{Limit: search.Limit, Since: m.clock.MarketTime, NextFee: last.fee, NextOrder: last.order + 1}
	return nil
}

// standbyRange runs from start to the end of that request's candidates, and so
// touches no other request (law M18).
type standbyRange struct {
	start collections.Triple[[]byte, []byte, uint64]
}

// RangeValues implements collections.Ranger.
func (r standbyRange) RangeValues() (start, end *collections.RangeKey[collections.Triple[[]byte, []byte, uint64]], order collections.Order, err error) {
	request := collections.TriplePrefix[[]byte, []byte, uint64](r.start.K1())
	return collections.RangeKeyExact(r.start), collections.RangeKeyPrefixEnd(request), collections.OrderAscending, nil
}

// candidates reads the next page of candidates.
func (k *Keeper) candidates(ctx context.Context, id []byte, search *types.StandbySearch) ([]candidate, error) {
	start, err := standbyKey(id, search.NextFee, search.NextOrder)
	if err != nil {
		return nil, err
	}
	var page []candidate
	err = k.standby.Walk(ctx, standbyRange{start: start}, func(key collections.Triple[[]byte, []byte, uint64], prover []byte) (bool, error) {
		fee := math.NewIntFromBigInt(new(big.Int).SetBytes(key.K2()))
		page = append(page, candidate{prover: prover, fee: fee, order: key.K3()})
		return len(page) == types.StandbyPage, nil
	})
	return page, err
}

// mayStandBy tells whether a candidate may be assigned now, its name and its vault
// generation. The winner that failed may not.
func (k *Keeper) mayStandBy(ctx context.Context, e *entry, c candidate) (name string, generation uint64, able bool, err error) {
	if name, err = k.format(c.prover); err != nil || name == e.auction.Leader.Prover {
		return name, 0, false, err
	}
	bid, found, err := k.getBid(ctx, e.id, c.prover)
	if err != nil || !found {
		return name, 0, false, err
	}
	standing, reason, err := k.eligible(ctx, actor{prover: c.prover}, e.request)
	able = err == nil && reason == nil && standing.Generation == bid.Generation
	return name, standing.Generation, able, err
}

// nobodyStandsBy tells whether a search that goes on as search says would find that
// there is no standby prover left, and changes nothing.
func (k *Keeper) nobodyStandsBy(ctx context.Context, e *entry, search *types.StandbySearch) (bool, error) {
	page, err := k.candidates(ctx, e.id, search)
	if err != nil {
		return false, err
	}
	limit := auction.Miss{FeeLimit: search.Limit}
	for _, c := range page {
		if !limit.Allows(c.fee) {
			return true, nil
		}
		if _, _, able, err := k.mayStandBy(ctx, e, c); err != nil || able {
			return false, err
		}
	}
	return len(page) < types.StandbyPage, nil
}

// tryPromote assigns the request to a candidate if it is still eligible. What
// goes wrong with one candidate does not keep the next from its chance.
func (k *Keeper) tryPromote(ctx context.Context, e *entry, m moment, c candidate) (bool, error) {
	name, generation, able, err := k.mayStandBy(ctx, e, c)
	if err != nil || !able {
		return false, err
	}
	var number uint64
	err = isolate.Run(ctx, types.ErrItemFailed, func(ctx context.Context) (err error) {
		number, err = k.provers.OpenAssignment(ctx, c.prover, e.request.MinStake, e.request.Terms.Penalty)
		return err
	})
	if err != nil {
		sdk.UnwrapSDKContext(ctx).Logger().Info("market: standby prover not assigned", "request", e.request.Id, "prover", name, "error", err.Error())
		return false, nil
	}
	e.auction.Search = nil
	e.auction.Assignment = &types.Assignment{
		Prover: name, Generation: generation, Price: c.fee, Bond: math.ZeroInt(), Number: number,
		Deadline: m.clock.MarketTime.Add(e.request.StandbyWindow), Standby: true,
	}
	if err := k.countFor(ctx, e.id, c.prover, types.ProverStats{Promoted: 1}); err != nil {
		return false, err
	}
	return true, k.emitAssigned(ctx, e)
}
