package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/internal/banktest"
	"github.com/proofmarket/proofmarket/x/market/keeper"
	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// everything brings a chain to a state with a record of every kind.
func everything(t *testing.T) *fixture {
	f := setup(t)
	f.link()
	_, err := run(f, f.msgs.ConsentSubmitter, consentMsg(stranger, bob))
	require.NoError(t, err)
	f.provers.failRewards = true
	fulfilled := f.assigned()
	_, err = run(f, f.msgs.SubmitProof, f.proofMsg(fulfilled, bob))
	require.NoError(t, err)
	f.assigned(withStandby)
	dead := f.assigned(func(m *types.MsgRequest) { m.TimeLimit = time.Second })
	f.provers.panicOnSlash = true
	f.blocks(5)
	require.Equal(t, types.STAGE_ASSIGNED, f.view(dead).Stage)
	open := f.request()
	f.bid(open, alice, 5)
	revealing := f.request(func(m *types.MsgRequest) { m.BiddingBlocks = 1 })
	f.bid(revealing, alice, 5)
	f.bid(revealing, carol, 6)
	f.toReveal(revealing)
	f.reveal(revealing, carol, 6)
	f.blocks(1)
	return f
}

// beside starts a market without a state, beside the same coins and provers.
func beside(t *testing.T, f *fixture) *fixture {
	key, fakes := storetypes.NewKVStoreKey(types.StoreKey), storetypes.NewKVStoreKey("fakes")
	objects := storetypes.NewObjectStoreKey(types.ObjectStoreKey)
	b := banktest.New(t, map[string][]string{types.ModuleName: nil, stakingtypes.ModuleName: nil}, key, fakes, objects)
	b.Account.InitGenesis(b.Ctx, *f.Account.ExportGenesis(f.Ctx))
	b.Bank.InitGenesis(b.Ctx, f.Bank.ExportGenesis(f.Ctx))
	next := &fixture{Fixture: b, tb: t, t: t, provers: newFakeProvers(b, fakes), verifier: newFakeVerifier(fakes)}
	next.provers.epoch = f.provers.epoch
	it := f.provers.store(f.Ctx).Iterator(nil, nil)
	defer it.Close()
	for ; it.Valid(); it.Next() {
		next.provers.store(b.Ctx).Set(it.Key(), it.Value())
	}
	next.keeper = keeper.NewKeeper(b.Codec, runtime.NewKVStoreService(key), objects, b.Account, b.Bank, fakePool{b}, next.verifier, next.provers, b.Authority)
	next.msgs, next.queries = keeper.NewMsgServer(next.keeper), keeper.NewQueryServer(next.keeper)
	return next
}

// Invariant 7: export → import → export is byte-identical.
func TestGenesisRoundTrip(t *testing.T) {
	f := everything(t)
	f.pause(types.Pause{Bids: true})
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	require.NoError(t, g.Validate())
	before := f.Codec.MustMarshalJSON(g)
	var read types.GenesisState
	f.Codec.MustUnmarshalJSON(before, &read)
	next := beside(t, f)
	require.NoError(t, next.keeper.InitGenesis(next.Ctx, &read))
	again, err := next.keeper.ExportGenesis(next.Ctx)
	require.NoError(t, err)
	require.Equal(t, string(before), string(next.Codec.MustMarshalJSON(again)))

	// Clock: the time since the export counts as a halt, however short.
	next.Ctx = next.Ctx.WithBlockHeight(f.Ctx.BlockHeight() + 1).WithBlockTime(f.Ctx.BlockTime().Add(30 * time.Second))
	require.NoError(t, next.keeper.BeginBlock(next.Ctx))
	clock, err := next.keeper.GetClock(next.Ctx)
	require.NoError(t, err)
	require.Equal(t, g.Clock.MarketTime, clock.MarketTime)
	require.Equal(t, 30*time.Second, clock.Lost)
	require.Equal(t, uint64(next.Ctx.BlockHeight())+19, clock.GraceUntilHeight)
}

// A genesis that promises coins, or names obligations, which the other modules do
// not know of is refused (invariants 1 and 4).
func TestGenesisThatDoesNotAddUpIsRefused(t *testing.T) {
	f := everything(t)
	for name, malleate := range map[string]func(g *types.GenesisState){
		"escrow without coins": func(g *types.GenesisState) {
			for i := range g.Requests {
				g.Requests[i].Request.MaxFee = g.Requests[i].Request.MaxFee.AddRaw(1)
			}
		},
		"claim without coins": func(g *types.GenesisState) { g.Claims[0].Amount = g.Claims[0].Amount.AddRaw(1) },
		"more at stake": func(g *types.GenesisState) {
			for i := range g.Requests {
				g.Requests[i].Request.MinStake = g.Requests[i].Request.MinStake.AddRaw(1)
			}
		},
	} {
		g, err := f.keeper.ExportGenesis(f.Ctx)
		require.NoError(t, err)
		malleate(g)
		require.NoError(t, g.Validate(), name)
		next := beside(t, f)
		require.ErrorIs(t, next.keeper.InitGenesis(next.Ctx, g), types.ErrInvariant, name)
	}
}

func TestGenesisRefused(t *testing.T) {
	f := everything(t)
	for name, malleate := range map[string]func(g *types.GenesisState){
		"bad params":        func(g *types.GenesisState) { g.Params.SlashBps = 10_001 },
		"clock off":         func(g *types.GenesisState) { g.Clock.Lost++ },
		"unsorted requests": func(g *types.GenesisState) { g.Requests[0], g.Requests[1] = g.Requests[1], g.Requests[0] },
		"request twice":     func(g *types.GenesisState) { g.Requests = append(g.Requests, g.Requests[len(g.Requests)-1]) },
		"bad id":            func(g *types.GenesisState) { g.Requests[0].Request.Id = "x" },
		"bad requester":     func(g *types.GenesisState) { g.Requests[0].Request.Requester = "x" },
		"inline input":      func(g *types.GenesisState) { g.Requests[0].Request.Input.Inline = []byte("x") },
		"missing amount":    func(g *types.GenesisState) { g.Requests[0].Request.MaxFee = math.Int{} },
		"bad status":        func(g *types.GenesisState) { g.Requests[0].Auction.Status = 9 },
		"bad stage":         func(g *types.GenesisState) { g.Requests[0].Auction.Stage = 9 },
		"bid without home":  func(g *types.GenesisState) { g.Requests = g.Requests[1:] },
		"short commitment":  func(g *types.GenesisState) { g.Bids[0].Bid.Commitment = nil },
		"bid twice":         func(g *types.GenesisState) { g.Bids = append(g.Bids, g.Bids[len(g.Bids)-1]) },
		"bid of nobody":     func(g *types.GenesisState) { g.Bids[0].Prover = "" },
		"bad submitter":     func(g *types.GenesisState) { g.Submitters[0].Submitter = "" },
		"bad consent":       func(g *types.GenesisState) { g.Consents[0].Prover = "" },
		"empty claim":       func(g *types.GenesisState) { g.Claims[0].Amount = math.ZeroInt() },
	} {
		t.Run(name, func(t *testing.T) {
			g, err := f.keeper.ExportGenesis(f.Ctx)
			require.NoError(t, err)
			malleate(g)
			require.Error(t, g.Validate())
		})
	}
}

func TestQueries(t *testing.T) {
	f := everything(t)
	params, err := f.queries.Params(f.Ctx, nil)
	require.NoError(t, err)
	require.Equal(t, types.DefaultParams(), params.Params)
	clock, err := f.queries.Clock(f.Ctx, nil)
	require.NoError(t, err)
	require.Equal(t, f.Ctx.BlockTime(), clock.Clock.MarketTime)

	seen := map[string]bool{}
	var next []byte
	for {
		page, err := f.queries.Requests(f.Ctx, &types.QueryRequestsRequest{Pagination: &query.PageRequest{Key: next, Limit: 2}})
		require.NoError(t, err)
		for _, v := range page.Views {
			seen[v.Request.Id] = true
		}
		if next = page.Pagination.NextKey; next == nil {
			break
		}
	}
	require.Len(t, seen, 5)
	count := func(req *types.QueryRequestsRequest) int {
		page, err := f.queries.Requests(f.Ctx, req)
		require.NoError(t, err)
		return len(page.Views)
	}
	require.Equal(t, 4, count(&types.QueryRequestsRequest{Status: types.REQUEST_STATUS_PENDING}))
	require.Equal(t, 1, count(&types.QueryRequestsRequest{Status: types.REQUEST_STATUS_FULFILLED}))
	require.Equal(t, 5, count(&types.QueryRequestsRequest{Requester: requester.String()}))
	require.Equal(t, 1, count(&types.QueryRequestsRequest{Requester: requester.String(), Status: types.REQUEST_STATUS_FULFILLED}))
	require.Equal(t, 0, count(&types.QueryRequestsRequest{Requester: alice.String()}))
	require.Equal(t, 5, count(&types.QueryRequestsRequest{Pagination: &query.PageRequest{Limit: 1 << 60}}), "a page is bounded")

	id := f.request()
	f.bid(id, alice, 5)
	f.bid(id, bob, 5)
	response, err := f.queries.Request(f.Ctx, &types.QueryRequestRequest{Id: id})
	require.NoError(t, err)
	require.Equal(t, "input", string(response.Input))
	require.Equal(t, types.STAGE_BIDDING, response.View.Stage)
	require.Equal(t, uint64(3), response.View.BlocksLeft)
	bids, err := f.queries.Bids(f.Ctx, &types.QueryBidsRequest{RequestId: id})
	require.NoError(t, err)
	require.Len(t, bids.Bids, 2)
	_, err = f.queries.Bid(f.Ctx, &types.QueryBidRequest{RequestId: id, Prover: carol.String()})
	require.ErrorIs(t, err, types.ErrBidNotFound)
	_, err = f.queries.Proof(f.Ctx, &types.QueryProofRequest{RequestId: id})
	require.ErrorIs(t, err, types.ErrNoProof)
	_, err = f.queries.Request(f.Ctx, &types.QueryRequestRequest{Id: "x"})
	require.ErrorIs(t, err, types.ErrInvalidID)
	for _, err := range []error{
		errOf(f.queries.Request(f.Ctx, nil)), errOf(f.queries.Requests(f.Ctx, nil)), errOf(f.queries.Bids(f.Ctx, nil)),
		errOf(f.queries.Bid(f.Ctx, nil)), errOf(f.queries.Proof(f.Ctx, nil)), errOf(f.queries.Submitter(f.Ctx, nil)),
		errOf(f.queries.Claim(f.Ctx, nil)), errOf(f.queries.MayBid(f.Ctx, nil)),
	} {
		require.Error(t, err)
	}
}

func errOf[R any](_ R, err error) error { return err }

func TestMayBid(t *testing.T) {
	f := setup(t)
	id := f.request()
	ask := func(prover sdk.AccAddress) map[string]bool {
		response, err := f.queries.MayBid(f.Ctx, &types.QueryMayBidRequest{RequestId: id, Prover: prover.String()})
		require.NoError(t, err)
		require.Equal(t, int64(bond), response.Bond.Int64())
		met := map[string]bool{"may": response.MayBid}
		for _, c := range response.Conditions {
			met[c.Name] = c.Ok
			require.NotEmpty(t, c.Have)
			require.NotEmpty(t, c.Need)
		}
		return met
	}
	require.Equal(t, map[string]bool{"may": true, "window": true, "verifier": true, "pause": true, "state": true, "self_stake": true, "vault": true, "exposure": true, "max_exposure": true}, ask(alice))
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.Assets, p.SelfStake = 5, 5 })
	require.Equal(t, map[string]bool{"may": false, "window": true, "verifier": true, "pause": true, "state": true, "self_stake": false, "vault": false, "exposure": false, "max_exposure": true}, ask(alice))
	require.Equal(t, map[string]bool{"may": false, "window": true, "verifier": true, "pause": true, "state": false}, ask(stranger))
	f.provers.change(f.Ctx, bob, func(p *fakeProver) { p.MaxExposure = 1 })
	require.Equal(t, map[string]bool{"may": false, "window": true, "verifier": true, "pause": true, "state": true, "self_stake": true, "vault": true, "exposure": true, "max_exposure": false}, ask(bob))
	f.provers.change(f.Ctx, bob, func(p *fakeProver) { p.MaxExposure = 0 })
	f.blocks(3)
	require.False(t, ask(bob)["window"])
}

func TestParamsLimits(t *testing.T) {
	require.NoError(t, types.DefaultParams().Validate())
	for name, malleate := range map[string]func(p *types.Params){
		"no request fee":      func(p *types.Params) { p.RequestFee = math.Int{} },
		"negative bond":       func(p *types.Params) { p.MinBidBond = math.NewInt(-1) },
		"cap below the least": func(p *types.Params) { p.MaxMaxFee = math.NewInt(999_999) },
		"fee over the whole":  func(p *types.Params) { p.ProtocolFeeBps = 10_001 },
		"overcommit":          func(p *types.Params) { p.OvercommitBps = 10_001 },
		"no bidding":          func(p *types.Params) { p.MinBiddingBlocks = 0 },
		"bidding range":       func(p *types.Params) { p.MaxBiddingBlocks = 0 },
		"long reveal":         func(p *types.Params) { p.MaxRevealBlocks = types.MaxWindowBlocks + 1 },
		"no time":             func(p *types.Params) { p.MinTimeLimit = 0 },
		"much time":           func(p *types.Params) { p.MaxTimeLimit = types.MaxTimeLimit + 1 },
		"tiny gap":            func(p *types.Params) { p.MaxBlockGap = time.Second - 1 },
		"long grace":          func(p *types.Params) { p.HaltGraceBlocks = types.MaxHaltGraceBlocks + 1 },
		"no cap":              func(p *types.Params) { p.EndBlockCap = types.MinEndBlockCap - 1 },
		"wide cap":            func(p *types.Params) { p.EndBlockCap = types.MaxEndBlockCap + 1 },
		"long gap":            func(p *types.Params) { p.MaxBlockGap = types.MaxMaxBlockGap + 1 },
		"long bidding":        func(p *types.Params) { p.MaxBiddingBlocks = types.MaxWindowBlocks + 1 },
		"large amount":        func(p *types.Params) { p.RequestFee = math.NewIntFromUint64(1 << 63).MulRaw(1 << 62).MulRaw(8) },
		"large inputs":        func(p *types.Params) { p.MaxInlineInput = types.MaxInlineInputBytes + 1 },
	} {
		p := types.DefaultParams()
		malleate(&p)
		require.ErrorIs(t, p.Validate(), types.ErrInvalidParams, name)
	}
}

// A genesis in which an open request has no circuit to be proved under, or does not
// hold it, could never pay anybody; one in which an ended request holds it would keep
// the circuit's deposit for good.
func TestGenesisHoldsCircuits(t *testing.T) {
	f := setup(t)
	open := f.request(ofCircuit)
	f.blocks(1)
	require.NoError(t, f.keeper.CheckInvariants(f.Ctx))
	id, err := types.ParseID(open)
	require.NoError(t, err)
	st := f.view(open).Request.Statement
	require.NoError(t, f.verifier.Release(f.Ctx, st, id))
	require.ErrorIs(t, f.keeper.CheckInvariants(f.Ctx), types.ErrInvariant, "not held")
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	next := beside(t, f)
	require.ErrorIs(t, next.keeper.InitGenesis(next.Ctx, g), types.ErrInvariant)

	require.NoError(t, f.verifier.Hold(f.Ctx, st, id))
	_, err = run(f, f.msgs.Cancel, &types.MsgCancel{Requester: f.view(open).Request.Requester, RequestId: open})
	require.NoError(t, err)
	require.NoError(t, f.keeper.CheckInvariants(f.Ctx))
	require.NoError(t, f.verifier.Hold(f.Ctx, st, id))
	require.ErrorIs(t, f.keeper.CheckInvariants(f.Ctx), types.ErrInvariant, "held after its end")
}
