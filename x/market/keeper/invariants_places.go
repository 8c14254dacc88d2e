package keeper

import (
	"bytes"
	"context"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// checkPlaces checks that the request is in every place where its state puts it, the
// one in a queue excepted if it is among the dead letters (invariant 5).
func (k *Keeper) checkPlaces(ctx context.Context, e *entry) error {
	dead, err := k.isDead(ctx, e.id)
	if err != nil {
		return err
	}
	queued := false
	for _, p := range placesOf(e.request, e.auction) {
		key, err := k.placeKey(e.id, p)
		if err != nil {
			return broken("request %s: %s", e.request.Id, err)
		}
		has, err := k.places.Has(ctx, key)
		if err != nil {
			return err
		}
		queued = queued || p.queued()
		if has == (dead && p.queued()) {
			return broken("request %s in %s, among the dead letters %t: place %X is there %t", e.request.Id, e.auction.Stage, dead, key, has)
		}
	}
	if open := e.auction.Status == types.REQUEST_STATUS_PENDING; queued != open || dead && !open {
		return broken("request %s is %s, waits in a queue %t, is a dead letter %t", e.request.Id, e.auction.Status, queued, dead)
	}
	return nil
}

// checkAllPlaces checks that every place leads to a request that belongs there
// (invariant 5).
func (k *Keeper) checkAllPlaces(ctx context.Context) error {
	return k.places.Walk(ctx, nil, func(key []byte) (bool, error) {
		id, err := idOf(key)
		if err != nil {
			return true, err
		}
		e, err := k.load(ctx, id)
		if err != nil {
			return true, broken("place %X: %s", key, err)
		}
		if bytes.Equal(key, deadKey(id)) {
			return false, nil // checkPlaces has looked at it
		}
		if err := k.checkHead(ctx, key); err != nil {
			return true, err
		}
		for _, p := range placesOf(e.request, e.auction) {
			if want, err := k.placeKey(id, p); err != nil || bytes.Equal(key, want) {
				return err != nil, err
			}
		}
		return true, broken("request %s is %s in %s and does not belong to place %X", e.request.Id, e.auction.Status, e.auction.Stage, key)
	})
}

// checkReceipts checks that what has shrunk is gone: no receipt and no litter is of a
// request that is there (law M15).
func (k *Keeper) checkReceipts(ctx context.Context) error {
	err := k.receipts.Walk(ctx, nil, func(id []byte, _ types.Receipt) (bool, error) {
		has, err := k.requests.Has(ctx, id)
		if err == nil && has {
			err = broken("request %X has a receipt and is there in full", id)
		}
		return err != nil, err
	})
	if err != nil {
		return err
	}
	return k.litter.Walk(ctx, nil, func(id []byte) (bool, error) {
		has, err := k.receipts.Has(ctx, id)
		if err == nil && !has {
			err = broken("litter of request %X, which has no receipt", id)
		}
		return err != nil, err
	})
}

// checkMarks checks that whatever is there of the kinds that have marks is marked: else
// the end of the block would never look for it.
func (k *Keeper) checkMarks(ctx context.Context) error {
	for _, kind := range []struct {
		mark uint64
		look func(context.Context) (bool, error)
	}{{markDead, k.anyDead}, {markLitter, k.anyLitter}, {markDeltas, k.anyDeltas}} {
		some, err := kind.look(ctx)
		if err != nil {
			return err
		}
		marked, err := k.marks.Has(ctx, kind.mark)
		if err != nil {
			return err
		}
		if some && !marked {
			return broken("there are records of kind %d, and no mark", kind.mark)
		}
	}
	return nil
}

// checkSwept checks that the sweep is not ahead of the revocations.
func (k *Keeper) checkSwept(ctx context.Context) error {
	done, err := k.getSwept(ctx)
	if err != nil {
		return err
	}
	revoked, err := k.verifier.Revocations(ctx)
	if err == nil && done > revoked {
		err = broken("open requests of %d revoked targets are refunded, %d are revoked", done, revoked)
	}
	return err
}
