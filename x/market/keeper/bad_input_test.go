package keeper_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// spoilt is one way to spoil a sound message, and what it is refused with.
type spoilt[M any] struct {
	change func(m M)
	want   error
}

// table holds ways to spoil a message by name.
type table[M any] map[string]spoilt[M]

// ids adds every bad request id.
func (t table[M]) ids(set func(m M, id string)) table[M] {
	good := types.FormatID(account32("none"))
	for name, id := range map[string]string{
		"empty": "", "one short": good[1:], "one long": good + "0", "0x": "0x" + good[2:], "capitals": strings.ToUpper(good), "no hex": strings.Repeat("g", 64),
	} {
		t["id: "+name] = spoilt[M]{func(m M) { set(m, id) }, types.ErrInvalidID}
	}
	t["id: unknown"] = spoilt[M]{func(m M) { set(m, good) }, types.ErrRequestNotFound}
	return t
}

// addresses adds every bad address of a field.
func (t table[M]) addresses(field string, set func(m M, address string)) table[M] {
	good := alice.String()
	for name, address := range map[string]string{
		"empty": "", "no bech32": "nobody", "one short": good[:len(good)-1], "one long": good + "q", "spaces": "  ",
		"other chain": sdk.MustBech32ifyAddressBytes("other", alice), "too long": sdk.MustBech32ifyAddressBytes("proof", make([]byte, 300)),
	} {
		t[field+": "+name] = spoilt[M]{func(m M) { set(m, address) }, types.ErrInvalidAddress}
	}
	return t
}

// amounts adds every bad amount of a field; zero too, unless it is allowed.
func (t table[M]) amounts(field string, set func(m M, n math.Int), zero bool) table[M] {
	for name, n := range map[string]math.Int{"missing": {}, "negative": math.NewInt(-1), "2^128": limit128} {
		t[field+": "+name] = spoilt[M]{func(m M) { set(m, n) }, types.ErrInvalidAmount}
	}
	if !zero {
		t[field+": zero"] = spoilt[M]{func(m M) { set(m, math.ZeroInt()) }, types.ErrInvalidAmount}
	}
	return t
}

// sizes adds sizes around the one size that bytes may have.
func (t table[M]) sizes(field string, size int, set func(m M, b []byte)) table[M] {
	for name, n := range map[string]int{"none": 0, "one short": size - 1, "one long": size + 1, "huge": 1 << 20} {
		t[field+": "+name] = spoilt[M]{func(m M) { set(m, make([]byte, n)) }, types.ErrInvalidSize}
	}
	return t
}

// limit128 is the first amount that is too large.
var limit128 = math.NewIntFromUint64(1 << 63).MulRaw(1 << 62).MulRaw(8)

// refusesAll checks that each spoilt message is refused with its error and
// changes nothing, and that the sound one is taken after them.
func refusesAll[M, R any](f *fixture, handler func(contextT, M) (R, error), sound func() M, bad table[M]) {
	for name, tc := range bad {
		f.tb.(*testing.T).Run(name, func(*testing.T) {
			msg := sound()
			tc.change(msg)
			fails(f, handler, msg, tc.want)
		})
	}
	_, err := run(f, handler, sound())
	require.NoError(f.t, err)
}

func TestBadInputOfRequest(t *testing.T) {
	f := setup(t)
	refusesAll(f, f.msgs.Request, f.requestMsg, table[*types.MsgRequest]{
		"image url empty":  {func(m *types.MsgRequest) { m.Image.Url = "" }, types.ErrInvalidSize},
		"image url blank":  {func(m *types.MsgRequest) { m.Image.Url = "https://x y" }, types.ErrInvalidRequest},
		"image hash empty": {func(m *types.MsgRequest) { m.Image.Sha256 = "" }, types.ErrInvalidRequest},
		"image hash long":  {func(m *types.MsgRequest) { m.Image.Sha256 += "0" }, types.ErrInvalidRequest},
		"input url long": {func(m *types.MsgRequest) {
			m.Input = types.Input{Url: strings.Repeat("a", 2049), Sha256: m.Image.Sha256}
		}, types.ErrInvalidSize},
		"input url no hash":  {func(m *types.MsgRequest) { m.Input = types.Input{Url: "https://x"} }, types.ErrInvalidRequest},
		"input hash alone":   {func(m *types.MsgRequest) { m.Input = types.Input{Sha256: m.Image.Sha256} }, types.ErrInvalidRequest},
		"bidding one past":   {func(m *types.MsgRequest) { m.BiddingBlocks = 10_001 }, types.ErrInvalidRequest},
		"bidding overflows":  {func(m *types.MsgRequest) { m.BiddingBlocks = 1<<64 - 1 }, types.ErrInvalidRequest},
		"reveal one past":    {func(m *types.MsgRequest) { m.RevealBlocks = 10_001 }, types.ErrInvalidRequest},
		"no time":            {func(m *types.MsgRequest) { m.TimeLimit = 0 }, types.ErrInvalidRequest},
		"negative time":      {func(m *types.MsgRequest) { m.TimeLimit = -time.Second }, types.ErrInvalidRequest},
		"standby too short":  {func(m *types.MsgRequest) { m.StandbyWindow = time.Second - 1 }, types.ErrInvalidRequest},
		"standby too long":   {func(m *types.MsgRequest) { m.StandbyWindow = 30*24*time.Hour + 1 }, types.ErrInvalidRequest},
		"more than it has":   {func(m *types.MsgRequest) { m.MaxFee = math.NewInt(wealth + 1) }, types.ErrFunds},
		"somebody with none": {func(m *types.MsgRequest) { m.Requester = account("poor").String() }, types.ErrFunds},
	}.addresses("requester", func(m *types.MsgRequest, a string) { m.Requester = a }).
		amounts("max_fee", func(m *types.MsgRequest, n math.Int) { m.MaxFee = n }, false).
		amounts("min_stake", func(m *types.MsgRequest, n math.Int) { m.MinStake = n }, false))

	again := f.requestMsg()
	_, err := run(f, f.msgs.Request, again)
	require.NoError(t, err)
	fails(f, f.msgs.Request, again, types.ErrRequestExists)
	f.pause(types.Pause{Requests: true})
	fails(f, f.msgs.Request, f.requestMsg(), types.ErrPaused)
	f.blocks(1)
}

func TestBadInputOfCancel(t *testing.T) {
	f := setup(t)
	id := f.request()
	refusesAll(f, f.msgs.Cancel, func() *types.MsgCancel { return &types.MsgCancel{Requester: requester.String(), RequestId: id} },
		table[*types.MsgCancel]{
			"wrong signer": {func(m *types.MsgCancel) { m.Requester = stranger.String() }, types.ErrNotRequester},
		}.addresses("requester", func(m *types.MsgCancel, a string) { m.Requester = a }).
			ids(func(m *types.MsgCancel, id string) { m.RequestId = id }))
	cancel := func(id string) *types.MsgCancel {
		return &types.MsgCancel{Requester: requester.String(), RequestId: id}
	}
	fails(f, f.msgs.Cancel, cancel(id), types.ErrRequestEnded)
	bidden := f.request()
	f.bid(bidden, alice, 5)
	fails(f, f.msgs.Cancel, cancel(bidden), types.ErrBidsStand)
	fails(f, f.msgs.Cancel, cancel(f.assigned()), types.ErrBidsStand)
	f.revoke(onVerifier)
	fails(f, f.msgs.Cancel, cancel(bidden), types.ErrVerifierRevoked)
	f.blocks(1)
}

func TestBadInputOfRaiseFee(t *testing.T) {
	f := setup(t)
	id := f.request()
	raise := func(id string, fee int64) *types.MsgRaiseFee {
		return &types.MsgRaiseFee{Requester: requester.String(), RequestId: id, MaxFee: math.NewInt(fee)}
	}
	refusesAll(f, f.msgs.RaiseFee, func() *types.MsgRaiseFee { return raise(id, maxFee+1) }, table[*types.MsgRaiseFee]{
		"wrong signer":     {func(m *types.MsgRaiseFee) { m.Requester = stranger.String() }, types.ErrNotRequester},
		"as it is":         {func(m *types.MsgRaiseFee) { m.MaxFee = math.NewInt(maxFee) }, types.ErrFeeNotRaised},
		"lower":            {func(m *types.MsgRaiseFee) { m.MaxFee = math.NewInt(maxFee - 1) }, types.ErrFeeNotRaised},
		"below the least":  {func(m *types.MsgRaiseFee) { m.MaxFee = math.NewInt(999_999) }, types.ErrInvalidAmount},
		"more than it has": {func(m *types.MsgRaiseFee) { m.MaxFee = math.NewInt(wealth + maxFee) }, types.ErrFunds},
		"2^128 - 1":        {func(m *types.MsgRaiseFee) { m.MaxFee = limit128.SubRaw(1) }, types.ErrFunds},
	}.addresses("requester", func(m *types.MsgRaiseFee, a string) { m.Requester = a }).
		ids(func(m *types.MsgRaiseFee, id string) { m.RequestId = id }).
		amounts("max_fee", func(m *types.MsgRaiseFee, n math.Int) { m.MaxFee = n }, false))
	f.pause(types.Pause{Requests: true})
	fails(f, f.msgs.RaiseFee, raise(id, maxFee+2), types.ErrPaused)
	f.pause(types.Pause{})

	fails(f, f.msgs.RaiseFee, raise(f.assigned(), maxFee+1), types.ErrBiddingClosed)
	f.blocks(1)
	fails(f, f.msgs.RaiseFee, raise(id, maxFee+2), types.ErrRequestEnded)
	open := f.request()
	f.revoke(onVerifier)
	fails(f, f.msgs.RaiseFee, raise(open, maxFee+1), types.ErrVerifierRevoked)
	f.blocks(1)
}

func TestBadInputOfBid(t *testing.T) {
	f := setup(t)
	id := f.request()
	refusesAll(f, f.msgs.Bid, func() *types.MsgBid { return f.bidMsg(id, alice, alice, 5, false) }, table[*types.MsgBid]{
		"wrong signer":          {func(m *types.MsgBid) { m.Signer = stranger.String() }, types.ErrNotAProver},
		"max_bond: negative":    {func(m *types.MsgBid) { m.MaxBond = math.NewInt(-1) }, types.ErrInvalidAmount},
		"max_bond: 2^128":       {func(m *types.MsgBid) { m.MaxBond = limit128 }, types.ErrInvalidAmount},
		"max_bond: one too low": {func(m *types.MsgBid) { m.MaxBond = math.NewInt(bond - 1) }, types.ErrBondTooHigh},
	}.addresses("signer", func(m *types.MsgBid, a string) { m.Signer = a }).
		ids(func(m *types.MsgBid, id string) { m.RequestId = id }).
		sizes("commitment", 32, func(m *types.MsgBid, b []byte) { m.Commitment = b }))
	fails(f, f.msgs.Bid, f.bidMsg(f.assigned(), dave, dave, 5, false), types.ErrBiddingClosed)
	f.blocks(1)
	open := f.request()
	f.revoke(onVerifier)
	fails(f, f.msgs.Bid, f.bidMsg(open, bob, bob, 5, false), types.ErrVerifierRevoked)
	f.blocks(1)
	fails(f, f.msgs.Bid, f.bidMsg(open, bob, bob, 5, false), types.ErrVerifierRevoked)
}

func TestBadInputOfReveal(t *testing.T) {
	f := setup(t)
	id := f.request()
	f.bid(id, alice, 5)
	fails(f, f.msgs.Reveal, f.revealMsg(id, alice, alice, 5, false), types.ErrRevealNotOpen)
	f.bid(id, bob, 5)
	f.toReveal(id)
	refusesAll(f, f.msgs.Reveal, func() *types.MsgReveal { return f.revealMsg(id, alice, alice, 5, false) }, table[*types.MsgReveal]{
		"wrong signer":   {func(m *types.MsgReveal) { m.Signer = stranger.String() }, types.ErrNotAProver},
		"no bidder":      {func(m *types.MsgReveal) { m.Signer = carol.String() }, types.ErrBidNotFound},
		"another bidder": {func(m *types.MsgReveal) { m.Signer = bob.String() }, types.ErrWrongReveal},
		"above max_fee":  {func(m *types.MsgReveal) { m.Fee = math.NewInt(maxFee + 1) }, types.ErrFeeTooHigh},
		"at max_fee":     {func(m *types.MsgReveal) { m.Fee = math.NewInt(maxFee) }, types.ErrWrongReveal},
		"zero":           {func(m *types.MsgReveal) { m.Fee = math.ZeroInt() }, types.ErrWrongReveal},
	}.addresses("signer", func(m *types.MsgReveal, a string) { m.Signer = a }).
		ids(func(m *types.MsgReveal, id string) { m.RequestId = id }).
		amounts("fee", func(m *types.MsgReveal, n math.Int) { m.Fee = n }, true).
		sizes("salt", 32, func(m *types.MsgReveal, b []byte) { m.Salt = b }))
	fails(f, f.msgs.Reveal, f.revealMsg(id, alice, alice, 5, false), types.ErrAlreadyRevealed)
	f.reveal(id, bob, 5)
	f.blocks(1)
	fails(f, f.msgs.Reveal, f.revealMsg(id, bob, bob, 5, false), types.ErrRevealClosed)
}
