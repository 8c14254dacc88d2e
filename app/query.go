package app

import (
	"context"

	abci "github.com/cometbft/cometbft/abci/types"

	errorsmod "cosmossdk.io/errors"

	"github.com/cosmos/cosmos-sdk/baseapp"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
)

// MaxTxBytes is the size of the largest transaction that a node takes by default,
// simulates, or reads in a query. The largest message that the default parameters
// allow, a proof with all of its public values, has 320 KiB.
const MaxTxBytes = 512 << 10

// ErrQuery means: the node does not answer such a query.
var ErrQuery = errorsmod.Register(codespace, 20, "query refused")

// Query implements servertypes.ABCI. It refuses what no gas bounds: a range of a
// store, which the SDK collects in memory whatever its size, and data larger than
// any query needs. Single keys, with proofs, are for light clients and relayers.
func (app *App) Query(ctx context.Context, req *abci.RequestQuery) (*abci.ResponseQuery, error) {
	if err := checkQuery(req); err != nil {
		return sdkerrors.QueryResult(err, false), nil
	}
	return app.BaseApp.Query(ctx, req)
}

// checkQuery returns ErrQuery, or nil.
func checkQuery(req *abci.RequestQuery) error {
	if len(req.Data) > MaxTxBytes {
		return errorsmod.Wrapf(ErrQuery, "%d bytes of data, at most %d are allowed", len(req.Data), MaxTxBytes)
	}
	path := baseapp.SplitABCIQueryPath(req.Path)
	if len(path) == 0 || path[0] != baseapp.QueryPathStore {
		return nil
	}
	if len(path) != 3 || path[2] != "key" {
		return errorsmod.Wrapf(ErrQuery, "path %q; ask for a single key with /store/<name>/key, or use the module's gRPC queries", req.Path)
	}
	return nil
}

// Simulate implements the transaction service's simulation. Decoding costs no gas,
// so that what no node would take is refused before it. It returns ErrQuery for
// that, and whatever the transaction fails with.
func (app *App) Simulate(tx []byte) (sdk.GasInfo, *sdk.Result, error) {
	if len(tx) > MaxTxBytes {
		return sdk.GasInfo{}, nil, errorsmod.Wrapf(ErrQuery, "a transaction of %d bytes, at most %d are simulated", len(tx), MaxTxBytes)
	}
	return app.BaseApp.Simulate(tx)
}
