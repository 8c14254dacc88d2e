package types

import (
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"

	errorsmod "cosmossdk.io/errors"
)

// Errors of the module. Each says what was wrong and what to do next; the place
// that returns it adds the figures.
var (
	ErrInvalidID        = errorsmod.RegisterWithGRPCCode(ModuleName, 2, codes.InvalidArgument, "invalid request id")
	ErrInvalidAddress   = errorsmod.RegisterWithGRPCCode(ModuleName, 3, codes.InvalidArgument, "invalid address")
	ErrInvalidAmount    = errorsmod.Register(ModuleName, 4, "invalid amount")
	ErrInvalidRequest   = errorsmod.Register(ModuleName, 5, "invalid request")
	ErrInvalidSize      = errorsmod.Register(ModuleName, 6, "wrong size")
	ErrInvalidParams    = errorsmod.Register(ModuleName, 7, "invalid parameters")
	ErrInvalidGenesis   = errorsmod.Register(ModuleName, 8, "invalid genesis")
	ErrInvalidAuthority = errorsmod.Register(ModuleName, 9, "only the authority may do this")

	ErrRequestExists   = errorsmod.Register(ModuleName, 10, "request already exists; change the nonce to ask again")
	ErrRequestNotFound = errorsmod.RegisterWithGRPCCode(ModuleName, 11, codes.NotFound, "request not found")
	ErrNotRequester    = errorsmod.Register(ModuleName, 12, "only the requester may do this")
	ErrRequestEnded    = errorsmod.Register(ModuleName, 13, "request has ended")
	ErrBidsStand       = errorsmod.Register(ModuleName, 14, "bids stand, so the request can't be cancelled any more")
	ErrFunds           = errorsmod.Register(ModuleName, 15, "not enough funds")

	ErrBiddingClosed     = errorsmod.Register(ModuleName, 20, "bidding is closed")
	ErrRevealNotOpen     = errorsmod.Register(ModuleName, 21, "reveals are not open yet")
	ErrRevealClosed      = errorsmod.Register(ModuleName, 22, "reveals are closed")
	ErrBidNotFound       = errorsmod.RegisterWithGRPCCode(ModuleName, 23, codes.NotFound, "bid not found")
	ErrAlreadyRevealed   = errorsmod.Register(ModuleName, 24, "bid is revealed already; each bid is revealed once")
	ErrWrongReveal       = errorsmod.Register(ModuleName, 25, "reveal does not match the commitment")
	ErrFeeTooHigh        = errorsmod.Register(ModuleName, 26, "fee is above the request's max_fee")
	ErrProverNotActive   = errorsmod.Register(ModuleName, 27, "prover is not active")
	ErrSelfStakeTooLow   = errorsmod.Register(ModuleName, 28, "prover's own stake is below the minimum")
	ErrVaultTooSmall     = errorsmod.Register(ModuleName, 29, "vault is too small for this request beside the work already assigned")
	ErrExposureTooHigh   = errorsmod.Register(ModuleName, 30, "vault would not cover every penalty")
	ErrVerifierRevoked   = errorsmod.Register(ModuleName, 31, "verifier is revoked; the request is refunded")
	ErrNotAProver        = errorsmod.Register(ModuleName, 32, "signer is neither a prover nor a registered submitter")
	ErrNotAssigned       = errorsmod.Register(ModuleName, 33, "request is not assigned to a prover now")
	ErrNotAssignedToYou  = errorsmod.Register(ModuleName, 34, "request is assigned to another prover")
	ErrOverdue           = errorsmod.Register(ModuleName, 35, "deadline has passed")
	ErrNothingDue        = errorsmod.Register(ModuleName, 36, "nothing is due on this request now")
	ErrNothingToClaim    = errorsmod.Register(ModuleName, 37, "nothing to claim")
	ErrItemFailed        = errorsmod.Register(ModuleName, 38, "item failed")
	ErrGenerationChanged = errorsmod.Register(ModuleName, 39, "prover registered again since its bid")
	ErrMaxExposure       = errorsmod.Register(ModuleName, 45, "penalties would pass the limit that the prover set for itself")
	ErrVerifierSuspended = errorsmod.Register(ModuleName, 40, "verifier is suspended; no deadline expires while it lasts")

	ErrSelfSubmitter     = errorsmod.Register(ModuleName, 50, "an address can't be its own submitter")
	ErrSubmitterIsProver = errorsmod.Register(ModuleName, 51, "a prover always acts for itself and can't be a submitter")
	ErrSubmitterTaken    = errorsmod.Register(ModuleName, 52, "address is registered as a submitter already; unregister it first")
	ErrNoConsent         = errorsmod.Register(ModuleName, 53, "submitter has not consented to this prover")
	ErrNoLink            = errorsmod.Register(ModuleName, 54, "address is not registered as a submitter")
	ErrNotYourLink       = errorsmod.Register(ModuleName, 55, "only the submitter and its prover may end the link")

	ErrNoProof = errorsmod.RegisterWithGRPCCode(ModuleName, 60, codes.NotFound, "request has no proof")

	ErrInvalidQuery = errorsmod.RegisterWithGRPCCode(ModuleName, 61, codes.InvalidArgument, "invalid query")

	ErrPaused        = errorsmod.Register(ModuleName, 62, "the authority has paused this")
	ErrFeeNotRaised  = errorsmod.Register(ModuleName, 63, "the new max_fee must be above the old one")
	ErrTooManyItems  = errorsmod.Register(ModuleName, 64, "too many items")
	ErrDuplicateItem = errorsmod.Register(ModuleName, 65, "item appears twice")
	ErrBondTooHigh   = errorsmod.Register(ModuleName, 67, "bond is above max_bond; look at the request's max_fee again, it may have been raised")
	ErrNoReceipt     = errorsmod.RegisterWithGRPCCode(ModuleName, 66, codes.NotFound, "no receipt")

	ErrInvariant = errorsmod.Register(ModuleName, 90, "invariant broken")
)

// Truncate shortens a text to MaxErrorBytes, so that state and events stay
// bounded. It cuts between characters: responses hold UTF-8.
func Truncate(s string) string {
	if len(s) > MaxErrorBytes {
		s = s[:MaxErrorBytes]
	}
	return strings.ToValidUTF8(s, "")
}

// quote writes untrusted text for an error message: escaped and short.
func quote(s string) string {
	const most = 80
	if len(s) > most {
		return strconv.QuoteToASCII(s[:most]) + "…"
	}
	return strconv.QuoteToASCII(s)
}
