package keeper_test

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/verifier/keeper"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// cost returns what verifying costs in a transaction.
func (s *suite) cost(st types.Statement, publicValues, bz []byte) (uint64, error) {
	meter := storetypes.NewInfiniteGasMeter()
	err := s.k.Verify(s.Ctx.WithGasMeter(meter), st, publicValues, bz)
	return meter.GasConsumed(), err
}

// The dry run gives the chain's verdict, reason and gas.
func TestQueryVerifyVerdicts(t *testing.T) {
	s := setup(t)
	st, bz := picoProof(t)
	f := groth16test.All(t)[1]
	s.register(t, alice, f)
	flipped := bytes.Clone(bz)
	flipped[100] ^= 1
	other := st
	other.Digest = "0" + strings.Repeat("1", 63)
	high := st
	high.Program = strings.Repeat("f", 64)
	for name, tc := range map[string]struct {
		req types.QueryVerifyRequest
		err error
	}{
		"valid":                 {types.QueryVerifyRequest{Statement: st, Proof: bz}, nil},
		"valid circuit":         {types.QueryVerifyRequest{Statement: statement(f), PublicValues: f.PublicValues(), Proof: f.RawProof}, nil},
		"no proof":              {types.QueryVerifyRequest{Statement: st}, types.ErrMalformedProof},
		"flipped bit":           {types.QueryVerifyRequest{Statement: st, Proof: flipped}, types.ErrMalformedProof},
		"other digest":          {types.QueryVerifyRequest{Statement: other, Proof: bz}, types.ErrInvalidProof},
		"program out of range":  {types.QueryVerifyRequest{Statement: high, Proof: bz}, types.ErrInvalidProgram},
		"wrong public values":   {types.QueryVerifyRequest{Statement: st, PublicValues: []byte{1}, Proof: bz}, types.ErrInvalidPublicValues},
		"missing public values": {types.QueryVerifyRequest{Statement: statement(f), Proof: f.RawProof}, types.ErrInvalidPublicValues},
		"largest proof":         {types.QueryVerifyRequest{Statement: st, Proof: make([]byte, proof.MaxProofSize)}, types.ErrMalformedProof},
	} {
		gas, err := s.cost(tc.req.Statement, tc.req.PublicValues, tc.req.Proof)
		res, queryErr := s.qry.Verify(s.Ctx, &tc.req)
		require.NoError(t, queryErr, name)
		require.Equal(t, gas, res.Gas, name)
		require.Greater(t, res.Gas, uint64(1_000), "%s: more than a signature check", name)
		if tc.err == nil {
			require.NoError(t, err, name)
			require.True(t, res.Valid, name)
			require.Empty(t, res.Reason, name)
			continue
		}
		require.ErrorIs(t, err, tc.err, name)
		require.False(t, res.Valid, name)
		require.Equal(t, err.Error(), res.Reason, name)
	}
}

// What is no verdict on the proof is an error of the call.
func TestQueryVerifyRefuses(t *testing.T) {
	s := setup(t)
	st, bz := picoProof(t)
	with := func(change func(r *types.QueryVerifyRequest)) *types.QueryVerifyRequest {
		r := &types.QueryVerifyRequest{Statement: st, Proof: bz}
		change(r)
		return r
	}
	for name, tc := range map[string]struct {
		req  *types.QueryVerifyRequest
		code codes.Code
	}{
		"nothing":            {nil, codes.InvalidArgument},
		"empty":              {&types.QueryVerifyRequest{}, codes.InvalidArgument},
		"verifier id":        {with(func(r *types.QueryVerifyRequest) { r.Statement.Verifier = "x y" }), codes.InvalidArgument},
		"program":            {with(func(r *types.QueryVerifyRequest) { r.Statement.Program = "0x12" }), codes.InvalidArgument},
		"digest":             {with(func(r *types.QueryVerifyRequest) { r.Statement.Digest = "" }), codes.InvalidArgument},
		"proof size":         {with(func(r *types.QueryVerifyRequest) { r.Proof = make([]byte, proof.MaxProofSize+1) }), codes.InvalidArgument},
		"public values size": {with(func(r *types.QueryVerifyRequest) { r.PublicValues = make([]byte, proof.MaxPublicValuesSize+1) }), codes.InvalidArgument},
		"unknown verifier":   {with(func(r *types.QueryVerifyRequest) { r.Statement.Verifier = "nobody" }), codes.NotFound},
		"unknown circuit":    {with(func(r *types.QueryVerifyRequest) { r.Statement.Verifier = "circuit" }), codes.NotFound},
	} {
		_, err := s.qry.Verify(s.Ctx, tc.req)
		require.Equal(t, tc.code, status.Code(err), "%s: %v", name, err)
	}
	require.NoError(t, s.k.Suspend(s.Ctx, types.FamilyTarget("pico"), s.Authority, "under study"))
	_, err := s.qry.Verify(s.Ctx, with(func(*types.QueryVerifyRequest) {}))
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	require.ErrorContains(t, err, "under study")
	require.NoError(t, s.k.Revoke(s.Ctx, types.VerifierTarget(types.PicoV122), s.Authority))
	_, err = s.qry.Verify(s.Ctx, with(func(*types.QueryVerifyRequest) {}))
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
}

// The cost has three limits: the request's, the query's and what the caller has
// left. At the limit it verifies, one below it does not, and the answer names a
// limit that would do.
func TestQueryVerifyLimits(t *testing.T) {
	s := setup(t)
	st, bz := picoProof(t)
	gas, err := s.cost(st, nil, bz)
	require.NoError(t, err)
	ask := func(limit, left uint64) (*types.QueryVerifyResponse, uint64, error) {
		ctx := s.Ctx.WithGasMeter(storetypes.NewGasMeter(left))
		res, err := s.qry.Verify(ctx, &types.QueryVerifyRequest{Statement: st, Proof: bz, GasLimit: limit})
		return res, ctx.GasMeter().GasConsumed(), err
	}
	for _, enough := range [][2]uint64{{gas, math.MaxUint64}, {gas + 1, gas}, {0, gas}, {0, math.MaxUint64}, {math.MaxUint64, math.MaxUint64}, {math.MaxUint64, gas}} {
		res, used, err := ask(enough[0], enough[1])
		require.NoError(t, err, enough)
		require.True(t, res.Valid)
		require.Equal(t, gas, res.Gas)
		require.Equal(t, gas, used, "the caller pays")
	}
	for _, little := range [][2]uint64{{1, math.MaxUint64}, {gas - 1, math.MaxUint64}, {gas, gas - 1}, {0, gas - 1}, {0, 0}, {1, 1}} {
		_, used, err := ask(little[0], little[1])
		require.Equal(t, codes.ResourceExhausted, status.Code(err), little)
		require.LessOrEqual(t, used, little[1])
	}
	_, _, err = ask(gas-1, math.MaxUint64)
	require.ErrorContains(t, err, "at least "+strconv.FormatUint(gas, 10)+" gas")

	// The largest verification that the bounds of package proof allow fits.
	largest := types.VerificationGas(proof.Shape{
		System: proof.SystemGroth16, Curve: proof.CurveBLS12381,
		PublicInputs: proof.MaxPublicInputs, Commitments: proof.MaxCommitments, Committed: proof.MaxPublicInputs * proof.MaxCommitments,
	})
	read := storetypes.KVGasConfig().ReadCostPerByte*proof.MaxKeySize + 10*storetypes.KVGasConfig().ReadCostFlat
	require.Less(t, largest+read, uint64(keeper.MaxQueryGas))
}

// Nothing that the query does stays: no state, no event.
func TestQueryVerifyChangesNothing(t *testing.T) {
	s := setup(t)
	st, bz := picoProof(t)
	before, err := s.k.ExportGenesis(s.Ctx)
	require.NoError(t, err)
	ctx := s.Ctx.WithEventManager(sdk.NewEventManager())
	for _, limit := range []uint64{0, 1, 5_000} {
		_, _ = s.qry.Verify(ctx, &types.QueryVerifyRequest{Statement: st, Proof: bz, GasLimit: limit})
	}
	after, err := s.k.ExportGenesis(s.Ctx)
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.Empty(t, ctx.EventManager().Events())
}

// A panic inside, whatever its cause, ends as an error: here the store is missing.
func TestQueryVerifyNeverPanics(t *testing.T) {
	s := setup(t)
	st, bz := picoProof(t)
	s.key = storetypes.NewKVStoreKey("nowhere")
	broken := keeper.NewQueryServer(s.newKeeper())
	require.NotPanics(t, func() {
		_, err := broken.Verify(s.Ctx, &types.QueryVerifyRequest{Statement: st, Proof: bz})
		require.Equal(t, codes.Internal, status.Code(err))
	})
}
