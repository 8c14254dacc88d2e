package keeper

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// MaxQueryGas is what one query Verify may cost at most; a larger limit counts as
// this one, and so does none. Every verification that the bounds of package proof
// allow fits.
const MaxQueryGas = 2_000_000

// Verify implements types.QueryServer: it verifies as a transaction would now, on
// a copy of the state and with a gas meter of its own.
func (q queryServer) Verify(ctx context.Context, req *types.QueryVerifyRequest) (*types.QueryVerifyResponse, error) {
	if req == nil {
		return nil, status.Error(codes.InvalidArgument, "empty request")
	}
	if err := proof.CheckSizes(req.PublicValues, req.Proof); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	node := min(MaxQueryGas, sdkCtx.GasMeter().GasRemaining())
	limit := node
	if req.GasLimit > 0 {
		limit = min(limit, req.GasLimit)
	}
	meter := storetypes.NewGasMeter(limit)
	err := q.k.DryRun(sdkCtx.WithGasMeter(meter), Question{Statement: req.Statement, PublicValues: req.PublicValues, Proof: req.Proof})
	gas := meter.GasConsumed()
	// Whoever pays for the call pays for this too; it cannot run out here.
	sdkCtx.GasMeter().ConsumeGas(min(gas, limit), "verify query")
	if errors.Is(err, sdkerrors.ErrOutOfGas) {
		return nil, status.Errorf(codes.ResourceExhausted,
			"the verification needs at least %d gas, its limit is %d; this node allows a gas_limit of at most %d", gas, limit, node)
	}
	if code := refusal(err); code != codes.OK {
		return nil, status.Error(code, err.Error())
	}
	res := &types.QueryVerifyResponse{Valid: err == nil, Gas: gas}
	if err != nil {
		res.Reason = err.Error()
	}
	return res, nil
}

// refusal returns the code of an error that is no verdict on the proof: the
// question cannot be answered. It is OK for a verdict.
func refusal(err error) codes.Code {
	is := func(targets ...error) bool {
		for _, t := range targets {
			if errors.Is(err, t) {
				return true
			}
		}
		return false
	}
	switch {
	case err == nil:
		return codes.OK
	case is(types.ErrInvalidProof, types.ErrMalformedProof, types.ErrInvalidPublicValues, types.ErrInvalidProgram, types.ErrInvalidDigest):
		return codes.OK
	case is(types.ErrInvalidStatement):
		return codes.InvalidArgument
	case is(types.ErrVerifierNotFound, types.ErrCircuitNotFound):
		return codes.NotFound
	case is(types.ErrVerifierDisabled):
		return codes.FailedPrecondition
	default:
		return codes.Internal
	}
}
