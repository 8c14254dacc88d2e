package prover

import (
	"fmt"
	"time"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// nextStep is what happens next to a job, and by when.
type nextStep struct {
	text   string
	height int64
	time   time.Time
}

// nextOf tells what happens next to a job. c may be nil: the chain was not asked.
func nextOf(j *store.Job, c *JobOnChain) nextStep {
	if j.State == store.Done {
		return nextStep{text: fmt.Sprintf("nothing: it is done (%s)", j.Outcome)}
	}
	if c != nil && c.Status != markettypes.REQUEST_STATUS_PENDING.String() {
		return nextStep{text: "the request has ended: the sidecar files the job at the next block"}
	}
	switch j.State {
	case store.Decided:
		return inWindow(c, markettypes.STAGE_BIDDING, "the bid is sent", "the bidding window is over: the job ends as "+string(store.NotPlaced))
	case store.Bidding:
		return inWindow(c, markettypes.STAGE_BIDDING, "the bid's transaction comes into a block, or is sent again once it expires",
			"the bidding window is over: the job ends unless the bid is on the chain")
	case store.Bid, store.Revealing:
		return nextReveal(j, c)
	case store.Revealed:
		return inWindow(c, markettypes.STAGE_REVEALING, "the chain names the winner when the reveal window ends",
			"another prover owes the proof: ours is wanted only if that one fails and we stand by")
	default:
		return nextProof(j, c)
	}
}

// inWindow is a step that must be taken within a window.
func inWindow(c *JobOnChain, window markettypes.Stage, within, after string) nextStep {
	switch {
	case c == nil:
		return nextStep{text: within}
	case c.Stage == window.String():
		return nextStep{text: within, height: c.Height + int64(min(c.BlocksLeft, maxBlocksShown))}
	case window == markettypes.STAGE_REVEALING && c.Stage == markettypes.STAGE_BIDDING.String():
		return nextStep{text: within}
	default:
		return nextStep{text: after}
	}
}

// maxBlocksShown keeps an absurd number of blocks in the range of a height.
const maxBlocksShown = 1 << 40

func nextReveal(j *store.Job, c *JobOnChain) nextStep {
	if c != nil && c.Stage == markettypes.STAGE_BIDDING.String() {
		// The step itself comes after this block.
		return nextStep{
			text:   "the bid is revealed when the bidding window has ended",
			height: c.Height + int64(min(c.BlocksLeft, maxBlocksShown)),
		}
	}
	text := "the bid is revealed"
	if j.State == store.Revealing {
		text = "the reveal's transaction comes into a block, or is sent again once it expires"
	}
	return inWindow(c, markettypes.STAGE_REVEALING, text, "the reveal window is over: the job ends as "+string(store.NotRevealed)+" unless the reveal is on the chain")
}

func nextProof(j *store.Job, c *JobOnChain) nextStep {
	next := nextStep{time: j.Deadline}
	if c != nil && !c.ExpectedDeadline.IsZero() {
		next.time = c.ExpectedDeadline
	}
	switch {
	case c != nil && c.Suspended:
		next.text = "the verifier is suspended: the chain takes no proof, and the deadline waits"
	case c != nil && c.Assigned != "" && c.Assigned != j.Prover:
		next.text, next.time = "the chain took the assignment away: the job ends as "+string(store.Missed), time.Time{}
	case j.State == store.Assigned && len(j.Proof) == 0:
		next.text = "the proof is made"
	case j.State == store.Submitting:
		next.text = "the proof's transaction comes into a block, or is sent again once it expires"
	default:
		next.text = "the proof is sent"
	}
	return next
}

// costOf tells what it costs to send nothing more for a job. c may be nil: the
// chain was not asked.
func costOf(j *store.Job, c *JobOnChain) AbandonCost {
	bond, bondText := bondOf(j, c)
	var penalty *math.Int
	penaltyText := "the request's penalty (not known)"
	if !j.Penalty.IsNil() {
		v := j.Penalty
		penalty, penaltyText = &v, fmt.Sprintf("the penalty of %s uproof", v)
	}
	placed := c != nil && c.BidState != ""
	switch j.State {
	case store.Decided:
		if !placed {
			return AbandonCost{Free: true, Text: "nothing: no bid was sent"}
		}
		return AbandonCost{Bond: bond, Text: bondText + " is lost: a bid that is not revealed forfeits it"}
	case store.Bidding:
		return AbandonCost{Bond: bond, Text: fmt.Sprintf("the bid may be on the chain, or still get there: %s is lost if it is not revealed", bondText)}
	case store.Bid, store.Revealing:
		return AbandonCost{Bond: bond, Text: bondText + " is lost: a bid that is not revealed forfeits it"}
	case store.Revealed:
		return AbandonCost{Bond: bond, Penalty: penalty, Text: fmt.Sprintf(
			"nothing unless the bid wins or is called to stand by; then %s is slashed from the prover's stake, and %s is lost", penaltyText, bondText)}
	default:
		return AbandonCost{Bond: bond, Penalty: penalty, Text: fmt.Sprintf(
			"we owe the proof: %s is slashed from the prover's stake, and %s is lost", penaltyText, bondText)}
	}
}

// bondOf is what stands behind the bid, or may.
func bondOf(j *store.Job, c *JobOnChain) (*math.Int, string) {
	switch {
	case c != nil && c.BidState != "" && !c.Bond.IsNil():
		v := c.Bond
		return &v, fmt.Sprintf("the bond of %s uproof", v)
	case !j.MaxBond.IsNil() && j.MaxBond.IsPositive():
		v := j.MaxBond
		return &v, fmt.Sprintf("the bond, at most %s uproof,", v)
	default:
		return nil, "the bond (not known)"
	}
}
