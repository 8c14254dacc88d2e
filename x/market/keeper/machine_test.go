package keeper_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// machine does random things to the market and checks the invariants after each.
type machine struct {
	*fixture
	ids []string
	// fees and offers are what each prover last sealed for each request.
	sealed map[string]sealedBid
	supply sdk.Coin
	// ended remembers how requests ended: it never changes again (law M12).
	ended map[string]types.RequestStatus
	// duties follows the assignments that stand, request by request.
	duties map[string]*duty
}

type sealedBid struct {
	fee     int64
	standby bool
}

func (m *machine) drawID(t *rapid.T) string {
	if len(m.ids) == 0 {
		t.Skip("no request yet")
	}
	return rapid.SampledFrom(m.ids).Draw(t, "request")
}

func drawProver(t *rapid.T) sdk.AccAddress {
	return rapid.SampledFrom([]sdk.AccAddress{alice, bob, carol, dave}).Draw(t, "prover")
}

func (m *machine) Request(t *rapid.T) {
	msg := m.requestMsg()
	msg.BiddingBlocks = rapid.Uint64Range(1, 3).Draw(t, "bidding")
	msg.TimeLimit = time.Duration(rapid.IntRange(1, 20).Draw(t, "limit")) * time.Second
	msg.StandbyWindow = time.Duration(rapid.IntRange(0, 10).Draw(t, "standby")) * time.Second
	msg.MinStake = math.NewInt(rapid.Int64Range(1_000_000, 60_000_000).Draw(t, "stake"))
	if response, err := run(m.fixture, m.msgs.Request, msg); err == nil {
		m.ids = append(m.ids, response.Id)
	}
}

func (m *machine) Bid(t *rapid.T) {
	id, p := m.drawID(t), drawProver(t)
	s := sealedBid{rapid.Int64Range(0, maxFee).Draw(t, "fee"), rapid.Bool().Draw(t, "standby")}
	if _, err := run(m.fixture, m.msgs.Bid, m.bidMsg(id, p, p, s.fee, s.standby)); err == nil {
		m.sealed[id+p.String()] = s
	}
}

func (m *machine) Reveal(t *rapid.T) {
	id, p := m.drawID(t), drawProver(t)
	s := m.sealed[id+p.String()]
	_, _ = run(m.fixture, m.msgs.Reveal, m.revealMsg(id, p, p, s.fee, s.standby))
}

func (m *machine) RevealAll(t *rapid.T) {
	id := m.drawID(t)
	for _, p := range []sdk.AccAddress{alice, bob, carol, dave} {
		s := m.sealed[id+p.String()]
		_, _ = run(m.fixture, m.msgs.Reveal, m.revealMsg(id, p, p, s.fee, s.standby))
	}
}

func (m *machine) Submit(t *rapid.T) {
	id := m.drawID(t)
	p := drawProver(t)
	d := m.duties[id]
	right := d != nil && rapid.Bool().Draw(t, "by the right prover")
	if right {
		p = sdk.MustAccAddressFromBech32(d.prover)
	}
	_, err := run(m.fixture, m.msgs.SubmitProof, m.proofMsg(id, p))
	switch {
	case m.suspended() || m.revoked():
		require.Error(t, err, "law M11: no proof is accepted")
	case right && !m.passed(d.deadline):
		require.NoError(t, err, "laws M8, M11: a proof in time is accepted")
	}
}

func (m *machine) Cancel(t *rapid.T) {
	_, _ = run(m.fixture, m.msgs.Cancel, &types.MsgCancel{Requester: requester.String(), RequestId: m.drawID(t)})
}

func (m *machine) Refund(t *rapid.T) { m.refund(m.drawID(t)) }

func (m *machine) Claim(t *rapid.T) {
	owner := rapid.SampledFrom([]sdk.AccAddress{requester, alice, bob}).Draw(t, "owner")
	_, _ = run(m.fixture, m.msgs.Claim, &types.MsgClaim{Owner: owner.String()})
}

func (m *machine) Blocks(t *rapid.T) {
	for range rapid.IntRange(1, 4).Draw(t, "blocks") {
		m.blocks(1)
		m.follow(t)
	}
}

func (m *machine) Later(t *rapid.T) {
	m.endBlock()
	m.beginBlock(time.Duration(rapid.IntRange(2, 90).Draw(t, "seconds")) * time.Second)
}

func (m *machine) Trouble(t *rapid.T) {
	p := drawProver(t)
	m.provers.change(m.Ctx, p, func(prover *fakeProver) {
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			prover.State = stakingtypes.PROVER_STATE_ACTIVE
		case 1:
			prover.State, prover.Faults = stakingtypes.PROVER_STATE_JAILED, prover.Faults+1
		default:
			prover.State = stakingtypes.PROVER_STATE_DEACTIVATED
		}
	})
}

func (m *machine) Moods(t *rapid.T) {
	m.refuse[requester.String()] = rapid.IntRange(0, 4).Draw(t, "requester refuses") == 0
	m.refuse[alice.String()] = rapid.IntRange(0, 4).Draw(t, "alice refuses") == 0
	m.provers.failRewards = rapid.IntRange(0, 4).Draw(t, "rewards fail") == 0
	m.provers.panicOnSlash = rapid.IntRange(0, 4).Draw(t, "slash panics") == 0
}

// Check holds after every step.
func (m *machine) Check(t *rapid.T) {
	require.NoError(t, m.keeper.CheckInvariants(m.Ctx))
	m.follow(t)
	m.shrink(t)
	for _, id := range m.ids {
		status := m.view(id).Auction.Status
		if before, done := m.ended[id]; done {
			require.Equal(t, before, status, "law M12: a request ends once")
		} else if status != types.REQUEST_STATUS_PENDING {
			m.ended[id] = status
		}
	}
	require.Equal(t, m.supply, m.Bank.GetSupply(m.Ctx, chain.Denom), "invariant 6")
}

// shrink forgets the requests of which only the receipt is left: it says how they ended.
func (m *machine) shrink(t *rapid.T) {
	m.ids = slices.DeleteFunc(m.ids, func(id string) bool {
		_, err := m.queries.Request(m.Ctx, &types.QueryRequestRequest{Id: id})
		if err == nil {
			return false
		}
		require.ErrorIs(t, err, types.ErrRequestNotFound)
		receipt := m.receipt(id)
		require.False(t, receipt.Retained)
		if before, known := m.ended[id]; known {
			require.Equal(t, before, receipt.Status)
		}
		m.ended[id] = receipt.Status
		delete(m.duties, id)
		return true
	})
}

// Retain changes how long what ends from now on is kept, and how fast it goes.
func (m *machine) Retain(t *rapid.T) {
	m.set(func(p *types.Params) {
		p.Retention = time.Duration(rapid.IntRange(0, 60).Draw(t, "retention")) * time.Second
		p.PruneCap = rapid.Uint32Range(types.MinPruneCap, 2*types.MinPruneCap).Draw(t, "prune cap")
		p.EndBlockCap = rapid.Uint32Range(types.MinEndBlockCap, 10).Draw(t, "end block cap")
	})
}

// TestMachine runs the state machine; -rapid.checks sets how often.
func TestMachine(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := setup(t)
		f.t = rt
		m := &machine{fixture: f, sealed: map[string]sealedBid{}, ended: map[string]types.RequestStatus{}, duties: map[string]*duty{}, supply: f.Bank.GetSupply(f.Ctx, chain.Denom)}
		rt.Repeat(map[string]func(*rapid.T){
			"request": m.Request, "bid": m.Bid, "bid again": m.Bid, "reveal": m.Reveal, "reveal all": m.RevealAll, "submit": m.Submit,
			"cancel": m.Cancel, "refund": m.Refund, "claim": m.Claim, "blocks": m.Blocks, "later": m.Later,
			"trouble": m.Trouble, "moods": m.Moods, "retain": m.Retain, "": m.Check,
			"suspend": m.Suspend, "resume": m.Resume, "resume again": m.Resume, "revoke": m.Revoke,
		})
		m.settleAll(rt)
	})
}

// settleAll lets every request end: whatever happened, none is left behind.
func (m *machine) settleAll(t *rapid.T) {
	m.provers.panicOnSlash, m.provers.failRewards, m.refuse = false, false, map[string]bool{}
	m.resumeAll(onVerifier, onFamily)
	for range 3 {
		for range 15 {
			m.endBlock()
			m.beginBlock(5 * time.Second)
			m.follow(t)
		}
		for _, id := range m.ids {
			m.refund(id)
		}
	}
	m.shrink(t)
	for _, id := range m.ids {
		require.NotEqual(t, types.REQUEST_STATUS_PENDING, m.view(id).Auction.Status)
	}
	m.Check(t)
}
