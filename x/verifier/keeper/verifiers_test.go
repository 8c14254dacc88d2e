package keeper_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/pico"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

func addPico(t testing.TB, authority string) *types.MsgAddVerifier {
	t.Helper()
	key, err := pico.KeyV122()
	require.NoError(t, err)
	return &types.MsgAddVerifier{Authority: authority, Id: "pico/next", Family: "pico", Curve: "bn254", Key: key}
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
	valid := types.Params{CircuitDeposit: math.NewInt(5), MaxKeySize: proof.MaxKeySize}
	_, err := s.msg.UpdateParams(s.Ctx, &types.MsgUpdateParams{Authority: bob.String(), Params: valid})
	require.ErrorIs(t, err, sdkerrors.ErrUnauthorized)
	_, err = s.msg.UpdateParams(s.Ctx, &types.MsgUpdateParams{Authority: s.Authority, Params: valid})
	require.NoError(t, err)
	res, err := s.qry.Params(s.Ctx, &types.QueryParamsRequest{})
	require.NoError(t, err)
	require.Equal(t, valid, res.Params)

	huge := math.NewIntFromBigInt(math.OneInt().BigInt().Lsh(math.OneInt().BigInt(), 128))
	for name, p := range map[string]types.Params{
		"no deposit":        {MaxKeySize: types.DefaultMaxKeySize},
		"negative deposit":  {CircuitDeposit: math.NewInt(-1), MaxKeySize: types.DefaultMaxKeySize},
		"deposit too large": {CircuitDeposit: huge, MaxKeySize: types.DefaultMaxKeySize},
		"keys too small":    {CircuitDeposit: math.OneInt(), MaxKeySize: types.MinMaxKeySize - 1},
		"keys too large":    {CircuitDeposit: math.OneInt(), MaxKeySize: proof.MaxKeySize + 1},
	} {
		_, err = s.msg.UpdateParams(s.Ctx, &types.MsgUpdateParams{Authority: s.Authority, Params: p})
		require.ErrorIs(t, err, types.ErrInvalidParams, name)
	}
	for _, p := range []types.Params{
		{CircuitDeposit: math.ZeroInt(), MaxKeySize: types.MinMaxKeySize},
		{CircuitDeposit: huge.SubRaw(1), MaxKeySize: proof.MaxKeySize},
	} {
		_, err = s.msg.UpdateParams(s.Ctx, &types.MsgUpdateParams{Authority: s.Authority, Params: p})
		require.NoError(t, err)
	}
}
