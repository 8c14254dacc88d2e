package app

import (
	abci "github.com/cometbft/cometbft/abci/types"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/app/lanes"
)

// setLanes gives blocks their order (law M17): the pool in which transactions wait, the
// handlers that propose blocks and judge proposals, and the last step of CheckTx, which
// lets transactions into the pool's lanes.
func (app *App) setLanes(check sdk.AnteHandler) {
	app.pool = lanes.NewPool(lanes.DefaultCapacity())
	proposals := lanes.NewProposals(app.pool, app.enc.TxConfig.TxDecoder())
	app.SetMempool(app.pool)
	app.SetPrepareProposal(proposals.Prepare)
	app.SetProcessProposal(proposals.Process)
	lane := lanes.NewDecorator(app.MarketKeeper, app.proven)
	app.SetAnteHandler(func(ctx sdk.Context, tx sdk.Tx, simulate bool) (sdk.Context, error) {
		checked, err := check(ctx, tx, simulate)
		if err != nil {
			return checked, err
		}
		return lane.AnteHandle(checked, tx, simulate, done)
	})
}

// done ends a chain of ante handlers.
func done(ctx sdk.Context, _ sdk.Tx, _ bool) (sdk.Context, error) { return ctx, nil }

// Pool returns where transactions wait for a block.
func (app *App) Pool() *lanes.Pool { return app.pool }

// CheckTx judges a transaction for the pool. On a recheck it refuses what the pool let
// go, so that CometBFT lets it go too.
func (app *App) CheckTx(req *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) {
	if err := app.pool.Recheck(req); err != nil {
		return sdkerrors.ResponseCheckTxWithEvents(err, 0, 0, nil, false), nil
	}
	return app.BaseApp.CheckTx(req)
}

// FinalizeBlock executes a block that was decided, and removes its transactions from the
// pool, whatever became of them: CometBFT does the same.
func (app *App) FinalizeBlock(req *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	res, err := app.BaseApp.FinalizeBlock(req)
	if err == nil {
		app.pool.Forget(req.Txs)
	}
	return res, err
}
