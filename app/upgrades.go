package app

import (
	"context"
	"fmt"
	"maps"
	"slices"

	dbm "github.com/cosmos/cosmos-db"
	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"
	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"

	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	"github.com/cosmos/cosmos-sdk/store/v2/rootmulti"
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

// upgrades lists every upgrade of the chain, oldest first. v0.1.0 was the first
// release.
func upgrades() []Upgrade {
	return []Upgrade{{
		// IBC arrives. By their own migrations x/staking learns where its queues begin and
		// ranks each vault once, x/verifier marks that there are restrictions, and x/market
		// keeps statistics of earlier epochs in the place of lifetimes, prices in a ring, and
		// sets its marks.
		Name:   "v0.2.0",
		Stores: storetypes.StoreUpgrades{Added: []string{ibcexported.StoreKey, transfertypes.StoreKey}},
	}}
}

// release is the software of one release: the upgrades that it knows, and the
// modules, with their stores, that it does not have yet.
type release struct {
	upgrades []Upgrade
	absent   []string
}

// releaseOption is the node option under which tests build the software of an older
// release, to rehearse an upgrade from it. Its value is a release, which no flag and
// no configuration file can be.
const releaseOption = "release"

func releaseOf(options servertypes.AppOptions) release {
	if old, ok := options.Get(releaseOption).(release); ok {
		return old
	}
	return release{upgrades: upgrades()}
}

// trim takes the modules that the release does not have out of the manager.
func (r release) trim(manager *module.Manager) {
	absent := func(name string) bool { return slices.Contains(r.absent, name) }
	maps.DeleteFunc(manager.Modules, func(name string, _ any) bool { return absent(name) })
	manager.OrderExportGenesis = slices.DeleteFunc(manager.OrderExportGenesis, absent)
}

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

// complete gives modules that came with an upgrade their defaults in a genesis that a
// release before it exported. Any other module that is missing stays so.
func (app *App) complete(genesis GenesisState) {
	for _, u := range upgrades() {
		for _, name := range u.Stores.Added {
			m, known := app.BasicManager[name].(module.HasGenesisBasics)
			if _, given := genesis[name]; known && !given {
				genesis[name] = m.DefaultGenesis(app.enc.Codec)
			}
		}
	}
}

// explainLoad tells why a state could not be loaded when it is that the state lacks
// the stores of an upgrade, which the software before it must reach first. Any other
// error stays as it is.
func (app *App) explainLoad(db dbm.DB, list []Upgrade, cause error) error {
	multi, ok := app.CommitMultiStore().(*rootmulti.Store)
	height := rootmulti.GetLatestVersion(db)
	if !ok || height == 0 {
		return cause
	}
	info, err := multi.GetCommitInfo(height)
	if err != nil {
		return cause
	}
	has := make(map[string]bool, len(info.StoreInfos))
	for _, store := range info.StoreInfos {
		has[store.Name] = true
	}
	for _, u := range list {
		for _, name := range u.Stores.Added {
			if !has[name] {
				return ErrTooEarly.Wrapf("the state of height %d lacks the store %q, which upgrade %q adds; run the release before it: "+
					"it stops at the upgrade's height and leaves data/upgrade-info.json for this one (%s)", height, name, u.Name, cause)
			}
		}
	}
	return cause
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
