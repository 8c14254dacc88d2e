package keeper_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/x/verifier/keeper"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// picoProof returns the published proof under the default genesis's key.
func picoProof(t testing.TB) (st types.Statement, bz []byte) {
	t.Helper()
	file, err := os.ReadFile("../proof/pico/testdata/vectors.json")
	require.NoError(t, err)
	var d struct {
		Vectors []struct {
			RiscvVKey, PublicValuesDigest string
			Proof                         []string
		}
	}
	require.NoError(t, json.Unmarshal(file, &d))
	v := d.Vectors[1]
	bz, err = hex.DecodeString(strings.ReplaceAll(strings.Join(v.Proof, ""), "0x", ""))
	require.NoError(t, err)
	return types.Statement{Verifier: types.PicoV122, Program: v.RiscvVKey[2:], Digest: v.PublicValuesDigest[2:]}, bz
}

func TestVerifyRegisteredVerifier(t *testing.T) {
	s := setup(t)
	st, bz := picoProof(t)
	require.NoError(t, s.k.CheckStatement(s.Ctx, st))
	require.NoError(t, s.k.Verify(s.Ctx, st, nil, bz))
	require.NoError(t, s.k.Verify(s.Ctx, st, []byte{}, bz), "a message cannot tell empty from not given")
	require.ErrorIs(t, s.k.Verify(s.Ctx, st, []byte{1}, bz), types.ErrInvalidPublicValues)
	bad := bytes.Clone(bz)
	bad[255] ^= 1
	require.ErrorIs(t, s.k.Verify(s.Ctx, st, nil, bad), types.ErrMalformedProof)
	require.ErrorIs(t, s.k.Verify(s.Ctx, st, nil, bz[1:]), types.ErrMalformedProof)
	require.ErrorIs(t, s.k.Verify(s.Ctx, st, nil, make([]byte, proof.MaxProofSize+1)), types.ErrMalformedProof)
	other := st
	other.Digest = "0" + strings.Repeat("1", 63)
	require.ErrorIs(t, s.k.Verify(s.Ctx, other, nil, bz), types.ErrInvalidProof)
}

func TestVerifyCircuits(t *testing.T) {
	s := setup(t)
	for _, f := range groth16test.All(t) {
		st := statement(f)
		require.ErrorIs(t, s.k.CheckStatement(s.Ctx, st), types.ErrCircuitNotFound)
		require.ErrorIs(t, s.k.Verify(s.Ctx, st, f.PublicValues(), f.RawProof), types.ErrCircuitNotFound)
		s.register(t, alice, f)
		require.NoError(t, s.k.CheckStatement(s.Ctx, st), f.Name)
		require.NoError(t, s.k.Verify(s.Ctx, st, f.PublicValues(), f.RawProof), f.Name)
		require.NoError(t, s.k.Verify(s.Ctx, st, f.PublicValues(), f.SmallProof), f.Name)
		if len(f.Inputs) == 0 {
			require.NoError(t, s.k.Verify(s.Ctx, st, nil, f.RawProof), "empty public values")
			continue
		}
		require.ErrorIs(t, s.k.Verify(s.Ctx, st, nil, f.RawProof), types.ErrInvalidPublicValues)
	}
	f := groth16test.All(t)[0]
	st := statement(f)
	st.Digest = "f" + st.Digest[1:]
	require.ErrorIs(t, s.k.CheckStatement(s.Ctx, st), types.ErrInvalidDigest)
	require.ErrorIs(t, s.k.Verify(s.Ctx, st, f.PublicValues(), f.RawProof), types.ErrInvalidDigest)
}

func TestCheckStatementRefuses(t *testing.T) {
	s := setup(t)
	valid, _ := picoProof(t)
	for name, tc := range map[string]struct {
		malleate func(st *types.Statement)
		err      error
	}{
		"unknown verifier":  {func(st *types.Statement) { st.Verifier = "pico/v9" }, types.ErrVerifierNotFound},
		"no verifier":       {func(st *types.Statement) { st.Verifier = "" }, types.ErrInvalidStatement},
		"verifier too long": {func(st *types.Statement) { st.Verifier = strings.Repeat("a", types.MaxVerifierIDSize+1) }, types.ErrInvalidStatement},
		"short digest":      {func(st *types.Statement) { st.Digest = st.Digest[2:] }, types.ErrInvalidStatement},
		"long program":      {func(st *types.Statement) { st.Program += "00" }, types.ErrInvalidStatement},
		"upper case":        {func(st *types.Statement) { st.Program = strings.ToUpper(st.Program) }, types.ErrInvalidStatement},
		"with 0x":           {func(st *types.Statement) { st.Program = "0x" + st.Program[2:] }, types.ErrInvalidStatement},
		"program too large": {func(st *types.Statement) { st.Program = "01" + st.Program[2:] }, types.ErrInvalidProgram},
		"digest too large":  {func(st *types.Statement) { st.Digest = "2" + st.Digest[1:] }, types.ErrInvalidDigest},
		"circuit not there": {func(st *types.Statement) { st.Verifier = types.CircuitVerifier }, types.ErrCircuitNotFound},
	} {
		st := valid
		tc.malleate(&st)
		require.ErrorIs(t, s.k.CheckStatement(s.Ctx, st), tc.err, name)
	}
}

// law V1: what each status allows.
func TestStatus(t *testing.T) {
	s := setup(t)
	st, bz := picoProof(t)
	set := func(status types.VerifierStatus) error {
		_, err := s.msg.SetVerifierStatus(s.Ctx, &types.MsgSetVerifierStatus{Authority: s.Authority, Id: st.Verifier, Status: status})
		return err
	}
	_, err := s.msg.SetVerifierStatus(s.Ctx, &types.MsgSetVerifierStatus{Authority: alice.String(), Id: st.Verifier, Status: types.VERIFIER_STATUS_REVOKED})
	require.ErrorIs(t, err, sdkerrors.ErrUnauthorized)
	require.ErrorIs(t, set(types.VERIFIER_STATUS_SUSPENDED), types.ErrSuspendReserved)
	require.ErrorIs(t, set(types.VERIFIER_STATUS_UNSPECIFIED), types.ErrInvalidStatus)
	require.ErrorIs(t, set(types.VerifierStatus(9)), types.ErrInvalidStatus)
	require.ErrorIs(t, set(types.VERIFIER_STATUS_ACTIVE), types.ErrInvalidStatus, "it is already")

	require.NoError(t, set(types.VERIFIER_STATUS_DEPRECATED))
	require.ErrorIs(t, s.k.CheckStatement(s.Ctx, st), types.ErrVerifierNotActive)
	require.NoError(t, s.k.Verify(s.Ctx, st, nil, bz), "open requests still verify")
	require.NoError(t, set(types.VERIFIER_STATUS_ACTIVE))
	require.NoError(t, s.k.CheckStatement(s.Ctx, st))

	require.NoError(t, set(types.VERIFIER_STATUS_REVOKED))
	require.ErrorIs(t, s.k.CheckStatement(s.Ctx, st), types.ErrVerifierNotActive)
	require.ErrorIs(t, s.k.Verify(s.Ctx, st, nil, bz), types.ErrVerifierDisabled)
	require.ErrorIs(t, set(types.VERIFIER_STATUS_ACTIVE), types.ErrInvalidStatus, "final")
	got, err := s.k.Status(s.Ctx, st.Verifier)
	require.NoError(t, err)
	require.Equal(t, types.VERIFIER_STATUS_REVOKED, got)

	got, err = s.k.Status(s.Ctx, types.CircuitVerifier)
	require.NoError(t, err)
	require.Equal(t, types.VERIFIER_STATUS_ACTIVE, got)
	_, err = s.k.Status(s.Ctx, "nobody")
	require.ErrorIs(t, err, types.ErrVerifierNotFound)
	require.NoError(t, s.k.CheckInvariants(s.Ctx))
}

// gasOf runs f on a context with an empty meter and returns what it used.
func gasOf(s *suite, f func(ctx sdk.Context)) storetypes.Gas {
	ctx := s.Ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())
	f(ctx)
	return ctx.GasMeter().GasConsumed()
}

// law V7: a node that has a key in memory charges what one charges that has not.
// The results hash covers gas, so that a difference would fork the chain.
func TestGasIsTheSameOnColdAndWarmKeeper(t *testing.T) {
	s := setup(t)
	for _, f := range groth16test.All(t) {
		s.register(t, alice, f)
	}
	picoSt, picoBz := picoProof(t)
	run := func(f func(ctx sdk.Context, k *keeper.Keeper)) (cold, warm storetypes.Gas) {
		k := s.newKeeper()
		cold = gasOf(s, func(ctx sdk.Context) { f(ctx, k) })
		warm = gasOf(s, func(ctx sdk.Context) { f(ctx, k) })
		return cold, warm
	}
	for _, f := range groth16test.All(t) {
		st := statement(f)
		cold, warm := run(func(ctx sdk.Context, k *keeper.Keeper) {
			require.NoError(t, k.Verify(ctx, st, f.PublicValues(), f.RawProof))
		})
		require.Equal(t, cold, warm, f.Name)
		require.Greater(t, cold, types.VerificationGas(proof.Shape{PublicInputs: len(f.Inputs), Commitments: f.Commitments}))
		cold, warm = run(func(ctx sdk.Context, k *keeper.Keeper) { require.NoError(t, k.CheckStatement(ctx, st)) })
		require.Equal(t, cold, warm, f.Name)
	}
	cold, warm := run(func(ctx sdk.Context, k *keeper.Keeper) { require.NoError(t, k.Verify(ctx, picoSt, nil, picoBz)) })
	require.Equal(t, cold, warm)
	failedCold, failedWarm := run(func(ctx sdk.Context, k *keeper.Keeper) {
		require.Error(t, k.Verify(ctx, picoSt, nil, make([]byte, 256)))
	})
	require.Equal(t, cold, failedCold, "a failing proof costs the same")
	require.Equal(t, cold, failedWarm)
}

// law V4: without gas for the verification nothing is parsed.
func TestOutOfGasBeforeParsing(t *testing.T) {
	s := setup(t)
	st, bz := picoProof(t)
	full := gasOf(s, func(ctx sdk.Context) { require.NoError(t, s.k.Verify(ctx, st, nil, bz)) })
	k := s.newKeeper()
	ctx := s.Ctx.WithGasMeter(storetypes.NewGasMeter(full - 1))
	require.Panics(t, func() { _ = k.Verify(ctx, st, nil, bz) }, "the meter's own out-of-gas panic, which baseapp turns into an error")
	require.Zero(t, k.CachedKeys())
	require.NoError(t, k.Verify(s.Ctx.WithGasMeter(storetypes.NewGasMeter(full)), st, nil, bz))
	require.Equal(t, 1, k.CachedKeys())
}

func TestVerifyInParallel(t *testing.T) {
	s := setup(t)
	for _, f := range groth16test.All(t) {
		s.register(t, alice, f)
	}
	k := s.newKeeper()
	var wg sync.WaitGroup
	errs := make(chan error, 20)
	for i := range cap(errs) {
		fs := groth16test.All(t)
		f := fs[i%len(fs)]
		ctx, _ := s.Ctx.WithGasMeter(storetypes.NewInfiniteGasMeter()).CacheContext()
		wg.Go(func() { errs <- k.Verify(ctx, statement(f), f.PublicValues(), f.RawProof) })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
}
