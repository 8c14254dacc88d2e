package types

import (
	"google.golang.org/grpc/codes"

	errorsmod "cosmossdk.io/errors"
)

// Errors of the module. Each says what was wrong and what to do next; the place
// that returns it adds the figures.
var (
	ErrInvalidParams     = errorsmod.Register(ModuleName, 2, "invalid parameters")
	ErrInvalidAddress    = errorsmod.RegisterWithGRPCCode(ModuleName, 3, codes.InvalidArgument, "invalid address")
	ErrInvalidAmount     = errorsmod.Register(ModuleName, 4, "invalid amount")
	ErrInvalidProfile    = errorsmod.Register(ModuleName, 5, "invalid profile")
	ErrInvalidCommission = errorsmod.Register(ModuleName, 6, "commission rate out of range")
	ErrInvalidDenom      = errorsmod.Register(ModuleName, 7, "not a vault share denom")
	ErrUnauthorized      = errorsmod.Register(ModuleName, 8, "only the authority may do this")

	ErrProverNotFound    = errorsmod.RegisterWithGRPCCode(ModuleName, 10, codes.NotFound, "no such prover; it has to register first")
	ErrAlreadyProver     = errorsmod.Register(ModuleName, 11, "already a prover; retire before registering again")
	ErrProverJailed      = errorsmod.Register(ModuleName, 12, "the prover is jailed; only the authority lifts that")
	ErrProverRetired     = errorsmod.Register(ModuleName, 13, "the prover is retired; registering again opens a new vault")
	ErrProverNotActive   = errorsmod.Register(ModuleName, 14, "the prover is not active")
	ErrNothingToLift     = errorsmod.Register(ModuleName, 15, "nothing to lift; query provers prover shows the causes that stand")
	ErrAlreadyInState    = errorsmod.Register(ModuleName, 16, "already so")
	ErrOpenAssignments   = errorsmod.Register(ModuleName, 17, "assignments are open; wait for them to end")
	ErrSelfStakeTooLow   = errorsmod.Register(ModuleName, 18, "the prover's own stake is below min_self_stake")
	ErrSelfStakeRange    = errorsmod.Register(ModuleName, 19, "a prover keeps none of its own shares or at least min_self_stake of them")
	ErrExposure          = errorsmod.Register(ModuleName, 20, "penalties would exceed the vault's assets")
	ErrAssignmentUnknown = errorsmod.Register(ModuleName, 21, "no such open assignment")

	ErrVaultNotFound      = errorsmod.RegisterWithGRPCCode(ModuleName, 30, codes.NotFound, "no such vault generation; the first is 1, and query provers prover shows the current one")
	ErrVaultClosed        = errorsmod.Register(ModuleName, 31, "the vault was slashed to zero; its shares are void")
	ErrAmountTooSmall     = errorsmod.Register(ModuleName, 32, "amount too small")
	ErrTooFewShares       = errorsmod.Register(ModuleName, 33, "not enough shares; query provers positions shows what you hold")
	ErrSharesLocked       = errorsmod.Register(ModuleName, 34, "a prover's own shares leave only by request-unstake or transfer-shares")
	ErrSharesVesting      = errorsmod.Register(ModuleName, 35, "vault shares cannot vest; send them to an ordinary account")
	ErrTooManyUnstakes    = errorsmod.Register(ModuleName, 36, "too many open unstakings; wait until one completes, or cancel one")
	ErrUnstakeNotFound    = errorsmod.Register(ModuleName, 37, "no such unstaking; query provers unstakes lists those that are open")
	ErrUnstakeNotReady    = errorsmod.Register(ModuleName, 38, "the unstake delay is not over; wait until ready_at")
	ErrUnstakeObligations = errorsmod.Register(ModuleName, 39, "assignments from before the unstaking are open; it completes by itself when they end")
	ErrNoCommission       = errorsmod.Register(ModuleName, 40, "no commission to claim")
	ErrInvalidReward      = errorsmod.Register(ModuleName, 41, "invalid reward")
	ErrInvalidQuery       = errorsmod.RegisterWithGRPCCode(ModuleName, 42, codes.InvalidArgument, "invalid query")
	ErrMinOut             = errorsmod.Register(ModuleName, 43, "the result is below the minimum asked for; ask again at today's price")

	ErrInvalidSource       = errorsmod.Register(ModuleName, 60, "invalid source of rewards")
	ErrTooManyRates        = errorsmod.Register(ModuleName, 61, "too many sources have rates of their own; reset one first")
	ErrNoOwnRate           = errorsmod.Register(ModuleName, 62, "the source has no rate of its own; query provers commission lists those that have")
	ErrCommissionUnchanged = errorsmod.Register(ModuleName, 63, "the rate is so already and no change is pending")
	ErrMaxExposure         = errorsmod.Register(ModuleName, 64, "penalties would exceed the max_exposure that the prover set for itself")
	ErrInvalidBreaker      = errorsmod.Register(ModuleName, 65, "invalid limit")
	ErrInvalidReason       = errorsmod.Register(ModuleName, 66, "invalid reason")
	ErrNotAllowed          = errorsmod.Register(ModuleName, 67, "not on the allow-list of who may register; the authority adds to it")
	ErrInvalidList         = errorsmod.Register(ModuleName, 68, "invalid list")

	ErrInvalidGenesis = errorsmod.Register(ModuleName, 50, "invalid genesis")
	ErrInvariant      = errorsmod.Register(ModuleName, 51, "invariant broken")
	ErrItemPanicked   = errorsmod.Register(ModuleName, 52, "the item panicked")

	ErrInvalidRecipient = errorsmod.Register(ModuleName, 80, "not somebody to give shares to")
	ErrInvalidIDs       = errorsmod.Register(ModuleName, 81, "invalid list of unstaking ids")
	ErrNotStaker        = errorsmod.Register(ModuleName, 82, "the unstaking belongs to somebody else")
	ErrVaultOver        = errorsmod.Register(ModuleName, 83, "the vault generation is over; nobody stakes into it any more")

	ErrIncentives = errorsmod.Register(ModuleName, 100, "the figures of an epoch do not hold together")
)
