package keeper

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"cosmossdk.io/collections"

	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// Places are the keys under which a request is found: the queues, and the indexes of
// queries. All are in one collection and begin with their kind. They are a pure
// function of request and auction, so that a change of state writes the difference
// and nothing else, and a genesis needs none of them.
//
// Numbers are u64, big-endian; l is the length of what follows, one byte; status is
// one byte, id and program are 32.
const (
	// placeHeight: height ‖ id. What falls due at the end of that block.
	placeHeight byte = iota + 1
	// placeTime: market time in ns since 1970 ‖ id. What falls due after that time.
	placeTime
	// placeDead: id. A dead letter: a request whose queue item failed. It stands in
	// for the place in a queue, and is the one place that state does not tell.
	placeDead
	// placeRetained: market time in ns since 1970 ‖ id. When a finished request shrinks.
	placeRetained
	// placeRequester: l ‖ address ‖ status ‖ id.
	placeRequester
	// placeProver: l ‖ address ‖ status ‖ id. Whoever leads, is assigned, or delivered.
	placeProver
	// placeVerifier: l ‖ verifier id ‖ status ‖ program ‖ id.
	placeVerifier
)

// maxPlaceKey is longer than any key of a place.
const maxPlaceKey = 512

// place is one place of a request, before it becomes a key.
type place struct {
	kind byte
	// at is the height or time of a queue.
	at uint64
	// owner is the address or verifier of an index.
	owner   string
	program string
	status  types.RequestStatus
}

// queued tells whether the place is one in a queue of what falls due.
func (p place) queued() bool { return p.kind == placeHeight || p.kind == placeTime }

// placesOf gives every place of a request; none for a request that is not stored yet.
func placesOf(r types.Request, a types.Auction) []place {
	if a.Status == types.REQUEST_STATUS_UNSPECIFIED {
		return nil
	}
	list := make([]place, 0, 4)
	list = append(list,
		place{kind: placeRequester, owner: r.Requester, status: a.Status},
		place{kind: placeVerifier, owner: r.Statement.Verifier, program: r.Statement.Program, status: a.Status},
	)
	if prover, some := a.Prover(); some {
		list = append(list, place{kind: placeProver, owner: prover, status: a.Status})
	}
	if height, waits := a.QueueHeight(); waits {
		list = append(list, place{kind: placeHeight, at: height})
	}
	if due, waits := a.QueueTime(); waits {
		list = append(list, place{kind: placeTime, at: uint64(due.UnixNano())})
	}
	if a.RetainedUntil != nil {
		list = append(list, place{kind: placeRetained, at: uint64(a.RetainedUntil.UnixNano())})
	}
	return list
}

// placeKey writes the key of a request's place.
func (k *Keeper) placeKey(id []byte, p place) ([]byte, error) {
	key := []byte{p.kind}
	switch p.kind {
	case placeRequester, placeProver:
		addr, err := k.address("owner", p.owner)
		if err != nil {
			return nil, err
		}
		key = append(ownerPrefix(p.kind, addr), byte(p.status))
	case placeVerifier:
		program, err := hex.DecodeString(p.program)
		if err != nil {
			return nil, err
		}
		key = append(append(ownerPrefix(p.kind, []byte(p.owner)), byte(p.status)), program...)
	default:
		key = binary.BigEndian.AppendUint64(key, p.at)
	}
	return append(key, id...), nil
}

// ownerPrefix begins the keys of one address or verifier. Neither is ever longer than
// 255 bytes.
func ownerPrefix(kind byte, owner []byte) []byte {
	return append([]byte{kind, byte(len(owner))}, owner...)
}

// deadKey is the key of a dead letter.
func deadKey(id []byte) []byte { return append([]byte{placeDead}, id...) }

// idOf is the request that a key leads to.
func idOf(key []byte) ([]byte, error) {
	if len(key) < 1+auction.IDSize {
		return nil, broken("place %X is too short", key)
	}
	return bytes.Clone(key[len(key)-auction.IDSize:]), nil
}

// move takes a request from the places before to the places after: it writes what
// differs. A dead letter comes back with the first place in a queue that changes.
func (k *Keeper) move(ctx context.Context, id []byte, before, after []place) error {
	for _, p := range before {
		if slices.Contains(after, p) {
			continue
		}
		key, err := k.placeKey(id, p)
		if err != nil {
			return err
		}
		if p.queued() {
			dead, err := k.isDead(ctx, id)
			if err != nil {
				return err
			}
			if dead {
				key = deadKey(id)
			}
		}
		if err := k.places.Remove(ctx, key); err != nil {
			return err
		}
	}
	for _, p := range after {
		if slices.Contains(before, p) {
			continue
		}
		key, err := k.placeKey(id, p)
		if err != nil {
			return err
		}
		if err := k.places.Set(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// queueKey is the key of the request's place in a queue; nil for none.
func (k *Keeper) queueKey(e *entry) ([]byte, error) {
	for _, p := range placesOf(e.request, e.auction) {
		if p.queued() {
			return k.placeKey(e.id, p)
		}
	}
	return nil, nil
}

// bury moves a request from the place in a queue that key names to the dead letters.
func (k *Keeper) bury(ctx context.Context, id, key []byte) error {
	if key != nil {
		if err := k.places.Remove(ctx, key); err != nil {
			return err
		}
	}
	if err := k.marks.Set(ctx, markDead); err != nil {
		return err
	}
	return k.places.Set(ctx, deadKey(id))
}

// isDead tells whether the request is among the dead letters.
func (k *Keeper) isDead(ctx context.Context, id []byte) (bool, error) {
	if some, err := k.marks.Has(ctx, markDead); err != nil || !some {
		return false, err
	}
	return k.places.Has(ctx, deadKey(id))
}

// span is a range of keys in places: from start on, and before end.
type span struct{ start, end []byte }

// prefixSpan holds every key that begins with prefix.
func prefixSpan(prefix []byte) span { return span{start: prefix, end: prefixEnd(prefix)} }

// kindsSpan holds the places of the kinds from first to last.
func kindsSpan(first, last byte) span { return span{start: []byte{first}, end: []byte{last + 1}} }

// prefixEnd is the first key after all that begin with prefix. A prefix begins with a
// kind, which is below 255, so there is one.
func prefixEnd(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// after is the first key after key.
func after(key []byte) []byte { return append(bytes.Clone(key), 0) }

// contains tells whether a key lies in the span.
func (s span) contains(key []byte) bool {
	return bytes.Compare(key, s.start) >= 0 && bytes.Compare(key, s.end) < 0
}

// keysIn reads at most limit keys of a span, in order.
func (k *Keeper) keysIn(ctx context.Context, s span, limit int) (keys [][]byte, err error) {
	if limit <= 0 || bytes.Compare(s.start, s.end) >= 0 {
		return nil, nil
	}
	it, err := k.places.IterateRaw(ctx, s.start, s.end, collections.OrderAscending)
	if err != nil {
		return nil, err
	}
	defer it.Close()
	for ; it.Valid() && len(keys) < limit; it.Next() {
		key, err := it.Key()
		if err != nil {
			return nil, err
		}
		keys = append(keys, bytes.Clone(key))
	}
	return keys, nil
}
