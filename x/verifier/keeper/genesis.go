package keeper

import (
	"context"
	"encoding/hex"
	"time"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// InitGenesis writes a genesis state into an empty store. Deposits are in the
// bank's genesis, which comes first: the invariants are checked against it.
func (k *Keeper) InitGenesis(ctx context.Context, g *types.GenesisState) error {
	if err := g.Validate(); err != nil {
		return err
	}
	if err := notAfter(sdk.UnwrapSDKContext(ctx).BlockTime(), g.Restrictions); err != nil {
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
	if n, err := k.countRevocations(ctx); err != nil {
		return err
	} else if n > 0 {
		if err := k.revocations.Set(ctx, n); err != nil {
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
	return k.CheckInvariants(ctx)
}

// notAfter reports a suspension that lies in the future at genesis. The chain's
// time would run through it once more, and the market, which turns these times into
// its own, could not tell the two passages apart: a prover could be slashed whose
// deadline the suspension puts off (law M11). Error: types.ErrInvalidGenesis.
func notAfter(start time.Time, list []types.Restriction) error {
	for _, r := range list {
		if len(r.Suspensions) == 0 {
			continue
		}
		// They are in order: the last one's end, or else its beginning, is the latest.
		last := r.Suspensions[len(r.Suspensions)-1]
		at := last.Began
		if last.Ended != nil {
			at = *last.Ended
		}
		if at.After(start) {
			return errorsmod.Wrapf(types.ErrInvalidGenesis, "%s has a suspension of %s, after the genesis time %s; set genesis_time to the time of the export's last block, or later",
				r.Target.Describe(), at.Format(time.RFC3339Nano), start.Format(time.RFC3339Nano))
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
