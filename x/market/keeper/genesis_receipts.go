package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// importReceipts writes the receipts, and how many revocations the sweep has done. A
// sweep that was under way begins again.
func (k *Keeper) importReceipts(ctx context.Context, g *types.GenesisState) error {
	for _, r := range g.Receipts {
		id, err := types.ParseID(r.RequestId)
		if err != nil {
			return err
		}
		if err := k.receipts.Set(ctx, id, r.Receipt); err != nil {
			return err
		}
	}
	if g.Revocations == 0 {
		return nil
	}
	return k.swept.Set(ctx, g.Revocations)
}

// exportReceipts reads the receipts, and how many revocations the sweep has done.
func (k *Keeper) exportReceipts(ctx context.Context, g *types.GenesisState) error {
	err := k.receipts.Walk(ctx, nil, func(id []byte, receipt types.Receipt) (bool, error) {
		g.Receipts = append(g.Receipts, types.GenesisReceipt{RequestId: types.FormatID(id), Receipt: receipt})
		return false, nil
	})
	if err != nil {
		return err
	}
	g.Revocations, err = k.getSwept(ctx)
	return err
}

// exportBids reads the bids for one request.
func (k *Keeper) exportBids(ctx context.Context, g *types.GenesisState, id []byte) error {
	rng := collections.NewPrefixedPairRange[[]byte, sdk.AccAddress](id)
	return k.bids.Walk(ctx, rng, func(key collections.Pair[[]byte, sdk.AccAddress], bid types.Bid) (bool, error) {
		prover, err := k.format(key.K2())
		g.Bids = append(g.Bids, types.GenesisBid{RequestId: types.FormatID(id), Prover: prover, Bid: bid})
		return false, err
	})
}
