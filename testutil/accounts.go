package testutil

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/client/tx"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"

	"github.com/proofmarket/proofmarket/internal/chain"
)

const (
	// DefaultGas is the gas limit of a transaction that names none.
	DefaultGas = 1_000_000
	// gasPriceInverse is one over the gas price that transactions pay, in gas
	// per uproof: 0.0025 uproof.
	gasPriceInverse = 400
)

// Account is a key whose secret is its name, so that every run has the same
// addresses.
type Account struct {
	Name    string
	Key     *secp256k1.PrivKey
	Address sdk.AccAddress
}

// String returns the account's bech32 address.
func (a *Account) String() string { return a.Address.String() }

// NewAccount returns the account of that name.
func NewAccount(name string) *Account {
	chain.ConfigureBech32()
	key := secp256k1.GenPrivKeyFromSecret([]byte("proofmarket test account " + name))
	return &Account{Name: name, Key: key, Address: sdk.AccAddress(key.PubKey().Address())}
}

// Account returns the account of that name, funded or not.
func (a *App) Account(name string) *Account {
	if acc, ok := a.accounts[name]; ok {
		return acc
	}
	acc := NewAccount(name)
	a.accounts[name] = acc
	return acc
}

// TxSpec says how a transaction is made. The zero value is an ordinary one with
// DefaultGas and the fee that the node asks for it.
type TxSpec struct {
	// Gas is the gas limit; zero means DefaultGas.
	Gas uint64
	// Fee is the fee; nil means Gas at 0.0025 uproof.
	Fee sdk.Coins
	// Memo is the transaction's memo.
	Memo string
	// Granter pays the fee in the signer's place.
	Granter sdk.AccAddress
	// TimeoutHeight is the last height at which the transaction is good.
	TimeoutHeight uint64
	// Unordered makes an unordered transaction that is good until then.
	Unordered time.Time
	// Sequence overrides the sequence, which otherwise follows the state and the
	// transactions signed since the last block.
	Sequence *uint64
}

// Tx signs an ordinary transaction. Calls between two blocks take the signer's
// sequences one after the other, so all of them must go into the next block.
func (a *App) Tx(signer *Account, msgs ...sdk.Msg) []byte {
	a.t.Helper()
	return a.SignTx(signer, TxSpec{}, msgs...)
}

// SignTx signs a transaction made as spec says.
func (a *App) SignTx(signer *Account, spec TxSpec, msgs ...sdk.Msg) []byte {
	a.t.Helper()
	if spec.Gas == 0 {
		spec.Gas = DefaultGas
	}
	if spec.Fee == nil {
		fee := math.NewIntFromUint64(spec.Gas).AddRaw(gasPriceInverse - 1).QuoRaw(gasPriceInverse)
		spec.Fee = sdk.NewCoins(sdk.NewCoin(chain.Denom, fee))
	}
	number, sequence := a.signerNumbers(signer, spec)
	config := a.TxConfig()
	b := config.NewTxBuilder()
	require.NoError(a.t, b.SetMsgs(msgs...))
	b.SetGasLimit(spec.Gas)
	b.SetFeeAmount(spec.Fee)
	b.SetMemo(spec.Memo)
	b.SetFeeGranter(spec.Granter)
	b.SetTimeoutHeight(spec.TimeoutHeight)
	if !spec.Unordered.IsZero() {
		b.SetUnordered(true)
		b.SetTimeoutTimestamp(spec.Unordered)
	}
	mode := signing.SignMode_SIGN_MODE_DIRECT
	// What is signed includes the signers' keys and modes: an empty signature
	// puts them there.
	require.NoError(a.t, b.SetSignatures(signing.SignatureV2{
		PubKey: signer.Key.PubKey(), Data: &signing.SingleSignatureData{SignMode: mode}, Sequence: sequence,
	}))
	signature, err := tx.SignWithPrivKey(context.Background(), mode, authsigning.SignerData{
		ChainID: a.cfg.chainID, AccountNumber: number, Sequence: sequence,
		PubKey: signer.Key.PubKey(), Address: signer.String(),
	}, b, signer.Key, config, sequence)
	require.NoError(a.t, err)
	require.NoError(a.t, b.SetSignatures(signature))
	bz, err := config.TxEncoder()(b.GetTx())
	require.NoError(a.t, err)
	return bz
}

// signerNumbers returns the account number and sequence to sign with.
func (a *App) signerNumbers(signer *Account, spec TxSpec) (number, sequence uint64) {
	a.t.Helper()
	acc := a.AccountKeeper.GetAccount(a.Ctx(), signer.Address)
	require.NotNilf(a.t, acc, "account %s (%s) does not exist; fund it with WithAccounts", signer.Name, signer)
	switch {
	case spec.Sequence != nil:
		sequence = *spec.Sequence
	case spec.Unordered.IsZero():
		sequence = acc.GetSequence() + a.pending[signer.String()]
		a.pending[signer.String()]++
	}
	return acc.GetAccountNumber(), sequence
}
