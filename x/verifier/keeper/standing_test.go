package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/verifier/keeper"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// The state at the limit of MaxSuspensions, and past it.
func TestSuspensionsMerge(t *testing.T) {
	s := setup(t)
	target := types.VerifierTarget(types.PicoV122)
	var spans []types.Suspension
	for i := range types.MaxSuspensions + 2 {
		s.after(time.Hour)
		began := s.Ctx.BlockTime()
		require.NoError(t, s.order("suspend", target))
		s.after(time.Minute)
		ended := s.Ctx.BlockTime()
		require.NoError(t, s.order("resume", target))
		spans = append(spans, types.Suspension{Began: began, Ended: &ended, By: s.Authority, Reason: "a test"})
		if i >= types.MaxSuspensions {
			spans[0].Ended = spans[1].Ended
			spans = append(spans[:1], spans[2:]...)
		}
		standing, err := s.k.Standing(s.Ctx, types.Statement{Verifier: types.PicoV122, Program: zeros, Digest: zeros})
		require.NoError(t, err)
		require.Equal(t, spans, standing.Suspensions)
		require.NoError(t, s.k.CheckInvariants(s.Ctx))
	}
	require.Len(t, spans, types.MaxSuspensions)
}

// Law V1: what is laid on a target counts once the store says that there is something, as the
// migration does for a store of version 1.
func TestMigrationMarksRestrictions(t *testing.T) {
	s := setup(t)
	f := groth16test.All(t)[0]
	s.register(t, alice, f)
	migrate := func() {
		require.NoError(t, s.k.Unmark(s.Ctx))
		require.NoError(t, keeper.NewMigrator(s.k).Migrate1to2(s.Ctx))
		require.NoError(t, s.k.CheckInvariants(s.Ctx))
	}
	status := func(st types.Statement) types.VerifierStatus {
		standing, err := s.k.Standing(s.Ctx, st)
		require.NoError(t, err)
		return standing.Status
	}
	pico := types.Statement{Verifier: types.PicoV122, Program: zeros, Digest: zeros}
	migrate()
	require.Equal(t, types.VERIFIER_STATUS_ACTIVE, status(statement(f)))
	require.Equal(t, types.VERIFIER_STATUS_ACTIVE, status(pico))
	require.NoError(t, s.order("revoke", types.CircuitTarget(statement(f).Program)))
	require.NoError(t, s.order("suspend", types.FamilyTarget("pico")))
	require.NoError(t, s.k.Unmark(s.Ctx))
	require.ErrorIs(t, s.k.CheckInvariants(s.Ctx), types.ErrInvariant)
	migrate()
	require.Equal(t, types.VERIFIER_STATUS_REVOKED, status(statement(f)))
	require.Equal(t, types.VERIFIER_STATUS_SUSPENDED, status(pico))
}

func TestStanding(t *testing.T) {
	s := setup(t)
	f := groth16test.All(t)[0]
	st := statement(f)
	standing := func() types.Standing {
		got, err := s.k.Standing(s.Ctx, st)
		require.NoError(t, err)
		return got
	}
	require.Equal(t, types.Standing{Status: types.VERIFIER_STATUS_ACTIVE}, standing(), "nothing is laid on a circuit that is not there")
	s.register(t, alice, f)
	require.Equal(t, types.Standing{Status: types.VERIFIER_STATUS_ACTIVE}, standing())

	at := func() *time.Time { now := s.Ctx.BlockTime(); return &now }
	first := at()
	require.NoError(t, s.order("suspend", types.FamilyTarget("groth16")))
	s.after(time.Second)
	second := at()
	require.NoError(t, s.order("suspend", types.CircuitTarget(st.Program)))
	require.NoError(t, s.order("suspend", types.FamilyTarget("pico")), "of no concern to this one")
	s.after(time.Second)
	third := at()
	require.NoError(t, s.order("resume", types.FamilyTarget("groth16")))
	want := types.Standing{
		Status: types.VERIFIER_STATUS_SUSPENDED,
		Suspensions: []types.Suspension{
			{Began: *first, Ended: third, By: s.Authority, Reason: "a test"},
			{Began: *second, By: s.Authority, Reason: "a test"},
		},
		Cause: "circuit " + st.Program + ` is SUSPENDED: "a test"`,
	}
	require.Equal(t, want, standing())
	_, err := s.msg.WithdrawCircuit(s.Ctx, &types.MsgWithdrawCircuit{Owner: alice.String(), CircuitId: st.Program})
	require.NoError(t, err)
	want.Suspensions = want.Suspensions[1:]
	require.Equal(t, want, standing(), "nothing says of what family a withdrawn circuit was")

	_, err = s.k.Standing(s.Ctx, types.Statement{Verifier: "nobody", Program: zeros, Digest: zeros})
	require.ErrorIs(t, err, types.ErrVerifierNotFound)
	_, err = s.k.Standing(s.Ctx, types.Statement{Verifier: types.CircuitVerifier, Program: "0", Digest: zeros})
	require.ErrorIs(t, err, types.ErrInvalidStatement)
}

// Every message of the market reads a status: it must not pay for the key.
func TestStandingDoesNotReadTheKey(t *testing.T) {
	s := setup(t)
	fs := groth16test.All(t)
	cheap := func(st types.Statement) uint64 {
		return gasOf(s, func(ctx sdk.Context) {
			_, err := s.k.Standing(ctx, st)
			require.NoError(t, err)
		})
	}
	var costs []uint64
	for _, f := range fs {
		s.register(t, alice, f)
		costs = append(costs, cheap(statement(f)))
		require.Equal(t, costs[0], costs[len(costs)-1], "%s: a key of %d bytes", f.Name, len(f.Raw))
	}
	require.NotEqual(t, len(fs[0].Raw), len(fs[len(fs)-1].Raw))
	// Three reads of 1,000 gas each, and less than 300 bytes at 3 gas.
	require.Less(t, costs[0], uint64(3_900))
	require.Less(t, cheap(types.Statement{Verifier: types.PicoV122, Program: zeros, Digest: zeros}), uint64(3_900))
}

// What is refused for its status does not pay for the key either.
func TestRefusalDoesNotReadTheKey(t *testing.T) {
	s := setup(t)
	st, bz := picoProof(t)
	require.NoError(t, s.order("suspend", types.VerifierTarget(st.Verifier)))
	gas := gasOf(s, func(ctx sdk.Context) {
		require.ErrorIs(t, s.k.Verify(ctx, st, nil, bz), types.ErrVerifierDisabled)
	})
	standing := gasOf(s, func(ctx sdk.Context) {
		_, err := s.k.Standing(ctx, st)
		require.NoError(t, err)
	})
	require.Equal(t, standing, gas)
}

// CheckInvariants finds each thing that may not be.
func TestInvariantsOfRestrictions(t *testing.T) {
	s := setup(t)
	f := groth16test.All(t)[0]
	s.register(t, alice, f)
	now := s.Ctx.BlockTime()
	good := types.Restriction{Target: types.VerifierTarget(types.PicoV122), Suspensions: []types.Suspension{{Began: now, By: s.Authority}}}
	require.NoError(t, s.k.PutRestriction(s.Ctx, good.Target, good))
	require.NoError(t, s.k.CheckInvariants(s.Ctx))
	other := f.ID()
	other[0] ^= 1
	id := f.ID()
	verifier := func() types.Verifier {
		return types.Verifier{Id: types.PicoV122, Family: "pico", Curve: "bn254", Status: types.VERIFIER_STATUS_ACTIVE}
	}
	for name, corrupt := range map[string]func(ctx sdk.Context) error{
		"under another key": func(ctx sdk.Context) error { return s.k.PutRestriction(ctx, types.FamilyTarget("pico"), good) },
		"of no verifier": func(ctx sdk.Context) error {
			r := good
			r.Target.Id = "nobody"
			return s.k.PutRestriction(ctx, r.Target, r)
		},
		"of no family": func(ctx sdk.Context) error {
			r := good
			r.Target = types.FamilyTarget("stark")
			return s.k.PutRestriction(ctx, r.Target, r)
		},
		"empty": func(ctx sdk.Context) error {
			return s.k.PutRestriction(ctx, good.Target, types.Restriction{Target: good.Target})
		},
		"suspended while revoked": func(ctx sdk.Context) error {
			v := verifier()
			v.Status = types.VERIFIER_STATUS_REVOKED
			return s.k.PutVerifier(ctx, v)
		},
		"stored as suspended": func(ctx sdk.Context) error {
			v := verifier()
			v.Status = types.VERIFIER_STATUS_SUSPENDED
			return s.k.PutVerifier(ctx, v)
		},
		"revoked, not counted": func(ctx sdk.Context) error {
			r := types.Restriction{Target: types.CircuitTarget(zeros), Revoked: true}
			return s.k.PutRestriction(ctx, r.Target, r)
		},
		"verifier with its key": func(ctx sdk.Context) error {
			v := verifier()
			v.Key = picoKey(t)
			return s.k.PutVerifier(ctx, v)
		},
		"verifier without key": func(ctx sdk.Context) error {
			v := verifier()
			v.Id = "pico/v9"
			return s.k.PutVerifier(ctx, v)
		},
		"key without verifier": func(ctx sdk.Context) error { return s.k.PutVerifierKey(ctx, "pico/v9", []byte{1}) },
		"key without circuit":  func(ctx sdk.Context) error { return s.k.PutCircuitKey(ctx, other[:], []byte{1}) },
		"another key":          func(ctx sdk.Context) error { return s.k.PutCircuitKey(ctx, id[:], []byte{1}) },
	} {
		ctx, _ := s.Ctx.CacheContext()
		require.NoError(t, corrupt(ctx), name)
		require.ErrorIs(t, s.k.CheckInvariants(ctx), types.ErrInvariant, name)
	}
	// A circuit's restriction needs no circuit.
	gone := types.Restriction{Target: types.CircuitTarget(zeros), Suspensions: good.Suspensions}
	require.NoError(t, s.k.PutRestriction(s.Ctx, gone.Target, gone))
	require.NoError(t, s.k.CheckInvariants(s.Ctx))
	require.Equal(t, math.NewInt(types.DefaultCircuitDeposit), s.circuitBalance(t, statement(f).Program))
}
