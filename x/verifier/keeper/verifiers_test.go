package keeper_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

func addPico(t testing.TB, authority string) *types.MsgAddVerifier {
	t.Helper()
	return &types.MsgAddVerifier{Authority: authority, Id: "pico/next", Family: "pico", Curve: "bn254", Key: picoKey(t)}
}

// picoKey returns the key of pico/v1.2.2.
func picoKey(t testing.TB) []byte {
	t.Helper()
	list, err := types.DefaultVerifiers()
	require.NoError(t, err)
	i := slices.IndexFunc(list, func(v types.Verifier) bool { return v.Id == types.PicoV122 })
	require.GreaterOrEqual(t, i, 0)
	return list[i].Key
}

func TestAddVerifier(t *testing.T) {
	s := setup(t)
	ctx := s.Ctx.WithBlockHeight(77)
	m := addPico(t, s.Authority)
	_, err := s.msg.AddVerifier(ctx, m)
	require.NoError(t, err)
	res, err := s.qry.Verifier(ctx, &types.QueryVerifierRequest{Id: m.Id})
	require.NoError(t, err)
	require.Equal(t, types.Verifier{
		Id: m.Id, Family: "pico", Curve: "bn254", Key: m.Key, Status: types.VERIFIER_STATUS_ACTIVE, AddedHeight: 77,
	}, res.Verifier)
	_, err = s.msg.AddVerifier(ctx, m)
	require.ErrorIs(t, err, types.ErrVerifierExists)
	st, bz := picoProof(t)
	st.Verifier = m.Id
	require.NoError(t, s.k.CheckStatement(ctx, st))
	require.NoError(t, s.k.Verify(ctx, st, nil, bz))
	require.NoError(t, s.k.CheckInvariants(ctx))
}

// The authority can add a key of every family that the default genesis has, and
// none with the constants of another.
func TestAddVerifierOfEveryFamily(t *testing.T) {
	s := setup(t)
	list, err := types.DefaultVerifiers()
	require.NoError(t, err)
	for _, v := range list {
		m := &types.MsgAddVerifier{Authority: s.Authority, Id: v.Id + "/again", Family: v.Family, Curve: v.Curve, Key: v.Key}
		m.Constants = append(slices.Clone(v.Constants), types.Constant{Name: "z", Value: make([]byte, 32)})
		_, err := s.msg.AddVerifier(s.Ctx, m)
		require.ErrorIs(t, err, types.ErrInvalidKey, v.Id)
		m.Constants = v.Constants
		_, err = s.msg.AddVerifier(s.Ctx, m)
		require.NoError(t, err, v.Id)
		res, err := s.qry.Verifier(s.Ctx, &types.QueryVerifierRequest{Id: m.Id})
		require.NoError(t, err)
		require.Equal(t, types.Verifier{
			Id: m.Id, Family: v.Family, Curve: v.Curve, Key: v.Key, Constants: v.Constants,
			Status: types.VERIFIER_STATUS_ACTIVE, AddedHeight: s.Ctx.BlockHeight(),
		}, res.Verifier)
	}
	require.NoError(t, s.k.CheckInvariants(s.Ctx))
}

func TestAddVerifierRefuses(t *testing.T) {
	s := setup(t)
	for name, tc := range map[string]struct {
		malleate func(m *types.MsgAddVerifier)
		err      error
	}{
		"not the authority":  {func(m *types.MsgAddVerifier) { m.Authority = alice.String() }, sdkerrors.ErrUnauthorized},
		"reserved id":        {func(m *types.MsgAddVerifier) { m.Id = types.CircuitVerifier }, types.ErrInvalidVerifier},
		"no id":              {func(m *types.MsgAddVerifier) { m.Id = "" }, types.ErrInvalidVerifier},
		"id too long":        {func(m *types.MsgAddVerifier) { m.Id = strings.Repeat("a", types.MaxVerifierIDSize+1) }, types.ErrInvalidVerifier},
		"id with a space":    {func(m *types.MsgAddVerifier) { m.Id = "pi co" }, types.ErrInvalidVerifier},
		"id ends in slash":   {func(m *types.MsgAddVerifier) { m.Id = "pico/" }, types.ErrInvalidVerifier},
		"unknown family":     {func(m *types.MsgAddVerifier) { m.Family = "x" }, types.ErrUnknownFamily},
		"no key":             {func(m *types.MsgAddVerifier) { m.Key = nil }, types.ErrInvalidKey},
		"key too large":      {func(m *types.MsgAddVerifier) { m.Key = make([]byte, proof.MaxKeySize+1) }, types.ErrInvalidKey},
		"key off the curve":  {func(m *types.MsgAddVerifier) { m.Key[63] ^= 1 }, types.ErrInvalidKey},
		"needless constant":  {func(m *types.MsgAddVerifier) { m.Constants = []types.Constant{{Name: "x"}} }, types.ErrInvalidKey},
		"nameless constant":  {func(m *types.MsgAddVerifier) { m.Constants = []types.Constant{{}} }, types.ErrInvalidVerifier},
		"too many constants": {func(m *types.MsgAddVerifier) { m.Constants = make([]types.Constant, proof.MaxConstants+1) }, types.ErrInvalidVerifier},
	} {
		m := addPico(t, s.Authority)
		tc.malleate(m)
		_, err := s.msg.AddVerifier(s.Ctx, m)
		require.ErrorIs(t, err, tc.err, name)
	}
	m := addPico(t, s.Authority)
	m.Id = strings.Repeat("a", types.MaxVerifierIDSize)
	_, err := s.msg.AddVerifier(s.Ctx, m)
	require.NoError(t, err, "the longest id")
}

func TestUpdateParams(t *testing.T) {
	s := setup(t)
	update := func(p types.Params) error {
		_, err := s.msg.UpdateParams(s.Ctx, &types.MsgUpdateParams{Authority: s.Authority, Params: p})
		return err
	}
	stored := func() types.Params {
		res, err := s.qry.Params(s.Ctx, &types.QueryParamsRequest{})
		require.NoError(t, err)
		return res.Params
	}
	require.Empty(t, stored().Guardian, "a new chain has no guardian")
	valid := types.Params{CircuitDeposit: math.NewInt(5), MaxKeySize: proof.MaxKeySize, Guardian: alice.String(), ProgramDeposit: math.NewInt(6)}
	_, err := s.msg.UpdateParams(s.Ctx, &types.MsgUpdateParams{Authority: bob.String(), Params: valid})
	require.ErrorIs(t, err, sdkerrors.ErrUnauthorized)
	require.NoError(t, update(valid))
	require.Equal(t, valid, stored())
	upper := valid
	upper.Guardian = strings.ToUpper(upper.Guardian)
	require.NoError(t, update(upper))
	require.Equal(t, valid, stored(), "the guardian is stored in its canonical form")

	huge := math.NewIntFromBigInt(math.OneInt().BigInt().Lsh(math.OneInt().BigInt(), 128))
	for name, malleate := range map[string]func(p *types.Params){
		"no deposit":                func(p *types.Params) { p.CircuitDeposit = math.Int{} },
		"negative deposit":          func(p *types.Params) { p.CircuitDeposit = math.NewInt(-1) },
		"deposit too large":         func(p *types.Params) { p.CircuitDeposit = huge },
		"keys too small":            func(p *types.Params) { p.MaxKeySize = types.MinMaxKeySize - 1 },
		"keys too large":            func(p *types.Params) { p.MaxKeySize = proof.MaxKeySize + 1 },
		"guardian is no address":    func(p *types.Params) { p.Guardian = "x" },
		"guardian of another chain": func(p *types.Params) { p.Guardian = "cosmos1fl48vsnmsdzcv85q5d2q4z5ajdha8yu34mf0eh" },
		"no program deposit":        func(p *types.Params) { p.ProgramDeposit = math.Int{} },
		"negative program deposit":  func(p *types.Params) { p.ProgramDeposit = math.NewInt(-1) },
		"program deposit too large": func(p *types.Params) { p.ProgramDeposit = huge },
	} {
		p := valid
		malleate(&p)
		require.ErrorIs(t, update(p), types.ErrInvalidParams, name)
		require.Equal(t, valid, stored(), name)
	}
	for name, malleate := range map[string]func(p *types.Params){
		"lowest": func(p *types.Params) {
			p.CircuitDeposit, p.ProgramDeposit, p.MaxKeySize = math.ZeroInt(), math.ZeroInt(), types.MinMaxKeySize
		},
		"highest":       func(p *types.Params) { p.CircuitDeposit, p.ProgramDeposit = huge.SubRaw(1), huge.SubRaw(1) },
		"no guardian":   func(p *types.Params) { p.Guardian = "" },
		"the authority": func(p *types.Params) { p.Guardian = s.Authority },
	} {
		p := valid
		malleate(&p)
		require.NoError(t, update(p), name)
		require.Equal(t, p, stored(), name)
	}
}
