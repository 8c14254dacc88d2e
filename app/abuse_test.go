package app_test

import (
	"fmt"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	errorsmod "cosmossdk.io/errors"

	"github.com/cosmos/cosmos-sdk/baseapp"
	kmultisig "github.com/cosmos/cosmos-sdk/crypto/keys/multisig"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/app/ante"
	"github.com/proofmarket/proofmarket/testutil"
)

// sends is n messages.
func sends(from, to *testutil.Account, n int) []sdk.Msg {
	msgs := make([]sdk.Msg, n)
	for i := range msgs {
		msgs[i] = send(from, to, 1)
	}
	return msgs
}

// exec carries msgs for their own signer, depth times over.
func exec(signer *testutil.Account, depth int, msgs ...sdk.Msg) sdk.Msg {
	m := authz.NewMsgExec(signer.Address, msgs)
	if depth > 1 {
		return exec(signer, depth-1, &m)
	}
	return &m
}

// A transaction has a limited number of messages, however they are wrapped, for
// whoever receives it and for whoever gets it in a block.
func TestMessagesOfATransactionAreCounted(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithAccounts("alice", "bob"))
	alice, bob := a.Account("alice"), a.Account("bob")
	propose := func(msgs ...sdk.Msg) sdk.Msg {
		m, err := govv1.NewMsgSubmitProposal(msgs, coins(1), alice.String(), "", "title", "summary", false)
		require.NoError(t, err)
		return m
	}
	for name, tc := range map[string]struct {
		msgs []sdk.Msg
		want *errorsmod.Error
	}{
		"as many as allowed":                     {sends(alice, bob, ante.MaxMessages), nil},
		"one more":                               {sends(alice, bob, ante.MaxMessages+1), ante.ErrTooManyMessages},
		"as many, carried":                       {[]sdk.Msg{exec(alice, 1, sends(alice, bob, ante.MaxMessages-1)...)}, nil},
		"one more, carried by one":               {[]sdk.Msg{exec(alice, 1, sends(alice, bob, ante.MaxMessages)...)}, sdkerrors.ErrTxDecode}, // the decoder's own limit
		"one more, in two":                       {[]sdk.Msg{exec(alice, 1, sends(alice, bob, 49)...), exec(alice, 1, sends(alice, bob, 50)...)}, ante.ErrTooManyMessages},
		"one more, in a proposal":                {[]sdk.Msg{propose(sends(alice, bob, ante.MaxMessages)...)}, sdkerrors.ErrTxDecode},
		"one more, in a proposal beside another": {[]sdk.Msg{send(alice, bob, 1), propose(sends(alice, bob, ante.MaxMessages-1)...)}, ante.ErrTooManyMessages},
		"as deep as allowed":                     {[]sdk.Msg{exec(alice, ante.MaxDepth-1, send(alice, bob, 1))}, nil},
		"one deeper":                             {[]sdk.Msg{exec(alice, ante.MaxDepth, send(alice, bob, 1))}, ante.ErrNestedTooDeep},
		"one deeper, in a proposal":              {[]sdk.Msg{exec(alice, 1, propose(exec(alice, 1, send(alice, bob, 1))))}, ante.ErrNestedTooDeep},
		"one deeper, behind a shallow":           {[]sdk.Msg{send(alice, bob, 1), exec(alice, ante.MaxDepth, send(alice, bob, 1))}, ante.ErrNestedTooDeep},
	} {
		t.Run(name, func(t *testing.T) {
			tx := a.SignTx(alice, testutil.TxSpec{Gas: 20_000_000}, tc.msgs...)
			before := a.Balance(alice.Address)
			check, result := a.Check(tx), a.Block(tx).Results[0]
			if tc.want == nil {
				require.Zero(t, check.Code, check.Log)
				a.RequireOK(result)
				return
			}
			a.RequireCheckError(tc.want, check)
			a.RequireError(tc.want, result)
			require.Equal(t, before, a.Balance(alice.Address))
			_, _, err := a.Simulate(tx)
			require.ErrorIs(t, err, tc.want)
		})
	}
}

// Nobody reserves more gas than a block has.
func TestGasAboveTheBlocksIsRefused(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithAccounts("alice", "bob"))
	alice, bob := a.Account("alice"), a.Account("bob")
	most := a.SignTx(alice, testutil.TxSpec{Gas: app.MaxBlockGas}, send(alice, bob, 1))
	require.Zero(t, a.Check(most).Code)
	a.RequireOK(a.Block(most).Results[0])
	for _, gas := range []uint64{app.MaxBlockGas + 1, 1 << 63, 1<<64 - 1} {
		tx := a.SignTx(alice, testutil.TxSpec{Gas: gas, Fee: coins(1_000_000)}, send(alice, bob, 1))
		if gas >= 1<<63 { // more than the SDK can add up
			require.NotZero(t, a.Check(tx).Code)
		} else {
			a.RequireCheckError(sdkerrors.ErrInvalidGasLimit, a.Check(tx))
		}
		before := a.Balance(alice.Address)
		require.NotZero(t, a.Block(tx).Results[0].Code)
		require.Equal(t, before, a.Balance(alice.Address))
	}
}

// A transaction that fails pays for the work that it caused.
func TestFailedTransactionPaysItsFee(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithAccounts("alice", "bob"))
	alice, bob := a.Account("alice"), a.Account("bob")
	for name, tc := range map[string]struct {
		gas  uint64
		msgs []sdk.Msg
		want *errorsmod.Error
	}{
		"message fails": {testutil.DefaultGas, []sdk.Msg{send(alice, bob, testutil.DefaultBalance)}, sdkerrors.ErrInsufficientFunds},
		"out of gas":    {100_000, sends(alice, bob, 20), sdkerrors.ErrOutOfGas},
	} {
		t.Run(name, func(t *testing.T) {
			before := a.Balance(alice.Address)
			a.RequireError(tc.want, a.Block(a.SignTx(alice, testutil.TxSpec{Gas: tc.gas, Fee: coins(2_500)}, tc.msgs...)).Results[0])
			require.Equal(t, before.SubRaw(2_500), a.Balance(alice.Address))
		})
	}
}

// Cheap refusals come before dear ones: each transaction here is wrong in its way
// and in all those that come after.
func TestCheapChecksComeFirst(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithAccounts("alice", "bob"))
	alice, bob := a.Account("alice"), a.Account("bob")
	wrong := uint64(77) // a sequence, which the signature covers
	gas := uint64(app.MaxBlockGas + 1)
	for _, tc := range []struct {
		spec  testutil.TxSpec
		count int
		want  *errorsmod.Error
	}{
		{testutil.TxSpec{Gas: gas, Fee: sdk.Coins{}, Sequence: &wrong}, ante.MaxMessages + 1, sdkerrors.ErrInvalidGasLimit},
		{testutil.TxSpec{Fee: sdk.Coins{}, Sequence: &wrong}, ante.MaxMessages + 1, ante.ErrFeeCoin},
		{testutil.TxSpec{Fee: coins(1), Sequence: &wrong}, ante.MaxMessages + 1, ante.ErrTooManyMessages},
		{testutil.TxSpec{Fee: coins(1), Sequence: &wrong}, 1, ante.ErrFeeTooLow},
		{testutil.TxSpec{Fee: coins(2 * testutil.DefaultBalance), Sequence: &wrong}, 1, sdkerrors.ErrInsufficientFunds},
		{testutil.TxSpec{Sequence: &wrong}, 1, sdkerrors.ErrWrongSequence},
	} {
		a.RequireCheckError(tc.want, a.Check(a.SignTx(alice, tc.spec, sends(alice, bob, tc.count)...)))
	}
}

// A key made of many keys costs a check of each, so their number is limited before
// the first is checked, however they are put together.
func TestSignaturesOfATransactionAreCounted(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithAccounts("alice", "bob"))
	alice := a.Account("alice")
	limit := int(a.AccountKeeper.GetParams(a.Ctx()).TxSigLimit)
	keys := func(n int) (list []cryptotypes.PubKey) {
		for i := range n {
			list = append(list, secp256k1.GenPrivKeyFromSecret([]byte(fmt.Sprint("member ", i))).PubKey())
		}
		return list
	}
	for name, key := range map[string]cryptotypes.PubKey{
		"flat":   kmultisig.NewLegacyAminoPubKey(1, keys(limit+1)),
		"nested": kmultisig.NewLegacyAminoPubKey(1, append(keys(limit-1), kmultisig.NewLegacyAminoPubKey(1, keys(2)))),
	} {
		t.Run(name, func(t *testing.T) {
			owner := &testutil.Account{Name: name, Address: sdk.AccAddress(key.Address())}
			a.MustDeliver(alice, send(alice, owner, 1_000_000))
			b := a.TxConfig().NewTxBuilder()
			require.NoError(t, b.SetMsgs(send(owner, alice, 1)))
			b.SetGasLimit(1_000_000)
			b.SetFeeAmount(coins(2_500))
			require.NoError(t, b.SetSignatures(signing.SignatureV2{PubKey: key, Data: &signing.SingleSignatureData{SignMode: signing.SignMode_SIGN_MODE_DIRECT}}))
			tx, err := a.TxConfig().TxEncoder()(b.GetTx())
			require.NoError(t, err)
			a.RequireCheckError(sdkerrors.ErrTooManySignatures, a.Check(tx))
			a.RequireError(sdkerrors.ErrTooManySignatures, a.Block(tx).Results[0])
		})
	}
}

// A simulation is free for whoever asks for it, so it ends with the gas of a block
// and with the size of a transaction.
func TestSimulationIsBounded(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithAccounts("alice", "bob"))
	alice, bob := a.Account("alice"), a.Account("bob")
	info, _, err := a.Simulate(a.SignTx(alice, testutil.TxSpec{}, send(alice, bob, 1)))
	require.NoError(t, err)
	require.EqualValues(t, app.MaxBlockGas, info.GasWanted)
	require.Less(t, info.GasUsed, uint64(testutil.DefaultGas))

	// Each output makes an account.
	to := func(n int) sdk.Msg {
		m := &banktypes.MsgMultiSend{Inputs: []banktypes.Input{banktypes.NewInput(alice.Address, coins(int64(n)))}}
		for i := range n {
			m.Outputs = append(m.Outputs, banktypes.NewOutput(sdk.AccAddress(fmt.Sprintf("stranger %011d", i)), coins(1)))
		}
		return m
	}
	first := uint64(0)
	info, _, err = a.Simulate(a.SignTx(alice, testutil.TxSpec{Sequence: &first}, to(6_500)))
	require.ErrorIs(t, err, sdkerrors.ErrOutOfGas)
	require.GreaterOrEqual(t, info.GasUsed, uint64(app.MaxBlockGas))

	large := make([]byte, app.MaxTxBytes+1)
	_, _, err = a.Simulate(large)
	require.ErrorIs(t, err, app.ErrQuery)
	_, _, err = a.Simulate(large[1:])
	require.ErrorIs(t, err, sdkerrors.ErrTxDecode)
}

// What no gas bounds is not answered over CometBFT's abci_query.
func TestUnboundedQueriesAreRefused(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithAccounts("alice"))
	ask := func(path string, data []byte) *abci.ResponseQuery {
		res, err := a.Query(t.Context(), &abci.RequestQuery{Path: path, Data: data})
		require.NoError(t, err)
		return res
	}
	one := []byte{2}
	require.Zero(t, ask("/store/bank/key", one).Code, "single keys are for light clients")
	for _, path := range []string{"/store/bank/subspace", "store/bank/subspace", "/store/market/subspace", "/store/bank/key/subspace", "/store/bank//subspace", "/store", "/store/bank"} {
		res := ask(path, one)
		require.Equal(t, []any{app.ErrQuery.Codespace(), app.ErrQuery.ABCICode()}, []any{res.Codespace, res.Code}, "%s: %s", path, res.Log)
		require.Empty(t, res.Value)
	}
	for _, path := range []string{"/app/simulate", "/store/bank/key", "/cosmos.bank.v1beta1.Query/Balance"} {
		res := ask(path, make([]byte, app.MaxTxBytes+1))
		require.Equal(t, app.ErrQuery.ABCICode(), res.Code, path)
	}
}

// No query works on when its gas is used up, the SDK's modules' included.
func TestQueriesHaveAGasLimit(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithAccounts("alice", "bob", "carol"))
	ask := func() *abci.ResponseQuery {
		res, err := a.Query(t.Context(), &abci.RequestQuery{Path: "/cosmos.auth.v1beta1.Query/Accounts"})
		require.NoError(t, err)
		return res
	}
	require.Zero(t, ask().Code)
	baseapp.SetQueryGasLimit(2_000)(a.BaseApp)
	res := ask()
	require.Equal(t, sdkerrors.ErrPanic.ABCICode(), res.Code, "which is how the SDK says it here")
	require.Empty(t, res.Value)
}
