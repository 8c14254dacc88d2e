package app

import (
	"fmt"
	"maps"

	transferkeeper "github.com/cosmos/ibc-go/v11/modules/apps/transfer/keeper"
	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"
	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
	ibckeeper "github.com/cosmos/ibc-go/v11/modules/core/keeper"
	"github.com/spf13/cast"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/runtime"
	"github.com/cosmos/cosmos-sdk/server"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	authkeeper "github.com/cosmos/cosmos-sdk/x/auth/keeper"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	authzkeeper "github.com/cosmos/cosmos-sdk/x/authz/keeper"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	consensuskeeper "github.com/cosmos/cosmos-sdk/x/consensus/keeper"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	distrkeeper "github.com/cosmos/cosmos-sdk/x/distribution/keeper"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	evidencekeeper "github.com/cosmos/cosmos-sdk/x/evidence/keeper"
	evidencetypes "github.com/cosmos/cosmos-sdk/x/evidence/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	feegrantkeeper "github.com/cosmos/cosmos-sdk/x/feegrant/keeper"
	govkeeper "github.com/cosmos/cosmos-sdk/x/gov/keeper"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1beta1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1beta1"
	mintkeeper "github.com/cosmos/cosmos-sdk/x/mint/keeper"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	slashingkeeper "github.com/cosmos/cosmos-sdk/x/slashing/keeper"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	upgradekeeper "github.com/cosmos/cosmos-sdk/x/upgrade/keeper"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	marketkeeper "github.com/proofmarket/proofmarket/x/market/keeper"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverskeeper "github.com/proofmarket/proofmarket/x/staking/keeper"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifierkeeper "github.com/proofmarket/proofmarket/x/verifier/keeper"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// Keepers are the modules' ways to their state.
type Keepers struct {
	AccountKeeper   authkeeper.AccountKeeper
	BankKeeper      bankkeeper.BaseKeeper
	StakingKeeper   *stakingkeeper.Keeper
	SlashingKeeper  slashingkeeper.Keeper
	MintKeeper      mintkeeper.Keeper
	DistrKeeper     distrkeeper.Keeper
	GovKeeper       *govkeeper.Keeper
	UpgradeKeeper   *upgradekeeper.Keeper
	EvidenceKeeper  *evidencekeeper.Keeper
	AuthzKeeper     authzkeeper.Keeper
	FeeGrantKeeper  feegrantkeeper.Keeper
	ConsensusKeeper consensuskeeper.Keeper

	IBCKeeper      *ibckeeper.Keeper
	TransferKeeper *transferkeeper.Keeper

	VerifierKeeper *verifierkeeper.Keeper
	ProversKeeper  *proverskeeper.Keeper
	MarketKeeper   *marketkeeper.Keeper
}

// stores are the keys of everything that the application keeps.
type stores struct {
	kv     map[string]*storetypes.KVStoreKey
	object map[string]*storetypes.ObjectStoreKey
}

func newStores() stores {
	return stores{
		kv: storetypes.NewKVStoreKeys(
			authtypes.StoreKey, banktypes.StoreKey, stakingtypes.StoreKey, minttypes.StoreKey,
			distrtypes.StoreKey, slashingtypes.StoreKey, govtypes.StoreKey, consensustypes.StoreKey,
			upgradetypes.StoreKey, evidencetypes.StoreKey, feegrant.StoreKey, authzkeeper.StoreKey,
			verifiertypes.StoreKey, proverstypes.StoreKey, markettypes.StoreKey,
			ibcexported.StoreKey, transfertypes.StoreKey,
		),
		// Bank notes virtual credits here until its EndBlock, the market what a block
		// adds to its statistics.
		object: storetypes.NewObjectStoreKeys(banktypes.ObjectStoreKey, markettypes.ObjectStoreKey),
	}
}

// without returns the keys but those of the stores named.
func (s stores) without(names []string) stores {
	kv := maps.Clone(s.kv)
	for _, name := range names {
		delete(kv, name)
	}
	return stores{kv: kv, object: s.object}
}

// all returns every key, for the parallel executor.
func (s stores) all() []storetypes.StoreKey {
	keys := make([]storetypes.StoreKey, 0, len(s.kv)+len(s.object))
	for _, k := range s.kv {
		keys = append(keys, k)
	}
	for _, k := range s.object {
		keys = append(keys, k)
	}
	return keys
}

// keeperDeps is what building the keepers needs.
type keeperDeps struct {
	enc       Encoding
	base      *baseapp.BaseApp
	stores    stores
	logger    log.Logger
	options   servertypes.AppOptions
	authority string
}

// newKeepers builds the keepers in the order of their dependencies.
func newKeepers(d keeperDeps) Keepers {
	var k Keepers
	d.addAccounts(&k)
	d.addValidators(&k)
	d.addServices(&k)
	d.addMarket(&k)
	d.addIBC(&k)
	return k
}

// addAccounts builds consensus parameters, accounts and balances.
func (d keeperDeps) addAccounts(k *Keepers) {
	kv := d.stores.kv
	k.ConsensusKeeper = consensuskeeper.NewKeeper(d.enc.Codec,
		runtime.NewKVStoreService(kv[consensustypes.StoreKey]), d.authority, runtime.EventService{})
	d.base.SetParamStore(k.ConsensusKeeper.ParamsStore)

	k.AccountKeeper = authkeeper.NewAccountKeeper(d.enc.Codec,
		runtime.NewKVStoreService(kv[authtypes.StoreKey]), authtypes.ProtoBaseAccount, modulePermissions(),
		accountCodec, chain.Bech32Prefix, d.authority,
		// A prover bids on many auctions at once: without this it would have to
		// send its transactions one by one, in order.
		authkeeper.WithUnorderedTransactions(true))

	// The object store comes first: keepers below take a copy of this value.
	k.BankKeeper = bankkeeper.NewBaseKeeper(d.enc.Codec,
		runtime.NewKVStoreService(kv[banktypes.StoreKey]), markettypes.ForBank(k.AccountKeeper), BlockedAddresses(),
		d.authority, d.logger).WithObjStoreKey(d.stores.object[banktypes.ObjectStoreKey])
}

// addValidators builds what secures the chain: validators, their rewards and
// penalties. None of it touches the provers' vaults (law S11).
func (d keeperDeps) addValidators(k *Keepers) {
	kv, cdc := d.stores.kv, d.enc.Codec
	k.StakingKeeper = stakingkeeper.NewKeeper(cdc, runtime.NewKVStoreService(kv[stakingtypes.StoreKey]),
		k.AccountKeeper, k.BankKeeper, d.authority, validatorCodec, consensusCodec)
	k.MintKeeper = mintkeeper.NewKeeper(cdc, runtime.NewKVStoreService(kv[minttypes.StoreKey]),
		k.StakingKeeper, k.AccountKeeper, k.BankKeeper, authtypes.FeeCollectorName, d.authority)
	k.DistrKeeper = distrkeeper.NewKeeper(cdc, runtime.NewKVStoreService(kv[distrtypes.StoreKey]),
		k.AccountKeeper, k.BankKeeper, k.StakingKeeper, authtypes.FeeCollectorName, d.authority)
	k.SlashingKeeper = slashingkeeper.NewKeeper(cdc, d.enc.Amino,
		runtime.NewKVStoreService(kv[slashingtypes.StoreKey]), k.StakingKeeper, d.authority)
	k.StakingKeeper.SetHooks(stakingtypes.NewMultiStakingHooks(k.DistrKeeper.Hooks(), k.SlashingKeeper.Hooks()))
	k.EvidenceKeeper = evidencekeeper.NewKeeper(cdc, runtime.NewKVStoreService(kv[evidencetypes.StoreKey]),
		k.StakingKeeper, k.SlashingKeeper, accountCodec, runtime.ProvideCometInfoService())
	// Evidence of double signing comes from CometBFT. No kind may be submitted by
	// message; without a router such a message would be a nil dereference.
	k.EvidenceKeeper.SetRouter(evidencetypes.NewRouter())
}

// addServices builds grants, upgrades and governance.
func (d keeperDeps) addServices(k *Keepers) {
	kv, cdc, router := d.stores.kv, d.enc.Codec, d.base.MsgServiceRouter()
	k.FeeGrantKeeper = feegrantkeeper.NewKeeper(cdc, runtime.NewKVStoreService(kv[feegrant.StoreKey]), k.AccountKeeper)
	k.AuthzKeeper = authzkeeper.NewKeeper(runtime.NewKVStoreService(kv[authzkeeper.StoreKey]), cdc, router, k.AccountKeeper)
	k.UpgradeKeeper = upgradekeeper.NewKeeper(skippedUpgrades(d.options),
		runtime.NewKVStoreService(kv[upgradetypes.StoreKey]), cdc,
		cast.ToString(d.options.Get(flags.FlagHome)), d.base, d.authority)
	k.GovKeeper = govkeeper.NewKeeper(cdc, runtime.NewKVStoreService(kv[govtypes.StoreKey]),
		k.AccountKeeper, k.BankKeeper, k.DistrKeeper, router, govtypes.DefaultConfig(), d.authority,
		govkeeper.NewDefaultCalculateVoteResultsAndVotingPower(k.StakingKeeper))
	// Only text proposals of the old form remain; the route must exist for them.
	k.GovKeeper.SetLegacyRouter(govv1beta1.NewRouter().AddRoute(govtypes.RouterKey, govv1beta1.ProposalHandler))
}

// addMarket builds what the chain is for.
func (d keeperDeps) addMarket(k *Keepers) {
	kv, cdc := d.stores.kv, d.enc.Codec
	k.VerifierKeeper = verifierkeeper.NewKeeper(cdc, runtime.NewKVStoreService(kv[verifiertypes.StoreKey]),
		k.AccountKeeper, k.BankKeeper, k.DistrKeeper, d.authority)
	k.ProversKeeper = proverskeeper.NewKeeper(cdc, runtime.NewKVStoreService(kv[proverstypes.StoreKey]),
		k.AccountKeeper, k.BankKeeper, k.DistrKeeper, d.authority)
	k.MarketKeeper = marketkeeper.NewKeeper(cdc, runtime.NewKVStoreService(kv[markettypes.StoreKey]),
		d.stores.object[markettypes.ObjectStoreKey], k.AccountKeeper, k.BankKeeper, k.DistrKeeper, k.VerifierKeeper, k.ProversKeeper, d.authority)
	// Holds every movement of vault shares to law S3. Copies of the bank keeper
	// share their restrictions, so it reaches those handed out above.
	k.BankKeeper.AppendSendRestriction(k.ProversKeeper.SendRestriction)
	k.BankKeeper.AppendSendRestriction(poolRestriction)
}

// skippedUpgrades returns the heights that the operator told the node to skip.
func skippedUpgrades(options servertypes.AppOptions) map[int64]bool {
	skip := make(map[int64]bool)
	for _, h := range cast.ToIntSlice(options.Get(server.FlagUnsafeSkipUpgrades)) {
		skip[int64(h)] = true
	}
	return skip
}

// checkExecutor tells a wrong block-executor before the SDK panics on it.
func checkExecutor(options servertypes.AppOptions) error {
	switch executor := cast.ToString(options.Get(server.FlagBlockExecutor)); executor {
	case "", "sequential", "block-stm":
		return nil
	default:
		return fmt.Errorf("%w: block-executor is %q; set it to \"sequential\" or \"block-stm\" in app.toml", ErrNodeConfig, executor)
	}
}
