package keeper

import (
	"context"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// Vault implements types.QueryServer.
func (s queryServer) Vault(ctx context.Context, req *types.QueryVaultRequest) (*types.QueryVaultResponse, error) {
	if req == nil {
		return nil, errEmptyRequest()
	}
	addr, err := s.k.address(req.Prover)
	if err != nil {
		return nil, err
	}
	p, v, err := s.k.vaultOf(ctx, addr, req.Generation)
	if err != nil {
		return nil, err
	}
	account, err := s.k.text(types.VaultAddress(addr, v.Generation))
	if err != nil {
		return nil, err
	}
	figures := v.Figures()
	slashable, err := figures.Slashable()
	if err != nil {
		return nil, vaultError(err)
	}
	price, err := figures.Price()
	res := &types.QueryVaultResponse{
		Vault: v, Unvested: figures.Unvested(), Account: account, Denom: v.Denom(), SharePrice: price,
		Slashable: slashable, Exposure: math.ZeroInt(), FreeCapacity: math.ZeroInt(),
	}
	if v.Generation == p.Generation {
		res.Exposure = p.Load.Exposure
		res.FreeCapacity = freeCapacity(p, v)
	}
	return res, vaultError(err)
}

// freeCapacity returns the penalty that a prover can still take on its current
// vault: what the assets, and its own max_exposure, leave beside the open work
// (laws M4, S8). Nothing unless it is ACTIVE.
func freeCapacity(p types.Prover, v types.Vault) math.Int {
	if p.State() != types.PROVER_STATE_ACTIVE {
		return math.ZeroInt()
	}
	bound := v.Assets
	if own := p.Breaker.MaxExposure; !own.IsNil() && own.IsPositive() {
		bound = math.MinInt(bound, own)
	}
	return math.MaxInt(bound.Sub(p.Load.Exposure), math.ZeroInt())
}

// maxPending bounds what Totals reads to say how far behind it is.
const maxPending = 1000

// Totals implements types.QueryServer.
func (s queryServer) Totals(ctx context.Context, req *types.QueryTotalsRequest) (*types.QueryTotalsResponse, error) {
	if req == nil {
		return nil, errEmptyRequest()
	}
	totals, err := s.k.loadTotals(ctx)
	if err != nil {
		return nil, err
	}
	res := &types.QueryTotalsResponse{Totals: totals}
	err = s.k.dirty.Walk(ctx, nil, func(VaultKey) (bool, error) {
		res.Pending++
		return res.Pending >= maxPending, nil
	})
	return res, err
}
