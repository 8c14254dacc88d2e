package app_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/testutil"
	marketkeeper "github.com/proofmarket/proofmarket/x/market/keeper"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// What is counted before the first block, where a genesis runs messages, waits for the
// end of that block: nothing is committed in between.
func TestStatisticsOfTheGenesisAreCounted(t *testing.T) {
	digits := strings.Repeat("0", 63) + "1"
	var id string
	a := testutil.NewApp(t, testutil.WithAccounts("alice"), testutil.WithInvariants(), testutil.WithWiring(func(a *app.App) {
		a.SetInitChainer(func(ctx sdk.Context, req *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
			res, err := a.InitChainer(ctx, req)
			if err != nil {
				return nil, err
			}
			request, err := marketkeeper.NewMsgServer(a.MarketKeeper).Request(ctx, &markettypes.MsgRequest{
				Requester: testutil.NewAccount("alice").String(),
				Statement: verifiertypes.Statement{Verifier: "pico/v1.2.2", Program: digits, Digest: digits},
				Image:     markettypes.Image{Url: "https://example.org/image", Sha256: digits},
				Input:     markettypes.Input{Inline: []byte("input")},
				MaxFee:    math.NewInt(10_000_000), MinStake: math.NewInt(1_000_000_000), TimeLimit: time.Minute,
				BiddingBlocks: 3, RevealBlocks: 10, Nonce: 1,
			})
			if err == nil {
				id = request.Id
			}
			return res, err
		})
	}))
	require.NotEmpty(t, id)
	stats, err := markettypes.NewQueryClient(a.Conn()).Stats(a.Context(), &markettypes.QueryStatsRequest{})
	require.NoError(t, err)
	require.Equal(t, uint64(1), stats.Lifetime.Requests)
}

// What a block adds to the statistics is forgotten with it, so whatever has a market's
// message run at its end comes before the market.
func TestGovernanceEndsItsBlockBeforeTheMarket(t *testing.T) {
	a := testutil.NewApp(t)
	order := a.ModuleManager.OrderEndBlockers
	bank, gov, market := slices.Index(order, banktypes.ModuleName), slices.Index(order, govtypes.ModuleName), slices.Index(order, markettypes.ModuleName)
	require.True(t, 0 <= bank && bank < gov && gov < market, "%v", order)
}
