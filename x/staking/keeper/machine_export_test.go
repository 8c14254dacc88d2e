package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// RecordOf returns a prover's record as it is stored.
func (k *Keeper) RecordOf(ctx context.Context, prover sdk.AccAddress) (types.Prover, error) {
	return k.prover(ctx, prover)
}

// VaultOf returns a vault as of the block's time.
func (k *Keeper) VaultOf(ctx context.Context, prover sdk.AccAddress, generation uint64) (types.Vault, error) {
	return k.vault(ctx, prover, generation)
}

// UnstakesOf returns the entries of a vault, void ones included.
func (k *Keeper) UnstakesOf(ctx context.Context, prover sdk.AccAddress, generation uint64) (all []types.Unstake, err error) {
	rng := collections.NewSuperPrefixedTripleRange[sdk.AccAddress, uint64, uint64](prover, generation)
	err = k.unstakes.Walk(ctx, rng, func(_ UnstakeKey, u types.Unstake) (bool, error) {
		all = append(all, u)
		return false, nil
	})
	return all, err
}

// InvariantChecks returns the parts of CheckInvariants, each on its own. What they
// find depends on what they read and on the block's time.
func (k *Keeper) InvariantChecks() []func(context.Context) error { return k.invariantChecks() }
