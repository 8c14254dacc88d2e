package machine

import (
	"time"

	"cosmossdk.io/math"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// links does one of the four things with submitters.
func (m *machine) links() {
	submitter, prover := m.someone(workerNames, workerNames, workerNames, stakerNames, proverNames), m.aProver()
	switch m.rng.IntN(5) {
	case 0, 1:
		why, do := m.w.consent(submitter, prover)
		m.sendDo(&markettypes.MsgConsentSubmitter{Submitter: submitter, Prover: prover}, why, do)
	case 2:
		why, do := m.w.withdrawConsent(submitter)
		if m.one(3) {
			m.sendDo(&markettypes.MsgWithdrawConsent{Submitter: submitter}, why, do)
		}
	case 3:
		list := m.someSubmitters(func(s string) string { return m.w.consents[s] }, &prover, submitter)
		why, do := m.w.registerSubmitters(prover, list)
		m.sendDo(&markettypes.MsgRegisterSubmitter{Prover: prover, Submitters: list}, why, do)
	default:
		if !m.one(2) {
			return
		}
		list := m.someSubmitters(func(s string) string { return m.w.links[s].prover }, &prover, submitter)
		signer := prover
		if m.one(3) {
			signer = submitter
		}
		why, do := m.w.unregisterSubmitters(signer, list)
		m.sendDo(&markettypes.MsgUnregisterSubmitter{Signer: signer, Submitters: list}, why, do)
	}
}

// someSubmitters lists workers that name the same prover, as a rule, and sets it.
func (m *machine) someSubmitters(of func(string) string, prover *string, other string) (list []string) {
	for _, name := range workerNames {
		s := m.addr(name)
		if of(s) == "" {
			continue
		}
		if len(list) == 0 {
			*prover = of(s)
		}
		if of(s) == *prover || m.one(10) {
			list = append(list, s)
		}
	}
	if len(list) == 0 || m.one(15) {
		list = append(list, other)
	}
	return list
}

func (m *machine) suspendOrResume() {
	t := pick(m, m.w.targetList())
	for _, other := range m.w.targetList() {
		if other.suspended && m.one(2) {
			t = other
		}
	}
	for _, r := range m.w.open() {
		if r.duty != nil && !m.w.suspended(r) && m.w.passed(r.duty.deadline) && m.one(2) {
			t = pick(m, m.w.targetsOf(r.claim)) // missed, but not applied yet
		}
	}
	family := t.key.Kind == verifiertypes.TARGET_KIND_FAMILY
	switch {
	case t.suspended && m.one(25) && (!family || m.one(20)):
		m.revoke(t)
	case t.suspended || m.one(20):
		m.resume(t)
	default:
		m.suspend(t)
	}
}

func (m *machine) suspend(t *target) {
	// Two suspensions one of which begins in the grace after a halt, while a missed
	// deadline waits for the other's end: the records don't tell their order where one
	// ends in the block in which the other begins, and the prover has the benefit.
	if m.w.height <= m.w.graceUntil {
		for _, r := range m.w.open() {
			if r.duty != nil && m.w.suspended(r) {
				return
			}
		}
	}
	var why reasons
	why.when(t.suspended, verifiertypes.ErrInvalidStatus)
	why.when(t.revoked, verifiertypes.ErrRevoked)
	m.sendDo(&verifiertypes.MsgSuspend{Signer: m.addr(guardian), Target: t.key, Reason: "drill"}, why, func() { m.w.turn(t, true, false) })
}

func (m *machine) resume(t *target) {
	var why reasons
	why.when(t.revoked, verifiertypes.ErrRevoked)
	why.when(!t.suspended && !t.revoked, verifiertypes.ErrInvalidStatus)
	m.sendDo(&verifiertypes.MsgResume{Authority: m.ruler, Target: t.key}, why, func() { m.w.turn(t, false, false) })
}

func (m *machine) revoke(t *target) {
	var why reasons
	why.when(t.revoked, verifiertypes.ErrRevoked)
	m.sendDo(&verifiertypes.MsgRevoke{Authority: m.ruler, Target: t.key}, why, func() { m.w.turn(t, false, true) })
}

// marketParams changes some of the market's parameters.
func (m *machine) marketParams() {
	p := m.marketNow
	rates := []uint32{0, 1, 500, 1_000, 10_000}
	switch m.rng.IntN(9) {
	case 0:
		p.ProtocolFeeBps = pick(m, rates)
	case 1:
		p.SlashBps = pick(m, rates)
	case 2:
		p.BidBondBps, p.MinBidBond = pick(m, rates), math.NewInt(m.between(0, 20_000))
	case 3:
		p.OvercommitBps = pick(m, []uint32{0, 500, 10_000})
	case 4:
		p.RequestFee, p.MinMaxFee = math.NewInt(m.between(0, 20_000)), math.NewInt(m.between(1, 2_000))
	case 5:
		p.MaxMaxFee, p.MaxMinStake = math.ZeroInt(), math.ZeroInt()
		if m.one(2) {
			p.MaxMaxFee, p.MaxMinStake = math.NewInt(4*million), math.NewInt(15*million)
		}
	case 6:
		p.MaxBlockGap, p.HaltGraceBlocks = time.Duration(m.between(10, 30))*time.Second, uint64(m.between(0, 5))
	case 7:
		p.EndBlockCap = pick(m, []uint32{2, 3, 50, 50})
	case 8:
		if m.crowded {
			return // bonds that wait go back in one go then, which nothing tells
		}
		p.Retention, p.PruneCap = time.Duration(m.between(1, 60))*time.Second, pick(m, []uint32{20, 25, 200, 200})
	}
	m.sendDo(&markettypes.MsgUpdateParams{Authority: m.ruler, Params: p}, m.paramReasons(p), func() {
		m.marketNow = p
		m.w.setMarket(p)
	})
}

// paramReasons: the parameters must fit each other.
func (m *machine) paramReasons(p markettypes.Params) (why reasons) {
	why.when(p.MaxMaxFee.IsPositive() && p.MaxMaxFee.LT(p.MinMaxFee), markettypes.ErrInvalidParams)
	return why
}

func (m *machine) proversParams() {
	p := m.proversNow
	switch m.rng.IntN(3) {
	case 0:
		p.MinSelfStake = math.NewInt(m.between(million/2, 2*million))
	case 1:
		p.RewardPeriod = time.Duration(m.between(0, 2)) * 47 * time.Second
	default:
		p.UnstakeDelay = time.Duration(m.between(1, 60)) * time.Second
	}
	m.sendDo(&proverstypes.MsgUpdateParams{Authority: m.ruler, Params: p}, nil, func() {
		m.proversNow = p
		m.w.setStake(p)
	})
}

func (m *machine) setPause() {
	pause := markettypes.Pause{}
	if m.w.pause == pause {
		pause = markettypes.Pause{Requests: m.one(4), Bids: m.one(4)}
	}
	m.sendDo(&markettypes.MsgSetPause{Authority: m.ruler, Pause: pause}, nil, func() { m.w.pause = pause })
}
