package app

import (
	"context"
	"fmt"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"
)

// Upgrade is a change of the chain's software that governance schedules by
// name. At the planned height the old binary stops; the new one, which has an
// entry of that name, changes the set of stores and runs the modules'
// migrations before the block.
type Upgrade struct {
	// Name is the name of the plan.
	Name string
	// Stores names the stores that come, go or change their name.
	Stores storetypes.StoreUpgrades
	// Migrate does what the modules' own migrations don't, after them. It may be nil.
	Migrate func(ctx context.Context, k Keepers) error
}

// upgrades lists every upgrade of the chain, oldest first. The first release
// has none behind it.
func upgrades() []Upgrade { return nil }

// setUpgrades registers the handlers and, when the node was stopped for one of
// the upgrades, prepares its stores. It must run before the stores are loaded.
func (app *App) setUpgrades(list []Upgrade) error {
	for _, u := range list {
		app.UpgradeKeeper.SetUpgradeHandler(u.Name, app.upgradeHandler(u))
	}
	plan, err := app.UpgradeKeeper.ReadUpgradeInfoFromDisk()
	if err != nil {
		return fmt.Errorf("read the upgrade plan that the last run left: %w", err)
	}
	if app.UpgradeKeeper.IsSkipHeight(plan.Height) {
		return nil
	}
	for _, u := range list {
		if u.Name == plan.Name {
			stores := u.Stores
			app.SetStoreLoader(upgradetypes.UpgradeStoreLoader(plan.Height, &stores))
		}
	}
	return nil
}

func (app *App) upgradeHandler(u Upgrade) upgradetypes.UpgradeHandler {
	return func(ctx context.Context, _ upgradetypes.Plan, from module.VersionMap) (module.VersionMap, error) {
		versions, err := app.ModuleManager.RunMigrations(ctx, app.configurator, from)
		if err != nil || u.Migrate == nil {
			return versions, err
		}
		return versions, u.Migrate(ctx, app.Keepers)
	}
}
