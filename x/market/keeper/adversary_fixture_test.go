package keeper_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// requestFee is what every request costs, however it ends.
const requestFee = 10_000

// chest names the treasury among those who get richer.
const chest = "treasury"

// people are all who hold coins in these tests.
var people = map[string]sdk.AccAddress{
	"requester": requester, "stranger": stranger, "alice": alice, "bob": bob, "carol": carol, "dave": dave, "gpu": gpu,
}

// riches is what everybody has between two blocks: coins, vault and claim.
func (f *fixture) riches() map[string]int64 {
	all := map[string]int64{chest: f.Balance(treasuryAddr).Int64()}
	for _, module := range []string{types.ModuleName, stakingtypes.ModuleName} {
		all[chest] += f.Balance(f.Account.GetModuleAddress(module)).Int64()
	}
	for name, addr := range people {
		claim, err := f.queries.Claim(f.Ctx, &types.QueryClaimRequest{Address: addr.String()})
		require.NoError(f.t, err)
		all[name] = f.Balance(addr).Add(f.Balance(vault(addr))).Add(claim.Amount).Int64()
	}
	return all
}

// gains tells by how much everybody got richer; it leaves out those who did not.
// No request may be open: every coin must be somebody's.
func (f *fixture) gains(before map[string]int64) map[string]int64 {
	require.NoError(f.t, f.keeper.CheckInvariants(f.Ctx))
	now, sum := f.riches(), int64(0)
	for name, n := range now {
		sum += n
		now[name] = n - before[name]
	}
	require.Equal(f.t, f.Bank.GetSupply(f.Ctx, chain.Denom).Amount.Int64(), sum, "every coin is somebody's")
	return some(now)
}

// some leaves out who gained nothing.
func some(gains map[string]int64) map[string]int64 {
	left := map[string]int64{}
	for name, n := range gains {
		if n != 0 {
			left[name] = n
		}
	}
	return left
}

// finish passes blocks until the requests have ended.
func (f *fixture) finish(ids ...string) {
	for _, id := range ids {
		for i := 0; f.view(id).Auction.Status == types.REQUEST_STATUS_PENDING; i++ {
			require.Less(f.t, i, 100, "the request never ends")
			f.pass(gaps{20 * time.Second})
		}
	}
	f.blocks(1)
}

// proves submits the proof of whoever must deliver, and tells who that is.
func (f *fixture) proves(id string) sdk.AccAddress {
	prover := sdk.MustAccAddressFromBech32(f.view(id).Auction.Assignment.Prover)
	_, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, prover))
	require.NoError(f.t, err)
	return prover
}

// takes slashes a prover as the authority does, outside the market.
func (f *fixture) takes(prover sdk.AccAddress, amount int64) {
	branch := f.Ctx.WithTxBytes([]byte{1}).WithTxIndex(f.tx)
	f.tx++
	_, err := f.provers.Slash(branch, prover, "authority", math.NewInt(amount))
	require.NoError(f.t, err)
	f.provers.change(f.Ctx, prover, func(p *fakeProver) {
		p.SelfStake = min(p.SelfStake, p.Assets)
		p.Faults++ // the authority's slashes are, the market's are not
	})
}

// life is a request on its way: bob asks 4 million and is paid alice's 6, carol asks
// 7; alice and carol offer to stand by.
type life struct {
	*fixture
	id string
	// gap lies between blocks.
	gap time.Duration
	// fee is what bob's bid that stands asks.
	fee int64
	// refused is what bob's messages failed with.
	refused []error
}

// stage is a step of a life. Before one that waits, the clock runs against a prover.
type stage struct {
	name  string
	waits bool
	do    func(l *life)
}

// bids places a bid of bob or of somebody who has no trouble.
func (l *life) bids(prover sdk.AccAddress, fee int64, standby bool) {
	_, err := run(l.fixture, l.msgs.Bid, l.bidMsg(l.id, prover, prover, fee, standby))
	l.note(prover, err)
	if prover.Equals(bob) && err == nil {
		l.fee = fee
	}
}

func (l *life) reveals(prover sdk.AccAddress, fee int64, standby bool) {
	_, err := run(l.fixture, l.msgs.Reveal, l.revealMsg(l.id, prover, prover, fee, standby))
	l.note(prover, err)
}

// note keeps what a message of bob failed with: those of others must not fail.
func (l *life) note(prover sdk.AccAddress, err error) {
	if prover.Equals(bob) && err != nil {
		l.refused = append(l.refused, err)
		return
	}
	require.NoError(l.t, err)
}

// upTo passes blocks up to a height.
func (l *life) upTo(height uint64) {
	for uint64(l.Ctx.BlockHeight()) < height {
		l.pass(gaps{l.gap})
	}
}

// misses passes blocks until the winner has missed its deadline.
func (l *life) misses() {
	for i := 0; l.view(l.id).Stage == types.STAGE_ASSIGNED; i++ {
		require.Less(l.t, i, 100, "the deadline never passes")
		l.pass(gaps{max(l.gap, 20*time.Second)})
	}
}

// stages are the steps of a life in which the winner delivers, or misses and the
// standby prover does.
func stages(missed bool) []stage {
	list := []stage{
		{"request", false, func(l *life) { l.id = l.request(withStandby) }},
		{"bids", false, func(l *life) {
			l.bids(alice, 6_000_000, true)
			l.bids(bob, 5_000_000, false)
			l.bids(carol, 7_000_000, true)
		}},
		{"replaced", false, func(l *life) {
			l.upTo(l.view(l.id).Auction.BiddingEnd)
			l.bids(bob, 4_000_000, false)
		}},
		{"reveals", false, func(l *life) {
			l.upTo(l.view(l.id).Auction.BiddingEnd + 1)
			l.reveals(alice, 6_000_000, true)
			l.reveals(bob, l.fee, false)
			l.reveals(carol, 7_000_000, true)
		}},
		{"closing", false, func(l *life) { l.upTo(l.view(l.id).Auction.RevealEnd + 1) }},
	}
	if missed {
		list = append(list, stage{"miss", true, (*life).misses})
	}
	return append(list, stage{"proof", true, func(l *life) { l.proves(l.id) }})
}

// live takes a request through its life on a fresh chain; between is called before
// each step but the first. It gives by how much everybody got richer.
func live(f *fixture, list []stage, gap time.Duration, between func(l *life, next int)) (*life, map[string]int64) {
	before := f.riches()
	l := &life{fixture: f, gap: gap}
	for i, s := range list {
		if i > 0 && between != nil {
			between(l, i)
		}
		s.do(l)
	}
	f.blocks(2)
	return l, f.gains(before)
}

// calm are the gains of an undisturbed life.
func calm(missed bool) map[string]int64 {
	if missed {
		return map[string]int64{
			"requester": -6_000_000 - requestFee, "alice": 5_700_000, "bob": -bond - penalty,
			chest: 300_000 + requestFee + bond + penalty,
		}
	}
	return map[string]int64{"requester": -6_000_000 - requestFee, "bob": 5_700_000, chest: 300_000 + requestFee}
}
