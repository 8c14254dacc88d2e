package ante

import (
	lru "github.com/hashicorp/golang-lru/v2"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkante "github.com/cosmos/cosmos-sdk/x/auth/ante"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"
	txsigning "github.com/cosmos/cosmos-sdk/x/tx/signing"

	"github.com/proofmarket/proofmarket/internal/domainhash"
)

// signaturesDomain separates what is remembered here from other hashes.
const signaturesDomain = "proofmarket/signatures/v1"

// rememberedSignatures is how many transactions with good signatures are remembered, at
// some 150 bytes each: more than the pool holds and lets go between two blocks.
const rememberedSignatures = 1 << 15

// signatureDecorator is the SDK's check of signatures and sequences, without the
// arithmetic of signatures for a transaction that it has found good before: in CheckTx,
// or in an earlier run of the parallel executor. It is a fifth of the time of blocks whose
// transactions have one message.
//
// Whether signatures are good follows from the bytes of the transaction, the chain's id,
// and the signers' account numbers and public keys, so that is what it remembers. All
// else, sequences and nonces among it, is checked each time, and gas is the same.
type signatureDecorator struct {
	sdk.AnteDecorator
	ak   sdkante.AccountKeeper
	good *lru.Cache[[domainhash.Size]byte, struct{}]
}

// newSignatureDecorator wraps the SDK's.
func newSignatureDecorator(ak sdkante.AccountKeeper, handler *txsigning.HandlerMap) (signatureDecorator, error) {
	good, err := lru.New[[domainhash.Size]byte, struct{}](rememberedSignatures)
	return signatureDecorator{sdkante.NewSigVerificationDecorator(ak, handler), ak, good}, err
}

// AnteHandle implements sdk.AnteDecorator.
func (d signatureDecorator) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	if simulate || ctx.IsReCheckTx() || !ctx.IsSigverifyTx() {
		return d.AnteDecorator.AnteHandle(ctx, tx, simulate, next)
	}
	key, some := d.key(ctx, tx)
	if !some {
		return d.AnteDecorator.AnteHandle(ctx, tx, simulate, next)
	}
	_, known := d.good.Get(key)
	return d.AnteDecorator.AnteHandle(ctx.WithIsSigverifyTx(!known), tx, simulate, func(ctx sdk.Context, tx sdk.Tx, simulate bool) (sdk.Context, error) {
		if !known {
			d.remember(ctx, tx, key)
		}
		return next(ctx.WithIsSigverifyTx(true), tx, simulate)
	})
}

// remember notes that what key names is good, if that still is what the transaction
// depends on: the parallel executor could have shown the check another account.
func (d signatureDecorator) remember(ctx sdk.Context, tx sdk.Tx, key [domainhash.Size]byte) {
	if again, some := d.key(ctx, tx); some && again == key {
		d.good.Add(key, struct{}{})
	}
}

// key names all that the goodness of a transaction's signatures follows from; false if
// something of it is missing, which the SDK's check refuses. What it reads is read again
// there, and paid for.
func (d signatureDecorator) key(ctx sdk.Context, tx sdk.Tx) (key [domainhash.Size]byte, some bool) {
	signed, is := tx.(authsigning.SigVerifiableTx)
	if !is || len(ctx.TxBytes()) == 0 {
		return key, false
	}
	signers, err := signed.GetSigners()
	if err != nil {
		return key, false
	}
	free := ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())
	// The SDK takes the account number for 0 before the first block.
	parts := [][]byte{[]byte(ctx.ChainID()), domainhash.Bool(ctx.BlockHeight() == 0), ctx.TxBytes()}
	for _, signer := range signers {
		acc := d.ak.GetAccount(free, signer)
		if acc == nil || acc.GetPubKey() == nil {
			return key, false
		}
		key := acc.GetPubKey()
		parts = append(parts, signer, domainhash.Uint64(acc.GetAccountNumber()), []byte(key.Type()), key.Bytes())
	}
	return domainhash.Sum(signaturesDomain, parts...), true
}
