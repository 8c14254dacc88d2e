package load

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/bech32"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"

	"github.com/proofmarket/proofmarket/internal/chain"
)

// account is a key of the generator, or the funder's.
type account struct {
	key    Signer
	addr   sdk.AccAddress
	name   string // bech32
	number uint64
	at     atomic.Int64 // the node that it uses, modulo their number

	lastTimeout time.Time
	open        int // requests under way
	// credit is what it may still spend in uproof; under a quarter of refill it is
	// topped up. What it needs for escrow and bonds comes on top, in reserve.
	credit, refill, reserve int64
	topping                 bool
}

// newAccount returns the account of a key.
func newAccount(key Signer, at int) (*account, error) {
	a := &account{key: key, addr: sdk.AccAddress(key.PubKey().Address())}
	a.at.Store(int64(at))
	var err error
	a.name, err = bech32.ConvertAndEncode(chain.Bech32Prefix, a.addr)
	return a, err
}

// derive returns the seed's account number i of a role.
func derive(seed, role string, i int) (*account, error) {
	return newAccount(secp256k1.GenPrivKeyFromSecret(fmt.Appendf(nil, "proofmarket load %s %s %d", seed, role, i)), i)
}

// randomSeed draws a seed that nobody can guess.
func randomSeed() (string, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	return hex.EncodeToString(b[:]), nil
}

// timeout returns a time after which a transaction is void, near to at. It is an
// unordered transaction's nonce, so no two of an account are alike: the clock's
// nanoseconds tell other processes' apart, with all but certainty.
func (a *account) timeout(at time.Time) time.Time {
	at = at.Truncate(time.Millisecond).Add(time.Duration(time.Now().Nanosecond()) % time.Millisecond)
	if !at.After(a.lastTimeout) {
		at = a.lastTimeout.Add(time.Nanosecond)
	}
	a.lastTimeout = at
	return at
}

// sign builds and signs a transaction.
func (a *account) sign(ctx context.Context, cfg client.TxConfig, chainID string, gas uint64, fee sdk.Coin, expires time.Time, msgs []sdk.Msg) ([]byte, error) {
	b := cfg.NewTxBuilder()
	if err := b.SetMsgs(msgs...); err != nil {
		return nil, err
	}
	b.SetGasLimit(gas)
	b.SetFeeAmount(sdk.NewCoins(fee))
	b.SetUnordered(true)
	b.SetTimeoutTimestamp(expires)
	set := func(signature []byte) error {
		return b.SetSignatures(signing.SignatureV2{
			PubKey: a.key.PubKey(),
			Data:   &signing.SingleSignatureData{SignMode: signing.SignMode_SIGN_MODE_DIRECT, Signature: signature},
		})
	}
	// The signature covers who signs and how, so that is set first.
	if err := set(nil); err != nil {
		return nil, err
	}
	bz, err := authsigning.GetSignBytesAdapter(ctx, cfg.SignModeHandler(), signing.SignMode_SIGN_MODE_DIRECT, authsigning.SignerData{
		Address: a.name, ChainID: chainID, AccountNumber: a.number, PubKey: a.key.PubKey(),
	}, b.GetTx())
	if err != nil {
		return nil, err
	}
	signature, err := a.key.Sign(bz)
	if err != nil {
		return nil, err
	}
	if err := set(signature); err != nil {
		return nil, err
	}
	return cfg.TxEncoder()(b.GetTx())
}

var _ Signer = cryptotypes.PrivKey(nil)
