package keeper

import (
	"context"
	"encoding/hex"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// getVerifier reads a verifier. Error: types.ErrVerifierNotFound.
func (k *Keeper) getVerifier(ctx context.Context, id string) (types.Verifier, error) {
	v, err := k.verifiers.Get(ctx, id)
	if errors.Is(err, collections.ErrNotFound) {
		return v, errorsmod.Wrapf(types.ErrVerifierNotFound, "%.64q; the query \"verifiers\" lists them", id)
	}
	return v, err
}

// getCircuit reads a circuit. Error: types.ErrCircuitNotFound.
func (k *Keeper) getCircuit(ctx context.Context, id []byte) (types.Circuit, error) {
	c, err := k.circuits.Get(ctx, id)
	if errors.Is(err, collections.ErrNotFound) {
		return c, errorsmod.Wrapf(types.ErrCircuitNotFound, "%x; register its key first", id)
	}
	return c, err
}

// setCircuit writes a circuit under its id.
func (k *Keeper) setCircuit(ctx context.Context, c types.Circuit) error {
	id, err := hex.DecodeString(c.Id)
	if err != nil {
		return err
	}
	return k.circuits.Set(ctx, id, c)
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
