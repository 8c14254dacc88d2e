package strategy

import (
	"slices"

	"cosmossdk.io/math"
)

// Screen looks at a request before anything is downloaded for it. A decision
// with Bid set means that it is worth a closer look; it has no fee yet.
func (p Policy) Screen(o Offer, f Figures) Decision { return p.decide(o, nil, f) }

// Decide decides once the work is known. It gives every reason not to bid, not
// just the first.
func (p Policy) Decide(o Offer, w Work, f Figures) Decision { return p.decide(o, &w, f) }

func (p Policy) decide(o Offer, w *Work, f Figures) Decision {
	var why reasons
	p.filter(&why, o, w)
	why.never(f.Backend == nil, CodeNoBackend, "no backend of ours serves verifier %s", o.Verifier)
	why.notNow(p.MaxJobs > 0 && f.Jobs >= p.MaxJobs, CodeMaxJobs, "all %d places of filter.max_jobs are taken", p.MaxJobs)
	var price Price
	if b := f.Backend; b != nil {
		if b.Stop != nil {
			why = append(why, *b.Stop)
		}
		f.Load.check(&why, *b, o, w)
		price = p.price(o, w, *b, f.Load)
		price.check(&why, o)
	}
	if f.Stake != nil {
		p.checkStake(&why, *f.Stake, f.Taken, o)
	}
	why = append(why, f.Barred...)

	d := Decision{Bid: true, Fee: math.ZeroInt(), Reasons: []Reason{}}
	if len(why) > 0 {
		d = Refuse(why...)
	}
	if w != nil && f.Backend != nil {
		d.Price = &price
		if d.Bid {
			d.Fee, d.Standby = price.Fee, p.Standby
		}
	}
	return d
}

// filter holds a request against the lists and limits of the operator.
func (p Policy) filter(why *reasons, o Offer, w *Work) {
	serves := func(pattern string) bool { return matchVerifier(pattern, o.Verifier) }
	why.never(len(p.Verifiers) > 0 && !slices.ContainsFunc(p.Verifiers, serves), CodeVerifier,
		"verifier %s is not on our list", o.Verifier)
	why.never(slices.Contains(p.DeniedPrograms, o.Program), CodeProgramDenied,
		"program %s is on our deny list", o.Program)
	why.never(len(p.Programs) > 0 && !slices.Contains(p.Programs, o.Program), CodeProgram,
		"program %s is not on our list", o.Program)
	why.never(slices.Contains(p.DeniedRequesters, o.Requester), CodeRequesterDenied,
		"requester %s is on our deny list", o.Requester)
	why.never(len(p.Requesters) > 0 && !slices.Contains(p.Requesters, o.Requester), CodeRequester,
		"requester %s is not on our list", o.Requester)
	why.never(p.MaxPenalty.IsPositive() && o.Penalty.GT(p.MaxPenalty), CodePenalty,
		"a missed deadline would cost %s, our limit is %s", o.Penalty, p.MaxPenalty)
	if w == nil {
		return
	}
	why.never(p.MaxInputBytes > 0 && w.InputBytes > p.MaxInputBytes, CodeInputBytes,
		"the input has %d bytes, our limit is %d", w.InputBytes, p.MaxInputBytes)
	why.never(p.MaxUnits > 0 && w.Units > p.MaxUnits, CodeUnits,
		"it takes %d units, our limit is %d", w.Units, p.MaxUnits)
}
