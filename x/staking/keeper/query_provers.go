package keeper

import (
	"context"
	"strings"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// Provers implements types.QueryServer. The order is that of the ranking: those who
// take work before all others, and in each state by assets as of the last time that a
// vault changed, so that rewards which vested since do not count. A prover whose state
// changed and that was not counted since is left out of the lists of one state rather
// than shown in the wrong one; a page may then hold fewer than asked for and still lead
// to a next one.
func (s queryServer) Provers(ctx context.Context, req *types.QueryProversRequest) (*types.QueryProversResponse, error) {
	bounded, err := bounded(req, req.GetPagination())
	if err != nil {
		return nil, err
	}
	if _, known := types.ProverState_name[int32(req.State)]; !known {
		return nil, types.ErrInvalidQuery.Wrapf("there is no state %d", req.State)
	}
	of := func(o *query.CollectionsPaginateOptions[RankKey]) {
		if req.State != types.PROVER_STATE_UNSPECIFIED {
			prefix := rankRange(req.State)
			o.Prefix = &prefix
		}
	}
	entries, page, err := query.CollectionPaginate(ctx, s.k.ranking, bounded,
		func(key RankKey, _ collections.NoValue) (*types.ProverView, error) {
			p, err := s.k.prover(ctx, key.K3())
			if err != nil || p.Generation != key.K4() || (req.State != types.PROVER_STATE_UNSPECIFIED && p.State() != req.State) {
				return nil, err
			}
			view, err := s.view(ctx, key.K3(), p)
			return &view, err
		}, of)
	res := &types.QueryProversResponse{Pagination: page}
	for _, entry := range entries {
		if entry != nil {
			res.Provers = append(res.Provers, *entry)
		}
	}
	return res, err
}

// Positions implements types.QueryServer. It reads the staker's bank balances, so
// that it is right whichever way the shares came.
func (s queryServer) Positions(ctx context.Context, req *types.QueryPositionsRequest) (*types.QueryPositionsResponse, error) {
	page, err := bounded(req, req.GetPagination())
	if err != nil {
		return nil, err
	}
	staker, err := s.k.address(req.Staker)
	if err != nil {
		return nil, err
	}
	if page.Offset != 0 || page.Reverse {
		return nil, types.ErrInvalidQuery.Wrap("positions go forwards and by next_key only")
	}
	switch {
	case len(page.Key) == 0:
		page.Key = []byte(types.DenomPrefix) // skips the other coins, which sort before
	case !types.IsShareDenom(string(page.Key)):
		return nil, types.ErrInvalidQuery.Wrapf("%.100q is no key of this list", page.Key)
	}
	text, err := s.k.text(staker)
	if err != nil {
		return nil, err
	}
	balances, err := s.k.bk.AllBalances(ctx, &banktypes.QueryAllBalancesRequest{Address: text, Pagination: page})
	if err != nil {
		return nil, types.ErrInvalidQuery.Wrapf("%.200s", err.Error())
	}
	res := &types.QueryPositionsResponse{Pagination: &query.PageResponse{}}
	for _, coin := range balances.Balances {
		if !types.IsShareDenom(coin.Denom) { // beyond the last
			return res, nil
		}
		position, err := s.position(ctx, coin)
		if err != nil {
			return nil, err
		}
		res.Positions = append(res.Positions, position)
	}
	if next := balances.Pagination.GetNextKey(); strings.HasPrefix(string(next), types.DenomPrefix) {
		res.Pagination.NextKey = next
	}
	return res, nil
}

// position completes a balance of shares.
func (s queryServer) position(ctx context.Context, shares sdk.Coin) (types.Position, error) {
	prover, generation, err := types.ParseShareDenom(shares.Denom)
	if err != nil {
		return types.Position{}, err
	}
	addr, err := s.k.address(prover)
	if err != nil {
		return types.Position{}, err
	}
	v, err := s.k.vault(ctx, addr, generation)
	if err != nil {
		return types.Position{}, err
	}
	value, err := v.Figures().Value(shares.Amount)
	return types.Position{
		Prover: prover, Generation: generation, Denom: shares.Denom, Shares: shares.Amount, Value: value, Closed: v.Closed,
	}, vaultError(err)
}
