package strategy

import (
	"time"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/market/auction"
)

// Offer is what a request offers and asks. Amounts are in uproof.
type Offer struct {
	Verifier  string
	Program   string
	Requester string
	MaxFee    math.Int
	// MinStake must be free in our vault, Penalty is what a missed deadline costs
	// it.
	MinStake  math.Int
	Penalty   math.Int
	TimeLimit time.Duration
}

// Work is what a closer look found a request to take.
type Work struct {
	// Units is the backend's unit of work: constraints or cycles.
	Units uint64
	// ImageBytes and InputBytes are the sizes of the files.
	ImageBytes uint64
	InputBytes uint64
	// Proved tells that the proof is made already.
	Proved bool
}

// Backend is what serves a request.
type Backend struct {
	Name string
	// Workers is the number of proofs made at a time, Queue the number of jobs
	// taken on and not yet proved, bids that still stand included.
	Workers int
	Queue   int
	// UnitsPerSecond is the speed of one proof while the others are made.
	UnitsPerSecond uint64
	// Stop is why nothing is bid for on it now; nil for no reason.
	Stop *Reason
}

// Taken is a request that we bid for, or owe a proof of.
type Taken struct {
	Backend string
	// Units is its work, and Left the time until its deadline: of a bid that
	// stands, the whole time limit.
	Units uint64
	Left  time.Duration
	// Proved tells that its proof is made.
	Proved bool
	// Standing tells that its stake is not part of the chain's figures yet.
	Standing bool
	MinStake math.Int
	Penalty  math.Int
}

// Stake is how the chain sees our prover.
type Stake struct {
	auction.Figures
	// OvercommitBps is the part of the assigned stake that must be free besides.
	OvercommitBps uint32
}

// Figures is how we stand when a request is looked at.
type Figures struct {
	// Backend serves the request; nil if none of ours does.
	Backend *Backend
	// Load is what that backend has to do.
	Load Load
	// Jobs counts the requests under way on all backends.
	Jobs int
	// Taken lists them; only their stakes are looked at.
	Taken []Taken
	// Stake is what they rest on; nil leaves it out of the decision.
	Stake *Stake
	// Barred is why the chain would not take the bid, if it was asked.
	Barred []Reason
}
