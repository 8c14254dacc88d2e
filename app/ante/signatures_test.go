package ante

import (
	"context"
	"errors"
	"testing"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkante "github.com/cosmos/cosmos-sdk/x/auth/ante"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/proofmarket/proofmarket/internal/domainhash"
)

// innerCheck stands for the SDK's check: it notes whether it was to verify.
type innerCheck struct {
	verified []bool
	fails    error
	during   func()
}

func (c *innerCheck) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	c.verified = append(c.verified, ctx.IsSigverifyTx())
	if c.fails != nil {
		return ctx, c.fails
	}
	if c.during != nil {
		c.during()
	}
	return next(ctx, tx, simulate)
}

// oneAccount knows one account.
type oneAccount struct {
	sdkante.AccountKeeper
	acc sdk.AccountI
}

func (k *oneAccount) GetAccount(ctx context.Context, _ sdk.AccAddress) sdk.AccountI {
	sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(1_000, "read")
	return k.acc
}

// signedTx is a transaction of one signer.
type signedTx struct {
	authsigning.SigVerifiableTx
	signer []byte
}

func (t signedTx) GetSigners() ([][]byte, error) { return [][]byte{t.signer}, nil }

// A signature is verified once: again as soon as anything differs that it depends on.
func TestSignaturesAreVerifiedOnce(t *testing.T) {
	key, other := secp256k1.GenPrivKey().PubKey(), secp256k1.GenPrivKey().PubKey()
	signer := sdk.AccAddress(key.Address())
	account := func(number uint64) sdk.AccountI { return authtypes.NewBaseAccount(signer, key, number, 3) }
	type world struct {
		ctx   sdk.Context
		tx    signedTx
		acc   sdk.AccountI
		inner *innerCheck
	}
	for name, tc := range map[string]struct {
		change func(*world)
		want   []bool
	}{
		"the same":              {func(*world) {}, []bool{true, false}},
		"sequence moved on":     {func(w *world) { require.NoError(t, w.acc.SetSequence(4)) }, []bool{true, false}},
		"a later block":         {func(w *world) { w.ctx = w.ctx.WithBlockHeight(9) }, []bool{true, false}},
		"other bytes":           {func(w *world) { w.ctx = w.ctx.WithTxBytes([]byte("other")) }, []bool{true, true}},
		"another chain":         {func(w *world) { w.ctx = w.ctx.WithChainID("b") }, []bool{true, true}},
		"before the first":      {func(w *world) { w.ctx = w.ctx.WithBlockHeight(0) }, []bool{true, true}},
		"another number":        {func(w *world) { w.acc = account(8) }, []bool{true, true}},
		"another key":           {func(w *world) { w.acc = authtypes.NewBaseAccount(signer, other, 7, 3) }, []bool{true, true}},
		"another signer":        {func(w *world) { w.tx.signer = other.Address() }, []bool{true, true}},
		"no key":                {func(w *world) { w.acc = authtypes.NewBaseAccount(signer, nil, 7, 3) }, []bool{true, true}},
		"no account":            {func(w *world) { w.acc = nil }, []bool{true, true}},
		"no bytes":              {func(w *world) { w.ctx = w.ctx.WithTxBytes(nil) }, []bool{true, true}},
		"a recheck says itself": {func(w *world) { w.ctx = w.ctx.WithIsReCheckTx(true) }, []bool{true, true}},
	} {
		t.Run(name, func(t *testing.T) {
			good, err := lru.New[[domainhash.Size]byte, struct{}](8)
			require.NoError(t, err)
			ctx := sdk.NewContext(nil, cmtproto.Header{ChainID: "a", Height: 5}, false, log.NewNopLogger()).
				WithTxBytes([]byte("bytes")).WithGasMeter(storetypes.NewGasMeter(10))
			w := &world{ctx, signedTx{signer: signer}, account(7), &innerCheck{}}
			run := func() {
				d := signatureDecorator{w.inner, &oneAccount{acc: w.acc}, good}
				passed := false
				_, err := d.AnteHandle(w.ctx, w.tx, false, func(ctx sdk.Context, _ sdk.Tx, _ bool) (sdk.Context, error) {
					passed = true
					require.True(t, ctx.IsSigverifyTx(), "later steps see what they would have seen")
					return ctx, nil
				})
				require.NoError(t, err)
				require.True(t, passed)
				require.Zero(t, w.ctx.GasMeter().GasConsumed(), "its reads are free")
			}
			run()
			tc.change(w)
			run()
			require.Equal(t, tc.want, w.inner.verified)
		})
	}
}

// What was refused, simulated, or not to be verified, is not remembered.
func TestOnlyGoodSignaturesAreRemembered(t *testing.T) {
	key := secp256k1.GenPrivKey().PubKey()
	signer := sdk.AccAddress(key.Address())
	ctx := sdk.NewContext(nil, cmtproto.Header{ChainID: "a", Height: 5}, false, log.NewNopLogger()).WithTxBytes([]byte("bytes"))
	for name, run := range map[string]func(d signatureDecorator, inner *innerCheck, next sdk.AnteHandler) error{
		"refused": func(d signatureDecorator, inner *innerCheck, next sdk.AnteHandler) error {
			inner.fails = errors.New("bad")
			defer func() { inner.fails = nil }()
			_, err := d.AnteHandle(ctx, signedTx{signer: signer}, false, next)
			require.ErrorIs(t, err, inner.fails)
			return nil
		},
		"simulated": func(d signatureDecorator, _ *innerCheck, next sdk.AnteHandler) error {
			_, err := d.AnteHandle(ctx, signedTx{signer: signer}, true, next)
			return err
		},
		"another account meanwhile": func(d signatureDecorator, inner *innerCheck, next sdk.AnteHandler) error {
			k := d.ak.(*oneAccount)
			acc := k.acc
			inner.during = func() { k.acc = authtypes.NewBaseAccount(signer, key, 8, 3) }
			defer func() { inner.during, k.acc = nil, acc }()
			_, err := d.AnteHandle(ctx, signedTx{signer: signer}, false, next)
			return err
		},
		"rechecked": func(d signatureDecorator, _ *innerCheck, next sdk.AnteHandler) error {
			_, err := d.AnteHandle(ctx.WithIsReCheckTx(true), signedTx{signer: signer}, false, next)
			return err
		},
		"not to be verified": func(d signatureDecorator, _ *innerCheck, next sdk.AnteHandler) error {
			_, err := d.AnteHandle(ctx.WithIsSigverifyTx(false), signedTx{signer: signer}, false, next)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			good, err := lru.New[[domainhash.Size]byte, struct{}](8)
			require.NoError(t, err)
			inner := &innerCheck{}
			d := signatureDecorator{inner, &oneAccount{acc: authtypes.NewBaseAccount(signer, key, 7, 3)}, good}
			next := func(ctx sdk.Context, _ sdk.Tx, _ bool) (sdk.Context, error) { return ctx, nil }
			require.NoError(t, run(d, inner, next))
			_, err = d.AnteHandle(ctx, signedTx{signer: signer}, false, next)
			require.NoError(t, err)
			require.True(t, inner.verified[1], "it counts for good")
		})
	}
}
