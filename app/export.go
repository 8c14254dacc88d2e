package app

import (
	"encoding/json"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	errorsmod "cosmossdk.io/errors"

	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdkstaking "github.com/cosmos/cosmos-sdk/x/staking"
)

// ExportAppStateAndValidators returns the state of the last committed block as
// a genesis for a chain that goes on at the next height. modules limits the
// export; none means all.
//
// Heights can't restart at zero: auctions in progress count their phases in
// blocks, so forZeroHeight is refused, and allowedToJail with it has no use.
func (app *App) ExportAppStateAndValidators(forZeroHeight bool, _, modules []string) (servertypes.ExportedApp, error) {
	if forZeroHeight {
		return servertypes.ExportedApp{}, errorsmod.Wrap(ErrZeroHeightExport,
			"auctions in progress count blocks; export without --for-zero-height and start the new chain at the exported height")
	}
	ctx := app.NewContextLegacy(true, cmtproto.Header{Height: app.LastBlockHeight()})
	genesis, err := app.ModuleManager.ExportGenesisForModules(ctx, app.enc.Codec, modules)
	if err != nil {
		return servertypes.ExportedApp{}, err
	}
	state, err := json.MarshalIndent(genesis, "", "  ")
	if err != nil {
		return servertypes.ExportedApp{}, err
	}
	validators, err := sdkstaking.WriteValidators(ctx, app.StakingKeeper)
	if err != nil {
		return servertypes.ExportedApp{}, err
	}
	return servertypes.ExportedApp{
		AppState:        state,
		Validators:      validators,
		Height:          app.LastBlockHeight() + 1,
		ConsensusParams: app.GetConsensusParams(ctx),
	}, nil
}
