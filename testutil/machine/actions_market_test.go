package machine

import (
	"bytes"
	"maps"
	"slices"
	"time"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/auction"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// someOpen gives an open request, nil if there is none.
func (m *machine) someOpen() *request {
	if open := m.w.open(); len(open) > 0 {
		return pick(m, open)
	}
	return nil
}

// someID names a request: an open one as a rule, else one that ended, that is gone, or
// that never was.
func (m *machine) someID() string {
	switch {
	case m.one(40):
		return markettypes.FormatID(bytes.Repeat([]byte{byte(m.rng.IntN(256))}, auction.IDSize))
	case m.one(10) && len(m.w.ids) > 0:
		return pick(m, m.w.ids)
	}
	if r := m.someOpen(); r != nil {
		return r.id
	}
	return markettypes.FormatID(make([]byte, auction.IDSize))
}

func (m *machine) request() {
	if len(m.w.open()) >= maxOpen {
		return
	}
	t := m.w.terms
	who, claim := m.someone([]string{"rich", "rich", "shy"}, requesterNames), m.rng.IntN(picoClaim+1)
	if m.one(2) && slices.ContainsFunc(m.w.targetsOf(claim), func(t *target) bool { return t.revoked || t.suspended }) {
		return
	}
	m.nonce++
	msg := &markettypes.MsgRequest{
		Requester: who, Statement: m.pool.claims[claim].statement,
		Image:  markettypes.Image{Url: "https://example.org/image", Sha256: markettypes.FormatID(make([]byte, 32))},
		Input:  markettypes.Input{Inline: []byte("input")},
		MaxFee: math.NewInt(m.between(t.minMaxFee-m.rng.Int64N(2), 5*million)), MinStake: math.NewInt(m.between(m.w.stake.minSelf-m.rng.Int64N(2), 20*million)),
		TimeLimit: time.Duration(m.between(1, 40)) * time.Second, BiddingBlocks: uint64(m.between(1, 4)), RevealBlocks: uint64(m.between(1, 4)),
		Nonce: m.nonce - m.rng.Uint64N(3)/2,
	}
	if m.one(2) {
		msg.StandbyWindow = time.Duration(m.between(1, 30)) * time.Second
	}
	if m.one(50) {
		msg.RevealBlocks = 0
	}
	why, do := m.w.request(msg, claim)
	if res := m.send(msg, why); res != nil {
		do(res.(*markettypes.MsgRequestResponse).Id)
	}
}

// natural does on an open request what its stage calls for.
func (m *machine) natural() {
	r := m.someOpen()
	if r == nil {
		m.request()
		return
	}
	switch {
	case r.duty != nil:
		if hopeless := m.w.suspended(r) || r.claim == picoClaim; m.one(6) && (!hopeless || m.one(10)) {
			m.submit(m.hand(r.duty.prover), r, true)
		}
	case r.leader != nil && m.w.due(r, false):
		m.submit(m.hand(r.leader.prover), r, true)
	case m.w.height > r.biddingEnd && len(r.bids) > 0:
		if b := pick(m, r.bids); !b.revealed && (!m.w.due(r, false) || m.one(10)) {
			m.reveal(m.hand(b.prover), r, b)
		}
	default:
		m.bidFor(m.hand(m.aBidder(r)), r)
	}
}

// aBidder names a prover that may bid and has not, as a rule, else any.
func (m *machine) aBidder(r *request) string {
	for range 6 {
		if name := m.aProver(); r.bidOf(name) == nil && len(m.w.unmet(m.w.provers[name], r)) == 0 {
			return name
		}
	}
	return m.aProver()
}

// hand gives the prover, or one of those that act for it.
func (m *machine) hand(prover string) string {
	hands := []string{prover}
	for _, name := range workerNames {
		if l, ok := m.w.links[m.addr(name)]; ok && l.prover == prover {
			hands = append(hands, m.addr(name))
		}
	}
	return pick(m, hands)
}

func (m *machine) anySigner() string { return m.someone(proverNames, workerNames, requesterNames) }

// offer is what a bid hides: a fee up to a little more than allowed, few different
// ones so that there are ties.
func (m *machine) offer(maxFee int64) (fee int64, standby bool, salt byte) {
	fee = m.between(0, maxFee)
	if m.one(3) {
		fee = maxFee / 4
	}
	if m.one(100) {
		fee = maxFee + 1
	}
	return fee, m.rng.IntN(3) > 0, byte(m.rng.IntN(4))
}

func saltOf(b byte) []byte { return bytes.Repeat([]byte{b}, auction.SaltSize) }

// commitment seals an offer for whom the signer acts for.
func (m *machine) commitment(signer, id string, fee int64, standby bool, salt byte) []byte {
	name, acts := m.w.actsFor(signer)
	if !acts {
		name = signer
	}
	prover, err := sdk.AccAddressFromBech32(name)
	m.ok(err)
	raw, err := markettypes.ParseID(id)
	m.ok(err)
	sum, err := auction.Commitment(m.app.ChainID(), raw, prover, math.NewInt(fee), standby, saltOf(salt))
	m.ok(err)
	return sum[:]
}

func (m *machine) maxFeeOf(id string) int64 {
	if r := m.w.requests[id]; r != nil {
		return r.maxFee
	}
	return million
}

// maxBondFor is mostly no limit, at times the bond to the unit or one less.
func (m *machine) maxBondFor(id string) int64 {
	r := m.w.requests[id]
	if r == nil || !m.one(4) {
		return 0
	}
	return max(r.bond()-int64(m.rng.IntN(2)), 0)
}

func (m *machine) bidFor(signer string, r *request) { m.bidOn(signer, r.id) }
func (m *machine) anyBid()                          { m.bidOn(m.anySigner(), m.someID()) }

func (m *machine) bidOn(signer, id string) {
	fee, standby, salt := m.offer(m.maxFeeOf(id))
	maxBond := m.maxBondFor(id)
	why, do := m.w.bid(signer, id, fee, standby, salt, maxBond)
	msg := &markettypes.MsgBid{
		Signer: signer, RequestId: id, Commitment: m.commitment(signer, id, fee, standby, salt), MaxBond: math.NewInt(maxBond),
	}
	if res := m.send(msg, why); res != nil {
		do()
		name, _ := m.w.actsFor(signer)
		answer := res.(*markettypes.MsgBidResponse)
		same(m, "bidder", answer.Prover, name)
		same(m, "bond", answer.Bond.Int64(), m.w.requests[id].bidOf(name).bond)
	}
}

func (m *machine) reveal(signer string, r *request, b *bid) {
	m.revealOn(signer, r.id, b.fee, b.standby, b.salt)
}

func (m *machine) anyReveal() {
	id := m.someID()
	fee, standby, salt := m.offer(m.maxFeeOf(id))
	if r := m.w.requests[id]; r != nil && len(r.bids) > 0 && m.one(2) {
		b := pick(m, r.bids)
		fee, standby, salt = b.fee, b.standby, b.salt
	}
	m.revealOn(m.anySigner(), id, fee, standby, salt)
}

func (m *machine) revealOn(signer, id string, fee int64, standby bool, salt byte) {
	why, do := m.w.reveal(signer, id, fee, standby, salt)
	msg := &markettypes.MsgReveal{Signer: signer, RequestId: id, Fee: math.NewInt(fee), Standby: standby, Salt: saltOf(salt)}
	if res := m.send(msg, why); res != nil {
		ranked, leads := do()
		answer := res.(*markettypes.MsgRevealResponse)
		same(m, "ranked", answer.Ranked, ranked)
		same(m, "leads", answer.Leads, leads)
	}
}

func (m *machine) anySubmit() {
	id := m.someID()
	r := m.w.requests[id]
	if r == nil {
		r = &request{id: id}
	}
	signer := m.anySigner()
	if r.duty != nil && m.one(2) {
		signer = m.hand(r.duty.prover)
	}
	m.submit(signer, r, m.one(2))
}

// submit sends a proof: the right one, or else one of another statement or one that
// has been tampered with.
func (m *machine) submit(signer string, r *request, sound bool) {
	c := m.pool.claims[r.claim]
	values, bz := c.publicValues, c.proof
	if !sound {
		if other := m.pool.claims[(r.claim+1)%picoClaim]; m.one(2) {
			values, bz = other.publicValues, other.proof
		} else {
			bz = bytes.Clone(bz)
			bz[m.rng.IntN(len(bz))] ^= 1
		}
	}
	sound = sound && r.claim != picoClaim
	why, do := m.w.submit(signer, r.id, sound)
	msg := &markettypes.MsgSubmitProof{Signer: signer, RequestId: r.id, PublicValues: values, Proof: bz}
	if res := m.send(msg, why); res != nil {
		fee, reward, refund := do()
		answer := res.(*markettypes.MsgSubmitProofResponse)
		same(m, "protocol fee", answer.ProtocolFee.Int64(), fee)
		same(m, "reward", answer.Reward.Int64(), reward)
		same(m, "refund", answer.Refund.Int64(), refund)
	}
}

// owner gives who made the request, or now and then somebody else.
func (m *machine) owner(id string) string {
	if r := m.w.requests[id]; r != nil && !m.one(4) {
		return r.requester
	}
	return m.someone(requesterNames)
}

func (m *machine) cancel() {
	id := m.someID()
	who := m.owner(id)
	why, do := m.w.cancel(who, id)
	m.sendDo(&markettypes.MsgCancel{Requester: who, RequestId: id}, why, do)
}

func (m *machine) raise() {
	id := m.someID()
	who, maxFee := m.owner(id), m.maxFeeOf(id)+m.between(0, 2*million)
	why, do := m.w.raise(who, id, maxFee)
	m.sendDo(&markettypes.MsgRaiseFee{Requester: who, RequestId: id, MaxFee: math.NewInt(maxFee)}, why, do)
}

// refund asks for what is due on some requests, each of which fails alone.
func (m *machine) refund() {
	var ids []string
	for range 1 + m.rng.IntN(3) {
		ids = append(ids, m.someID())
	}
	res := m.send(&markettypes.MsgRefund{Signer: m.anySigner(), RequestIds: ids}, nil)
	for i, result := range res.(*markettypes.MsgRefundResponse).Results {
		r := m.w.requests[ids[i]]
		if r != nil && r.unsure && result.Applied && !m.w.due(r, false) {
			r.unsure = false // the end of a full block had not come to it
			continue
		}
		why := m.w.applyDue(ids[i])
		if result.Applied != (len(why) == 0) {
			m.Fatalf("refund of %s: the laws give %v, the chain says: %v", ids[i], []error(why), result)
		}
		if result.Applied {
			same(m, "status", result.Status, r.status)
			same(m, "stage", result.Stage, r.stage())
		}
	}
}

// claim asks for what could not be paid, and for bonds that wait.
func (m *machine) claim() {
	who := m.someone(requesterNames, workerNames, proverNames)
	var refs []markettypes.BidRef
	for _, id := range m.w.ids {
		r := m.w.requests[id]
		for _, b := range r.bids {
			if r.waits(b) && len(refs) < 3 && (len(refs) == 0 || b.payer == who || m.one(20)) {
				who = b.payer
				refs = append(refs, markettypes.BidRef{RequestId: id, Prover: b.prover})
			}
		}
	}
	if owners := slices.Sorted(maps.Keys(m.w.claims)); len(refs) == 0 && len(owners) > 0 {
		who = pick(m, owners)
	} else if len(refs) == 0 && !m.one(5) {
		return
	}
	if m.one(8) {
		who = m.someone(workerNames, proverNames) // as a rule somebody else's bonds
	}
	if m.one(10) {
		refs = append(refs, markettypes.BidRef{RequestId: m.someID(), Prover: m.aProver()})
	}
	why, do := m.w.claim(who, refs)
	if res := m.send(&markettypes.MsgClaim{Owner: who, Bids: refs}, why); res != nil {
		same(m, "claimed", res.(*markettypes.MsgClaimResponse).Amount.Int64(), do())
		if len(refs) > 0 {
			seen.add("bonds claimed")
		}
	}
}

// crowd lets a crowd bid for one request, and at times revokes its verifier: more bonds
// than go back at once.
func (m *machine) crowd() {
	r := m.someOpen()
	if !m.crowded || r == nil || m.w.height > r.biddingEnd || r.minStake > crowdStake {
		return
	}
	for _, name := range crowdNames {
		m.bidFor(m.addr(name), r)
	}
	if m.one(2) {
		t := m.w.targetsOf(r.claim)[0]
		if !t.revoked {
			m.revoke(t)
		}
	}
}

// itemAllowed holds an item's answer against the laws.
func (m *machine) itemAllowed(id string, why reasons, failure *markettypes.ItemError) bool {
	if failure == nil && len(why) == 0 {
		return true
	}
	if failure != nil {
		for _, want := range why {
			codespace, code, _ := errorsmod.ABCIInfo(want, false)
			if failure.Codespace == codespace && failure.Code == code {
				return false
			}
		}
	}
	m.Fatalf("item %s: the laws give %v, the chain says: %v", id, []error(why), failure)
	return false
}

// batchIDs names some requests, now and then one of them twice.
func (m *machine) batchIDs() (ids []string, why reasons) {
	for range m.rng.IntN(5) {
		id := m.someID()
		why.when(slices.Contains(ids, id), markettypes.ErrDuplicateItem)
		ids = append(ids, id)
	}
	why.when(len(ids) == 0, markettypes.ErrInvalidSize, markettypes.ErrTooManyItems)
	return ids, why
}

func (m *machine) bidBatch() {
	signer := m.hand(m.aProver())
	ids, why := m.batchIDs()
	msg := &markettypes.MsgBidBatch{Signer: signer}
	type sealed struct {
		fee     int64
		standby bool
		salt    byte
	}
	var offers []sealed
	for _, id := range ids {
		var o sealed
		o.fee, o.standby, o.salt = m.offer(m.maxFeeOf(id))
		offers = append(offers, o)
		msg.Items = append(msg.Items, markettypes.BidItem{RequestId: id, Commitment: m.commitment(signer, id, o.fee, o.standby, o.salt)})
	}
	res := m.send(msg, why)
	if res == nil {
		return
	}
	for i, result := range res.(*markettypes.MsgBidBatchResponse).Results {
		o := offers[i]
		why, do := m.w.bid(signer, ids[i], o.fee, o.standby, o.salt, 0)
		if m.itemAllowed(ids[i], why, result.Error) {
			do()
		}
	}
}

func (m *machine) revealBatch() {
	signer := m.hand(m.aProver())
	ids, why := m.batchIDs()
	msg := &markettypes.MsgRevealBatch{Signer: signer}
	for _, id := range ids {
		fee, standby, salt := m.offer(m.maxFeeOf(id))
		if r := m.w.requests[id]; r != nil {
			if name, ok := m.w.revealer(r, signer); ok && r.bidOf(name) != nil && !m.one(5) {
				b := r.bidOf(name)
				fee, standby, salt = b.fee, b.standby, b.salt
			}
		}
		msg.Items = append(msg.Items, markettypes.RevealItem{RequestId: id, Fee: math.NewInt(fee), Standby: standby, Salt: saltOf(salt)})
	}
	res := m.send(msg, why)
	if res == nil {
		return
	}
	for i, result := range res.(*markettypes.MsgRevealBatchResponse).Results {
		item := msg.Items[i]
		why, do := m.w.reveal(signer, ids[i], item.Fee.Int64(), item.Standby, item.Salt[0])
		if m.itemAllowed(ids[i], why, result.Error) {
			ranked, leads := do()
			same(m, "ranked", result.Ranked, ranked)
			same(m, "leads", result.Leads, leads)
		}
	}
}
