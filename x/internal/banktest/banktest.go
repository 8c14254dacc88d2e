// Package banktest gives tests real auth and bank keepers over a multistore,
// without an application around them.
package banktest

import (
	"testing"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/address"
	codectestutil "github.com/cosmos/cosmos-sdk/codec/testutil"
	"github.com/cosmos/cosmos-sdk/runtime"
	"github.com/cosmos/cosmos-sdk/std"
	"github.com/cosmos/cosmos-sdk/store/v2"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authkeeper "github.com/cosmos/cosmos-sdk/x/auth/keeper"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	vestingtypes "github.com/cosmos/cosmos-sdk/x/auth/vesting/types"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/ownaccount"
)

// Fixture is a context with real auth and bank keepers on it.
type Fixture struct {
	Ctx       sdk.Context
	Codec     codec.Codec
	Account   authkeeper.AccountKeeper
	Bank      bankkeeper.BaseKeeper
	Authority string
}

// mintModule may mint, so that tests can fund accounts.
const mintModule = "faucet"

// New mounts the stores of auth, bank and the given keys, of state or of objects, in
// memory. permissions adds module accounts to the ones that auth and bank need.
func New(t testing.TB, permissions map[string][]string, keys ...storetypes.StoreKey) *Fixture {
	t.Helper()
	return NewOn(t, dbm.NewMemDB(), permissions, keys...)
}

// NewOn is New with the stores in db.
func NewOn(t testing.TB, db dbm.DB, permissions map[string][]string, keys ...storetypes.StoreKey) *Fixture {
	t.Helper()
	chain.ConfigureBech32()
	authKey, bankKey := storetypes.NewKVStoreKey(authtypes.StoreKey), storetypes.NewKVStoreKey(banktypes.StoreKey)
	objectKey := storetypes.NewObjectStoreKey(banktypes.ObjectStoreKey)
	stores := store.NewCommitMultiStore(db, log.NewNopLogger())
	for _, k := range append([]storetypes.StoreKey{authKey, bankKey, objectKey}, keys...) {
		kind := storetypes.StoreTypeIAVL
		if _, object := k.(*storetypes.ObjectStoreKey); object {
			kind = storetypes.StoreTypeObject
		}
		stores.MountStoreWithDB(k, kind, nil)
	}
	require.NoError(t, stores.LoadLatestVersion())

	registry := codectestutil.CodecOptions{AccAddressPrefix: chain.Bech32Prefix, ValAddressPrefix: chain.Bech32Prefix + "valoper"}.NewInterfaceRegistry()
	std.RegisterInterfaces(registry)
	authtypes.RegisterInterfaces(registry)
	banktypes.RegisterInterfaces(registry)
	vestingtypes.RegisterInterfaces(registry)
	cdc := codec.NewProtoCodec(registry)

	f := &Fixture{Codec: cdc, Authority: authtypes.NewModuleAddress("gov").String()}
	f.Ctx = sdk.NewContext(stores, cmtproto.Header{ChainID: "test-1", Height: 1, Time: time.Unix(1_700_000_000, 0).UTC()}, false, log.NewNopLogger())
	all := map[string][]string{authtypes.FeeCollectorName: nil, mintModule: {authtypes.Minter}}
	for name, p := range permissions {
		all[name] = p
	}
	f.Account = authkeeper.NewAccountKeeper(cdc, runtime.NewKVStoreService(authKey), authtypes.ProtoBaseAccount, all,
		address.NewBech32Codec(chain.Bech32Prefix), chain.Bech32Prefix, f.Authority)
	blocked := map[string]bool{}
	for name := range all {
		blocked[authtypes.NewModuleAddress(name).String()] = true
	}
	f.Bank = bankkeeper.NewBaseKeeper(cdc, runtime.NewKVStoreService(bankKey), ownaccount.ForBank(f.Account), blocked, f.Authority, log.NewNopLogger()).WithObjStoreKey(objectKey)
	require.NoError(t, f.Account.Params.Set(f.Ctx, authtypes.DefaultParams()))
	require.NoError(t, f.Bank.SetParams(f.Ctx, banktypes.DefaultParams()))
	return f
}

// Fund mints amount uproof to addr.
func (f *Fixture) Fund(t testing.TB, addr sdk.AccAddress, amount int64) {
	t.Helper()
	coins := sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, amount))
	require.NoError(t, f.Bank.MintCoins(f.Ctx, mintModule, coins))
	require.NoError(t, f.Bank.SendCoinsFromModuleToAccount(f.Ctx, mintModule, addr, coins))
}

// Balance returns what addr holds in uproof.
func (f *Fixture) Balance(addr sdk.AccAddress) math.Int {
	return f.Bank.GetBalance(f.Ctx, addr, chain.Denom).Amount
}
