package app

import (
	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"
	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
	tendermint "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"
)

// SetUpgrades lets tests register upgrades that no release has.
func (app *App) SetUpgrades(list []Upgrade) error { return app.setUpgrades(list) }

// ReleaseOption is the node option that builds the software of an older release.
const ReleaseOption = releaseOption

// FirstRelease is its value for v0.1.0: without IBC, and with no upgrade behind it.
func FirstRelease() any {
	return release{absent: []string{ibcexported.ModuleName, transfertypes.ModuleName, tendermint.ModuleName}}
}
