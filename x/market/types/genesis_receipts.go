package types

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// validateReceipts checks the receipts, their order, and that none is of a request
// that is there in full.
func (g GenesisState) validateReceipts() error {
	var ids []string
	next := 0
	for _, r := range g.Receipts {
		what := "receipt of " + quote(r.RequestId)
		if _, err := ParseID(r.RequestId); err != nil {
			return invalid(what, err)
		}
		if err := r.Receipt.validate(); err != nil {
			return invalid(what, err)
		}
		for next < len(g.Requests) && g.Requests[next].Request.Id < r.RequestId {
			next++
		}
		if next < len(g.Requests) && g.Requests[next].Request.Id == r.RequestId {
			return errorsmod.Wrapf(ErrInvalidGenesis, "%s: the request is there in full", what)
		}
		ids = append(ids, r.RequestId)
	}
	return ascending("receipts", ids)
}

// validate checks one receipt. Only a proof has a prover, a price and a hash.
func (r Receipt) validate() error {
	if err := sdk.VerifyAddressFormat(r.Requester); err != nil {
		return errorsmod.Wrapf(ErrInvalidAddress, "requester: %s", err)
	}
	if r.Verifier != verifiertypes.CircuitVerifier {
		if err := verifiertypes.CheckVerifierID(r.Verifier); err != nil {
			return err
		}
	}
	if err := check32("program", r.Program); err != nil {
		return err
	}
	if err := check32("digest", r.Digest); err != nil {
		return err
	}
	if err := CheckAmount("price", r.Price); err != nil {
		return err
	}
	if r.EndReason.Status() == REQUEST_STATUS_UNSPECIFIED {
		return errorsmod.Wrapf(ErrInvalidGenesis, "end_reason %d", r.EndReason)
	}
	if r.EndReason == END_REASON_PROVED {
		if err := sdk.VerifyAddressFormat(r.Prover); err != nil {
			return errorsmod.Wrapf(ErrInvalidAddress, "prover: %s", err)
		}
		return check32("proof_hash", r.ProofHash)
	}
	if len(r.Prover) > 0 || len(r.ProofHash) > 0 || !r.Price.IsZero() {
		return errorsmod.Wrap(ErrInvalidGenesis, "prover, price and proof_hash are of requests that were proved")
	}
	return nil
}
