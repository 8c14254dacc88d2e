package app

import (
	"runtime"
	"sync/atomic"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// decodedTxs is how the application decodes transactions. Those of a block that has been
// looked at before it runs are there already when the block's executor, whichever it is,
// asks for them. It is safe for concurrent use.
type decodedTxs struct {
	decoder sdk.TxDecoder
	// block holds what has been decoded ahead, by where the bytes begin: a block's
	// executor has the very bytes, and nobody else has.
	block atomic.Pointer[map[*byte]decodedTx]
}

// decodedTx is a transaction of so many bytes.
type decodedTx struct {
	tx   sdk.Tx
	size int
}

// decode implements sdk.TxDecoder. Transactions decoded ahead are shared by all who ask.
func (d *decodedTxs) decode(raw []byte) (sdk.Tx, error) {
	if block := d.block.Load(); block != nil && len(raw) > 0 {
		if known, there := (*block)[&raw[0]]; there && known.size == len(raw) {
			return known.tx, nil
		}
	}
	return d.decoder(raw)
}

// ahead decodes a block's transactions on all cores and keeps them until forget. What does
// not decode, or panics, is nil: whoever asks for it decodes it again, and sees why.
func (d *decodedTxs) ahead(raw [][]byte) []sdk.Tx {
	txs := make([]sdk.Tx, len(raw))
	// Each error is that of one transaction.
	_ = proof.Each(runtime.GOMAXPROCS(0), len(raw), func(i int) error {
		tx, err := d.decoder(raw[i])
		if err == nil {
			txs[i] = tx
		}
		return err
	})
	block := make(map[*byte]decodedTx, len(raw))
	for i, tx := range txs {
		if tx != nil && len(raw[i]) > 0 {
			block[&raw[i][0]] = decodedTx{tx, len(raw[i])}
		}
	}
	d.block.Store(&block)
	return txs
}

// forget drops what was decoded ahead, once its block has run.
func (d *decodedTxs) forget() { d.block.Store(nil) }
