package keeper_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// program returns a program of its own for each n.
func program(n byte) string { return fmt.Sprintf("%064x", n) }

// info returns a valid record of that name.
func info(name string) types.ProgramInfo {
	return types.ProgramInfo{
		Name: name, ImageUrl: "https://example.org/" + name, ImageSha256: strings.Repeat("ab", 32), ImageSize: 1 << 20,
		Verifiers: []string{types.PicoV122}, DocsUrl: "http://example.org/docs",
	}
}

func (s *suite) publish(t testing.TB, publisher sdk.AccAddress, program string, info types.ProgramInfo) {
	t.Helper()
	_, err := s.msg.PublishProgram(s.Ctx, &types.MsgPublishProgram{Publisher: publisher.String(), Program: program, Info: info})
	require.NoError(t, err)
}

func (s *suite) update(publisher sdk.AccAddress, program string, info types.ProgramInfo) error {
	_, err := s.msg.UpdateProgram(s.Ctx, &types.MsgUpdateProgram{Publisher: publisher.String(), Program: program, Info: info})
	return err
}

func (s *suite) withdraw(publisher sdk.AccAddress, program string) error {
	_, err := s.msg.WithdrawProgram(s.Ctx, &types.MsgWithdrawProgram{Publisher: publisher.String(), Program: program})
	return err
}

// account returns the account of a record.
func account(t testing.TB, publisher sdk.AccAddress, program string) sdk.AccAddress {
	t.Helper()
	bz, err := types.DecodeProgram(program)
	require.NoError(t, err)
	return types.ProgramAccount(publisher, bz[:])
}

// addLikePico adds a verifier of that id with the key of types.PicoV122.
func (s *suite) addLikePico(t testing.TB, id string) {
	t.Helper()
	res, err := s.qry.Verifier(s.Ctx, &types.QueryVerifierRequest{Id: types.PicoV122})
	require.NoError(t, err)
	v := res.Verifier
	v.Id = id
	require.NoError(t, s.k.AddVerifier(s.Ctx, v))
}

// emitted returns the attributes of the only event of that type since the last call.
func (s *suite) emitted(t testing.TB, name string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, e := range s.Ctx.EventManager().Events() {
		if e.Type == "proofmarket.verifier.v1."+name {
			require.Empty(t, out, "emitted twice")
			for _, a := range e.Attributes {
				out[a.Key] = strings.Trim(a.Value, `"`)
			}
		}
	}
	s.Ctx = s.Ctx.WithEventManager(sdk.NewEventManager())
	return out
}

func TestPublishAndWithdrawProgram(t *testing.T) {
	s := setup(t)
	before, held := s.Balance(alice), account(t, alice, program(1))
	s.publish(t, alice, program(1), info("fib"))
	require.Equal(t, before.SubRaw(types.DefaultProgramDeposit), s.Balance(alice))
	require.Equal(t, int64(types.DefaultProgramDeposit), s.Balance(held).Int64())
	deposit := math.NewInt(types.DefaultProgramDeposit)
	event := map[string]string{"publisher": alice.String(), "program": program(1), "name": "fib"}
	published := map[string]string{"publisher": alice.String(), "program": program(1), "name": "fib", "deposit": deposit.String()}
	got := s.emitted(t, "EventProgramPublished")
	delete(got, "msg_index")
	require.Equal(t, published, got)

	want := types.Program{
		Publisher: alice.String(), Program: program(1), Info: info("fib"), Deposit: deposit, AddedHeight: s.Ctx.BlockHeight(),
	}
	one, err := s.qry.Program(s.Ctx, &types.QueryProgramRequest{Publisher: alice.String(), Program: program(1)})
	require.NoError(t, err)
	require.Equal(t, want, one.Program)
	named, err := s.qry.ProgramByName(s.Ctx, &types.QueryProgramByNameRequest{Publisher: alice.String(), Name: "fib"})
	require.NoError(t, err)
	require.Equal(t, want, named.Program)
	require.NoError(t, s.k.CheckInvariants(s.Ctx))

	changed := info("fib")
	changed.ImageSize, changed.DocsUrl, changed.Verifiers = 2, "", []string{types.PicoV122}
	require.NoError(t, s.update(alice, program(1), changed))
	require.Equal(t, event, s.emitted(t, "EventProgramUpdated"))
	want.Info = changed
	one, err = s.qry.Program(s.Ctx, &types.QueryProgramRequest{Publisher: alice.String(), Program: program(1)})
	require.NoError(t, err)
	require.Equal(t, want, one.Program, "the whole record is replaced; deposit and height stay")
	require.NoError(t, s.k.CheckInvariants(s.Ctx))

	require.NoError(t, s.withdraw(alice, program(1)))
	delete(published, "name")
	require.Equal(t, published, s.emitted(t, "EventProgramWithdrawn"))
	require.Equal(t, before, s.Balance(alice))
	require.Nil(t, s.Account.GetAccount(s.Ctx, held), "the record's account is gone")
	require.ErrorIs(t, s.withdraw(alice, program(1)), types.ErrProgramNotFound)
	require.ErrorIs(t, s.update(alice, program(1), info("fib")), types.ErrProgramNotFound)
	require.NoError(t, s.k.CheckInvariants(s.Ctx))

	s.publish(t, alice, program(2), info("fib"))
	s.publish(t, alice, program(1), info("other"))
	require.NoError(t, s.k.CheckInvariants(s.Ctx))
}

// Coins that someone sent to a record's account are nobody's: they go to the
// treasury and do not stop the withdrawal. Those sent before publication too.
func TestProgramSurplus(t *testing.T) {
	s := setup(t)
	before, held := s.Balance(alice), account(t, alice, program(1))
	s.Fund(t, held, 5)
	s.publish(t, alice, program(1), info("fib"))
	require.NoError(t, s.Bank.SendCoins(s.Ctx, bob, held, sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 7))))
	require.NoError(t, s.k.CheckInvariants(s.Ctx))
	require.NoError(t, s.withdraw(alice, program(1)))
	require.Equal(t, before, s.Balance(alice))
	require.True(t, s.Balance(held).IsZero())
	require.NoError(t, s.k.EndBlock(s.Ctx))
	require.Equal(t, int64(12), s.Balance(s.Account.GetModuleAddress(distrtypes.ModuleName)).Int64())
	require.Zero(t, s.Balance(s.Account.GetModuleAddress(types.ModuleName)).Int64())
}

// A deposit that the parameters changed since returns as it was paid.
func TestProgramDepositIsPinned(t *testing.T) {
	s := setup(t)
	before := s.Balance(alice)
	s.publish(t, alice, program(1), info("paid"))
	params := types.DefaultParams()
	params.ProgramDeposit = math.ZeroInt()
	_, err := s.msg.UpdateParams(s.Ctx, &types.MsgUpdateParams{Authority: s.Authority, Params: params})
	require.NoError(t, err)
	s.publish(t, alice, program(2), info("free"))
	require.True(t, s.Balance(account(t, alice, program(2))).IsZero())
	require.NoError(t, s.update(alice, program(1), info("still-paid")))
	require.NoError(t, s.k.CheckInvariants(s.Ctx))
	require.NoError(t, s.withdraw(alice, program(2)))
	require.Equal(t, before.SubRaw(types.DefaultProgramDeposit), s.Balance(alice))
	require.NoError(t, s.withdraw(alice, program(1)))
	require.Equal(t, before, s.Balance(alice))
}

func TestPublishRefuses(t *testing.T) {
	s := setup(t)
	s.publish(t, alice, program(1), info("taken"))
	for _, add := range []string{"pico/suspended", "pico/deprecated", "pico/revoked"} {
		s.addLikePico(t, add)
	}
	require.NoError(t, s.k.Suspend(s.Ctx, types.VerifierTarget("pico/suspended"), s.Authority, ""))
	require.NoError(t, s.k.Deprecate(s.Ctx, "pico/deprecated", s.Authority))
	require.NoError(t, s.k.Revoke(s.Ctx, types.VerifierTarget("pico/revoked"), s.Authority))
	circuit, revoked := s.register(t, bob, groth16test.All(t)[0]), s.register(t, bob, groth16test.All(t)[1])
	require.NoError(t, s.k.Revoke(s.Ctx, types.CircuitTarget(revoked), s.Authority))
	under := func(ids ...string) func(m *types.MsgPublishProgram) {
		return func(m *types.MsgPublishProgram) { m.Info.Verifiers = ids }
	}
	for name, tc := range map[string]struct {
		malleate func(m *types.MsgPublishProgram)
		err      error
	}{
		"as it is":         {func(*types.MsgPublishProgram) {}, nil},
		"suspended":        {under("pico/suspended"), nil},
		"deprecated":       {under("pico/deprecated"), nil},
		"several":          {under("pico/deprecated", "pico/suspended", types.PicoV122), nil},
		"circuit":          {func(m *types.MsgPublishProgram) { m.Program, m.Info.Verifiers = circuit, []string{"circuit"} }, nil},
		"revoked":          {under("pico/revoked", types.PicoV122), types.ErrRevoked},
		"revoked circuit":  {func(m *types.MsgPublishProgram) { m.Program, m.Info.Verifiers = revoked, []string{"circuit"} }, types.ErrRevoked},
		"unknown verifier": {under("nobody", types.PicoV122), types.ErrVerifierNotFound},
		"unknown circuit":  {under("circuit"), types.ErrCircuitNotFound},
		"no verifier":      {under(), types.ErrInvalidProgramInfo},
		"exists":           {func(m *types.MsgPublishProgram) { m.Program = program(1) }, types.ErrProgramExists},
		"name taken":       {func(m *types.MsgPublishProgram) { m.Info.Name = "taken" }, types.ErrProgramNameTaken},
		"bad name":         {func(m *types.MsgPublishProgram) { m.Info.Name = "Taken" }, types.ErrInvalidProgramInfo},
		"bad program":      {func(m *types.MsgPublishProgram) { m.Program = "0x" + program(2)[2:] }, types.ErrInvalidProgramInfo},
		"bad address":      {func(m *types.MsgPublishProgram) { m.Publisher = "x" }, sdkerrors.ErrInvalidAddress},
		"no money":         {func(m *types.MsgPublishProgram) { m.Publisher = sdk.AccAddress("poor________________").String() }, sdkerrors.ErrInsufficientFunds},
	} {
		m := &types.MsgPublishProgram{Publisher: alice.String(), Program: program(2), Info: info("new")}
		tc.malleate(m)
		ctx, _ := s.Ctx.CacheContext()
		_, err := s.msg.PublishProgram(ctx, m)
		if tc.err == nil {
			require.NoError(t, err, name)
			require.NoError(t, s.k.CheckInvariants(ctx), name)
		} else {
			require.ErrorIs(t, err, tc.err, name)
		}
	}
	_, err := s.msg.UpdateProgram(s.Ctx, &types.MsgUpdateProgram{Publisher: "x", Program: program(1), Info: info("a")})
	require.ErrorIs(t, err, sdkerrors.ErrInvalidAddress)
	_, err = s.msg.WithdrawProgram(s.Ctx, &types.MsgWithdrawProgram{Publisher: "x", Program: program(1)})
	require.ErrorIs(t, err, sdkerrors.ErrInvalidAddress)
	require.ErrorIs(t, s.update(alice, "x", info("a")), types.ErrInvalidProgramInfo)
	require.ErrorIs(t, s.withdraw(alice, "x"), types.ErrInvalidProgramInfo)

	// What was published stays when a family is revoked, but nothing new names it.
	require.NoError(t, s.k.Revoke(s.Ctx, types.FamilyTarget("pico"), s.Authority))
	require.ErrorIs(t, s.update(alice, program(1), info("a")), types.ErrRevoked)
	require.NoError(t, s.k.CheckInvariants(s.Ctx))
	require.NoError(t, s.withdraw(alice, program(1)))
}

// Publishers share nothing: the same program and name are another's own record.
func TestProgramsBelongToTheirPublisher(t *testing.T) {
	s := setup(t)
	s.publish(t, alice, program(1), info("fib"))
	require.ErrorIs(t, s.update(bob, program(1), info("mine")), types.ErrProgramNotFound)
	require.ErrorIs(t, s.withdraw(bob, program(1)), types.ErrProgramNotFound)
	s.publish(t, bob, program(1), info("fib"))
	require.NoError(t, s.withdraw(bob, program(1)))
	require.Equal(t, int64(types.DefaultProgramDeposit), s.Balance(account(t, alice, program(1))).Int64())
	res, err := s.qry.ProgramByName(s.Ctx, &types.QueryProgramByNameRequest{Publisher: alice.String(), Name: "fib"})
	require.NoError(t, err)
	require.Equal(t, alice.String(), res.Program.Publisher)
	require.NoError(t, s.k.CheckInvariants(s.Ctx))
}

func TestRenameProgram(t *testing.T) {
	s := setup(t)
	s.publish(t, alice, program(1), info("one"))
	s.publish(t, alice, program(2), info("two"))
	require.ErrorIs(t, s.update(alice, program(1), info("two")), types.ErrProgramNameTaken)
	require.NoError(t, s.update(alice, program(1), info("three")))
	require.NoError(t, s.update(alice, program(2), info("one")), "the old name is free")
	for name, want := range map[string]string{"one": program(2), "three": program(1)} {
		res, err := s.qry.ProgramByName(s.Ctx, &types.QueryProgramByNameRequest{Publisher: alice.String(), Name: name})
		require.NoError(t, err)
		require.Equal(t, want, res.Program.Program)
	}
	_, err := s.qry.ProgramByName(s.Ctx, &types.QueryProgramByNameRequest{Publisher: alice.String(), Name: "two"})
	require.ErrorContains(t, err, "named two")
	require.NoError(t, s.k.CheckInvariants(s.Ctx))
}

// Invariant 7: the export is sorted by bytes whatever the addresses' lengths,
// and comes back the same.
func TestProgramsGenesisRoundTrip(t *testing.T) {
	s := setup(t)
	long := sdk.AccAddress(bytes.Repeat([]byte{1}, 32)) // below alice's bytes, but longer
	s.Fund(t, long, 1_000_000_000)
	for _, publisher := range []sdk.AccAddress{bob, long, alice} {
		s.publish(t, publisher, program(9), info("nine"))
		s.publish(t, publisher, program(3), info("three"))
	}
	g, err := s.k.ExportGenesis(s.Ctx)
	require.NoError(t, err)
	require.Len(t, g.Programs, 6)
	require.Equal(t, long.String(), g.Programs[0].Publisher)
	require.Equal(t, program(3), g.Programs[0].Program)
	require.NoError(t, g.Validate())

	poor, fresh := setup(t), s.beside(t)
	require.ErrorIs(t, poor.k.InitGenesis(poor.Ctx, g), types.ErrInvariant, "the deposits are in the bank's genesis")
	require.NoError(t, fresh.k.InitGenesis(fresh.Ctx, g))
	again, err := fresh.k.ExportGenesis(fresh.Ctx)
	require.NoError(t, err)
	require.Equal(t, g, again)

	g.Programs[1].Info.Name = g.Programs[0].Info.Name
	require.ErrorIs(t, fresh.k.InitGenesis(fresh.Ctx, g), types.ErrInvalidGenesis)
}

func TestProgramInvariants(t *testing.T) {
	s := setup(t)
	s.publish(t, alice, program(1), info("one"))
	s.publish(t, alice, program(2), info("two"))
	one, two := make([]byte, 32), make([]byte, 32)
	one[31], two[31] = 1, 2
	pair := collections.PairKeyCodec(collections.BytesKey, collections.BytesKey)
	key := func(prefix collections.Prefix, a, b []byte) []byte {
		bz, err := collections.EncodeKeyWithPrefix(prefix.Bytes(), pair, collections.Join(a, b))
		require.NoError(t, err)
		return bz
	}
	name := func(publisher []byte, name string) []byte {
		bz, err := collections.EncodeKeyWithPrefix(types.ProgramsByName.Bytes(),
			collections.PairKeyCodec(collections.BytesKey, collections.StringKey), collections.Join(publisher, name))
		require.NoError(t, err)
		return bz
	}
	rewrite := func(ctx sdk.Context, change func(p *types.Program)) {
		store, at := ctx.KVStore(s.key), key(types.ProgramsKey, alice, one)
		var p types.Program
		s.Codec.MustUnmarshal(store.Get(at), &p)
		change(&p)
		store.Set(at, s.Codec.MustMarshal(&p))
	}
	require.NotNil(t, s.Ctx.KVStore(s.key).Get(name(alice, "one")), "the test knows the index")
	require.NotNil(t, s.Ctx.KVStore(s.key).Get(key(types.ProgramsByProgram, one, alice)))
	for what, breakIt := range map[string]func(ctx sdk.Context){
		"name is missing": func(ctx sdk.Context) { ctx.KVStore(s.key).Delete(name(alice, "one")) },
		"name too many": func(ctx sdk.Context) {
			ctx.KVStore(s.key).Set(name(alice, "new"), key(collections.NewPrefix(""), alice, one))
		},
		"name of another": func(ctx sdk.Context) {
			ctx.KVStore(s.key).Set(name(alice, "one"), ctx.KVStore(s.key).Get(name(alice, "two")))
		},
		"renamed in place":   func(ctx sdk.Context) { rewrite(ctx, func(p *types.Program) { p.Info.Name = "new" }) },
		"program is missing": func(ctx sdk.Context) { ctx.KVStore(s.key).Delete(key(types.ProgramsByProgram, one, alice)) },
		"program too many":   func(ctx sdk.Context) { ctx.KVStore(s.key).Set(key(types.ProgramsByProgram, one, bob), []byte{}) },
		"program elsewhere": func(ctx sdk.Context) {
			ctx.KVStore(s.key).Delete(key(types.ProgramsByProgram, one, alice))
			ctx.KVStore(s.key).Set(key(types.ProgramsByProgram, one, bob), []byte{})
		},
		"record is missing":   func(ctx sdk.Context) { ctx.KVStore(s.key).Delete(key(types.ProgramsKey, alice, two)) },
		"another's record":    func(ctx sdk.Context) { rewrite(ctx, func(p *types.Program) { p.Publisher = bob.String() }) },
		"of another program":  func(ctx sdk.Context) { rewrite(ctx, func(p *types.Program) { p.Program = program(7) }) },
		"malformed record":    func(ctx sdk.Context) { rewrite(ctx, func(p *types.Program) { p.Info.ImageSize = 0 }) },
		"deposit is too high": func(ctx sdk.Context) { rewrite(ctx, func(p *types.Program) { p.Deposit = p.Deposit.AddRaw(1) }) },
		"deposit is spent": func(ctx sdk.Context) {
			require.NoError(t, s.Bank.SendCoins(ctx, types.ProgramAccount(alice, two), bob, sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 1))))
		},
	} {
		ctx, _ := s.Ctx.CacheContext()
		require.NoError(t, s.k.CheckInvariants(ctx), what)
		breakIt(ctx)
		require.ErrorIs(t, s.k.CheckInvariants(ctx), types.ErrInvariant, what)
	}
}
