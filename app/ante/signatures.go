package ante

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"

	lru "github.com/hashicorp/golang-lru/v2"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkante "github.com/cosmos/cosmos-sdk/x/auth/ante"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"
	txsigning "github.com/cosmos/cosmos-sdk/x/tx/signing"
)

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
	good *lru.Cache[[sha256.Size]byte, struct{}]
}

// newSignatureDecorator wraps the SDK's.
func newSignatureDecorator(ak sdkante.AccountKeeper, handler *txsigning.HandlerMap) (signatureDecorator, error) {
	good, err := lru.New[[sha256.Size]byte, struct{}](rememberedSignatures)
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
func (d signatureDecorator) remember(ctx sdk.Context, tx sdk.Tx, key [sha256.Size]byte) {
	if again, some := d.key(ctx, tx); some && again == key {
		d.good.Add(key, struct{}{})
	}
}

// key names all that the goodness of a transaction's signatures follows from; false if
// something of it is missing, which the SDK's check refuses. What it reads is read again
// there, and paid for.
func (d signatureDecorator) key(ctx sdk.Context, tx sdk.Tx) (key [sha256.Size]byte, some bool) {
	signed, is := tx.(authsigning.SigVerifiableTx)
	if !is || len(ctx.TxBytes()) == 0 {
		return key, false
	}
	signers, err := signed.GetSigners()
	if err != nil {
		return key, false
	}
	free := ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())
	h := sha256.New()
	field(h, []byte(ctx.ChainID()))
	// The SDK takes the account number for 0 before the first block.
	number(h, uint64(min(ctx.BlockHeight(), 1)))
	field(h, ctx.TxBytes())
	for _, signer := range signers {
		acc := d.ak.GetAccount(free, signer)
		if acc == nil || acc.GetPubKey() == nil {
			return key, false
		}
		field(h, signer)
		number(h, acc.GetAccountNumber())
		field(h, []byte(acc.GetPubKey().Type()))
		field(h, acc.GetPubKey().Bytes())
	}
	return [sha256.Size]byte(h.Sum(nil)), true
}

// field writes bytes with their length before them, so that no two lists look alike.
func field(h hash.Hash, b []byte) {
	number(h, uint64(len(b)))
	h.Write(b)
}

func number(h hash.Hash, n uint64) {
	h.Write(binary.BigEndian.AppendUint64(nil, n))
}
