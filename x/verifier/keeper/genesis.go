package keeper

import (
	"context"
	"encoding/hex"

	"cosmossdk.io/collections"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// InitGenesis writes a genesis state into an empty store. Deposits are in the
// bank's genesis.
func (k *Keeper) InitGenesis(ctx context.Context, g *types.GenesisState) error {
	if err := g.Validate(); err != nil {
		return err
	}
	if _, err := k.setParams(ctx, g.Params); err != nil {
		return err
	}
	for _, v := range g.Verifiers {
		if err := k.setVerifier(ctx, v); err != nil {
			return err
		}
	}
	for _, c := range g.Circuits {
		if err := k.setCircuit(ctx, c); err != nil {
			return err
		}
	}
	for _, r := range g.Restrictions {
		if err := k.setRestriction(ctx, r); err != nil {
			return err
		}
	}
	if err := k.importPrograms(ctx, g.Programs); err != nil {
		return err
	}
	for _, u := range g.CircuitUses {
		id, err := hex.DecodeString(u.CircuitId)
		if err != nil {
			return err
		}
		if err := k.circuitUses.Set(ctx, collections.Join(id, u.Ref)); err != nil {
			return err
		}
	}
	return nil
}

// ExportGenesis returns the whole state, in the order of the store.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	g := &types.GenesisState{Params: params}
	err = k.verifiers.Walk(ctx, nil, func(_ string, v types.Verifier) (bool, error) {
		v, err := k.withVerifierKey(ctx, v)
		g.Verifiers = append(g.Verifiers, v)
		return err != nil, err
	})
	if err != nil {
		return nil, err
	}
	err = k.circuits.Walk(ctx, nil, func(id []byte, c types.Circuit) (bool, error) {
		c, err := k.withCircuitKey(ctx, id, c)
		g.Circuits = append(g.Circuits, c)
		return err != nil, err
	})
	if err != nil {
		return nil, err
	}
	err = k.restrictions.Walk(ctx, nil, func(_ collections.Pair[uint32, string], r types.Restriction) (bool, error) {
		g.Restrictions = append(g.Restrictions, r)
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	if g.Programs, err = k.exportPrograms(ctx); err != nil {
		return nil, err
	}
	err = k.circuitUses.Walk(ctx, nil, func(key collections.Pair[[]byte, []byte]) (bool, error) {
		g.CircuitUses = append(g.CircuitUses, types.CircuitUse{CircuitId: hex.EncodeToString(key.K1()), Ref: key.K2()})
		return false, nil
	})
	return g, err
}
