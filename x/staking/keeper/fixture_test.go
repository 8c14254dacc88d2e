package keeper_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	addresscodec "github.com/cosmos/cosmos-sdk/codec/address"
	codectestutil "github.com/cosmos/cosmos-sdk/codec/testutil"
	"github.com/cosmos/cosmos-sdk/runtime"
	"github.com/cosmos/cosmos-sdk/store/v2/rootmulti"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authkeeper "github.com/cosmos/cosmos-sdk/x/auth/keeper"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	vestingtypes "github.com/cosmos/cosmos-sdk/x/auth/vesting/types"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	distrkeeper "github.com/cosmos/cosmos-sdk/x/distribution/keeper"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/staking/keeper"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

func TestMain(m *testing.M) {
	chain.ConfigureBech32()
	os.Exit(m.Run())
}

const (
	proof = 1_000_000 // uproof in one PROOF
	day   = 24 * time.Hour
	// faucet is the module that mints the tests' uproof.
	faucet = "faucet"
)

var (
	genesisTime = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	errRefused  = errors.New("this account takes no coins")
)

// fixture is the module over real auth, bank and distribution keepers and a real
// multistore.
type fixture struct {
	ctx       sdk.Context
	k         *keeper.Keeper
	msg       types.MsgServer
	query     types.QueryServer
	ak        authkeeper.AccountKeeper
	bk        bankkeeper.BaseKeeper
	distr     distrkeeper.Keeper
	objects   *storetypes.ObjectStoreKey
	key       storetypes.StoreKey
	bankKey   storetypes.StoreKey
	authority string
	// refuses makes bank fail a send to an account, as another module's send
	// restriction may.
	refuses map[string]bool
	// panics makes bank panic there.
	panics map[string]bool
}

func newFixture(t require.TestingT) *fixture { return newFixtureOn(t, dbm.NewMemDB()) }

// newFixtureOn keeps the stores in db.
func newFixtureOn(t require.TestingT, db dbm.DB) *fixture {
	keys := storetypes.NewKVStoreKeys(authtypes.StoreKey, banktypes.StoreKey, distrtypes.StoreKey, types.StoreKey)
	objects := storetypes.NewObjectStoreKey("objects")
	cms := rootmulti.NewStore(db, log.NewNopLogger())
	for _, name := range []string{authtypes.StoreKey, banktypes.StoreKey, distrtypes.StoreKey, types.StoreKey} {
		cms.MountStoreWithDB(keys[name], storetypes.StoreTypeIAVL, nil)
	}
	cms.MountStoreWithDB(objects, storetypes.StoreTypeObject, nil)
	require.NoError(t, cms.LoadLatestVersion())

	cdc := codectestutil.CodecOptions{AccAddressPrefix: chain.Bech32Prefix, ValAddressPrefix: chain.Bech32Prefix + "valoper"}.NewCodec()
	authtypes.RegisterInterfaces(cdc.InterfaceRegistry())
	vestingtypes.RegisterInterfaces(cdc.InterfaceRegistry())
	types.RegisterInterfaces(cdc.InterfaceRegistry())

	authority := authtypes.NewModuleAddress(govtypes.ModuleName).String()
	perms := map[string][]string{
		distrtypes.ModuleName: nil, govtypes.ModuleName: nil,
		types.ModuleName: {authtypes.Minter, authtypes.Burner}, faucet: {authtypes.Minter},
	}
	f := &fixture{
		ctx:     sdk.NewContext(cms, cmtproto.Header{Height: 1, Time: genesisTime}, false, log.NewNopLogger()),
		objects: objects, key: keys[types.StoreKey], bankKey: keys[banktypes.StoreKey], authority: authority, refuses: map[string]bool{}, panics: map[string]bool{},
	}
	f.ak = authkeeper.NewAccountKeeper(cdc, runtime.NewKVStoreService(keys[authtypes.StoreKey]), authtypes.ProtoBaseAccount,
		perms, addresscodec.NewBech32Codec(chain.Bech32Prefix), chain.Bech32Prefix, authority)
	blocked := map[string]bool{}
	for name := range perms {
		blocked[authtypes.NewModuleAddress(name).String()] = true
	}
	f.bk = bankkeeper.NewBaseKeeper(cdc, runtime.NewKVStoreService(keys[banktypes.StoreKey]), f.ak, blocked, authority,
		log.NewNopLogger()).WithObjStoreKey(objects)
	f.distr = distrkeeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[distrtypes.StoreKey]), f.ak, f.bk, nil,
		authtypes.FeeCollectorName, authority)
	f.k = keeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[types.StoreKey]), f.ak, f.bk, f.distr, authority)
	f.bk.AppendSendRestriction(f.k.SendRestriction)
	f.bk.AppendSendRestriction(func(_ context.Context, _, to sdk.AccAddress, _ sdk.Coins) (sdk.AccAddress, error) {
		if f.panics[to.String()] {
			panic("a bug somewhere else")
		}
		if f.refuses[to.String()] {
			return nil, errRefused
		}
		return to, nil
	})
	f.msg, f.query = keeper.NewMsgServer(f.k), keeper.NewQueryServer(f.k)

	require.NoError(t, f.ak.Params.Set(f.ctx, authtypes.DefaultParams()))
	require.NoError(t, f.bk.SetParams(f.ctx, banktypes.DefaultParams()))
	require.NoError(t, f.distr.FeePool.Set(f.ctx, distrtypes.InitialFeePool()))
	require.NoError(t, f.k.InitGenesis(f.ctx, types.DefaultGenesis()))
	return f
}

// tx runs a message as a transaction does: on its own, kept only if it works.
// Within it the context carries transaction bytes, so that the treasury is
// credited virtually (law M18).
func (f *fixture) tx(run func(ctx context.Context) error) error {
	cached, write := f.ctx.CacheContext()
	err := run(cached.WithTxBytes([]byte{1}))
	if err == nil {
		write()
	}
	return err
}

// endBlock ends a block as the application does, bank first, and starts the next
// one later.
func (f *fixture) endBlock(t require.TestingT, later time.Duration) {
	require.NoError(t, f.bk.CreditVirtualAccounts(f.ctx))
	store := f.ctx.ObjectStore(f.objects)
	var keys [][]byte
	it := store.Iterator(nil, nil)
	for ; it.Valid(); it.Next() {
		keys = append(keys, it.Key())
	}
	require.NoError(t, it.Close())
	for _, key := range keys {
		store.Delete(key)
	}
	require.NoError(t, f.k.EndBlock(f.ctx))
	f.ctx = f.ctx.WithBlockHeight(f.ctx.BlockHeight() + 1).WithBlockTime(f.ctx.BlockTime().Add(later)).
		WithEventManager(sdk.NewEventManager())
}

// account returns an address of the tests, with some uproof.
func (f *fixture) account(t require.TestingT, name string, amount int64) sdk.AccAddress {
	addr := sdk.AccAddress(name + "____________________")[:20]
	f.fund(t, addr, amount)
	return addr
}

func (f *fixture) fund(t require.TestingT, addr sdk.AccAddress, amount int64) {
	if amount == 0 {
		return
	}
	coins := sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, amount))
	require.NoError(t, f.bk.MintCoins(f.ctx, faucet, coins))
	require.NoError(t, f.bk.SendCoinsFromModuleToAccount(f.ctx, faucet, addr, coins))
}

func (f *fixture) balance(addr sdk.AccAddress) int64 {
	return f.bk.GetBalance(f.ctx, addr, chain.Denom).Amount.Int64()
}

func (f *fixture) shares(addr, prover sdk.AccAddress, generation uint64) int64 {
	return f.bk.GetBalance(f.ctx, addr, types.ShareDenom(prover.String(), generation)).Amount.Int64()
}

// pool is the community pool.
func (f *fixture) pool(t require.TestingT) int64 {
	pool, err := f.distr.FeePool.Get(f.ctx)
	require.NoError(t, err)
	return pool.CommunityPool.AmountOf(chain.Denom).TruncateInt64()
}

func (f *fixture) register(t require.TestingT, name string, stake int64, bps uint32) sdk.AccAddress {
	addr := f.account(t, name, stake)
	require.NoError(t, f.tryRegister(addr, stake, bps))
	return addr
}

func (f *fixture) tryRegister(addr sdk.AccAddress, stake int64, bps uint32) error {
	return f.tx(func(ctx context.Context) error {
		_, err := f.msg.Register(ctx, &types.MsgRegister{
			Prover: addr.String(), Profile: types.Profile{Name: "prover"}, CommissionBps: bps, SelfStake: math.NewInt(stake),
		})
		return err
	})
}

func (f *fixture) stake(staker, prover sdk.AccAddress, amount int64) error {
	return f.tx(func(ctx context.Context) error {
		_, err := f.msg.Stake(ctx, &types.MsgStake{
			Staker: staker.String(), Prover: prover.String(), Amount: math.NewInt(amount), MinSharesOut: math.ZeroInt(),
		})
		return err
	})
}

func (f *fixture) unstake(staker, prover sdk.AccAddress, shares int64) (id uint64, err error) {
	return f.unstakeFrom(staker, prover, shares, 0)
}

func (f *fixture) unstakeFrom(staker, prover sdk.AccAddress, shares int64, generation uint64) (id uint64, err error) {
	err = f.tx(func(ctx context.Context) error {
		res, err := f.msg.RequestUnstake(ctx, &types.MsgRequestUnstake{
			Staker: staker.String(), Prover: prover.String(), Shares: math.NewInt(shares),
			MinOut: math.ZeroInt(), Generation: generation,
		})
		if err == nil {
			id = res.Id
		}
		return err
	})
	return id, err
}

// complete is sent by a stranger: anyone may.
func (f *fixture) complete(prover sdk.AccAddress, generation, id uint64) error {
	return f.tx(func(ctx context.Context) error {
		_, err := f.msg.CompleteUnstake(ctx, &types.MsgCompleteUnstake{
			Signer: sdk.AccAddress("a_stranger__________").String(), Prover: prover.String(), Generation: generation, Id: id,
		})
		return err
	})
}

func (f *fixture) claim(prover sdk.AccAddress, generation uint64) (paid int64, err error) {
	err = f.tx(func(ctx context.Context) error {
		res, err := f.msg.ClaimCommission(ctx, &types.MsgClaimCommission{Prover: prover.String(), Generation: generation})
		if err == nil {
			paid = res.Paid.Int64()
		}
		return err
	})
	return paid, err
}

func (f *fixture) retire(prover sdk.AccAddress) error {
	return f.tx(func(ctx context.Context) error {
		_, err := f.msg.Retire(ctx, &types.MsgRetire{Prover: prover.String()})
		return err
	})
}

func (f *fixture) reactivate(prover sdk.AccAddress) error {
	return f.tx(func(ctx context.Context) error {
		_, err := f.msg.Reactivate(ctx, &types.MsgReactivate{Prover: prover.String()})
		return err
	})
}

func (f *fixture) jail(prover sdk.AccAddress) error {
	return f.tx(func(ctx context.Context) error {
		_, err := f.msg.Jail(ctx, &types.MsgJail{Authority: f.authority, Prover: prover.String()})
		return err
	})
}

func (f *fixture) unjail(prover sdk.AccAddress) error {
	return f.tx(func(ctx context.Context) error {
		_, err := f.msg.Unjail(ctx, &types.MsgUnjail{Authority: f.authority, Prover: prover.String()})
		return err
	})
}

func (f *fixture) open(prover sdk.AccAddress, stake, penalty int64) (number uint64, err error) {
	err = f.tx(func(ctx context.Context) error {
		number, err = f.k.OpenAssignment(ctx, prover, math.NewInt(stake), math.NewInt(penalty))
		return err
	})
	return number, err
}

func (f *fixture) closeWork(prover sdk.AccAddress, number uint64) error {
	return f.tx(func(ctx context.Context) error { return f.k.CloseAssignment(ctx, prover, number) })
}

func (f *fixture) slash(t require.TestingT, prover sdk.AccAddress, amount int64) int64 {
	var slashed math.Int
	require.NoError(t, f.tx(func(ctx context.Context) (err error) {
		slashed, err = f.k.Slash(ctx, prover, "test", math.NewInt(amount))
		return err
	}))
	return slashed.Int64()
}

func (f *fixture) reward(t require.TestingT, prover sdk.AccAddress, amount int64) {
	from := f.account(t, "requester", amount)
	require.NoError(t, f.tx(func(ctx context.Context) error {
		return f.k.AddRewards(ctx, prover, from, "market", math.NewInt(amount), math.ZeroInt())
	}))
}

func (f *fixture) standing(t require.TestingT, prover sdk.AccAddress) types.Standing {
	s, err := f.k.Standing(f.ctx, prover)
	require.NoError(t, err)
	return s
}

func (f *fixture) vault(t require.TestingT, prover sdk.AccAddress, generation uint64) types.Vault {
	res, err := f.query.Vault(f.ctx, &types.QueryVaultRequest{Prover: prover.String(), Generation: generation})
	require.NoError(t, err)
	return res.Vault
}

func (f *fixture) unstakes(t require.TestingT, staker sdk.AccAddress) []types.UnstakeView {
	res, err := f.query.Unstakes(f.ctx, &types.QueryUnstakesRequest{Staker: staker.String()})
	require.NoError(t, err)
	return res.Unstakes
}

func (f *fixture) setParams(t require.TestingT, change func(*types.Params)) {
	params, err := f.k.Params(f.ctx)
	require.NoError(t, err)
	change(&params)
	require.NoError(t, f.k.SetParams(f.ctx, params))
}

// requireSound checks the invariants, and that every vault's account holds
// exactly what it owes: in tests nobody sends coins there by hand, except where
// a test says so and does not call this. It returns the state that it read.
func (f *fixture) requireSound(t require.TestingT) *types.GenesisState {
	require.NoError(t, f.k.CheckInvariants(f.ctx))
	g, err := f.k.ExportGenesis(f.ctx)
	require.NoError(t, err)
	for _, v := range g.Vaults {
		prover, err := sdk.AccAddressFromBech32(v.Prover)
		require.NoError(t, err)
		held := f.bk.GetBalance(f.ctx, types.VaultAddress(prover, v.Generation), chain.Denom).Amount
		require.Equal(t, keeper.Owed(v).String(), held.String(), "invariant 2, vault %s/%d", v.Prover, v.Generation)
	}
	return g
}
