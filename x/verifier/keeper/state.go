package keeper

import (
	"context"
	"encoding/hex"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// getVerifier reads a verifier without its key. Error: types.ErrVerifierNotFound.
func (k *Keeper) getVerifier(ctx context.Context, id string) (types.Verifier, error) {
	v, err := k.verifiers.Get(ctx, id)
	if errors.Is(err, collections.ErrNotFound) {
		return v, errorsmod.Wrapf(types.ErrVerifierNotFound, "%.64q; the query \"verifiers\" lists them", id)
	}
	return v, err
}

// setVerifier writes a verifier with its key.
func (k *Keeper) setVerifier(ctx context.Context, v types.Verifier) error {
	if err := k.verifierKeys.Set(ctx, v.Id, v.Key); err != nil {
		return err
	}
	v.Key = nil
	return k.verifiers.Set(ctx, v.Id, v)
}

// withVerifierKey puts the key back into a verifier that was read.
func (k *Keeper) withVerifierKey(ctx context.Context, v types.Verifier) (_ types.Verifier, err error) {
	v.Key, err = k.verifierKeys.Get(ctx, v.Id)
	return v, err
}

// getCircuit reads a circuit without its key. Error: types.ErrCircuitNotFound.
func (k *Keeper) getCircuit(ctx context.Context, id []byte) (types.Circuit, error) {
	c, err := k.circuits.Get(ctx, id)
	if errors.Is(err, collections.ErrNotFound) {
		return c, circuitNotFound(id)
	}
	return c, err
}

func circuitNotFound(id []byte) error {
	return errorsmod.Wrapf(types.ErrCircuitNotFound, "%x; register its key first", id)
}

// setCircuit writes a circuit with its key under its id.
func (k *Keeper) setCircuit(ctx context.Context, c types.Circuit) error {
	id, err := hex.DecodeString(c.Id)
	if err != nil {
		return err
	}
	if err := k.circuitKeys.Set(ctx, id, c.Key); err != nil {
		return err
	}
	c.Key = nil
	return k.circuits.Set(ctx, id, c)
}

// removeCircuit removes a circuit and its key.
func (k *Keeper) removeCircuit(ctx context.Context, id []byte) error {
	if err := k.circuitKeys.Remove(ctx, id); err != nil {
		return err
	}
	return k.circuits.Remove(ctx, id)
}

// withCircuitKey puts the key back into a circuit that was read.
func (k *Keeper) withCircuitKey(ctx context.Context, id []byte, c types.Circuit) (_ types.Circuit, err error) {
	c.Key, err = k.circuitKeys.Get(ctx, id)
	return c, err
}

// getRestriction reads what is laid on a target; an empty restriction if nothing is.
func (k *Keeper) getRestriction(ctx context.Context, t types.Target) (types.Restriction, error) {
	r, err := k.restrictions.Get(ctx, restrictionKey(t))
	if errors.Is(err, collections.ErrNotFound) {
		return types.Restriction{Target: t}, nil
	}
	return r, err
}

// setRestriction writes what is laid on its target.
func (k *Keeper) setRestriction(ctx context.Context, r types.Restriction) error {
	if err := k.restricted.Set(ctx, true); err != nil {
		return err
	}
	return k.restrictions.Set(ctx, restrictionKey(r.Target), r)
}

// restrictionKey returns a target's key in state.
func restrictionKey(t types.Target) collections.Pair[uint32, string] {
	return collections.Join(uint32(t.Kind), t.Id)
}

// inUse reports whether a use of the circuit stands.
func (k *Keeper) inUse(ctx context.Context, id []byte) (bool, error) {
	iter, err := k.circuitUses.Iterate(ctx, collections.NewPrefixedPairRange[[]byte, []byte](id))
	if err != nil {
		return false, err
	}
	defer iter.Close()
	return iter.Valid(), nil
}
