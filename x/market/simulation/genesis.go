// Package simulation makes random genesis states and random messages for the
// SDK's simulator. The operations look up what may work before they send, so that
// most of them do; what a law may refuse all the same is named with each of them,
// and any other error fails the simulation.
//
// Requests are for the proofs of one small circuit, which come with this package and
// are real, or now and then for one of a zkVM, which nobody here can make: those end
// by a refund. What a bid hides follows from the request and the bidder, so that the
// simulation can open it without a memory of its own.
package simulation

import (
	"time"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	"github.com/cosmos/cosmos-sdk/types/module"

	"github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

const (
	// leastMaxFee is the least that min_max_fee is, in uproof; no bid asks as much.
	leastMaxFee = 10_000
	// mostMaxFee is the most that a request offers, in uproof.
	mostMaxFee = 1_000_000
	// leastMinStake is the least stake that a request asks for, in uproof. The
	// provers' own random min_self_stake is never more.
	leastMinStake = 1_000_000
	mostMinStake  = 5_000_000
)

// RandomizedGenState sets a genesis with random parameters and no requests, and
// gives the verifier the circuit that requests are about, without a deposit: it needs
// no coins that bank's own random genesis would have to know of.
func RandomizedGenState(s *module.SimulationState) {
	g := types.DefaultGenesis()
	g.Params = RandomParams(simsx.NewXRand(s.Rand))
	s.GenState[types.ModuleName] = s.Cdc.MustMarshalJSON(g)

	var v verifiertypes.GenesisState
	s.Cdc.MustUnmarshalJSON(s.GenState[verifiertypes.ModuleName], &v)
	c := samples()
	v.Circuits = []verifiertypes.Circuit{{
		Id: c.id, Family: c.Family, Curve: c.Curve, Key: c.Key,
		Owner: s.Accounts[0].Address.String(), Deposit: math.ZeroInt(),
	}}
	s.GenState[verifiertypes.ModuleName] = s.Cdc.MustMarshalJSON(&v)
}

// RandomParams returns parameters with which the simulator's blocks, of one to three
// hours, see auctions open and close, deadlines met and missed, and now and then a
// gap that counts as a halt.
func RandomParams(r *simsx.XRand) types.Params {
	uproof := func(from, to int) math.Int { return math.NewInt(int64(r.IntInRange(from, to))) }
	hours := func(from, to int) time.Duration { return time.Duration(r.IntInRange(from, to)) * time.Hour }
	p := types.DefaultParams()
	p.RequestFee = uproof(0, 10_000)
	p.MinMaxFee = uproof(leastMaxFee, 10*leastMaxFee)
	if r.Bool() {
		p.MaxMaxFee, p.MaxMinStake = math.NewInt(mostMaxFee), math.NewInt(mostMinStake)
	}
	p.MaxInlineInput = r.Uint32InRange(0, 1024)
	p.MinBiddingBlocks, p.MaxBiddingBlocks = 1, r.Uint64InRange(1, 5)
	p.MinRevealBlocks, p.MaxRevealBlocks = 1, r.Uint64InRange(1, 5)
	p.MinTimeLimit, p.MaxTimeLimit = hours(1, 3), hours(4, 24)
	p.ProtocolFeeBps = r.Uint32InRange(0, 2_000)
	p.SlashBps = r.Uint32InRange(0, 5_000)
	p.BidBondBps = r.Uint32InRange(0, 2_000)
	p.MinBidBond = uproof(0, 10_000)
	p.OvercommitBps = r.Uint32InRange(0, 10_000)
	p.MaxBlockGap = hours(2, 6)
	p.HaltGraceBlocks = r.Uint64InRange(0, 3)
	p.EndBlockCap = r.Uint32InRange(types.MinEndBlockCap, 30)
	p.Retention = hours(0, 24)
	p.PruneCap = r.Uint32InRange(types.MinPruneCap, 100)
	return p
}
