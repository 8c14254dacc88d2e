package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/treasury"
)

// EndBlock moves what withdrawn circuits left over to the community pool. It
// must run after bank's EndBlock, which adds up virtual credits (law M18).
func (k *Keeper) EndBlock(ctx context.Context) error {
	return treasury.Sweep(ctx, k.bank, k.pool, k.address, chain.Denom)
}
