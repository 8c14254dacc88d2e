package machine

import (
	"fmt"
	"time"

	"cosmossdk.io/math"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// Amounts are small, so that roundings matter, and clocks are quick.
const (
	million        = 1_000_000
	startBalance   = 500 * million
	circuitDeposit = 7 * million
	guardian       = "guardian"
	crowdSize      = 22 // with the others, more than a page of bids (20)
	crowdStake     = 3 * million
	epochLength    = 5 * time.Minute
	reviewDelay    = 30 * time.Second // how late a queue may come after a suspension
)

// The people: provers and those who may become one, submitters, requesters, stakers.
var (
	proverNames    = []string{"alpha", "bravo", "charlie", "delta", "echo"}
	workerNames    = []string{"worker0", "worker1", "worker2", "worker3"}
	requesterNames = []string{"rich", "poor", "shy"}
	stakerNames    = []string{"staker0", "staker1"}
	crowdNames     = func() (names []string) {
		for i := range crowdSize {
			names = append(names, fmt.Sprint("crowd", i))
		}
		return names
	}()
)

func accountNames() []string {
	names := append([]string{guardian}, proverNames...)
	names = append(names, workerNames...)
	names = append(names, requesterNames...)
	names = append(names, crowdNames...)
	return append(names, stakerNames...)
}

func startMarketParams() markettypes.Params {
	p := markettypes.DefaultParams()
	p.RequestFee = math.NewInt(10_001)
	p.MinMaxFee = math.NewInt(1_000)
	p.MinBidBond = math.NewInt(1_003)
	p.MinRevealBlocks = 1
	p.MaxBlockGap = 20 * time.Second
	p.HaltGraceBlocks = 3
	p.EndBlockCap = 50
	p.Retention = 30 * time.Second
	p.PruneCap = 200
	return p
}

func startProversParams() proverstypes.Params {
	p := proverstypes.DefaultParams()
	p.MinSelfStake = math.NewInt(million)
	p.MinStake = math.NewInt(1_000)
	p.MinUnstake = math.NewInt(1_000)
	p.UnstakeDelay = 40 * time.Second
	p.MaxUnstakes = 3
	p.RewardPeriod = time.Minute
	p.EpochLength = epochLength
	return p
}
