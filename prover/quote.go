package prover

import (
	"errors"
	"fmt"
	"time"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	"github.com/proofmarket/proofmarket/prover/strategy"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// codeWindow means that no bids are taken for a request any more.
const codeWindow strategy.Code = "window"

// Quote decides on a request: what to bid, or every reason not to. work is what a
// closer look found; nil before it, for a decision that holds no fee.
func Quote(p strategy.Policy, v *markettypes.RequestView, work *strategy.Work, f strategy.Figures) strategy.Decision {
	if v.Stage != markettypes.STAGE_BIDDING || v.BlocksLeft == 0 {
		f.Barred = append([]strategy.Reason{{
			Code: codeWindow, Text: fmt.Sprintf("bids are not taken any more: stage %s, %d blocks left", v.Stage, v.BlocksLeft),
		}}, f.Barred...)
	}
	if work == nil {
		return p.Screen(offerOf(v), f)
	}
	return p.Decide(offerOf(v), *work, f)
}

func offerOf(v *markettypes.RequestView) strategy.Offer {
	return strategy.Offer{
		Verifier:  v.Request.Statement.Verifier,
		Program:   v.Request.Statement.Program,
		Requester: v.Request.Requester,
		MaxFee:    v.Request.MaxFee,
		MinStake:  v.Request.MinStake,
		Penalty:   v.Request.Terms.Penalty,
		TimeLimit: v.Request.TimeLimit,
	}
}

// work is what an inspection found, as the strategy sees it.
func (i *inspection) work() *strategy.Work {
	if i == nil {
		return nil
	}
	return &strategy.Work{Units: i.cost, ImageBytes: i.imageBytes, InputBytes: i.inputBytes, Proved: i.trial != nil}
}

// survey is how we stand, for many requests.
type survey struct {
	taken []strategy.Taken
	stake *strategy.Stake          // nil where it is not known
	loads map[string]strategy.Load // by backend
	of    func(backend.Named) strategy.Backend
}

// newSurvey sums up jobs; left tells of one how much time it has.
func newSurvey(jobs []*store.Job, left func(*store.Job) time.Duration, of func(backend.Named) strategy.Backend) *survey {
	s := &survey{loads: make(map[string]strategy.Load), of: of}
	for _, j := range jobs {
		s.taken = append(s.taken, strategy.Taken{
			Backend: j.Backend, Units: j.Cost, Left: left(j), Proved: len(j.Proof) > 0, Standing: standing(j.State),
			MinStake: amountOr0(j.MinStake), Penalty: amountOr0(j.Penalty),
		})
	}
	return s
}

// standing reports whether the chain does not count a job's stake yet. A bid that
// was revealed and does not lead needs none; one that leads is in its figures.
func standing(s store.State) bool {
	return s == store.Decided || s == store.Bidding || s == store.Bid || s == store.Revealing
}

// figures is how we stand for requests that a backend serves; none if ok is
// false.
func (s *survey) figures(b backend.Named, ok bool) strategy.Figures {
	f := strategy.Figures{Jobs: len(s.taken), Taken: s.taken, Stake: s.stake}
	if !ok {
		return f
	}
	machine := s.of(b)
	f.Backend = &machine
	load, known := s.loads[b.Name]
	if !known {
		load = strategy.NewLoad(machine, s.taken)
		s.loads[b.Name] = load
	}
	f.Load = load
	return f
}

// survey looks at the jobs under way.
func (e *Engine) survey() (*survey, error) {
	jobs, err := e.store.Open()
	if err != nil {
		return nil, err
	}
	return newSurvey(jobs, e.timeLeft, e.machines.of), nil
}

// timeLeft is the time until a job's deadline, as of the last block: that of a
// bid that stands is the whole time limit.
func (e *Engine) timeLeft(j *store.Job) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := e.open[j.RequestID]; n != nil && n.left > 0 {
		return n.left
	}
	return j.TimeLimit
}

// chainFigures adds what the chain says of us: whether the bid would be taken,
// and what stake we have.
func chainFigures(f *strategy.Figures, may *markettypes.QueryMayBidResponse, s chain.Standing) {
	barredBy(f, may)
	f.Stake = &strategy.Stake{Figures: s.Figures, OvercommitBps: s.OvercommitBps}
}

// barredBy adds why the chain would not take the bid.
func barredBy(f *strategy.Figures, may *markettypes.QueryMayBidResponse) {
	for _, c := range may.Conditions {
		if !c.Ok {
			f.Barred = append(f.Barred, strategy.Reason{
				Code: strategy.CodeChain, Later: true,
				Text: fmt.Sprintf("the chain would not let us: %s (have %s, need %s)", c.Name, c.Have, c.Need),
			})
		}
	}
	if !may.MayBid && len(f.Barred) == 0 {
		f.Barred = append(f.Barred, strategy.Reason{Code: strategy.CodeChain, Text: "the chain would not let us", Later: true})
	}
}

// inspectionReason says why a closer look ended without a find.
func inspectionReason(err error) strategy.Reason {
	r := strategy.Reason{Code: strategy.CodeLookFailed, Text: err.Error(), Later: !permanent(err)}
	for _, c := range []struct {
		code strategy.Code
		is   bool
	}{
		{strategy.CodeKey, errors.Is(err, ErrKeyMismatch)},
		{strategy.CodeDigest, errors.Is(err, ErrDigest)},
		{strategy.CodeFiles, errors.Is(err, ErrHash) || errors.Is(err, ErrTooLarge) || errors.Is(err, ErrAddress)},
		{strategy.CodeUnprovable, backend.Permanent(err)},
	} {
		if c.is {
			r.Code = c.code
			break
		}
	}
	return r
}

// amountOr0 is an amount that a record may lack.
func amountOr0(v math.Int) math.Int {
	if v.IsNil() {
		return math.ZeroInt()
	}
	return v
}
