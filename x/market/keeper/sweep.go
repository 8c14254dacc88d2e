package keeper

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"strings"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/isolate"
	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// sweepRevoked refunds open requests whose verifier, circuit or family is revoked (law
// M11), at most limit of them or of the looks that it takes to find them. It goes
// through the index by verifier once for each time that the number of revoked targets
// has risen, in the order of the keys: no request is made on a revoked target, and
// none changes its key while it is open, so nothing is passed over. It tells how much
// of limit it used.
func (k *Keeper) sweepRevoked(ctx context.Context, m moment, limit int) (used int, err error) {
	target, cursor, wanted, err := k.sweepAt(ctx)
	if err != nil || !wanted {
		return 0, err
	}
	index := prefixSpan([]byte{placeVerifier})
	for used < limit {
		keys, err := k.keysIn(ctx, span{start: cursor, end: index.end}, 1)
		if err != nil {
			return used, err
		}
		if len(keys) == 0 {
			if err := k.sweep.Remove(ctx); err != nil {
				return used, err
			}
			return used, k.swept.Set(ctx, target)
		}
		group, open, err := parseGroup(keys[0])
		if err != nil {
			return used, err
		}
		if !open || !k.isRevoked(ctx, group) {
			used++
			cursor = group.skip.end
			continue
		}
		var n int
		if n, cursor, err = k.refundGroup(ctx, m, group, keys[0], limit-used); err != nil {
			return used, err
		}
		used += n
	}
	return used, k.sweep.Set(ctx, collections.Join(target, cursor))
}

// sweepAt tells where the sweep under way has come, or where one that is needed
// begins, and how many revocations it will have covered.
func (k *Keeper) sweepAt(ctx context.Context) (target uint64, cursor []byte, wanted bool, err error) {
	at, err := k.sweep.Get(ctx)
	if err == nil {
		return at.K1(), at.K2(), true, nil
	}
	if !errors.Is(err, collections.ErrNotFound) {
		return 0, nil, false, err
	}
	done, err := k.getSwept(ctx)
	if err != nil {
		return 0, nil, false, err
	}
	target, err = k.verifier.Revocations(ctx)
	return target, []byte{placeVerifier}, target > done, err
}

// getSwept gives the number of revoked targets whose open requests are refunded.
func (k *Keeper) getSwept(ctx context.Context) (uint64, error) {
	n, err := k.swept.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return 0, nil
	}
	return n, err
}

// sweepGroup is what one look at the verifier decides on: the open requests of a
// circuit, or those of a registered verifier.
type sweepGroup struct {
	verifier, program string
	// requests holds their places.
	requests span
	// skip holds what needs no look if the group is not revoked.
	skip span
}

// parseGroup tells to which group a key of the index belongs; open is false for a
// place of requests that have ended, after all open ones of their verifier.
func parseGroup(key []byte) (g sweepGroup, open bool, err error) {
	if len(key) < 2 || len(key) != 3+int(key[1])+2*auction.IDSize {
		return g, false, broken("place %X is no place by verifier", key)
	}
	owner := key[:2+int(key[1])]
	g.verifier = string(owner[2:])
	g.program = hex.EncodeToString(key[len(owner)+1 : len(owner)+1+auction.IDSize])
	g.skip = prefixSpan(owner)
	if key[len(owner)] != byte(types.REQUEST_STATUS_PENDING) {
		return g, false, nil
	}
	if g.statement().IsCircuit() {
		g.requests = prefixSpan(key[:len(owner)+1+auction.IDSize])
		g.skip = g.requests
	} else {
		g.requests = prefixSpan(key[:len(owner)+1])
	}
	return g, true, nil
}

// statement is one that the group's requests could be for.
func (g sweepGroup) statement() verifiertypes.Statement {
	return verifiertypes.Statement{Verifier: g.verifier, Program: g.program, Digest: strings.Repeat("0", 2*auction.IDSize)}
}

// isRevoked asks for the group. A question that fails is no answer: the requests
// stay, and end when they fall due.
func (k *Keeper) isRevoked(ctx context.Context, g sweepGroup) bool {
	var standing verifiertypes.Standing
	err := isolate.Run(ctx, types.ErrItemFailed, func(ctx context.Context) (err error) {
		standing, err = k.verifier.Standing(ctx, g.statement())
		return err
	})
	if err != nil {
		sdk.UnwrapSDKContext(ctx).Logger().Error("market: standing of a verifier", "verifier", g.verifier, "program", g.program, "error", err.Error())
	}
	return err == nil && standing.Status == verifiertypes.VERIFIER_STATUS_REVOKED
}

// refundGroup refunds open requests of a revoked group from the key start on, at most
// limit. It tells how many it tried and where to go on.
func (k *Keeper) refundGroup(ctx context.Context, m moment, g sweepGroup, start []byte, limit int) (tried int, cursor []byte, err error) {
	items, err := k.items(ctx, span{start: bytes.Clone(start), end: g.requests.end}, limit)
	if err != nil {
		return 0, nil, err
	}
	for _, item := range items {
		if err := k.refundRevoked(ctx, m, item.id); err != nil {
			return 0, nil, err
		}
		cursor = after(item.key)
	}
	if len(items) < limit {
		cursor = g.requests.end
	}
	return len(items), cursor, nil
}

// refundRevoked refunds one request of a revoked verifier. One that fails moves to the
// dead letters.
func (k *Keeper) refundRevoked(ctx context.Context, m moment, id []byte) error {
	var queue []byte
	failure := isolate.Run(ctx, types.ErrItemFailed, func(ctx context.Context) error {
		e, err := k.load(ctx, id)
		if err != nil {
			return err
		}
		if queue, err = k.queueKey(e); err != nil {
			return err
		}
		_, err = k.advance(ctx, e, m)
		return err
	})
	if failure == nil {
		return nil
	}
	return k.deadLetter(ctx, queueItem{id: id, key: queue}, failure)
}
