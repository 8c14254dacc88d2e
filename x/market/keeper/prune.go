package keeper

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/internal/isolate"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// retainedUntil is the market time after which a request that ends now shrinks.
func (k *Keeper) retainedUntil(ctx context.Context) (time.Time, error) {
	clock, err := k.clock.Get(ctx)
	if err != nil {
		return time.Time{}, err
	}
	params, err := k.params.Get(ctx)
	return clock.MarketTime.Add(params.Retention).UTC(), err
}

// prune removes at most limit records of requests that ended longer ago than their
// retention, oldest first (law M15): first what earlier ones left behind, then those
// whose time has come. One that fails is tried again later and stops nothing.
func (k *Keeper) prune(ctx context.Context, m moment, limit int) error {
	limit, err := k.removeLitter(ctx, limit)
	if err != nil {
		return err
	}
	before, most := uint64(m.clock.MarketTime.UnixNano()), limit/types.ShrinkRecords
	due, err := k.dueIn(ctx, placeRetained, before, most)
	if err != nil {
		return err
	}
	done := 0
	for _, item := range due {
		if limit <= types.ShrinkRecords {
			break
		}
		done++
		used := 0
		failure := isolate.Run(ctx, types.ErrItemFailed, func(ctx context.Context) (err error) {
			used, err = k.retire(ctx, item.id, limit)
			return err
		})
		limit -= max(used, 1)
		if failure == nil {
			continue
		}
		sdk.UnwrapSDKContext(ctx).Logger().Error("market: request not shrunk", "request", types.FormatID(item.id), "error", failure.Error())
		if err := k.retireLater(ctx, m, item); err != nil {
			return err
		}
	}
	return k.moveHead(ctx, placeRetained, before, due[:done], done == len(due) && done < most)
}

// retire takes a finished request out of state. Bonds that wait still for their payers
// are paid back first, in pages; then the request shrinks to its receipt. Of limit
// records it tells how many it used.
func (k *Keeper) retire(ctx context.Context, id []byte, limit int) (used int, err error) {
	e, err := k.load(ctx, id)
	if err != nil {
		return 0, err
	}
	if e.auction.UnrevealedBonds.IsPositive() {
		used, err = k.drain(ctx, e, limit-types.ShrinkRecords)
		if err != nil || e.auction.UnrevealedBonds.IsPositive() {
			return used, err
		}
	}
	used += types.ShrinkRecords
	if err := k.shrink(ctx, e); err != nil || e.auction.Bids == 0 {
		return used, err
	}
	n, done, err := k.removeBids(ctx, id, limit-used)
	if err == nil && !done {
		if err = k.marks.Set(ctx, markLitter); err == nil {
			err = k.litter.Set(ctx, id)
		}
	}
	return used + n, err
}

// retireLater puts off a request that could not shrink. What cannot even be read
// leaves the queue for good.
func (k *Keeper) retireLater(ctx context.Context, m moment, item queueItem) error {
	err := isolate.Run(ctx, types.ErrItemFailed, func(ctx context.Context) error {
		e, err := k.load(ctx, item.id)
		if err != nil {
			return err
		}
		later := m.clock.MarketTime.Add(types.PruneRetry)
		e.auction.RetainedUntil = &later
		return k.save(ctx, e)
	})
	if err == nil {
		return nil
	}
	return k.places.Remove(ctx, item.key)
}

// shrink replaces a finished request by its receipt (law M15).
func (k *Keeper) shrink(ctx context.Context, e *entry) error {
	receipt, err := k.receiptOf(ctx, e)
	if err != nil {
		return err
	}
	if err := k.receipts.Set(ctx, e.id, receipt); err != nil {
		return err
	}
	if err := k.requests.Remove(ctx, e.id); err != nil {
		return err
	}
	if err := k.auctions.Remove(ctx, e.id); err != nil {
		return err
	}
	if e.auction.Status == types.REQUEST_STATUS_FULFILLED {
		if err := k.proofs.Remove(ctx, e.id); err != nil {
			return err
		}
	}
	if err := k.move(ctx, e.id, placesOf(e.request, e.auction), nil); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventPruned{RequestId: e.request.Id})
}

// receiptOf makes the receipt of a request that has ended.
func (k *Keeper) receiptOf(ctx context.Context, e *entry) (types.Receipt, error) {
	program, digest, err := e.request.Statement.Decode()
	if err != nil {
		return types.Receipt{}, err
	}
	receipt := types.Receipt{
		Verifier: e.request.Statement.Verifier, Program: program[:], Digest: digest[:],
		EndReason: e.auction.EndReason, EndHeight: e.auction.EndHeight, Price: math.ZeroInt(),
	}
	if receipt.Requester, err = k.address("requester", e.request.Requester); err != nil {
		return types.Receipt{}, err
	}
	if e.auction.Status != types.REQUEST_STATUS_FULFILLED {
		return receipt, nil
	}
	receipt.Price = e.auction.Assignment.Price
	if receipt.Prover, err = k.address("prover", e.auction.Assignment.Prover); err != nil {
		return types.Receipt{}, err
	}
	proof, err := k.proofs.Get(ctx, e.id)
	sum := sha256.Sum256(proof.Proof)
	receipt.ProofHash = sum[:]
	return receipt, err
}

// bidItem is a bid and its bidder.
type bidItem struct {
	prover sdk.AccAddress
	bid    types.Bid
}

// bidPage reads at most limit bids of a request, from the first after prover on; nil
// for the very first.
func (k *Keeper) bidPage(ctx context.Context, id []byte, prover sdk.AccAddress, limit int) (page []bidItem, err error) {
	rng := collections.NewPrefixedPairRange[[]byte, sdk.AccAddress](id)
	if prover != nil {
		rng = rng.StartExclusive(prover)
	}
	err = k.bids.Walk(ctx, rng, func(key collections.Pair[[]byte, sdk.AccAddress], bid types.Bid) (bool, error) {
		page = append(page, bidItem{key.K2(), bid})
		return len(page) >= limit, nil
	})
	return page, err
}

// payBonds pays the bonds of those bids that were sealed when the verifier was revoked
// and that wait still (law M11), and tells their sum.
func (k *Keeper) payBonds(ctx context.Context, e *entry, page []bidItem) (math.Int, error) {
	sum := math.ZeroInt()
	for _, i := range page {
		if i.bid.State != types.BID_STATE_SEALED || i.bid.BondReturned {
			continue
		}
		if err := k.payOut(ctx, e, i.bid.Payer, i.bid.Bond); err != nil {
			return sum, err
		}
		i.bid.BondReturned = true
		if err := k.setBid(ctx, e.id, i.prover, i.bid); err != nil {
			return sum, err
		}
		if err := k.emitBondReturned(ctx, e, i.prover, i.bid); err != nil {
			return sum, err
		}
		sum = sum.Add(i.bid.Bond)
	}
	e.auction.UnrevealedBonds = e.auction.UnrevealedBonds.Sub(sum)
	return sum, nil
}

// drain pays bonds that wait in the account of a request that is to shrink, of at
// most limit bids, and goes on after those in the next block. The account goes with
// the last of them.
func (k *Keeper) drain(ctx context.Context, e *entry, limit int) (int, error) {
	from, err := k.drainedTo(ctx, e.id)
	if err != nil {
		return 0, err
	}
	page, err := k.bidPage(ctx, e.id, from, limit)
	if err != nil {
		return 0, err
	}
	if _, err := k.payBonds(ctx, e, page); err != nil {
		return len(page), err
	}
	left := e.auction.UnrevealedBonds
	switch {
	case left.IsZero():
		err = k.closeAccount(ctx, e)
		if err == nil {
			err = k.drained.Remove(ctx)
		}
	case len(page) < limit:
		err = broken("request %s counts bonds of %s that no bid has", e.request.Id, left)
	default:
		err = k.drained.Set(ctx, collections.Join(e.id, []byte(page[len(page)-1].prover)))
	}
	if err != nil {
		return len(page), err
	}
	return len(page), k.save(ctx, e)
}

// drainedTo is the last bid of the request that drain has looked at; nil for none.
func (k *Keeper) drainedTo(ctx context.Context, id []byte) (sdk.AccAddress, error) {
	at, err := k.drained.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) || err == nil && string(at.K1()) != string(id) {
		return nil, nil
	}
	return at.K2(), err
}

// removeLitter removes what requests that have shrunk left behind, at most limit
// records, and tells how many more may be removed.
func (k *Keeper) removeLitter(ctx context.Context, limit int) (left int, err error) {
	if some, err := k.marks.Has(ctx, markLitter); err != nil || !some {
		return limit, err
	}
	var ids [][]byte
	err = k.litter.Walk(ctx, nil, func(id []byte) (bool, error) {
		ids = append(ids, id)
		return len(ids) >= limit, nil
	})
	if err != nil {
		return 0, err
	}
	if len(ids) == 0 {
		return limit, k.marks.Remove(ctx, markLitter)
	}
	for _, id := range ids {
		if limit <= 0 {
			return 0, nil
		}
		n, done, err := k.removeBids(ctx, id, limit-1)
		if err != nil {
			return 0, err
		}
		if done {
			if err := k.litter.Remove(ctx, id); err != nil {
				return 0, err
			}
		}
		limit -= n + 1
	}
	return limit, nil
}

// removeBids removes at most limit bids and standby candidates of a request that has
// shrunk, and tells how many those were and whether none is left.
func (k *Keeper) removeBids(ctx context.Context, id []byte, limit int) (n int, done bool, err error) {
	bids, err := firstKeys(ctx, k.bids, collections.NewPrefixedPairRange[[]byte, sdk.AccAddress](id), limit)
	if err != nil {
		return 0, false, err
	}
	for _, key := range bids {
		failure := k.forget(ctx, key)
		if failure == nil {
			continue
		}
		// A bid that can't be read or counted goes all the same: litter must end.
		sdk.UnwrapSDKContext(ctx).Logger().Error("market: bid removed, not counted", "request", types.FormatID(id), "error", failure.Error())
		if err := k.bids.Remove(ctx, key); err != nil {
			return 0, false, err
		}
	}
	candidates, err := firstKeys(ctx, k.standby, collections.NewPrefixedTripleRange[[]byte, []byte, uint64](id), limit-len(bids))
	if err != nil {
		return 0, false, err
	}
	for _, key := range candidates {
		if err := k.standby.Remove(ctx, key); err != nil {
			return 0, false, err
		}
	}
	n = len(bids) + len(candidates)
	return n, n < limit, nil
}

// firstKeys reads at most limit keys of a range.
func firstKeys[K, V any](ctx context.Context, m collections.Map[K, V], rng collections.Ranger[K], limit int) (keys []K, err error) {
	if limit <= 0 {
		return nil, nil
	}
	it, err := m.Iterate(ctx, rng)
	if err != nil {
		return nil, err
	}
	defer it.Close()
	for ; it.Valid() && len(keys) < limit; it.Next() {
		key, err := it.Key()
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}
