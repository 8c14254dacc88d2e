package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// Submitters lists the submitters of a prover, those whose link has lapsed too.
func (q queryServer) Submitters(ctx context.Context, req *types.QuerySubmittersRequest) (*types.QuerySubmittersResponse, error) {
	if req == nil {
		return nil, errEmpty
	}
	bounded, err := page(req.Pagination)
	if err != nil {
		return nil, err
	}
	prover, err := q.k.address("prover", req.Prover)
	if err != nil {
		return nil, err
	}
	record, is, err := q.k.provers.Find(ctx, prover)
	if err != nil {
		return nil, err
	}
	views, pages, err := query.CollectionPaginate(ctx, q.k.submittersOf, bounded,
		func(key collections.Pair[sdk.AccAddress, sdk.AccAddress], _ collections.NoValue) (types.SubmitterView, error) {
			link, _, err := q.k.getLink(ctx, key.K2())
			if err != nil {
				return types.SubmitterView{}, err
			}
			name, err := q.k.format(key.K2())
			return types.SubmitterView{Submitter: name, Generation: link.Generation, Live: is && link.Generation == record.Generation}, err
		},
		query.WithCollectionPaginationPairPrefix[sdk.AccAddress, sdk.AccAddress](prover))
	return &types.QuerySubmittersResponse{Submitters: views, Pagination: pages}, err
}
