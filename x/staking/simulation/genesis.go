// Package simulation makes random genesis states and random messages for the
// SDK's simulator. The operations look up what may work before they send, so that
// most of them do; what a law may refuse all the same is named with each of them,
// and any other error fails the simulation.
package simulation

import (
	"time"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	"github.com/cosmos/cosmos-sdk/types/module"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// RandomizedGenState sets a genesis with random parameters and no provers: they
// register, which puts their coins into accounts of their own.
func RandomizedGenState(s *module.SimulationState) {
	g := types.DefaultGenesis()
	g.Params = RandomParams(simsx.NewXRand(s.Rand))
	s.GenState[types.ModuleName] = s.Cdc.MustMarshalJSON(g)
}

// RandomParams returns parameters with which the simulator's accounts, of some
// thousand PROOF at most, and its blocks, of one to three hours, see much happen.
func RandomParams(r *simsx.XRand) types.Params {
	uproof := func(from, to int) math.Int { return math.NewInt(int64(r.IntInRange(from, to))) }
	hours := func(from, to int) time.Duration { return time.Duration(r.IntInRange(from, to)) * time.Hour }
	p := types.DefaultParams()
	p.MinSelfStake = uproof(1, 1_000_000)
	p.MinStake, p.MinUnstake = uproof(1, 10_000), uproof(1, 10_000)
	p.UnstakeDelay = hours(1, 48)
	p.MaxUnstakes = r.Uint32InRange(1, 20)
	p.RewardPeriod = hours(0, 48)
	p.MaxCommissionBps = r.Uint32InRange(0, types.BpsBase+1)
	p.EndBlockCap = r.Uint32InRange(1, 30)
	p.CommissionNotice = hours(0, 48)
	p.EpochLength = hours(1, 24)
	p.IncentiveBudget = uproof(0, 1_000_000)
	p.IncentiveFeeBps = r.Uint32InRange(0, types.BpsBase+1)
	p.IncentiveKappaBps = r.Uint32InRange(0, types.BpsBase)
	return p
}
