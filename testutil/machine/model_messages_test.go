package machine

import (
	"slices"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// find gives a request that messages can still name, and why it can't be worked on.
func (w *model) find(id string) (r *request, why reasons) {
	r = w.requests[id]
	if r == nil || r.pruned {
		return nil, reasons{markettypes.ErrRequestNotFound}
	}
	why.when(r.ended() && r.reason != markettypes.END_REASON_REVOKED, markettypes.ErrRequestEnded)
	why.when(r.ended() && r.reason == markettypes.END_REASON_REVOKED || !r.ended() && w.revoked(r), markettypes.ErrVerifierRevoked)
	return r, why
}

// actsFor tells for whom a signer acts (law M3); false for nobody.
func (w *model) actsFor(signer string) (string, bool) {
	if w.isProver(signer) {
		return signer, true
	}
	if l, ok := w.liveLink(signer); ok {
		return l.prover, true
	}
	return "", false
}

// liveLink gives a link that holds in the prover's present vault generation.
func (w *model) liveLink(submitter string) (link, bool) {
	l, ok := w.links[submitter]
	return l, ok && w.isProver(l.prover) && w.provers[l.prover].generation() == l.generation
}

func (w *model) request(msg *markettypes.MsgRequest, claim int) (why reasons, do func(id string)) {
	maxFee, minStake, t := msg.MaxFee.Int64(), msg.MinStake.Int64(), w.terms
	why.when(w.pause.Requests, markettypes.ErrPaused)
	why.when(maxFee < t.minMaxFee || t.maxMaxFee > 0 && maxFee > t.maxMaxFee, markettypes.ErrInvalidAmount)
	why.when(minStake < w.stake.minSelf || t.maxMinStake > 0 && minStake > t.maxMinStake, markettypes.ErrInvalidAmount)
	why.when(msg.BiddingBlocks < t.minBidding || msg.BiddingBlocks > t.maxBidding, markettypes.ErrInvalidRequest)
	why.when(msg.RevealBlocks < t.minReveal || msg.RevealBlocks > t.maxReveal, markettypes.ErrInvalidRequest)
	why.when(msg.TimeLimit < t.minLimit || msg.TimeLimit > t.maxLimit, markettypes.ErrInvalidRequest)
	why.when(msg.StandbyWindow != 0 && (msg.StandbyWindow < t.minLimit || msg.StandbyWindow > t.maxLimit), markettypes.ErrInvalidRequest)
	why.when(slices.ContainsFunc(w.targetsOf(claim), func(t *target) bool { return t.suspended || t.revoked }), verifiertypes.ErrVerifierNotActive)
	for _, r := range w.requests {
		why.when(r.requester == msg.Requester && r.nonce == msg.Nonce && r.claim == claim, markettypes.ErrRequestExists)
	}
	why.when(w.bal[msg.Requester] < maxFee+t.requestFee, markettypes.ErrFunds)
	return why, func(id string) {
		w.add(msg.Requester, -maxFee-t.requestFee)
		w.treasury += t.requestFee
		w.figures.requests++
		w.figures.requestFees += t.requestFee
		w.requests[id] = &request{
			id: id, requester: msg.Requester, claim: claim, nonce: msg.Nonce, maxFee: maxFee, minStake: minStake,
			timeLimit: msg.TimeLimit, standby: msg.StandbyWindow, feeBps: t.feeBps, bondBps: t.bondBps, minBond: t.minBond,
			penalty: bps(minStake, t.slashBps), biddingEnd: w.height + msg.BiddingBlocks,
			revealEnd: w.height + msg.BiddingBlocks + msg.RevealBlocks, status: markettypes.REQUEST_STATUS_PENDING,
		}
		w.ids = append(w.ids, id)
	}
}

func (w *model) cancel(requester, id string) (why reasons, do func()) {
	r, why := w.find(id)
	if r == nil {
		return why, nil
	}
	why.when(w.due(r, false), markettypes.ErrRequestEnded)
	why.when(r.requester != requester, markettypes.ErrNotRequester)
	why.when(len(r.bids) > 0, markettypes.ErrBidsStand)
	return why, func() {
		w.payOut(r.requester, r.maxFee)
		w.figures.refunds += r.maxFee
		w.end(r, markettypes.REQUEST_STATUS_CANCELLED, markettypes.END_REASON_CANCELLED)
	}
}

func (w *model) raise(requester, id string, maxFee int64) (why reasons, do func()) {
	r, why := w.find(id)
	why.when(w.pause.Requests, markettypes.ErrPaused)
	if r == nil {
		return why, nil
	}
	why.when(w.due(r, false), markettypes.ErrRequestEnded)
	why.when(r.requester != requester, markettypes.ErrNotRequester)
	why.when(r.revealing || r.duty != nil || w.height > r.biddingEnd, markettypes.ErrBiddingClosed)
	why.when(maxFee <= r.maxFee, markettypes.ErrFeeNotRaised)
	why.when(maxFee < w.terms.minMaxFee || w.terms.maxMaxFee > 0 && maxFee > w.terms.maxMaxFee, markettypes.ErrInvalidAmount)
	why.when(w.bal[requester] < maxFee-r.maxFee, markettypes.ErrFunds)
	return why, func() {
		w.add(requester, r.maxFee-maxFee)
		r.maxFee = maxFee
	}
}

// bid places a bid; maxBond is the most that the signer stands for, 0 for any.
func (w *model) bid(signer, id string, fee int64, standby bool, salt byte, maxBond int64) (why reasons, do func()) {
	r, why := w.find(id)
	if r == nil {
		return why, nil
	}
	name, acts := w.actsFor(signer)
	why.when(!acts, markettypes.ErrNotAProver)
	why.when(!r.ended() && (r.revealing || r.duty != nil || w.height > r.biddingEnd), markettypes.ErrBiddingClosed)
	why.when(w.due(r, false), markettypes.ErrRequestEnded)
	if !acts {
		return why, nil
	}
	p, old := w.provers[name], r.bidOf(name)
	why = append(why, w.unmet(p, r)...)
	why.when(old == nil && w.pause.Bids, markettypes.ErrPaused)
	why.when(old == nil && w.bal[signer] < r.bond(), markettypes.ErrFunds)
	why.when(old == nil && maxBond > 0 && r.bond() > maxBond, markettypes.ErrBondTooHigh)
	return why, func() {
		b := old
		if b == nil {
			b = &bid{prover: name, payer: signer, bond: r.bond()}
			w.add(signer, -b.bond)
			r.bids = append(r.bids, b)
			p.figures.bids++
		}
		p.figures.active = w.height
		b.generation, b.faults, b.fee, b.standby, b.salt = p.generation(), p.faults, fee, standby, salt
	}
}

// revealer tells whose bid the signer opens: that of whom it acts for, unless only its
// own is sealed; its own where it is no prover any more; or the one that it bid for
// through a link that has lapsed with the vault generation of the bid (laws M3, M6).
func (w *model) revealer(r *request, signer string) (string, bool) {
	sealed := func(name string) bool { b := r.bidOf(name); return b != nil && !b.revealed }
	if name, acts := w.actsFor(signer); acts {
		if !sealed(name) && sealed(signer) {
			return signer, true
		}
		return name, true
	}
	if r.bidOf(signer) != nil {
		return signer, true
	}
	if l, ok := w.links[signer]; ok {
		if b := r.bidOf(l.prover); b != nil && b.generation == l.generation {
			return l.prover, true
		}
	}
	return "", false
}

func (w *model) reveal(signer, id string, fee int64, standby bool, salt byte) (why reasons, do func() (ranked, leads bool)) {
	r, why := w.find(id)
	if r == nil {
		return why, nil
	}
	why.when(!r.ended() && w.height <= r.biddingEnd, markettypes.ErrRevealNotOpen)
	why.when(w.due(r, false), markettypes.ErrRequestEnded, markettypes.ErrRevealClosed)
	why.when(r.duty != nil, markettypes.ErrRevealClosed)
	name, acts := w.revealer(r, signer)
	why.when(!acts, markettypes.ErrNotAProver)
	b := r.bidOf(name)
	why.when(acts && b == nil, markettypes.ErrBidNotFound)
	if b == nil {
		return why, nil
	}
	why.when(b.revealed, markettypes.ErrAlreadyRevealed)
	why.when(fee > r.maxFee, markettypes.ErrFeeTooHigh)
	why.when(fee != b.fee || standby != b.standby || salt != b.salt, markettypes.ErrWrongReveal)
	return why, func() (ranked, leads bool) {
		r.revealing = true
		b.revealed, b.order = true, r.reveals
		r.reveals++
		p := w.provers[name]
		p.figures.reveals++
		p.figures.active = w.height
		b.ranked = len(w.unmet(p, r)) == 0 && p.generation() == b.generation
		leads = b.ranked && (r.leader == nil || b.fee < r.leader.fee)
		switch {
		case leads:
			number := p.openDuty(r.minStake, r.penalty)
			if old := r.leader; old != nil {
				w.provers[old.prover].closeDuty(r.leaderDuty)
				w.payOut(old.payer, old.bond)
				old.bond = 0
			}
			r.leader, r.leaderDuty = b, number
		case b.ranked || p.faults > b.faults:
			w.payOut(b.payer, b.bond)
			b.bond = 0
		default:
			w.loseBond(name, b.bond)
			b.bond = 0
		}
		if r.reveals == len(r.bids) {
			r.revealEnd = w.height
		}
		return b.ranked, leads
	}
}

// submit delivers a proof; sound tells whether it is one of the request's statement.
func (w *model) submit(signer, id string, sound bool) (why reasons, do func() (fee, reward, refund int64)) {
	r, why := w.find(id)
	if r == nil || r.ended() {
		return why, nil
	}
	name, acts := w.actsFor(signer)
	why.when(!acts, markettypes.ErrNotAProver)
	why.when(w.suspended(r) || w.revoked(r), verifiertypes.ErrVerifierDisabled)
	why.when(!sound, verifiertypes.ErrInvalidProof, verifiertypes.ErrInvalidPublicValues, verifiertypes.ErrMalformedProof)
	switch {
	case r.duty != nil:
		why.when(!w.suspended(r) && w.passed(r.duty.deadline), markettypes.ErrOverdue)
		why.when(r.duty.prover != name, markettypes.ErrNotAssignedToYou)
	case len(r.bids) == 0 && w.due(r, false):
		why.when(true, markettypes.ErrRequestEnded)
	case !w.due(r, false):
		why.when(true, markettypes.ErrNotAssigned)
	case r.leader == nil:
		why.when(true, markettypes.ErrRequestEnded)
	default: // the closing is due: this message applies it
		why.when(r.leader.prover != name, markettypes.ErrNotAssignedToYou)
	}
	return why, func() (fee, reward, refund int64) {
		w.apply(r, false)
		return w.settle(r)
	}
}

// applyDue is MsgRefund for one request (law M9): it tells why nothing is done.
func (w *model) applyDue(id string) (why reasons) {
	r := w.requests[id]
	if r == nil || r.pruned {
		return reasons{markettypes.ErrRequestNotFound}
	}
	why.when(r.ended(), markettypes.ErrRequestEnded)
	why.when(r.ended() && r.reason == markettypes.END_REASON_REVOKED, markettypes.ErrVerifierRevoked)
	if !r.ended() && !w.due(r, false) && !w.opens(r, false) {
		why.when(true, markettypes.ErrNothingDue)
		why.when(r.duty != nil && w.suspended(r), markettypes.ErrVerifierSuspended)
	}
	if len(why) == 0 {
		w.apply(r, false)
	}
	return why
}

// claim pays what could not be paid, and bonds that wait for their payer (laws M11, M12).
func (w *model) claim(owner string, refs []markettypes.BidRef) (why reasons, do func() int64) {
	sum := w.claims[owner]
	for i, ref := range refs {
		r := w.requests[ref.RequestId]
		if r == nil || r.pruned {
			why.when(true, markettypes.ErrRequestNotFound)
			continue
		}
		b := r.bidOf(ref.Prover)
		switch {
		case b == nil:
			why.when(true, markettypes.ErrBidNotFound)
		case !r.waits(b) || b.payer != owner || slices.Contains(refs[:i], ref):
			why.when(true, markettypes.ErrNothingToClaim)
		default:
			sum += b.bond
		}
	}
	why.when(sum == 0, markettypes.ErrNothingToClaim)
	why.when(sum > 0 && w.shut[owner], errRefused)
	return why, func() int64 {
		delete(w.claims, owner)
		w.add(owner, sum)
		for _, ref := range refs {
			r := w.requests[ref.RequestId]
			r.bidOf(ref.Prover).bond = 0
			w.closeAccount(r)
		}
		return sum
	}
}

// mayLink lists what keeps a submitter from being one of the prover's (law M3).
func (w *model) mayLink(submitter, prover string) (why reasons) {
	why.when(submitter == prover, markettypes.ErrSelfSubmitter)
	why.when(!w.isProver(prover), markettypes.ErrNotAProver)
	why.when(w.isProver(submitter), markettypes.ErrSubmitterIsProver)
	_, live := w.liveLink(submitter)
	why.when(live, markettypes.ErrSubmitterTaken)
	return why
}

func (w *model) consent(submitter, prover string) (why reasons, do func()) {
	return w.mayLink(submitter, prover), func() { w.consents[submitter] = prover }
}

func (w *model) withdrawConsent(submitter string) (why reasons, do func()) {
	why.when(w.consents[submitter] == "", markettypes.ErrNoConsent)
	return why, func() { delete(w.consents, submitter) }
}

func (w *model) registerSubmitters(prover string, submitters []string) (why reasons, do func()) {
	for i, s := range submitters {
		why.when(slices.Contains(submitters[:i], s), markettypes.ErrDuplicateItem)
		why = append(why, w.mayLink(s, prover)...)
		why.when(w.consents[s] != prover, markettypes.ErrNoConsent)
	}
	return why, func() {
		for _, s := range submitters {
			delete(w.consents, s)
			w.links[s] = link{prover: prover, generation: w.provers[prover].generation()}
		}
	}
}

func (w *model) unregisterSubmitters(signer string, submitters []string) (why reasons, do func()) {
	for i, s := range submitters {
		l, ok := w.links[s]
		why.when(slices.Contains(submitters[:i], s), markettypes.ErrDuplicateItem)
		why.when(!ok, markettypes.ErrNoLink)
		why.when(ok && signer != s && signer != l.prover, markettypes.ErrNotYourLink)
	}
	return why, func() {
		for _, s := range submitters {
			delete(w.links, s)
		}
	}
}
