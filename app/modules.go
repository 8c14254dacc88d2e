package app

import (
	"github.com/cosmos/ibc-go/v11/modules/apps/transfer"
	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"
	ibc "github.com/cosmos/ibc-go/v11/modules/core"
	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
	tendermint "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/x/auth"
	authsims "github.com/cosmos/cosmos-sdk/x/auth/simulation"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/auth/vesting"
	vestingtypes "github.com/cosmos/cosmos-sdk/x/auth/vesting/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	authzmodule "github.com/cosmos/cosmos-sdk/x/authz/module"
	"github.com/cosmos/cosmos-sdk/x/bank"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/consensus"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	distr "github.com/cosmos/cosmos-sdk/x/distribution"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	"github.com/cosmos/cosmos-sdk/x/evidence"
	evidencetypes "github.com/cosmos/cosmos-sdk/x/evidence/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	feegrantmodule "github.com/cosmos/cosmos-sdk/x/feegrant/module"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	"github.com/cosmos/cosmos-sdk/x/gov"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	"github.com/cosmos/cosmos-sdk/x/mint"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	"github.com/cosmos/cosmos-sdk/x/slashing"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	sdkstaking "github.com/cosmos/cosmos-sdk/x/staking"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	"github.com/cosmos/cosmos-sdk/x/upgrade"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/proofmarket/proofmarket/x/market"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	provers "github.com/proofmarket/proofmarket/x/staking"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	"github.com/proofmarket/proofmarket/x/verifier"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// newModuleManager lists the modules and sets the order in which they run.
func newModuleManager(enc Encoding, k Keepers, base *baseapp.BaseApp) *module.Manager {
	cdc, registry := enc.Codec, enc.Registry
	manager := module.NewManager(
		genutil.NewAppModule(k.AccountKeeper, k.StakingKeeper, base, enc.TxConfig),
		auth.NewAppModule(cdc, k.AccountKeeper, nil),
		vesting.NewAppModule(k.AccountKeeper, k.BankKeeper),
		bankModule{bank.NewAppModule(cdc, k.BankKeeper, k.AccountKeeper)},
		sdkstaking.NewAppModule(cdc, k.StakingKeeper, k.AccountKeeper, k.BankKeeper),
		slashingModule{slashing.NewAppModule(cdc, k.SlashingKeeper, k.AccountKeeper, k.BankKeeper, k.StakingKeeper, registry)},
		distr.NewAppModule(cdc, k.DistrKeeper, k.AccountKeeper, k.BankKeeper, k.StakingKeeper),
		mintModule{mint.NewAppModule(cdc, k.MintKeeper, k.AccountKeeper, nil)},
		evidence.NewAppModule(*k.EvidenceKeeper),
		gov.NewAppModule(cdc, k.GovKeeper, k.AccountKeeper, k.BankKeeper),
		upgrade.NewAppModule(k.UpgradeKeeper, accountCodec),
		consensus.NewAppModule(cdc, k.ConsensusKeeper),
		feegrantmodule.NewAppModule(cdc, k.AccountKeeper, k.BankKeeper, k.FeeGrantKeeper, registry),
		authzmodule.NewAppModule(cdc, k.AuthzKeeper, k.AccountKeeper, k.BankKeeper, registry),
		verifier.NewAppModule(cdc, k.VerifierKeeper),
		provers.NewAppModule(cdc, k.ProversKeeper),
		market.NewAppModule(cdc, k.MarketKeeper),
		ibc.NewAppModule(k.IBCKeeper),
		tendermint.NewAppModule(enc.tendermintClient(k)),
		transfer.NewAppModule(k.TransferKeeper),
	)
	setModuleOrder(manager)
	return manager
}

// setModuleOrder fixes who runs before whom. A module that has a step and is not
// listed for it makes the manager panic, so nothing is forgotten silently.
func setModuleOrder(manager *module.Manager) {
	manager.SetOrderPreBlockers(
		// An upgrade replaces code and parameters before anything reads them.
		upgradetypes.ModuleName,
		// Forgets unordered transactions that have expired.
		authtypes.ModuleName,
	)
	manager.SetOrderBeginBlockers(
		// Mint before distribution, so that new coins are shared out at once;
		// distribution before slashing, so that a slashed validator keeps what it
		// earned in the last block.
		minttypes.ModuleName,
		distrtypes.ModuleName,
		slashingtypes.ModuleName,
		evidencetypes.ModuleName,
		stakingtypes.ModuleName,
		authz.ModuleName,
		// One block before an upgrade: what clients on other chains need to follow this
		// one over it.
		ibcexported.ModuleName,
		// The market's clock, before any message of the block reads it.
		markettypes.ModuleName,
	)
	manager.SetOrderEndBlockers(
		// Credits what transactions sent virtually (fees, what the treasury is
		// owed): whoever comes later can spend it.
		banktypes.ModuleName,
		// Governance runs its messages before the modules that they concern end
		// their block.
		govtypes.ModuleName,
		stakingtypes.ModuleName,
		feegrant.ModuleName,
		// Ours come last, and sweep to the community pool what transactions and
		// governance left for the treasury (law M18). The market comes first of
		// them: a deadline missed in this block slashes a vault and ends an
		// assignment, and provers then completes the unstaking that waited for
		// it and sweeps the penalty, all in the same block.
		markettypes.ModuleName,
		proverstypes.ModuleName,
		verifiertypes.ModuleName,
	)
	order := genesisOrder()
	manager.SetOrderInitGenesis(order...)
	manager.SetOrderExportGenesis(order...)
}

// genesisOrder puts accounts and balances first, since every module that keeps
// coins checks its balance, and genutil after staking, since its transactions
// create validators.
func genesisOrder() []string {
	return []string{
		consensustypes.ModuleName,
		authtypes.ModuleName,
		vestingtypes.ModuleName,
		banktypes.ModuleName,
		distrtypes.ModuleName,
		stakingtypes.ModuleName,
		slashingtypes.ModuleName,
		govtypes.ModuleName,
		minttypes.ModuleName,
		evidencetypes.ModuleName,
		upgradetypes.ModuleName,
		feegrant.ModuleName,
		authz.ModuleName,
		// The market names verifiers and provers, so they are there before it.
		verifiertypes.ModuleName,
		proverstypes.ModuleName,
		markettypes.ModuleName,
		ibcexported.ModuleName,
		transfertypes.ModuleName,
		genutiltypes.ModuleName,
	}
}

// newBasicManager returns the modules' stateless half, which the command line
// uses. Genutil and gov need theirs made by hand: the first must check genesis
// transactions, the second has no handlers of the old form.
func newBasicManager(manager *module.Manager) module.BasicManager {
	return module.NewBasicManagerFromManager(manager, map[string]module.AppModuleBasic{
		genutiltypes.ModuleName: genutil.NewAppModuleBasic(genutiltypes.DefaultMessageValidator),
		govtypes.ModuleName:     gov.NewAppModuleBasic(nil),
	})
}

// newSimulationManager returns the modules that take part in simulation.
func newSimulationManager(enc Encoding, k Keepers, manager *module.Manager) *module.SimulationManager {
	sm := module.NewSimulationManagerFromAppModules(manager.Modules, map[string]module.AppModuleSimulation{
		authtypes.ModuleName: auth.NewAppModule(enc.Codec, k.AccountKeeper, authsims.RandomGenesisAccounts),
	})
	sm.RegisterStoreDecoders()
	return sm
}
