package keeper_test

import (
	"slices"
	"testing"
	"time"

	"github.com/consensys/gnark/frontend"
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
	withdrawn := s.register(t, bob, groth16test.Build(t, "withdrawn", &groth16test.Wide{Inputs: make([]frontend.Variable, 2)}, groth16test.WideAssignment(2)))
	for _, o := range []struct {
		name string
		of   types.Target
	}{
		{"suspend", types.VerifierTarget(types.PicoV122)},
		{"revoke", types.VerifierTarget(types.PicoV122)},
		{"suspend", types.FamilyTarget("pico")},
		{"resume", types.FamilyTarget("pico")},
		{"suspend", types.FamilyTarget("pico")},
		{"suspend", types.CircuitTarget(statement(groth16test.All(t)[0]).Program)},
		{"suspend", types.VerifierTarget("pico/next")},
		{"revoke", types.CircuitTarget(withdrawn)},
	} {
		s.after(time.Minute)
		require.NoError(t, s.order(o.name, o.of))
	}
	_, err = s.msg.WithdrawCircuit(s.Ctx, &types.MsgWithdrawCircuit{Owner: bob.String(), CircuitId: withdrawn})
	require.NoError(t, err)
	params := types.DefaultParams()
	params.Guardian = alice.String()
	_, err = s.msg.UpdateParams(s.Ctx, &types.MsgUpdateParams{Authority: s.Authority, Params: params})
	require.NoError(t, err)
}

// beside returns a keeper with an empty store beside the same coins, at the same
// time.
func (s *suite) beside(t testing.TB) *suite {
	t.Helper()
	fresh := setup(t)
	fresh.Bank.InitGenesis(fresh.Ctx, s.Bank.ExportGenesis(s.Ctx))
	fresh.Ctx = fresh.Ctx.WithBlockTime(s.Ctx.BlockTime())
	return fresh
}

// A genesis whose deposits nobody paid is refused: who withdrew would get the
// coins of nobody.
func TestGenesisWithoutTheDeposits(t *testing.T) {
	s := setup(t)
	s.register(t, alice, groth16test.All(t)[0])
	g, err := s.k.ExportGenesis(s.Ctx)
	require.NoError(t, err)
	poor, fresh := setup(t), s.beside(t)
	require.ErrorIs(t, poor.k.InitGenesis(poor.Ctx, g), types.ErrInvariant)
	require.NoError(t, fresh.k.InitGenesis(fresh.Ctx, g))
}

// law M11: the time of a suspension passes once. An import that begins before the
// end of one, as an export does whose genesis_time nobody set, is refused.
func TestGenesisBeforeASuspension(t *testing.T) {
	for _, resumed := range []bool{false, true} {
		s := setup(t)
		s.after(time.Hour)
		require.NoError(t, s.order("suspend", types.FamilyTarget("pico")))
		if resumed {
			s.after(time.Hour)
			require.NoError(t, s.order("resume", types.FamilyTarget("pico")))
		}
		g, err := s.k.ExportGenesis(s.Ctx)
		require.NoError(t, err)
		early := s.beside(t)
		early.after(-time.Nanosecond)
		err = early.k.InitGenesis(early.Ctx, g)
		require.ErrorIs(t, err, types.ErrInvalidGenesis)
		require.ErrorContains(t, err, "set genesis_time")
		at := s.beside(t)
		require.NoError(t, at.k.InitGenesis(at.Ctx, g), "at that very time")
	}
}

// Invariant 7: export, import and export again gives the same bytes.
func TestGenesisRoundTrip(t *testing.T) {
	s := setup(t)
	populate(t, s)
	module := verifier.NewAppModule(s.Codec, s.k)
	first := module.ExportGenesis(s.Ctx, s.Codec)
	require.NoError(t, module.ValidateGenesis(s.Codec, nil, first))

	require.NoError(t, s.k.CheckInvariants(s.Ctx))
	fresh := s.beside(t)
	other := verifier.NewAppModule(fresh.Codec, fresh.k)
	other.InitGenesis(fresh.Ctx, fresh.Codec, first)
	require.Equal(t, string(first), string(other.ExportGenesis(fresh.Ctx, fresh.Codec)))

	for _, target := range []types.Target{types.VerifierTarget("pico/next"), types.FamilyTarget("pico")} {
		fresh.after(time.Hour)
		require.NoError(t, fresh.order("resume", target), "it was imported as suspended")
	}

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
		"suspended":          {func(g *types.GenesisState) { g.Verifiers[0].Status = types.VERIFIER_STATUS_SUSPENDED }, types.ErrInvalidStatus},
		"guardian":           {func(g *types.GenesisState) { g.Params.Guardian = "x" }, types.ErrInvalidParams},
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

		"restrictions unsorted":   {func(g *types.GenesisState) { slices.Reverse(g.Restrictions) }, types.ErrInvalidGenesis},
		"restriction twice":       {func(g *types.GenesisState) { g.Restrictions[1] = g.Restrictions[0] }, types.ErrInvalidGenesis},
		"restriction of nobody":   {func(g *types.GenesisState) { g.Restrictions[0].Target.Id = "nobody" }, types.ErrInvalidGenesis},
		"restriction kind":        {func(g *types.GenesisState) { g.Restrictions[0].Target.Kind = 0 }, types.ErrInvalidTarget},
		"restriction circuit id":  {func(g *types.GenesisState) { restriction(g, types.TARGET_KIND_CIRCUIT).Target.Id = "0" }, types.ErrInvalidTarget},
		"restriction family":      {func(g *types.GenesisState) { restriction(g, types.TARGET_KIND_FAMILY).Target.Id = "x" }, types.ErrUnknownFamily},
		"restriction reason":      {func(g *types.GenesisState) { g.Restrictions[0].Suspensions[0].Reason = "\xff" }, types.ErrInvalidReason},
		"restriction time":        {func(g *types.GenesisState) { g.Restrictions[0].Suspensions[0].Began = time.Time{} }, types.ErrInvalidGenesis},
		"suspended while revoked": {func(g *types.GenesisState) { revoked(g).Suspensions[0].Ended = nil }, types.ErrInvalidGenesis},
	} {
		g := export()
		tc.malleate(g)
		require.ErrorIs(t, g.Validate(), tc.err, name)
		require.ErrorIs(t, s.k.InitGenesis(s.Ctx, g), tc.err, name)
	}
}

// restriction returns the first restriction of that kind.
func restriction(g *types.GenesisState, kind types.TargetKind) *types.Restriction {
	return &g.Restrictions[slices.IndexFunc(g.Restrictions, func(r types.Restriction) bool { return r.Target.Kind == kind })]
}

// revoked returns the restriction of the verifier that populate revokes.
func revoked(g *types.GenesisState) *types.Restriction {
	return &g.Restrictions[slices.IndexFunc(g.Restrictions, func(r types.Restriction) bool { return r.Target.Id == types.PicoV122 })]
}
