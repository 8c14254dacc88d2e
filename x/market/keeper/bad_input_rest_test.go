package keeper_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

func TestBadInputOfSubmitProof(t *testing.T) {
	f := setup(t)
	id := f.assigned()
	refusesAll(f, f.msgs.SubmitProof, func() *types.MsgSubmitProof { return f.proofMsg(id, bob) }, table[*types.MsgSubmitProof]{
		"wrong signer":      {func(m *types.MsgSubmitProof) { m.Signer = stranger.String() }, types.ErrNotAProver},
		"another prover":    {func(m *types.MsgSubmitProof) { m.Signer = alice.String() }, types.ErrNotAssignedToYou},
		"no proof":          {func(m *types.MsgSubmitProof) { m.Proof = nil }, types.ErrInvalidSize},
		"at its limit":      {func(m *types.MsgSubmitProof) { m.Proof = make([]byte, types.MaxProofBytes) }, verifiertypes.ErrInvalidProof},
		"one past":          {func(m *types.MsgSubmitProof) { m.Proof = make([]byte, types.MaxProofBytes+1) }, types.ErrInvalidSize},
		"values one past":   {func(m *types.MsgSubmitProof) { m.PublicValues = make([]byte, types.MaxPublicValuesBytes+1) }, types.ErrInvalidSize},
		"one byte is wrong": {func(m *types.MsgSubmitProof) { m.Proof[0] ^= 1 }, verifiertypes.ErrInvalidProof},
	}.addresses("signer", func(m *types.MsgSubmitProof, a string) { m.Signer = a }).
		ids(func(m *types.MsgSubmitProof, id string) { m.RequestId = id }))
	fails(f, f.msgs.SubmitProof, f.proofMsg(id, bob), types.ErrRequestEnded)
	bidding := f.request()
	fails(f, f.msgs.SubmitProof, f.proofMsg(bidding, bob), types.ErrNotAssigned)
	late := f.assigned()
	f.endBlock()
	f.beginBlock(59 * time.Second)
	f.suspend(onVerifier)
	fails(f, f.msgs.SubmitProof, f.proofMsg(late, bob), verifiertypes.ErrVerifierDisabled)
	f.resume(onVerifier)
	f.revoke(onVerifier)
	fails(f, f.msgs.SubmitProof, f.proofMsg(late, bob), types.ErrVerifierRevoked)
	f.blocks(1)
}

func TestBadInputOfRefund(t *testing.T) {
	f := setup(t)
	id := f.request()
	many := func(n int) []string {
		var list []string
		for range n {
			list = append(list, id)
		}
		return list
	}
	sound := func() *types.MsgRefund {
		return &types.MsgRefund{Signer: stranger.String(), RequestIds: many(types.MaxBatch)}
	}
	refusesAll(f, f.msgs.Refund, sound, table[*types.MsgRefund]{
		"no id":    {func(m *types.MsgRefund) { m.RequestIds = nil }, types.ErrInvalidSize},
		"one past": {func(m *types.MsgRefund) { m.RequestIds = many(types.MaxBatch + 1) }, types.ErrTooManyItems},
	}.addresses("signer", func(m *types.MsgRefund, a string) { m.Signer = a }))

	// A bad item is told in its result, and changes nothing.
	before := f.export()
	response, err := run(f, f.msgs.Refund, &types.MsgRefund{Signer: stranger.String(), RequestIds: []string{"", id[1:], types.FormatID(account32("none")), id}})
	require.NoError(t, err)
	require.Equal(t, before, f.export())
	for i, want := range []error{types.ErrInvalidID, types.ErrInvalidID, types.ErrRequestNotFound, types.ErrNothingDue} {
		require.False(t, response.Results[i].Applied)
		require.Contains(t, response.Results[i].Error, want.Error())
	}
}

func TestBadInputOfClaim(t *testing.T) {
	f := setup(t)
	id := f.request()
	provers := f.crowd(id, 21) // one more than are paid at once
	f.revoke(onVerifier)
	f.refund(id)
	require.True(t, f.view(id).Auction.UnrevealedBonds.IsPositive())
	var waiting sdk.AccAddress
	for _, p := range provers {
		bid, err := f.queries.Bid(f.Ctx, &types.QueryBidRequest{RequestId: id, Prover: p.String()})
		require.NoError(t, err)
		if !bid.Bid.BondReturned {
			waiting = p
		}
	}
	ref := func(p sdk.AccAddress) types.BidRef { return types.BidRef{RequestId: id, Prover: p.String()} }
	sound := func() *types.MsgClaim {
		return &types.MsgClaim{Owner: waiting.String(), Bids: []types.BidRef{ref(waiting)}}
	}
	refusesAll(f, f.msgs.Claim, sound, table[*types.MsgClaim]{
		"wrong signer": {func(m *types.MsgClaim) { m.Owner = stranger.String() }, types.ErrNothingToClaim},
		"no bid":       {func(m *types.MsgClaim) { m.Bids = nil }, types.ErrNothingToClaim},
		"one past":     {func(m *types.MsgClaim) { m.Bids = make([]types.BidRef, types.MaxBatch+1) }, types.ErrTooManyItems},
		"twice":        {func(m *types.MsgClaim) { m.Bids = append(m.Bids, m.Bids[0]) }, types.ErrNothingToClaim},
		"no bidder":    {func(m *types.MsgClaim) { m.Bids[0].Prover = stranger.String() }, types.ErrBidNotFound},
		"one is paid":  {func(m *types.MsgClaim) { m.Bids = append(m.Bids, types.BidRef{RequestId: id, Prover: alice.String()}) }, types.ErrBidNotFound},
	}.addresses("owner", func(m *types.MsgClaim, a string) { m.Owner = a }).
		addresses("prover", func(m *types.MsgClaim, a string) { m.Bids[0].Prover = a }).
		ids(func(m *types.MsgClaim, id string) { m.Bids[0].RequestId = id }))
	fails(f, f.msgs.Claim, sound(), types.ErrNothingToClaim)
	f.blocks(1)
}

// crowd makes n more provers that bid for the request.
func (f *fixture) crowd(id string, n int) (provers []sdk.AccAddress) {
	for i := range n {
		p := account(strings.Repeat("crowd", i+1))
		f.Fund(f.tb, p, wealth)
		f.provers.add(f, p, 100_000_000)
		f.bid(id, p, int64(i))
		provers = append(provers, p)
	}
	return provers
}

func TestBadInputOfSubmitterMessages(t *testing.T) {
	f := setup(t)
	refusesAll(f, f.msgs.ConsentSubmitter, func() *types.MsgConsentSubmitter { return consentMsg(gpu, alice) }, table[*types.MsgConsentSubmitter]{
		"itself":     {func(m *types.MsgConsentSubmitter) { m.Submitter = alice.String() }, types.ErrSelfSubmitter},
		"a prover":   {func(m *types.MsgConsentSubmitter) { m.Submitter = bob.String() }, types.ErrSubmitterIsProver},
		"not to one": {func(m *types.MsgConsentSubmitter) { m.Prover = stranger.String() }, types.ErrNotAProver},
	}.addresses("submitter", func(m *types.MsgConsentSubmitter, a string) { m.Submitter = a }).
		addresses("prover", func(m *types.MsgConsentSubmitter, a string) { m.Prover = a }))

	list := func(n int) []string {
		var list []string
		for i := range n {
			list = append(list, account(strings.Repeat("gpu", i+1)).String())
		}
		return list
	}
	refusesAll(f, f.msgs.RegisterSubmitter, func() *types.MsgRegisterSubmitter { return registerMsg(alice, gpu) }, table[*types.MsgRegisterSubmitter]{
		"none":     {func(m *types.MsgRegisterSubmitter) { m.Submitters = nil }, types.ErrInvalidSize},
		"one past": {func(m *types.MsgRegisterSubmitter) { m.Submitters = list(types.MaxBatch + 1) }, types.ErrTooManyItems},
		"twice":    {func(m *types.MsgRegisterSubmitter) { m.Submitters = []string{gpu.String(), gpu.String()} }, types.ErrDuplicateItem},
		"twice, once in capitals": {func(m *types.MsgRegisterSubmitter) {
			m.Submitters = []string{gpu.String(), strings.ToUpper(gpu.String())}
		}, types.ErrDuplicateItem},
		"one has not consented": {func(m *types.MsgRegisterSubmitter) { m.Submitters = append(m.Submitters, stranger.String()) }, types.ErrNoConsent},
		"one is the signer":     {func(m *types.MsgRegisterSubmitter) { m.Submitters = append(m.Submitters, alice.String()) }, types.ErrSelfSubmitter},
		"one is a prover":       {func(m *types.MsgRegisterSubmitter) { m.Submitters = append(m.Submitters, bob.String()) }, types.ErrSubmitterIsProver},
		"one is no address":     {func(m *types.MsgRegisterSubmitter) { m.Submitters = append(m.Submitters, "") }, types.ErrInvalidAddress},
		"another prover":        {func(m *types.MsgRegisterSubmitter) { m.Prover = bob.String() }, types.ErrNoConsent},
		"no prover":             {func(m *types.MsgRegisterSubmitter) { m.Prover = stranger.String() }, types.ErrNotAProver},
	}.addresses("prover", func(m *types.MsgRegisterSubmitter, a string) { m.Prover = a }).
		addresses("submitter", func(m *types.MsgRegisterSubmitter, a string) { m.Submitters[0] = a }))
	fails(f, f.msgs.RegisterSubmitter, registerMsg(alice, gpu), types.ErrSubmitterTaken)

	refusesAll(f, f.msgs.UnregisterSubmitter, func() *types.MsgUnregisterSubmitter { return endMsg(alice, gpu) }, table[*types.MsgUnregisterSubmitter]{
		"none":             {func(m *types.MsgUnregisterSubmitter) { m.Submitters = nil }, types.ErrInvalidSize},
		"one past":         {func(m *types.MsgUnregisterSubmitter) { m.Submitters = list(types.MaxBatch + 1) }, types.ErrTooManyItems},
		"twice":            {func(m *types.MsgUnregisterSubmitter) { m.Submitters = []string{gpu.String(), gpu.String()} }, types.ErrDuplicateItem},
		"wrong signer":     {func(m *types.MsgUnregisterSubmitter) { m.Signer = stranger.String() }, types.ErrNotYourLink},
		"another prover":   {func(m *types.MsgUnregisterSubmitter) { m.Signer = bob.String() }, types.ErrNotYourLink},
		"one has no link":  {func(m *types.MsgUnregisterSubmitter) { m.Submitters = append(m.Submitters, stranger.String()) }, types.ErrNoLink},
		"not for a friend": {func(m *types.MsgUnregisterSubmitter) { m.Signer, m.Submitters = gpu.String(), list(2)[1:] }, types.ErrNoLink},
	}.addresses("signer", func(m *types.MsgUnregisterSubmitter, a string) { m.Signer = a }).
		addresses("submitter", func(m *types.MsgUnregisterSubmitter, a string) { m.Submitters[0] = a }))

	_, err := run(f, f.msgs.ConsentSubmitter, consentMsg(gpu, alice))
	require.NoError(t, err)
	refusesAll(f, f.msgs.WithdrawConsent, func() *types.MsgWithdrawConsent { return &types.MsgWithdrawConsent{Submitter: gpu.String()} },
		table[*types.MsgWithdrawConsent]{
			"none to withdraw": {func(m *types.MsgWithdrawConsent) { m.Submitter = stranger.String() }, types.ErrNoConsent},
		}.addresses("submitter", func(m *types.MsgWithdrawConsent, a string) { m.Submitter = a }))
	f.blocks(1)
}

func TestBadInputOfTheAuthoritysMessages(t *testing.T) {
	f := setup(t)
	refusesAll(f, f.msgs.SetPause, func() *types.MsgSetPause { return &types.MsgSetPause{Authority: f.Authority} }, table[*types.MsgSetPause]{
		"nobody":       {func(m *types.MsgSetPause) { m.Authority = "" }, types.ErrInvalidAuthority},
		"wrong signer": {func(m *types.MsgSetPause) { m.Authority = stranger.String() }, types.ErrInvalidAuthority},
	})
	bad := table[*types.MsgUpdateParams]{
		"nobody":       {func(m *types.MsgUpdateParams) { m.Authority = "" }, types.ErrInvalidAuthority},
		"wrong signer": {func(m *types.MsgUpdateParams) { m.Authority = stranger.String() }, types.ErrInvalidAuthority},
	}
	param := func(name string, change func(p *types.Params)) {
		bad[name] = spoilt[*types.MsgUpdateParams]{func(m *types.MsgUpdateParams) { change(&m.Params) }, types.ErrInvalidParams}
	}
	for name, field := range map[string]func(p *types.Params) *math.Int{
		"request_fee": func(p *types.Params) *math.Int { return &p.RequestFee }, "min_max_fee": func(p *types.Params) *math.Int { return &p.MinMaxFee },
		"max_max_fee": func(p *types.Params) *math.Int { return &p.MaxMaxFee }, "max_min_stake": func(p *types.Params) *math.Int { return &p.MaxMinStake },
		"min_bid_bond": func(p *types.Params) *math.Int { return &p.MinBidBond },
	} {
		param(name+" missing", func(p *types.Params) { *field(p) = math.Int{} })
		param(name+" negative", func(p *types.Params) { *field(p) = math.NewInt(-1) })
		param(name+" one past", func(p *types.Params) { *field(p) = limit128 })
	}
	for name, field := range map[string]func(p *types.Params) *uint32{
		"protocol_fee_bps": func(p *types.Params) *uint32 { return &p.ProtocolFeeBps }, "slash_bps": func(p *types.Params) *uint32 { return &p.SlashBps },
		"bid_bond_bps": func(p *types.Params) *uint32 { return &p.BidBondBps }, "overcommit_bps": func(p *types.Params) *uint32 { return &p.OvercommitBps },
	} {
		param(name+" one past", func(p *types.Params) { *field(p) = 10_001 })
	}
	param("a cap below the least fee", func(p *types.Params) { p.MaxMaxFee = p.MinMaxFee.SubRaw(1) })
	param("max_inline_input one past", func(p *types.Params) { p.MaxInlineInput = types.MaxInlineInputBytes + 1 })
	param("min_bidding_blocks none", func(p *types.Params) { p.MinBiddingBlocks = 0 })
	param("max_bidding_blocks below the least", func(p *types.Params) { p.MaxBiddingBlocks = p.MinBiddingBlocks - 1 })
	param("max_bidding_blocks one past", func(p *types.Params) { p.MaxBiddingBlocks = types.MaxWindowBlocks + 1 })
	param("min_reveal_blocks none", func(p *types.Params) { p.MinRevealBlocks = 0 })
	param("max_reveal_blocks below the least", func(p *types.Params) { p.MaxRevealBlocks = p.MinRevealBlocks - 1 })
	param("max_reveal_blocks one past", func(p *types.Params) { p.MaxRevealBlocks = types.MaxWindowBlocks + 1 })
	param("min_time_limit none", func(p *types.Params) { p.MinTimeLimit = 0 })
	param("max_time_limit below the least", func(p *types.Params) { p.MaxTimeLimit = p.MinTimeLimit - 1 })
	param("max_time_limit one past", func(p *types.Params) { p.MaxTimeLimit = types.MaxTimeLimit + 1 })
	param("max_block_gap one short", func(p *types.Params) { p.MaxBlockGap = types.MinMaxBlockGap - 1 })
	param("max_block_gap one past", func(p *types.Params) { p.MaxBlockGap = types.MaxMaxBlockGap + 1 })
	param("halt_grace_blocks one past", func(p *types.Params) { p.HaltGraceBlocks = types.MaxHaltGraceBlocks + 1 })
	param("end_block_cap one short", func(p *types.Params) { p.EndBlockCap = types.MinEndBlockCap - 1 })
	param("end_block_cap one past", func(p *types.Params) { p.EndBlockCap = types.MaxEndBlockCap + 1 })
	param("retention negative", func(p *types.Params) { p.Retention = -1 })
	param("retention one past", func(p *types.Params) { p.Retention = types.MaxRetention + 1 })
	param("prune_cap one short", func(p *types.Params) { p.PruneCap = types.MinPruneCap - 1 })
	param("prune_cap one past", func(p *types.Params) { p.PruneCap = types.MaxPruneCap + 1 })
	refusesAll(f, f.msgs.UpdateParams, func() *types.MsgUpdateParams {
		return &types.MsgUpdateParams{Authority: f.Authority, Params: types.DefaultParams()}
	}, bad)
	f.blocks(1)
}
