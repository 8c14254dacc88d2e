package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// A genesis whose receipts the market could not have written is refused.
func TestGenesisReceiptsRefused(t *testing.T) {
	f := setup(t)
	f.set(func(p *types.Params) { p.Retention = 0 })
	ids := []string{endings["proved"].end(f), endings["cancelled"].end(f)}
	f.blocks(2)
	kept := f.request()
	f.cancel(kept)
	f.set(func(p *types.Params) { p.Retention = time.Hour })
	live := f.request()
	f.cancel(live)
	for _, id := range ids {
		require.False(t, f.receipt(id).Retained)
	}
	of := func(g *types.GenesisState, reason types.EndReason) *types.Receipt {
		for i := range g.Receipts {
			if g.Receipts[i].Receipt.EndReason == reason {
				return &g.Receipts[i].Receipt
			}
		}
		return nil
	}
	proved := func(g *types.GenesisState) *types.Receipt { return of(g, types.END_REASON_PROVED) }
	cancelled := func(g *types.GenesisState) *types.Receipt { return of(g, types.END_REASON_CANCELLED) }
	for name, malleate := range map[string]func(g *types.GenesisState){
		"unsorted": func(g *types.GenesisState) { g.Receipts[0], g.Receipts[1] = g.Receipts[1], g.Receipts[0] },
		"twice":    func(g *types.GenesisState) { g.Receipts = append(g.Receipts, g.Receipts[len(g.Receipts)-1]) },
		"bad id":   func(g *types.GenesisState) { g.Receipts[0].RequestId = "x" },
		"of a live request": func(g *types.GenesisState) {
			g.Receipts = []types.GenesisReceipt{{RequestId: live, Receipt: g.Receipts[0].Receipt}}
		},
		"nobody asked":      func(g *types.GenesisState) { proved(g).Requester = nil },
		"no verifier":       func(g *types.GenesisState) { proved(g).Verifier = "" },
		"short program":     func(g *types.GenesisState) { proved(g).Program = proved(g).Program[1:] },
		"long digest":       func(g *types.GenesisState) { proved(g).Digest = append(proved(g).Digest, 0) },
		"no price":          func(g *types.GenesisState) { proved(g).Price = math.Int{} },
		"negative price":    func(g *types.GenesisState) { proved(g).Price = math.NewInt(-1) },
		"not ended":         func(g *types.GenesisState) { proved(g).EndReason = 0 },
		"unknown end":       func(g *types.GenesisState) { proved(g).EndReason = 99 },
		"proved by nobody":  func(g *types.GenesisState) { proved(g).Prover = nil },
		"no hash":           func(g *types.GenesisState) { proved(g).ProofHash = nil },
		"cancelled, proved": func(g *types.GenesisState) { cancelled(g).Prover = bob },
		"cancelled, paid":   func(g *types.GenesisState) { cancelled(g).Price = math.OneInt() },
		"cancelled, hash":   func(g *types.GenesisState) { cancelled(g).ProofHash = account32("x") },
		"ended, not kept":   func(g *types.GenesisState) { g.Requests[0].Auction.RetainedUntil = nil },
		"kept for ever": func(g *types.GenesisState) {
			*g.Requests[0].Auction.RetainedUntil = time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)
		},
		"for another reason": func(g *types.GenesisState) { g.Requests[0].Auction.EndReason = types.END_REASON_NO_BIDS },
	} {
		g, err := f.keeper.ExportGenesis(f.Ctx)
		require.NoError(t, err)
		require.NoError(t, g.Validate())
		malleate(g)
		require.Error(t, g.Validate(), name)
	}
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	g.Revocations = 1
	f.endBlock()
	next := beside(t, f)
	require.ErrorIs(t, next.keeper.InitGenesis(next.Ctx, g), types.ErrInvariant, "swept more than is revoked")
}
