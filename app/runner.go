package app

import (
	"context"

	abci "github.com/cometbft/cometbft/abci/types"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
)

// blockRunner runs the transactions of a block with one of the SDK's executors, after
// which nobody needs what was decoded ahead of it.
//
// It makes the executors agree on transactions that don't decode, which a proposer can
// put into a block. The sequential one reports no gas for them, the parallel one what
// happened to be on the block's meter; consensus covers the gas used, so a network with
// both kinds of nodes would halt.
type blockRunner struct {
	sdk.TxRunner
	decoded *decodedTxs
}

// Unwrap lets the SDK see whether the executor below is the parallel one.
func (r blockRunner) Unwrap() sdk.TxRunner { return r.TxRunner }

// Run implements sdk.TxRunner.
func (r blockRunner) Run(
	ctx context.Context, ms storetypes.MultiStore, txs [][]byte, deliver sdk.DeliverTxFunc,
) ([]*abci.ExecTxResult, error) {
	defer r.decoded.forget()
	results, err := r.TxRunner.Run(ctx, ms, txs, deliver)
	if err != nil {
		return nil, err
	}
	for i, result := range results {
		if result.Codespace != sdkerrors.ErrTxDecode.Codespace() || result.Code != sdkerrors.ErrTxDecode.ABCICode() {
			continue
		}
		// An ante step may answer with this code too; then the bytes decode.
		if _, err := r.decoded.decode(txs[i]); err != nil {
			results[i] = sdkerrors.ResponseExecTxResultWithEvents(sdkerrors.ErrTxDecode.Wrap(err.Error()), 0, 0, nil, false)
		}
	}
	return results, nil
}
