package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// CachedKeys returns the number of prepared keys in memory.
func (k *Keeper) CachedKeys() int {
	k.keys.mu.Lock()
	defer k.keys.mu.Unlock()
	return k.keys.order.Len()
}

// PutRestriction writes a restriction, right or wrong, under a target.
func (k *Keeper) PutRestriction(ctx context.Context, under types.Target, r types.Restriction) error {
	if err := k.restricted.Set(ctx, true); err != nil {
		return err
	}
	return k.restrictions.Set(ctx, restrictionKey(under), r)
}

// Unmark removes the mark that there are restrictions, which version 1 did not have.
func (k *Keeper) Unmark(ctx context.Context) error { return k.restricted.Remove(ctx) }

// PutVerifier writes a verifier's record, right or wrong, and leaves its key alone.
func (k *Keeper) PutVerifier(ctx context.Context, v types.Verifier) error {
	return k.verifiers.Set(ctx, v.Id, v)
}

// PutVerifierKey writes a key, with or without a verifier.
func (k *Keeper) PutVerifierKey(ctx context.Context, id string, key []byte) error {
	return k.verifierKeys.Set(ctx, id, key)
}

// PutCircuitKey writes a key, with or without a circuit.
func (k *Keeper) PutCircuitKey(ctx context.Context, id, key []byte) error {
	return k.circuitKeys.Set(ctx, id, key)
}

// Verdicts is what a keeper remembers verdicts in.
type Verdicts struct{ verdictCache }

// NewVerdicts returns one for so many verdicts.
func NewVerdicts(entries int) Verdicts { return Verdicts{newVerdictCache(entries)} }

// Get tells whether a verdict is known, and which.
func (v Verdicts) Get(hash [32]byte) (bool, error) { return v.get(hash) }

// Add remembers a verdict.
func (v Verdicts) Add(hash [32]byte, verdict error) { v.add(hash, verdict) }

// Len returns how many verdicts are known.
func (v Verdicts) Len() int {
	if v.lru == nil {
		return 0
	}
	return v.lru.Len()
}
