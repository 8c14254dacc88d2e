package app

import (
	abci "github.com/cometbft/cometbft/abci/types"

	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/app/lanes"
)

// KeyCapacity names the option, a lanes.Capacity, that says how much waits in the pool. It is
// for those who build the application, not in app.toml: CometBFT's pool must fit it.
const KeyCapacity = "lanes.capacity"

// setLanes gives blocks their order (law M17): the pool in which transactions wait, the
// handlers that propose blocks and judge proposals, and the last step of CheckTx, which
// lets transactions into the pool's lanes.
func (app *App) setLanes(options servertypes.AppOptions, check sdk.AnteHandler) {
	capacity, given := options.Get(KeyCapacity).(lanes.Capacity)
	if !given {
		capacity = lanes.DefaultCapacity()
	}
	app.pool = lanes.NewPool(capacity)
	proposals := lanes.NewProposals(app.pool, app.AccountKeeper, app.enc.TxConfig.TxDecoder())
	app.SetMempool(app.pool)
	app.SetPrepareProposal(proposals.Prepare)
	app.SetProcessProposal(proposals.Process)
	lane := lanes.NewDecorator(app.MarketKeeper, app.pool, app.proven)
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
	if req.Type == abci.CheckTxType_Recheck {
		if err := app.pool.Recheck(req.Tx); err != nil {
			return sdkerrors.ResponseCheckTxWithEvents(err, 0, 0, nil, false), nil
		}
	}
	return app.BaseApp.CheckTx(req)
}

// FinalizeBlock executes a block that was decided, and removes its transactions from the
// pool, whatever became of them: CometBFT does the same.
func (app *App) FinalizeBlock(req *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	res, err := app.BaseApp.FinalizeBlock(req)
	if err == nil {
		app.pool.Executed(req.Txs)
	}
	return res, err
}

// Commit makes a block's state the last one. CometBFT lets no transaction in between here
// and the end of its recheck.
func (app *App) Commit() (*abci.ResponseCommit, error) {
	res, err := app.BaseApp.Commit()
	if err == nil {
		app.pool.Committed()
	}
	return res, err
}
