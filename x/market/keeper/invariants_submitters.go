package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// checkSubmitters checks that the index of submitters by prover holds every link,
// and nothing else.
func (k *Keeper) checkSubmitters(ctx context.Context) error {
	links := 0
	err := k.submitters.Walk(ctx, nil, func(submitter sdk.AccAddress, link types.SubmitterLink) (bool, error) {
		links++
		prover, err := k.address("prover", link.Prover)
		if err != nil {
			return true, err
		}
		listed, err := k.submittersOf.Has(ctx, collections.Join(prover, submitter))
		if err == nil && !listed {
			err = broken("submitter %s is not listed under %s", submitter, prover)
		}
		return err != nil, err
	})
	if err != nil {
		return err
	}
	listed := 0
	err = k.submittersOf.Walk(ctx, nil, func(collections.Pair[sdk.AccAddress, sdk.AccAddress]) (bool, error) {
		listed++
		return false, nil
	})
	if err == nil && listed != links {
		err = broken("%d submitters are listed, there are %d links", listed, links)
	}
	return err
}
