package keeper_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/verifier/keeper"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// picoProof returns a published proof under a key of the default genesis: that of
// evm/forge-test/zk/AutomataDcapPicoZkTest.t.sol in
// github.com/automata-network/automata-dcap-attestation.
func picoProof(t testing.TB) (st types.Statement, bz []byte) {
	t.Helper()
	bz, err := hex.DecodeString("" +
		"07f0e6c5a27d75f71d55b2c01d221f90187fb2c9de210caa349b8c34080e7850" +
		"03043a219734b1fded87e6ca446b906282f912cd970fb2173f6ee09d4bd40d4a" +
		"26e46a5a5c74fe0f420c494cc267804db9bc1fc1ec41085a64df2c9aa51aea5f" +
		"2fce06522248c699cac7a2b25ea4c2c58ce125a5460b6f20c60acc479ff13704" +
		"11d051de551e3fbb31b079c48d03028ba9547a36f2c68c32fb67d33f7c95e3b1" +
		"2a432ad9f5eeb3a01695d993783f6f41a133c0c08424097fca12a32fda883a37" +
		"0a4567419338159acf4497cded7c5ee475b73dd62f0513be2e384aa287fc0588" +
		"1dfe3a8d8cdad455c05585dbb52e510fe6c61fe297c08cc85a74d2a5accc547e")
	require.NoError(t, err)
	return types.Statement{
		Verifier: types.PicoV122,
		Program:  "00a2d3636751871b1b97c0ada94d69daa8e0a31867b6f2c0e157e4cd198712d0",
		Digest:   "087351bd6542ac375e4d59ca9f2943ce699caa3cdca845aede845ddd60f2f5ed",
	}, bz
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
		shape, err := groth16.Family.Shape(f.Curve, f.Raw)
		require.NoError(t, err)
		require.Greater(t, cold, types.VerificationGas(shape))
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
