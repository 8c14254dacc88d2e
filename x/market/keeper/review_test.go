package keeper_test

import (
	"errors"
	stdmath "math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// Anyone can make an account at any address, by a fee grant for one. One that a
// stranger makes where a request's account was says nothing about the market: a check
// that took it for the request's would let them refuse an export its import.
func TestAnAccountMadeByAStrangerBreaksNothing(t *testing.T) {
	for _, when := range []string{"open", "ended", "shrunk"} {
		t.Run(when, func(t *testing.T) {
			f := setup(t)
			f.set(func(p *types.Params) { p.Retention = time.Second })
			id := f.request()
			raw, err := types.ParseID(id)
			require.NoError(t, err)
			account := types.RequestAccount(raw)
			made := func() {
				f.handmade = true
				f.Account.SetAccount(f.Ctx, f.Account.NewAccountWithAddress(f.Ctx, account))
			}
			if when == "open" {
				made()
			}
			f.cancel(id)
			if when == "open" {
				require.NotNil(t, f.Account.GetAccount(f.Ctx, account), "no coins, no look")
			} else {
				require.Nil(t, f.Account.GetAccount(f.Ctx, account), "law M18: the account goes with the request")
			}
			require.Zero(t, f.Balance(account).Int64())
			if when == "shrunk" {
				f.blocks(3)
			}
			require.Equal(t, when != "shrunk", f.receipt(id).Retained)
			if when != "open" {
				made()
			}
			f.blocks(1)
			f.roundTrip()
		})
	}
}

// checkAccounts checks that no account without coins is left of a request that has
// ended (invariant 1), unless the test made one by hand.
func (f *fixture) checkAccounts() {
	if f.handmade {
		return
	}
	list, err := f.queries.Requests(f.Ctx, &types.QueryRequestsRequest{})
	require.NoError(f.t, err)
	for _, v := range list.Views {
		account := sdk.MustAccAddressFromBech32(v.Account)
		if v.Auction.Status != types.REQUEST_STATUS_PENDING && v.Auction.UnrevealedBonds.IsZero() && f.Balance(account).IsZero() {
			require.Nil(f.t, f.Account.GetAccount(f.Ctx, account), v.Request.Id)
		}
	}
}

// The words of an error without a code may differ between machines; events must not.
func TestADeadLetterTellsCodesOnly(t *testing.T) {
	words := errors.New("words of one machine")
	for name, due := range map[string]func(f *fixture){
		"queue": func(f *fixture) { f.blocks(61) },
		"sweep": func(f *fixture) { f.revoke(onVerifier); f.blocks(1) },
	} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			id := f.assigned()
			f.provers.closeFails = words
			var told []string
			f.onBlock = func() {
				for _, e := range f.Ctx.EventManager().Events() {
					if e.Type == "proofmarket.market.v1.EventDeadLetter" {
						text, _ := e.GetAttribute("error")
						told = append(told, text.Value)
					}
				}
			}
			due(f)
			require.Equal(t, []string{`"` + types.ErrItemFailed.Error() + `"`}, told)
			list, err := f.queries.DeadLetters(f.Ctx, &types.QueryDeadLettersRequest{})
			require.NoError(t, err)
			require.Equal(t, []string{id}, list.RequestIds)
		})
	}
}

// Figures that a running chain could not have, and that would break it later.
func TestGenesisThatWouldBreakLater(t *testing.T) {
	figures := func(bids uint64) types.ProverStats {
		s := types.NoProverStats()
		s.Bids = bids
		return s
	}
	market := func(bids uint64) types.MarketStats {
		s := types.NoMarketStats()
		s.Provers.Bids = bids
		return s
	}
	both := func(bids, epoch uint64) func(*types.GenesisState) {
		return func(g *types.GenesisState) {
			g.MarketStats = []types.GenesisMarketStats{{Stats: market(bids)}, {Epoch: epoch, Stats: market(bids)}}
			g.ProverStats = []types.GenesisProverStats{
				{Prover: alice.String(), Stats: figures(bids)}, {Prover: alice.String(), Epoch: epoch, Stats: figures(bids)},
			}
		}
	}
	for name, tc := range map[string]struct {
		malleate func(*types.GenesisState)
		want     error
	}{
		"sound":         {both(5, 8), nil},
		"largest count": {both(types.MaxStatCount/2, 8), nil},
		// The next bid could not be counted, and its delta would wait for ever.
		"count past":           {both(types.MaxStatCount/2+1, 8), types.ErrInvalidGenesis},
		"count without room":   {both(stdmath.MaxUint64, 8), types.ErrInvalidGenesis},
		"market count no room": {func(g *types.GenesisState) { both(5, 8)(g); g.MarketStats[0].Stats.Cancelled = stdmath.MaxUint64 }, types.ErrInvalidGenesis},
		"sum without room": {func(g *types.GenesisState) {
			both(5, 8)(g)
			g.MarketStats[0].Stats.Refunds = largeSum().QuoRaw(4)
		}, types.ErrInvalidGenesis},
		// Epochs to come would push the running one out.
		"an epoch to come": {both(5, 9), types.ErrInvalidGenesis},
		// The next bid would count one for the market, six for the prover.
		"a prover without market": {func(g *types.GenesisState) { both(5, 8)(g); g.MarketStats = nil }, types.ErrInvariant},
		"an epoch without market": {func(g *types.GenesisState) { both(5, 8)(g); g.MarketStats = g.MarketStats[:1] }, types.ErrInvariant},
	} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			next := beside(t, f)
			g := types.DefaultGenesis()
			tc.malleate(g)
			err := next.keeper.InitGenesis(next.Ctx, g)
			if tc.want != nil {
				require.ErrorIs(t, err, tc.want)
				return
			}
			require.NoError(t, err)
			require.NoError(t, next.keeper.BeginBlock(next.Ctx))
			next.bid(next.request(), alice, 5)
			next.endBlock()
			require.Equal(t, g.ProverStats[0].Stats.Bids+1, next.statsOf(alice).Lifetime.Bids)
		})
	}
}

// A clock whose times do not fit into the keys of queues would make everything due at
// once; one of a chain without blocks says nothing else.
func TestGenesisClockRefused(t *testing.T) {
	now := time.Unix(1_700_000_000, 0).UTC()
	for name, tc := range map[string]struct {
		clock types.Clock
		ok    bool
	}{
		"fresh":                  {types.Clock{}, true},
		"sound":                  {types.Clock{LastBlockTime: now, MarketTime: now}, true},
		"before 1970":            {types.Clock{LastBlockTime: time.Unix(-1, 0), MarketTime: time.Unix(-1, 0)}, false},
		"market time too early":  {types.Clock{LastBlockTime: now, MarketTime: now.Add(-100 * 365 * 24 * time.Hour), Lost: 100 * 365 * 24 * time.Hour}, false},
		"past the keys":          {types.Clock{LastBlockTime: now.AddDate(300, 0, 0), MarketTime: now.AddDate(300, 0, 0)}, false},
		"lost before the first":  {types.Clock{Lost: time.Hour}, false},
		"grace before the first": {types.Clock{GraceUntilHeight: stdmath.MaxUint64}, false},
		"time before the first":  {types.Clock{MarketTime: now}, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := types.DefaultGenesis()
			g.Clock = tc.clock
			if tc.ok {
				require.NoError(t, g.Validate())
				return
			}
			require.ErrorIs(t, g.Validate(), types.ErrInvalidGenesis)
		})
	}
}

// law M9: a sweep that takes its half of the smallest cap leaves one item a block to
// the queues. They take turns: a flood of deadlines does not hold up the auctions.
func TestASweepStarvesNoQueue(t *testing.T) {
	const flood = 12
	f := setup(t)
	for i := range 40 {
		f.request(circuit(string(rune('A'+i))), func(m *types.MsgRequest) { m.BiddingBlocks = 1000 })
	}
	short := func(m *types.MsgRequest) {
		m.TimeLimit, m.BiddingBlocks, m.MinStake = time.Second, 1, math.NewInt(1_000_000)
	}
	var late []string
	for range flood {
		id := f.request(short)
		f.bid(id, alice, 5)
		late = append(late, id)
	}
	f.toReveal(late[0])
	for _, id := range late {
		f.reveal(id, alice, 5)
	}
	f.blocks(1)
	unbid := f.request(func(m *types.MsgRequest) { m.BiddingBlocks = 1 })
	f.set(func(p *types.Params) { p.EndBlockCap = types.MinEndBlockCap })
	f.revoke(circuitTarget("none"))
	f.blocks(6)
	require.NotEqual(t, types.REQUEST_STATUS_PENDING, f.view(unbid).Auction.Status)
	pending := 0
	for _, id := range late {
		if f.view(id).Auction.Status == types.REQUEST_STATUS_PENDING {
			pending++
		}
	}
	require.Positive(t, pending, "the flood lasts still")
	require.Less(t, pending, flood, "and gets its turns")
}
