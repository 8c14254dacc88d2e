package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/verifier"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// populate fills every part of the state.
func populate(t testing.TB, s *suite) {
	t.Helper()
	for _, f := range groth16test.All(t) {
		s.register(t, alice, f)
		require.NoError(t, s.k.Hold(s.Ctx, statement(f), []byte("request 2")))
		require.NoError(t, s.k.Hold(s.Ctx, statement(f), []byte("request 10")))
	}
	_, err := s.msg.AddVerifier(s.Ctx, addPico(t, s.Authority))
	require.NoError(t, err)
	require.NoError(t, s.k.SetVerifierStatus(s.Ctx, types.PicoV122, types.VERIFIER_STATUS_REVOKED))
}

// Invariant 7: export, import and export again gives the same bytes.
func TestGenesisRoundTrip(t *testing.T) {
	s := setup(t)
	populate(t, s)
	module := verifier.NewAppModule(s.Codec, s.k)
	first := module.ExportGenesis(s.Ctx, s.Codec)
	require.NoError(t, module.ValidateGenesis(s.Codec, nil, first))

	fresh := setup(t)
	other := verifier.NewAppModule(fresh.Codec, fresh.k)
	other.InitGenesis(fresh.Ctx, fresh.Codec, first)
	require.Equal(t, string(first), string(other.ExportGenesis(fresh.Ctx, fresh.Codec)))
	err := fresh.k.CheckInvariants(fresh.Ctx)
	require.ErrorIs(t, err, types.ErrInvariant, "the deposits are in the bank's genesis, which this test left out")
	require.NoError(t, s.k.CheckInvariants(s.Ctx))

	bad := []byte(`{"params":{"circuit_deposit":"-1","max_key_size":1}}`)
	require.ErrorIs(t, module.ValidateGenesis(s.Codec, nil, bad), types.ErrInvalidParams)
	require.Error(t, module.ValidateGenesis(s.Codec, nil, []byte(`{`)))
	require.Panics(t, func() { module.InitGenesis(s.Ctx, s.Codec, bad) })
	require.NoError(t, module.ValidateGenesis(s.Codec, nil, module.DefaultGenesis(s.Codec)))
}

func TestGenesisValidate(t *testing.T) {
	s := setup(t)
	populate(t, s)
	export := func() *types.GenesisState {
		g, err := s.k.ExportGenesis(s.Ctx)
		require.NoError(t, err)
		return g
	}
	require.NoError(t, export().Validate())
	for name, tc := range map[string]struct {
		malleate func(g *types.GenesisState)
		err      error
	}{
		"params":             {func(g *types.GenesisState) { g.Params.MaxKeySize = 0 }, types.ErrInvalidParams},
		"verifiers unsorted": {func(g *types.GenesisState) { g.Verifiers[0], g.Verifiers[1] = g.Verifiers[1], g.Verifiers[0] }, types.ErrInvalidGenesis},
		"verifier twice":     {func(g *types.GenesisState) { g.Verifiers[1] = g.Verifiers[0] }, types.ErrInvalidGenesis},
		"verifier id":        {func(g *types.GenesisState) { g.Verifiers[0].Id = "circuit" }, types.ErrInvalidVerifier},
		"verifier key":       {func(g *types.GenesisState) { g.Verifiers[0].Key = nil }, types.ErrInvalidKey},
		"verifier height":    {func(g *types.GenesisState) { g.Verifiers[0].AddedHeight = -1 }, types.ErrInvalidVerifier},
		"suspended":          {func(g *types.GenesisState) { g.Verifiers[0].Status = types.VERIFIER_STATUS_SUSPENDED }, types.ErrSuspendReserved},
		"no status":          {func(g *types.GenesisState) { g.Verifiers[0].Status = 0 }, types.ErrInvalidStatus},
		"circuits unsorted":  {func(g *types.GenesisState) { g.Circuits[0], g.Circuits[1] = g.Circuits[1], g.Circuits[0] }, types.ErrInvalidGenesis},
		"circuit id":         {func(g *types.GenesisState) { g.Circuits[0].Id = zeros }, types.ErrInvalidGenesis},
		"circuit key":        {func(g *types.GenesisState) { g.Circuits[0].Key = nil }, types.ErrInvalidKey},
		"circuit family":     {func(g *types.GenesisState) { g.Circuits[0].Family = "pico" }, types.ErrUnknownFamily},
		"circuit owner":      {func(g *types.GenesisState) { g.Circuits[0].Owner = "x" }, types.ErrInvalidGenesis},
		"circuit deposit":    {func(g *types.GenesisState) { g.Circuits[0].Deposit = math.NewInt(-1) }, types.ErrInvalidGenesis},
		"circuit no deposit": {func(g *types.GenesisState) { g.Circuits[0].Deposit = math.Int{} }, types.ErrInvalidGenesis},
		"circuit height":     {func(g *types.GenesisState) { g.Circuits[0].AddedHeight = -1 }, types.ErrInvalidGenesis},
		"use of no circuit":  {func(g *types.GenesisState) { g.CircuitUses[0].CircuitId = zeros }, types.ErrInvalidGenesis},
		"use without ref":    {func(g *types.GenesisState) { g.CircuitUses[0].Ref = nil }, types.ErrInvalidStatement},
		"ref too long":       {func(g *types.GenesisState) { g.CircuitUses[0].Ref = make([]byte, types.MaxRefSize+1) }, types.ErrInvalidStatement},
		"uses unsorted":      {func(g *types.GenesisState) { g.CircuitUses[0], g.CircuitUses[1] = g.CircuitUses[1], g.CircuitUses[0] }, types.ErrInvalidGenesis},
	} {
		g := export()
		tc.malleate(g)
		require.ErrorIs(t, g.Validate(), tc.err, name)
		require.ErrorIs(t, s.k.InitGenesis(s.Ctx, g), tc.err, name)
	}
}
