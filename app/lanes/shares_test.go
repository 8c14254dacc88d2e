package lanes

import (
	"bytes"
	"testing"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

func TestOf(t *testing.T) {
	proof, bid, send := &markettypes.MsgSubmitProof{}, &markettypes.MsgBid{}, &banktypes.MsgSend{}
	for _, tc := range []struct {
		msgs []sdk.Msg
		want Lane
	}{
		{nil, Rest},
		{[]sdk.Msg{proof}, Critical},
		{[]sdk.Msg{&markettypes.MsgRevealBatch{}, &markettypes.MsgReveal{}, proof}, Critical},
		{[]sdk.Msg{bid}, Bids},
		{[]sdk.Msg{proof, bid}, Bids},
		{[]sdk.Msg{proof, send}, Rest},
		{[]sdk.Msg{send, bid}, Rest},
		{[]sdk.Msg{&markettypes.MsgRequest{}}, Rest},
	} {
		require.Equal(t, tc.want, Of(tc.msgs), "%T", tc.msgs)
	}
}

func TestShares(t *testing.T) { // law M17
	l := block(100_000_001, -1)
	require.Equal(t, [lanes]uint64{60_000_000, 90_000_000, 100_000_001}, l.gas)
	require.Equal(t, uint64(1<<64-1), l.bytes[Critical])
	require.Equal(t, l.bytes, limitsOf(nil).gas)
	require.Equal(t, uint64(60_000_000), CriticalGas(&cmtproto.BlockParams{MaxGas: 100_000_000}))

	f := filling{limits: block(100, 1_000)}
	require.NoError(t, f.add(Critical, 60, 1))
	require.ErrorIs(t, f.add(Critical, 1, 1), ErrShare)
	require.NoError(t, f.add(Bids, 30, 1))
	require.ErrorIs(t, f.add(Bids, 1, 1), ErrShare)
	require.ErrorIs(t, f.add(Critical, 0, 0), ErrOrder)
	require.ErrorIs(t, f.add(Rest, 1<<64-1, 1), ErrShare)
	require.ErrorIs(t, f.add(Rest, 1, 1<<64-1), ErrShare)
	require.NoError(t, f.add(Rest, 10, 998))
	require.ErrorIs(t, f.add(Rest, 0, 1), ErrShare)
}

// CometBFT allows max_gas = 0, and the SDK takes it for no limit. As a limit it would have
// stopped every transaction, the one that sets it right among them.
func TestNoGasIsNoLimit(t *testing.T) {
	require.Equal(t, limitsOf(nil), block(0, 0))
	p := NewPool(DefaultCapacity())
	require.NoError(t, insert(p, &simple{lane: Rest, gas: 1_000_000}))
	require.Len(t, p.pick(&filling{limits: block(0, -1)}, next(1_000, nil)), 1)
}

func TestWhatMessagesMayAskFor(t *testing.T) {
	reveals := func(n int) *markettypes.MsgRevealBatch {
		return &markettypes.MsgRevealBatch{Items: make([]markettypes.RevealItem, n)}
	}
	bids := func(n int) *markettypes.MsgBidBatch {
		return &markettypes.MsgBidBatch{Items: make([]markettypes.BidItem, n)}
	}
	submit := &markettypes.MsgSubmitProof{Proof: make([]byte, 256)}
	proofs := func(n int) (list []sdk.Msg) {
		for range n {
			list = append(list, submit)
		}
		return list
	}
	const m = 1_000_000
	for name, tc := range map[string]struct {
		msgs       []sdk.Msg
		gas, bytes uint64
		want       error
	}{
		"a proof":               {proofs(1), 1_600_000 + 60*256, 70_000, nil},
		"a proof, more gas":     {proofs(1), 1_600_001 + 60*256, 1, ErrTooMuchGas},
		"a proof, more bytes":   {proofs(1), 1, 100_000, ErrTooLarge},
		"two proofs":            {proofs(2), 3 * m, 1, nil},
		"eleven proofs":         {proofs(11), 15 * m, 1, nil},
		"more than 15 %":        {proofs(11), 15*m + 1, 1, ErrTooMuchGas},
		"a reveal":              {[]sdk.Msg{&markettypes.MsgReveal{}}, 500_000, 9_000, nil},
		"a reveal, more gas":    {[]sdk.Msg{&markettypes.MsgReveal{}}, 500_001, 1, ErrTooMuchGas},
		"a bid, more bytes":     {[]sdk.Msg{&markettypes.MsgBid{}}, 1, 10_000, ErrTooLarge},
		"a bid, more gas":       {[]sdk.Msg{&markettypes.MsgBid{}}, 500_001, 1, ErrTooMuchGas},
		"a full batch":          {[]sdk.Msg{reveals(50)}, 15 * m, 50_000, nil},
		"batches of 51":         {[]sdk.Msg{reveals(25), bids(26)}, 1, 1, ErrTooManyItems},
		"a batch and a proof":   {append(proofs(1), reveals(50)), 1, 1, ErrTooManyItems},
		"a small batch":         {[]sdk.Msg{bids(3)}, 1_100_001, 1, ErrTooMuchGas},
		"all for the rest":      {[]sdk.Msg{&banktypes.MsgSend{}}, 100 * m, 4 << 20, nil},
		"too much for the rest": {[]sdk.Msg{&banktypes.MsgSend{}}, 100*m + 1, 1, ErrTooMuchGas},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, block(100*m, -1).check(Of(tc.msgs), tc.msgs, tc.gas, tc.bytes), tc.want)
		})
	}
	require.ErrorIs(t, block(2*m, -1).check(Critical, proofs(1), 1_200_001, 1), ErrTooMuchGas, "a lane's share binds, too")
}

// The most expensive proof of every system fits, with the margin that the sidecar adds to
// its simulation: 40 % and 100,000.
func TestTheMostExpensiveProofFits(t *testing.T) {
	const settlement, signature = 200_000, 30_000
	read := storetypes.KVGasConfig()
	for _, system := range []string{proof.SystemGroth16, proof.SystemPlonk} {
		for _, curve := range []string{proof.CurveBN254, proof.CurveBLS12381} {
			for _, values := range []int{0, 32 * proof.MaxPublicInputs, proof.MaxPublicValuesSize} {
				msg := &markettypes.MsgSubmitProof{
					Proof: bytes.Repeat([]byte{1}, proof.MaxProofSize), PublicValues: bytes.Repeat([]byte{1}, values),
				}
				needs := verifiertypes.VerificationGas(proof.Shape{
					System: system, Curve: curve, PublicInputs: proof.MaxPublicInputs, Commitments: proof.MaxCommitments,
					Committed: proof.MaxCommitments * proof.MaxPublicInputs,
				})
				needs += read.ReadCostPerByte*proof.MaxKeySize + (read.WriteCostPerByte+10)*uint64(msg.Size()) + settlement + signature
				asked := needs + needs*40/100 + 100_000
				require.NoError(t, block(100_000_000, -1).check(Critical, []sdk.Msg{msg}, asked, uint64(msg.Size()+1_000)), "%s %s %d", system, curve, values)
			}
		}
	}
}
