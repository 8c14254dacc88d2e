package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// getLink reads the submitter's link, lapsed or not; false if there is none.
func (k *Keeper) getLink(ctx context.Context, submitter sdk.AccAddress) (types.SubmitterLink, bool, error) {
	link, err := k.submitters.Get(ctx, submitter)
	if errors.Is(err, collections.ErrNotFound) {
		return link, false, nil
	}
	return link, err == nil, err
}

// setLink writes the submitter's link in place of any that it had.
func (k *Keeper) setLink(ctx context.Context, submitter sdk.AccAddress, link types.SubmitterLink) error {
	old, found, err := k.getLink(ctx, submitter)
	if err != nil {
		return err
	}
	if found {
		if err := k.removeLink(ctx, submitter, old); err != nil {
			return err
		}
	}
	prover, err := k.address("prover", link.Prover)
	if err != nil {
		return err
	}
	if err := k.submittersOf.Set(ctx, collections.Join(prover, submitter)); err != nil {
		return err
	}
	return k.submitters.Set(ctx, submitter, link)
}

// removeLink removes the submitter's link.
func (k *Keeper) removeLink(ctx context.Context, submitter sdk.AccAddress, link types.SubmitterLink) error {
	prover, err := k.address("prover", link.Prover)
	if err != nil {
		return err
	}
	if err := k.submittersOf.Remove(ctx, collections.Join(prover, submitter)); err != nil {
		return err
	}
	return k.submitters.Remove(ctx, submitter)
}
