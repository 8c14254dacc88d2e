package machine

import (
	"bytes"
	"slices"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// request is how a request stands (laws M1 to M13).
type request struct {
	id, requester         string
	claim                 int // index into the pool's claims
	nonce                 uint64
	maxFee, minStake      int64
	timeLimit, standby    time.Duration
	feeBps, bondBps       int64 // pinned (law M2)
	minBond, penalty      int64
	biddingEnd, revealEnd uint64
	revealing             bool
	bids                  []*bid
	reveals               int
	leader                *bid
	leaderDuty            uint64
	duty                  *duty
	promoted              bool // a standby prover had its turn
	status                markettypes.RequestStatus
	reason                markettypes.EndReason
	endHeight             uint64
	retained              time.Time
	winner                string
	price                 int64
	gift                  int64 // sent to its account by hand
	pruned                bool
	prunedAt              uint64
	counted               bool             // in the model's pruneDebt
	forfeited             map[string]int64 // bonds never revealed, lost at the closing, by prover
	unsure                bool             // a full block may not have opened its reveals
	revokedAt             uint64           // block of the revocation
	lateUntil             time.Time        // the queue may come this late, since the verifier was suspended
}

// bid is a prover's bid.
type bid struct {
	prover, payer string
	generation    uint64
	faults        uint64
	bond          int64
	fee           int64
	standby       bool
	salt          byte
	revealed      bool
	ranked        bool
	order         int
}

// duty is an assignment that stands.
type duty struct {
	prover, payer string
	price, bond   int64
	number        uint64
	window        time.Duration
	deadline      time.Time
	standby       bool
	spared        bool // not passed when the suspension that lasts began (law M11)
}

func (r *request) ended() bool { return r.status != markettypes.REQUEST_STATUS_PENDING }

// stage is what messages of the next block find (law M13).
func (r *request) stage() markettypes.Stage {
	switch {
	case r.ended():
		return markettypes.STAGE_DONE
	case r.duty != nil && r.duty.standby:
		return markettypes.STAGE_STANDBY
	case r.duty != nil:
		return markettypes.STAGE_ASSIGNED
	case r.revealing:
		return markettypes.STAGE_REVEALING
	default:
		return markettypes.STAGE_BIDDING
	}
}

func (r *request) bidOf(prover string) *bid {
	if i := slices.IndexFunc(r.bids, func(b *bid) bool { return b.prover == prover }); i >= 0 {
		return r.bids[i]
	}
	return nil
}

// sealed sums the bonds of bids not revealed.
func (r *request) sealed() (sum int64) {
	for _, b := range r.bids {
		if !b.revealed {
			sum += b.bond
		}
	}
	return sum
}

// holds is what the account of an open request holds (invariant 1).
func (r *request) holds() int64 {
	if r.ended() {
		return r.waiting() + r.gift
	}
	sum := r.maxFee + r.sealed() + r.gift
	switch {
	case r.duty != nil:
		sum += r.duty.bond
	case r.leader != nil:
		sum += r.leader.bond
	}
	return sum
}

// waits tells whether the bid's bond waits for its payer in the account of a request
// that ended because its verifier was revoked (law M11).
func (r *request) waits(b *bid) bool {
	return r.reason == markettypes.END_REASON_REVOKED && !b.revealed && b.bond > 0
}

// waiting sums the bonds that wait.
func (r *request) waiting() (sum int64) {
	for _, b := range r.bids {
		if r.waits(b) {
			sum += b.bond
		}
	}
	return sum
}

// bond is what a first bid escrows (law M5).
func (r *request) bond() int64 { return max(r.minBond, bps(r.maxFee, r.bondBps)) }

// rankedBids are the ranked bids, the best first (law M7).
func (r *request) rankedBids() []*bid {
	var list []*bid
	for _, b := range r.bids {
		if b.ranked {
			list = append(list, b)
		}
	}
	slices.SortFunc(list, func(a, b *bid) int {
		if a.fee != b.fee {
			return int(a.fee - b.fee)
		}
		return a.order - b.order
	})
	return list
}

// unmet lists the conditions of laws M4 and S8 that the prover does not meet.
func (w *model) unmet(p *prover, r *request) (why reasons) {
	if p == nil {
		return reasons{markettypes.ErrNotAProver}
	}
	assets := p.vault().assets
	why.when(!p.active(), markettypes.ErrProverNotActive)
	why.when(p.self() < w.stake.minSelf, markettypes.ErrSelfStakeTooLow)
	why.when(assets < r.minStake+bps(p.assigned(), w.terms.overcommitBps), markettypes.ErrVaultTooSmall)
	why.when(assets < p.exposure()+r.penalty, markettypes.ErrExposureTooHigh)
	why.when(p.maxExposure > 0 && p.exposure()+r.penalty > p.maxExposure, markettypes.ErrMaxExposure)
	return why
}

// due tells whether anything but the opening of the reveals is due on a request.
func (w *model) due(r *request, ending bool) bool {
	over := func(end uint64) bool { return w.height > end || ending && w.height == end }
	switch {
	case r.ended():
		return false
	case w.revoked(r):
		return true
	case r.duty != nil:
		if w.suspended(r) {
			return false
		}
		return ending && w.passedAtEnd(r.duty.deadline) || w.passed(r.duty.deadline)
	case len(r.bids) == 0:
		return over(r.biddingEnd)
	default:
		return over(r.revealEnd)
	}
}

// opens tells whether the reveals open, which is all that is due then.
func (w *model) opens(r *request, ending bool) bool {
	return !r.ended() && !r.revealing && r.duty == nil && len(r.bids) > 0 && !w.due(r, ending) &&
		(w.height > r.biddingEnd || ending && w.height == r.biddingEnd)
}

// apply does what is due on a request (law M9).
func (w *model) apply(r *request, ending bool) {
	if w.opens(r, ending) {
		r.revealing = true
	}
	for w.due(r, ending) {
		switch {
		case w.revoked(r):
			w.refund(r, markettypes.END_REASON_REVOKED)
		case r.duty != nil:
			w.miss(r)
		case len(r.bids) == 0:
			w.refund(r, markettypes.END_REASON_NO_BIDS)
		default:
			w.closeAuction(r)
		}
	}
}

// closeAuction ends the reveals: bonds not revealed are lost, the best bid is
// assigned, from here on (laws M6 to M8).
func (w *model) closeAuction(r *request) {
	for _, b := range r.bids {
		if !b.revealed {
			w.treasury += b.bond
			if r.forfeited == nil {
				r.forfeited = map[string]int64{}
			}
			r.forfeited[b.prover] = b.bond
			w.provers[b.prover].figures.forfeited += b.bond
			b.bond, b.revealed = 0, true
		}
	}
	ranked := r.rankedBids()
	if len(ranked) == 0 {
		w.refund(r, markettypes.END_REASON_NONE_RANKED)
		return
	}
	best, price := ranked[0], ranked[0].fee
	if len(ranked) > 1 {
		price = ranked[1].fee
	}
	r.duty = &duty{
		prover: best.prover, payer: best.payer, price: price, bond: best.bond, number: r.leaderDuty, window: r.timeLimit,
		deadline: w.market.Add(r.timeLimit), spared: w.suspended(r),
	}
	w.provers[best.prover].figures.won++
}

// miss is a deadline that passed (law M9).
func (w *model) miss(r *request) {
	d, p := r.duty, w.provers[r.duty.prover]
	p.figures.missed++
	p.figures.slashed += w.slash(p, r.penalty)
	w.loseBond(d.prover, d.bond)
	p.closeDuty(d.number)
	r.duty, r.leader = nil, nil
	if !d.standby && r.standby > 0 {
		for _, b := range r.rankedBids() {
			c := w.provers[b.prover]
			if !b.standby || b.prover == d.prover || b.fee > d.price+d.bond || len(w.unmet(c, r)) > 0 || c.generation() != b.generation {
				continue
			}
			c.figures.promoted++
			r.promoted = true
			r.duty = &duty{
				prover: b.prover, price: b.fee, number: c.openDuty(r.minStake, r.penalty), window: r.standby,
				deadline: w.market.Add(r.standby), standby: true,
			}
			return
		}
	}
	w.refund(r, markettypes.END_REASON_MISSED)
}

// loseBond sends a bond to the treasury.
func (w *model) loseBond(prover string, bond int64) {
	w.treasury += bond
	w.provers[prover].figures.bondsLost += bond
}

// refund ends a request without a proof: the requester has everything back, and who
// is not at fault its bond (laws M9, M11).
func (w *model) refund(r *request, reason markettypes.EndReason) {
	w.payOut(r.requester, r.maxFee)
	w.figures.refunds += r.maxFee
	switch {
	case r.duty != nil:
		w.payOut(r.duty.payer, r.duty.bond)
		w.provers[r.duty.prover].closeDuty(r.duty.number)
	case r.leader != nil:
		w.payOut(r.leader.payer, r.leader.bond)
		w.provers[r.leader.prover].closeDuty(r.leaderDuty)
	}
	// The first bids get their bonds at once, in the order of their provers.
	byProver := slices.SortedFunc(slices.Values(r.bids), func(a, b *bid) int { return bytes.Compare(rawAddress(a.prover), rawAddress(b.prover)) })
	for _, b := range byProver[:min(bondPage, len(byProver))] {
		w.payBack(b)
	}
	w.end(r, markettypes.REQUEST_STATUS_REFUNDED, reason)
}

// end ends a request for good (law M12).
func (w *model) end(r *request, status markettypes.RequestStatus, reason markettypes.EndReason) {
	r.status, r.reason, r.endHeight, r.retained = status, reason, w.height, w.market.Add(w.terms.retention)
	r.duty, r.leader = nil, nil
	w.closeAccount(r)
	w.endedNow = append(w.endedNow, r)
	w.figures.count(reason)
}

// payBack pays a bond back that was sealed when the verifier was revoked.
func (w *model) payBack(b *bid) {
	if !b.revealed {
		w.payOut(b.payer, b.bond)
		b.bond = 0
	}
}

// closeAccount ends the account of a request unless bonds wait in it. What somebody
// sent there by hand is nobody's.
func (w *model) closeAccount(r *request) {
	if r.waiting() == 0 {
		w.treasury += r.gift
		r.gift = 0
	}
}

// bondPage is how many bids the end of a request looks at.
const bondPage = 20

// rawAddress decodes an address.
func rawAddress(text string) []byte { return sdk.MustAccAddressFromBech32(text) }

// settle pays for a proof (law M8).
func (w *model) settle(r *request) (fee, reward, refund int64) {
	d := r.duty
	p := w.provers[d.prover]
	fee = bps(d.price, r.feeBps)
	reward, refund = d.price-fee, r.maxFee-d.price
	w.treasury += fee
	w.reward(p, reward)
	w.payOut(r.requester, refund)
	w.payOut(d.payer, d.bond)
	p.closeDuty(d.number)
	p.figures.fulfilled++
	p.figures.fees += d.price
	p.figures.protocolFees += fee
	p.figures.active = w.height
	w.figures.refunds += refund
	r.winner, r.price = d.prover, d.price
	w.proved = append(w.proved, r)
	w.end(r, markettypes.REQUEST_STATUS_FULFILLED, markettypes.END_REASON_PROVED)
	return fee, reward, refund
}

// target is what can be suspended or revoked: a circuit, a family, a verifier.
type target struct {
	key                verifiertypes.Target
	suspended, revoked bool
}

// targetsOf are those that a claim's verification hangs on.
func (w *model) targetsOf(claim int) []*target {
	if claim == picoClaim {
		return []*target{w.targets["verifier"], w.targets["pico"]}
	}
	return []*target{w.targets[circuitName(claim/claimsByCircuit)], w.targets["groth16"]}
}

func (w *model) revoked(r *request) bool {
	return slices.ContainsFunc(w.targetsOf(r.claim), func(t *target) bool { return t.revoked })
}

func (w *model) suspended(r *request) bool {
	return slices.ContainsFunc(w.targetsOf(r.claim), func(t *target) bool { return t.suspended })
}

// turn suspends, resumes or revokes a target (laws V1, M11): nothing on it expires
// meanwhile, and a deadline that had not passed when it began reads as at least the
// resumption and its own window.
func (w *model) turn(t *target, suspended, revoked bool) {
	before := map[string]bool{}
	for _, r := range w.open() {
		before[r.id] = w.suspended(r)
	}
	t.suspended, t.revoked = suspended, t.revoked || revoked
	for _, r := range w.open() {
		now := w.suspended(r)
		if r.revokedAt == 0 && w.revoked(r) {
			r.revokedAt = w.height
		}
		if r.duty == nil || now == before[r.id] {
			continue
		}
		if now {
			r.duty.spared = !w.passed(r.duty.deadline)
			continue
		}
		if r.duty.spared {
			r.duty.deadline = later(r.duty.deadline, w.market.Add(r.duty.window))
		}
		r.duty.spared, r.lateUntil = false, w.market.Add(reviewDelay)
	}
}
