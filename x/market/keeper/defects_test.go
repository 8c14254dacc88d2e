package keeper_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// Defect 1 of the reference: revealing twice made a prover its own second price.
func TestDefect1RevealTwice(t *testing.T) {
	f := setup(t)
	id := f.request()
	f.bid(id, alice, 5)
	f.bid(id, bob, 9)
	f.toReveal(id)
	f.reveal(id, alice, 5)
	fails(f, f.msgs.Reveal, f.revealMsg(id, alice, alice, 5, false), types.ErrAlreadyRevealed)
	require.Equal(t, uint64(1), f.view(id).Auction.Ranked)
}

// Defect 2: a winner that is not active any more could not be paid.
func TestDefect2JailedWinnerIsPaid(t *testing.T) {
	for _, state := range []stakingtypes.ProverState{stakingtypes.PROVER_STATE_JAILED, stakingtypes.PROVER_STATE_DEACTIVATED} {
		f := setup(t)
		id := f.assigned()
		f.provers.change(f.Ctx, bob, func(p *fakeProver) { p.State = state })
		_, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, bob))
		require.NoError(t, err)
		prover, _ := f.provers.get(f.Ctx, bob)
		require.Equal(t, int64(5_700_000), prover.Reward)
		f.blocks(1)
	}
}

// Defect 3: a parameter change altered auctions in flight (law M2).
func TestDefect3PinnedTerms(t *testing.T) {
	f := setup(t)
	id := f.request()
	params := types.DefaultParams()
	params.ProtocolFeeBps, params.SlashBps, params.BidBondBps = 9_000, 10_000, 5_000
	params.MinBidBond, params.MinRevealBlocks = math.NewInt(9_000_000), 50
	fails(f, f.msgs.UpdateParams, &types.MsgUpdateParams{Authority: alice.String(), Params: params}, types.ErrInvalidAuthority)
	_, err := run(f, f.msgs.UpdateParams, &types.MsgUpdateParams{Authority: f.Authority, Params: params})
	require.NoError(t, err)
	f.bid(id, alice, 6_000_000)
	require.Equal(t, int64(wealth-bond), f.Balance(alice).Int64())
	f.toReveal(id)
	f.reveal(id, alice, 6_000_000)
	f.blocks(1)
	response, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, alice))
	require.NoError(t, err)
	require.Equal(t, "300000", response.ProtocolFee.String())
	f.blocks(1)
}

// Defect 3: a verifier that was changed altered auctions in flight. One that is
// deprecated in mid-auction takes no new request, and serves those that it has (law V1).
func TestDefect3VerifierDeprecatedInMidAuction(t *testing.T) {
	for _, missed := range []bool{false, true} {
		list := stages(missed)
		for at := 1; at < len(list); at++ {
			t.Run(fmt.Sprintf("before %s, missed %t", list[at].name, missed), func(t *testing.T) {
				_, gains := live(setup(t), list, time.Second, func(l *life, next int) {
					if next == at {
						l.verifier.status[onVerifier.Id] = verifiertypes.VERIFIER_STATUS_DEPRECATED
						fails(l.fixture, l.msgs.Request, l.requestMsg(), verifiertypes.ErrVerifierNotActive)
					}
				})
				require.Equal(t, calm(missed), gains)
			})
		}
	}
}

// Defect 5: slashing waited for somebody's call. The queue needs nobody.
func TestDefect5SlashedWithoutACall(t *testing.T) {
	f := setup(t)
	f.assigned()
	f.blocks(62)
	prover, _ := f.provers.get(f.Ctx, bob)
	require.Equal(t, int64(penalty), prover.Slashed)
	require.Empty(t, prover.Open)
}

// Defect 7: not revealing was free, so two identities could open the bid that
// pays best.
func TestDefect7NotRevealingCosts(t *testing.T) {
	f := setup(t)
	id := f.request()
	f.bid(id, alice, 2)
	f.bid(id, bob, 9)
	f.toReveal(id)
	f.reveal(id, bob, 9)
	f.blocks(10)
	require.Equal(t, bob.String(), f.view(id).Auction.Assignment.Prover)
	require.Equal(t, int64(wealth-bond), f.Balance(alice).Int64())
	require.Equal(t, int64(bond+10_000), f.Balance(treasuryAddr).Int64())
}

// Defect 8: anyone could occupy a request's id with a worse offer.
func TestDefect8IDsBelongToTheRequester(t *testing.T) {
	f := setup(t)
	msg := f.requestMsg()
	squat := *msg
	squat.Requester = stranger.String()
	first, err := run(f, f.msgs.Request, &squat)
	require.NoError(t, err)
	second, err := run(f, f.msgs.Request, msg)
	require.NoError(t, err)
	require.NotEqual(t, first.Id, second.Id)
	fails(f, f.msgs.Request, msg, types.ErrRequestExists)
	f.blocks(1)
}

// Defect 10: the runner-up was never asked.
func TestDefect10RunnerUpDelivers(t *testing.T) {
	f := setup(t)
	id := f.assigned(withStandby)
	f.blocks(61)
	_, err := run(f, f.msgs.SubmitProof, f.proofMsg(id, alice))
	require.NoError(t, err)
	f.blocks(1)
	require.Equal(t, types.REQUEST_STATUS_FULFILLED, f.view(id).Auction.Status)
}

// Bad input: each a typed error, and nothing changed.
func TestBadRequests(t *testing.T) {
	f := setup(t)
	for name, tc := range map[string]struct {
		malleate func(m *types.MsgRequest)
		want     error
	}{
		"unknown verifier":       {func(m *types.MsgRequest) { m.Statement.Verifier = "nobody/v1" }, verifiertypes.ErrVerifierNotFound},
		"short digest":           {func(m *types.MsgRequest) { m.Statement.Digest = m.Statement.Digest[:62] }, verifiertypes.ErrInvalidStatement},
		"long digest":            {func(m *types.MsgRequest) { m.Statement.Digest += "00" }, verifiertypes.ErrInvalidStatement},
		"program with 0x":        {func(m *types.MsgRequest) { m.Statement.Program = "0x" + m.Statement.Program[:62] }, verifiertypes.ErrInvalidStatement},
		"fee above balance":      {func(m *types.MsgRequest) { m.MaxFee = math.NewInt(wealth + 1) }, types.ErrFunds},
		"no funds for the fee":   {func(m *types.MsgRequest) { m.MaxFee = math.NewInt(wealth) }, types.ErrFunds},
		"zero fee":               {func(m *types.MsgRequest) { m.MaxFee = math.ZeroInt() }, types.ErrInvalidAmount},
		"negative fee":           {func(m *types.MsgRequest) { m.MaxFee = math.NewInt(-1) }, types.ErrInvalidAmount},
		"no fee":                 {func(m *types.MsgRequest) { m.MaxFee = math.Int{} }, types.ErrInvalidAmount},
		"huge fee":               {func(m *types.MsgRequest) { m.MaxFee = math.NewIntWithDecimal(1, 70) }, types.ErrInvalidAmount},
		"fee one too low":        {func(m *types.MsgRequest) { m.MaxFee = math.NewInt(999_999) }, types.ErrInvalidAmount},
		"stake one too low":      {func(m *types.MsgRequest) { m.MinStake = math.NewInt(999_999) }, types.ErrInvalidAmount},
		"zero stake":             {func(m *types.MsgRequest) { m.MinStake = math.ZeroInt() }, types.ErrInvalidAmount},
		"negative stake":         {func(m *types.MsgRequest) { m.MinStake = math.NewInt(-5) }, types.ErrInvalidAmount},
		"no bidding":             {func(m *types.MsgRequest) { m.BiddingBlocks = 0 }, types.ErrInvalidRequest},
		"bidding too long":       {func(m *types.MsgRequest) { m.BiddingBlocks = 10_001 }, types.ErrInvalidRequest},
		"reveal one too short":   {func(m *types.MsgRequest) { m.RevealBlocks = 9 }, types.ErrInvalidRequest},
		"windows that overflow":  {func(m *types.MsgRequest) { m.RevealBlocks = 1<<64 - 1 }, types.ErrInvalidRequest},
		"time too short":         {func(m *types.MsgRequest) { m.TimeLimit = time.Second - 1 }, types.ErrInvalidRequest},
		"time too long":          {func(m *types.MsgRequest) { m.TimeLimit = 30*24*time.Hour + 1 }, types.ErrInvalidRequest},
		"negative standby":       {func(m *types.MsgRequest) { m.StandbyWindow = -1 }, types.ErrInvalidRequest},
		"inline one too large":   {func(m *types.MsgRequest) { m.Input.Inline = make([]byte, 64<<10+1) }, types.ErrInvalidSize},
		"input given twice":      {func(m *types.MsgRequest) { m.Input.Url = "https://x" }, types.ErrInvalidRequest},
		"hash for inline input":  {func(m *types.MsgRequest) { m.Input.Sha256 = m.Image.Sha256 }, types.ErrInvalidRequest},
		"no image":               {func(m *types.MsgRequest) { m.Image.Url = "" }, types.ErrInvalidSize},
		"image url one too long": {func(m *types.MsgRequest) { m.Image.Url = string(bytes.Repeat([]byte("a"), 2049)) }, types.ErrInvalidSize},
		"image url with newline": {func(m *types.MsgRequest) { m.Image.Url = "https://x\n" }, types.ErrInvalidRequest},
		"image hash in capitals": {func(m *types.MsgRequest) { m.Image.Sha256 = "AA" + m.Image.Sha256[2:] }, types.ErrInvalidRequest},
		"no requester":           {func(m *types.MsgRequest) { m.Requester = "" }, types.ErrInvalidAddress},
	} {
		t.Run(name, func(*testing.T) {
			msg := f.requestMsg()
			tc.malleate(msg)
			fails(f, f.msgs.Request, msg, tc.want)
		})
	}
	f.request(func(m *types.MsgRequest) { // every limit itself is fine
		m.MaxFee, m.MinStake = math.NewInt(1_000_000), math.NewInt(1_000_000)
		m.BiddingBlocks, m.RevealBlocks, m.TimeLimit, m.StandbyWindow = 10_000, 10_000, 30*24*time.Hour, time.Second
		m.Input.Inline, m.Image.Url = make([]byte, 64<<10), string(bytes.Repeat([]byte("a"), 2048))
	})
	f.blocks(1)
}

func TestBadBidsAndReveals(t *testing.T) {
	f := setup(t)
	id := f.request()
	fails(f, f.msgs.Bid, f.bidMsg(id, stranger, stranger, 5, false), types.ErrNotAProver)
	short := f.bidMsg(id, alice, alice, 5, false)
	short.Commitment = short.Commitment[:31]
	fails(f, f.msgs.Bid, short, types.ErrInvalidSize)
	unknown := f.bidMsg(id, alice, alice, 5, false)
	unknown.RequestId = types.FormatID(account32("none"))
	fails(f, f.msgs.Bid, unknown, types.ErrRequestNotFound)
	unknown.RequestId = "0x" + id[2:]
	fails(f, f.msgs.Bid, unknown, types.ErrInvalidID)

	f.bid(id, alice, maxFee)
	f.bid(id, bob, maxFee+1)
	fails(f, f.msgs.Reveal, f.revealMsg(id, alice, alice, maxFee, false), types.ErrRevealNotOpen)
	f.toReveal(id)
	fails(f, f.msgs.Reveal, f.revealMsg(id, bob, bob, maxFee+1, false), types.ErrFeeTooHigh)
	fails(f, f.msgs.Reveal, f.revealMsg(id, carol, carol, 5, false), types.ErrBidNotFound)
	fails(f, f.msgs.Reveal, f.revealMsg(id, stranger, stranger, 5, false), types.ErrNotAProver)
	for name, malleate := range map[string]func(m *types.MsgReveal){
		"another salt":   func(m *types.MsgReveal) { m.Salt = salt("other") },
		"another fee":    func(m *types.MsgReveal) { m.Fee = math.NewInt(maxFee - 1) },
		"another offer":  func(m *types.MsgReveal) { m.Standby = true },
		"someone else's": func(m *types.MsgReveal) { m.Signer = bob.String() },
	} {
		msg := f.revealMsg(id, alice, alice, maxFee, false)
		malleate(msg)
		t.Run(name, func(*testing.T) { fails(f, f.msgs.Reveal, msg, types.ErrWrongReveal) })
	}
	bad := f.revealMsg(id, alice, alice, maxFee, false)
	bad.Salt = bad.Salt[:31]
	fails(f, f.msgs.Reveal, bad, types.ErrInvalidSize)
	for _, fee := range []math.Int{{}, math.NewInt(-1)} {
		bad = f.revealMsg(id, alice, alice, maxFee, false)
		bad.Fee = fee
		fails(f, f.msgs.Reveal, bad, types.ErrInvalidAmount)
	}
	f.reveal(id, alice, maxFee)
	f.blocks(1)
}

func TestBadProofs(t *testing.T) {
	f := setup(t)
	id := f.assigned()
	good := f.proofMsg(id, bob)
	calls := f.verifier.verified
	fails(f, f.msgs.SubmitProof, f.proofMsg(id, alice), types.ErrNotAssignedToYou)
	fails(f, f.msgs.SubmitProof, f.proofMsg(id, stranger), types.ErrNotAProver)
	for size, want := range map[int]error{0: types.ErrInvalidSize, types.MaxProofBytes: verifiertypes.ErrInvalidProof, types.MaxProofBytes + 1: types.ErrInvalidSize} {
		bad := *good
		bad.Proof = make([]byte, size)
		fails(f, f.msgs.SubmitProof, &bad, want)
	}
	require.Equal(t, calls+1, f.verifier.verified, "cheap checks come first")
	for bit := range 8 * len(good.Proof) {
		bad := *good
		bad.Proof = bytes.Clone(good.Proof)
		bad.Proof[bit/8] ^= 1 << (bit % 8)
		_, err := run(f, f.msgs.SubmitProof, &bad)
		require.ErrorIs(t, err, verifiertypes.ErrInvalidProof)
	}
	_, err := run(f, f.msgs.SubmitProof, good)
	require.NoError(t, err)
	fails(f, f.msgs.SubmitProof, good, types.ErrRequestEnded)
	f.blocks(1)
}

// law M6: a bidder that is not eligible any more uses its bid up; its bond is lost,
// unless the authority is to blame.
func TestIneligibleReveal(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(p *fakeProver)
		kept   bool
	}{
		"it left":              {func(p *fakeProver) { p.State = stakingtypes.PROVER_STATE_DEACTIVATED }, false},
		"it unstaked":          {func(p *fakeProver) { p.Assets = 1_999_999 }, false},
		"new generation":       {func(p *fakeProver) { p.Generation++ }, false},
		"jailed":               {func(p *fakeProver) { p.State, p.Faults = stakingtypes.PROVER_STATE_JAILED, p.Faults+1 }, true},
		"slashed to nothing":   {func(p *fakeProver) { p.State, p.Assets, p.Faults = stakingtypes.PROVER_STATE_RETIRED, 0, 1 }, true},
		"slashed too low":      {func(p *fakeProver) { p.SelfStake, p.Faults = 999_999, p.Faults+1 }, true},
		"own stake just short": {func(p *fakeProver) { p.SelfStake = 999_999 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			id := f.request()
			f.bid(id, alice, 5)
			f.bid(id, bob, 9)
			f.toReveal(id)
			f.provers.change(f.Ctx, alice, tc.change)
			require.False(t, f.reveal(id, alice, 5).Ranked)
			fails(f, f.msgs.Reveal, f.revealMsg(id, alice, alice, 5, false), types.ErrAlreadyRevealed)
			lost := int64(bond)
			if tc.kept {
				lost = 0
			}
			require.Equal(t, wealth-lost, f.Balance(alice).Int64())
			require.True(t, f.reveal(id, bob, 9).Leads)
			f.blocks(1)
			require.Equal(t, "9", f.view(id).Auction.Assignment.Price.String(), "an unranked bid sets no price")
			require.Equal(t, lost+10_000, f.Balance(treasuryAddr).Int64())
		})
	}
}

// law M4: overcommitment and exposure count what a prover leads or is assigned.
func TestEligibilityCountsOtherRequests(t *testing.T) {
	f := setup(t)
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.Assets = 2_099_999 })
	one, two := f.request(), f.request()
	f.bid(one, alice, 5)
	f.bid(two, alice, 5)
	f.toReveal(one)
	require.True(t, f.reveal(one, alice, 5).Leads)
	require.False(t, f.reveal(two, alice, 5).Ranked, "2,000,000 and 5 % of 2,000,000 would be needed")
	f.blocks(1)
}

// law S8: a prover's own limit on the sum of penalties holds at the bid and at the
// reveal, whoever holds its submitter key.
func TestOwnLimitHolds(t *testing.T) {
	f := setup(t)
	one, two, three := f.request(), f.request(), f.request()
	penalty := f.view(one).Request.Terms.Penalty.Int64()
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.MaxExposure = penalty })
	f.bid(one, alice, 5)
	f.bid(two, alice, 5)
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.MaxExposure = penalty - 1 })
	_, err := run(f, f.msgs.Bid, f.bidMsg(three, alice, alice, 5, false))
	require.ErrorIs(t, err, types.ErrMaxExposure)
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.MaxExposure = penalty })
	f.toReveal(one)
	require.True(t, f.reveal(one, alice, 5).Leads)
	require.False(t, f.reveal(two, alice, 5).Ranked, "a second penalty would pass the limit")
	f.blocks(1)
}
