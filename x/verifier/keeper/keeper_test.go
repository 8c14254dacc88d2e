package keeper_test

import (
	"context"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/banktest"
	"github.com/proofmarket/proofmarket/x/verifier/keeper"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

var (
	alice = sdk.AccAddress("alice_______________")
	bob   = sdk.AccAddress("bob_________________")
)

// fakePool stands for x/distribution's community pool: it takes the coins into the
// distribution module's account, as the real one does.
type fakePool struct{ bank types.BankKeeper }

func (p fakePool) FundCommunityPool(ctx context.Context, amount sdk.Coins, from sdk.AccAddress) error {
	return p.bank.SendCoinsFromAccountToModule(ctx, from, distrtypes.ModuleName, amount)
}

type suite struct {
	*banktest.Fixture
	k   *keeper.Keeper
	key *storetypes.KVStoreKey
	msg types.MsgServer
	qry types.QueryServer
}

// setup returns a keeper on a chain with the default genesis, where alice and
// bob are rich.
func setup(t testing.TB) *suite {
	t.Helper()
	key := storetypes.NewKVStoreKey(types.StoreKey)
	s := &suite{key: key, Fixture: banktest.New(t, map[string][]string{types.ModuleName: nil, distrtypes.ModuleName: nil}, key)}
	types.RegisterInterfaces(s.Codec.InterfaceRegistry())
	s.k = s.newKeeper()
	s.msg, s.qry = keeper.NewMsgServer(s.k), keeper.NewQueryServer(s.k)
	g, err := types.DefaultGenesis()
	require.NoError(t, err)
	require.NoError(t, s.k.InitGenesis(s.Ctx, g))
	s.Fund(t, alice, 1_000_000_000)
	s.Fund(t, bob, 1_000_000_000)
	return s
}

// newKeeper returns a keeper with an empty cache on the same store.
func (s *suite) newKeeper() *keeper.Keeper {
	return keeper.NewKeeper(s.Codec, runtime.NewKVStoreService(s.key), s.Account, s.Bank, fakePool{s.Bank}, s.Authority)
}

// register registers the fixture's circuit for owner and returns its id.
func (s *suite) register(t testing.TB, owner sdk.AccAddress, f *groth16test.Fixture) string {
	t.Helper()
	res, err := s.msg.RegisterCircuit(s.Ctx, &types.MsgRegisterCircuit{Owner: owner.String(), Family: "groth16", Curve: "bn254", Key: f.Raw})
	require.NoError(t, err)
	return res.CircuitId
}

// statement returns the true statement about the fixture's circuit.
func statement(f *groth16test.Fixture) types.Statement {
	id, digest := f.ID(), f.Digest()
	return types.Statement{Verifier: types.CircuitVerifier, Program: hex.EncodeToString(id[:]), Digest: hex.EncodeToString(digest[:])}
}

func (s *suite) circuitBalance(t testing.TB, id string) math.Int {
	t.Helper()
	bz, err := hex.DecodeString(id)
	require.NoError(t, err)
	return s.Balance(types.CircuitAccount(bz))
}

func TestRegisterAndWithdraw(t *testing.T) {
	s := setup(t)
	f := groth16test.All(t)[1]
	before := s.Balance(alice)
	id := s.register(t, alice, f)
	want := f.ID()
	require.Equal(t, hex.EncodeToString(want[:]), id)
	require.Equal(t, int64(types.DefaultCircuitDeposit), s.circuitBalance(t, id).Int64())
	require.Equal(t, before.SubRaw(types.DefaultCircuitDeposit), s.Balance(alice))
	require.NoError(t, s.k.CheckInvariants(s.Ctx))

	got, err := s.qry.Circuit(s.Ctx, &types.QueryCircuitRequest{Id: id})
	require.NoError(t, err)
	require.False(t, got.InUse)
	require.Equal(t, types.Circuit{
		Id: id, Family: "groth16", Curve: "bn254", Key: f.Raw, Owner: alice.String(),
		Deposit: math.NewInt(types.DefaultCircuitDeposit), AddedHeight: s.Ctx.BlockHeight(),
	}, got.Circuit)

	_, err = s.msg.RegisterCircuit(s.Ctx, &types.MsgRegisterCircuit{Owner: bob.String(), Family: "groth16", Curve: "bn254", Key: f.Raw})
	require.ErrorIs(t, err, types.ErrCircuitExists)
	_, err = s.msg.WithdrawCircuit(s.Ctx, &types.MsgWithdrawCircuit{Owner: bob.String(), CircuitId: id})
	require.ErrorIs(t, err, types.ErrNotOwner)

	_, err = s.msg.WithdrawCircuit(s.Ctx, &types.MsgWithdrawCircuit{Owner: alice.String(), CircuitId: id})
	require.NoError(t, err)
	require.Equal(t, before, s.Balance(alice))
	require.Nil(t, s.Account.GetAccount(s.Ctx, types.CircuitAccount(want[:])), "the circuit's account is gone")
	_, err = s.msg.WithdrawCircuit(s.Ctx, &types.MsgWithdrawCircuit{Owner: alice.String(), CircuitId: id})
	require.ErrorIs(t, err, types.ErrCircuitNotFound)
	require.NoError(t, s.k.CheckInvariants(s.Ctx))
	s.register(t, bob, f)
}

// Coins that someone sent to a circuit's account are nobody's: they go to the
// treasury and do not stop the withdrawal.
func TestWithdrawSweepsSurplus(t *testing.T) {
	s := setup(t)
	f := groth16test.All(t)[0]
	id, before := s.register(t, alice, f), s.Balance(alice)
	bz := f.ID()
	require.NoError(t, s.Bank.SendCoins(s.Ctx, bob, types.CircuitAccount(bz[:]), sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 7))))
	_, err := s.msg.WithdrawCircuit(s.Ctx, &types.MsgWithdrawCircuit{Owner: alice.String(), CircuitId: id})
	require.NoError(t, err)
	require.Equal(t, before.AddRaw(types.DefaultCircuitDeposit), s.Balance(alice))
	require.Equal(t, int64(7), s.Balance(s.Account.GetModuleAddress(types.ModuleName)).Int64())
	require.NoError(t, s.k.EndBlock(s.Ctx))
	require.Zero(t, s.Balance(s.Account.GetModuleAddress(types.ModuleName)).Int64())
	require.Equal(t, int64(7), s.Balance(s.Account.GetModuleAddress(distrtypes.ModuleName)).Int64())
}

// law M18: within a transaction the treasury is credited virtually, so that
// withdrawals of different circuits share no key; bank's EndBlock adds it up.
func TestSurplusWithinTransaction(t *testing.T) {
	s := setup(t)
	f := groth16test.All(t)[0]
	id := s.register(t, alice, f)
	bz, module := f.ID(), s.Account.GetModuleAddress(types.ModuleName)
	require.NoError(t, s.Bank.SendCoins(s.Ctx, bob, types.CircuitAccount(bz[:]), sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 7))))
	ctx := s.Ctx.WithTxBytes([]byte{1})
	_, err := s.msg.WithdrawCircuit(ctx, &types.MsgWithdrawCircuit{Owner: alice.String(), CircuitId: id})
	require.NoError(t, err)
	require.True(t, s.Balance(module).IsZero())
	require.NoError(t, s.Bank.CreditVirtualAccounts(s.Ctx))
	require.Equal(t, int64(7), s.Balance(module).Int64())
	require.NoError(t, s.k.EndBlock(s.Ctx))
	require.Equal(t, int64(7), s.Balance(s.Account.GetModuleAddress(distrtypes.ModuleName)).Int64())
}

// A deposit that the parameters changed since returns as it was paid.
func TestDepositIsPinned(t *testing.T) {
	s := setup(t)
	fs := groth16test.All(t)
	id, before := s.register(t, alice, fs[0]), s.Balance(alice)
	params := types.DefaultParams()
	params.CircuitDeposit = math.ZeroInt()
	_, err := s.msg.UpdateParams(s.Ctx, &types.MsgUpdateParams{Authority: s.Authority, Params: params})
	require.NoError(t, err)
	free := s.register(t, bob, fs[1])
	require.True(t, s.circuitBalance(t, free).IsZero())
	for owner, c := range map[string]string{alice.String(): id, bob.String(): free} {
		_, err = s.msg.WithdrawCircuit(s.Ctx, &types.MsgWithdrawCircuit{Owner: owner, CircuitId: c})
		require.NoError(t, err)
	}
	require.Equal(t, before.AddRaw(types.DefaultCircuitDeposit), s.Balance(alice))
}

func TestRegisterRefuses(t *testing.T) {
	s := setup(t)
	f := groth16test.All(t)[0]
	require.Greater(t, len(f.Raw), 64)
	poor := sdk.AccAddress("poor________________")
	for name, tc := range map[string]struct {
		malleate func(m *types.MsgRegisterCircuit)
		err      error
	}{
		"unknown family":     {func(m *types.MsgRegisterCircuit) { m.Family = "stark" }, types.ErrUnknownFamily},
		"closed family":      {func(m *types.MsgRegisterCircuit) { m.Family, m.Key = "pico", picoKey(t) }, types.ErrUnknownFamily},
		"unknown curve":      {func(m *types.MsgRegisterCircuit) { m.Curve = "bls12_381" }, types.ErrInvalidKey},
		"no key":             {func(m *types.MsgRegisterCircuit) { m.Key = nil }, types.ErrInvalidKey},
		"compressed key":     {func(m *types.MsgRegisterCircuit) { m.Key = f.Compressed }, types.ErrInvalidKey},
		"trailing byte":      {func(m *types.MsgRegisterCircuit) { m.Key = append(append([]byte{}, f.Raw...), 0) }, types.ErrInvalidKey},
		"key at the limit":   {func(m *types.MsgRegisterCircuit) { m.Key = make([]byte, types.DefaultMaxKeySize) }, types.ErrInvalidKey},
		"key past the limit": {func(m *types.MsgRegisterCircuit) { m.Key = make([]byte, types.DefaultMaxKeySize+1) }, types.ErrKeyTooLarge},
		"no money":           {func(m *types.MsgRegisterCircuit) { m.Owner = poor.String() }, sdkerrors.ErrInsufficientFunds},
		"bad address":        {func(m *types.MsgRegisterCircuit) { m.Owner = "x" }, sdkerrors.ErrInvalidAddress},
	} {
		m := &types.MsgRegisterCircuit{Owner: alice.String(), Family: "groth16", Curve: "bn254", Key: f.Raw}
		tc.malleate(m)
		ctx, _ := s.Ctx.CacheContext()
		_, err := s.msg.RegisterCircuit(ctx, m)
		require.ErrorIs(t, err, tc.err, name)
	}
	require.NoError(t, s.k.CheckInvariants(s.Ctx))
}

// law V2: a circuit that something uses stays.
func TestHoldPreventsWithdrawal(t *testing.T) {
	s := setup(t)
	fs := groth16test.All(t)
	id := s.register(t, alice, fs[0])
	s.register(t, alice, fs[1])
	st := statement(fs[0])
	withdraw := func() error {
		_, err := s.msg.WithdrawCircuit(s.Ctx, &types.MsgWithdrawCircuit{Owner: alice.String(), CircuitId: id})
		return err
	}
	require.NoError(t, s.k.Hold(s.Ctx, st, []byte("one")))
	require.NoError(t, s.k.Hold(s.Ctx, st, []byte("two")))
	require.NoError(t, s.k.Hold(s.Ctx, st, []byte("two")), "which is one use")
	require.ErrorIs(t, s.k.Release(s.Ctx, st, []byte("three")), types.ErrUseNotFound)
	require.ErrorIs(t, s.k.Release(s.Ctx, statement(fs[1]), []byte("one")), types.ErrUseNotFound)
	require.NoError(t, s.k.CheckInvariants(s.Ctx))
	require.ErrorIs(t, withdraw(), types.ErrCircuitInUse)
	res, err := s.qry.Circuit(s.Ctx, &types.QueryCircuitRequest{Id: id})
	require.NoError(t, err)
	require.True(t, res.InUse)

	require.NoError(t, s.k.Release(s.Ctx, st, []byte("one")))
	require.ErrorIs(t, withdraw(), types.ErrCircuitInUse)
	require.NoError(t, s.k.Release(s.Ctx, st, []byte("two")))
	require.NoError(t, withdraw())
	require.ErrorIs(t, s.k.Hold(s.Ctx, st, []byte("one")), types.ErrCircuitNotFound)

	long := make([]byte, types.MaxRefSize)
	other := statement(fs[1])
	require.NoError(t, s.k.Hold(s.Ctx, other, long))
	require.ErrorIs(t, s.k.Hold(s.Ctx, other, append(long, 0)), types.ErrInvalidStatement)
	require.ErrorIs(t, s.k.Hold(s.Ctx, other, nil), types.ErrInvalidStatement)

	registered := types.Statement{Verifier: types.PicoV122, Program: st.Program, Digest: st.Digest}
	require.NoError(t, s.k.Hold(s.Ctx, registered, []byte("one")), "nothing to hold")
	require.NoError(t, s.k.Release(s.Ctx, registered, []byte("one")))
	registered.Digest = "x"
	require.ErrorIs(t, s.k.Hold(s.Ctx, registered, []byte("one")), types.ErrInvalidStatement)
}
