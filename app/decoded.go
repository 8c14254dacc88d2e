package app

import (
	"bytes"
	"runtime"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// decodedTxs are the transactions of a block that has been looked at before it runs, for
// its execution to use. They are those of one block at a time, and read only while it
// runs.
type decodedTxs struct {
	raw [][]byte
	txs []sdk.Tx
}

// decode decodes a block's transactions on all cores. What does not decode, or panics, is
// left out: execution decodes it again, and says why.
func (d *decodedTxs) decode(raw [][]byte, decoder sdk.TxDecoder) {
	d.raw, d.txs = raw, make([]sdk.Tx, len(raw))
	// Each error is that of one transaction, which stays nil.
	_ = proof.Each(runtime.GOMAXPROCS(0), len(raw), func(i int) error {
		tx, err := decoder(raw[i])
		if err == nil {
			d.txs[i] = tx
		}
		return err
	})
}

// at returns the block's transaction i, if it is this one and has been decoded; nil
// otherwise.
func (d *decodedTxs) at(i int, raw []byte) sdk.Tx {
	if i < 0 || i >= len(d.txs) || !bytes.Equal(d.raw[i], raw) {
		return nil
	}
	return d.txs[i]
}

// forget makes room for the next block.
func (d *decodedTxs) forget() { d.raw, d.txs = nil, nil }
