package types

import (
	"context"

	"cosmossdk.io/core/address"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// AccountKeeper is what the market needs of x/auth.
type AccountKeeper interface {
	AddressCodec() address.Codec
	GetModuleAddress(name string) sdk.AccAddress
	GetAccount(ctx context.Context, addr sdk.AccAddress) sdk.AccountI
	NewAccount(ctx context.Context, acc sdk.AccountI) sdk.AccountI
	SetAccount(ctx context.Context, acc sdk.AccountI)
	RemoveAccount(ctx context.Context, acc sdk.AccountI)
}

// BankKeeper is what the market needs of x/bank.
type BankKeeper interface {
	GetBalance(ctx context.Context, addr sdk.AccAddress, denom string) sdk.Coin
	SendCoins(ctx context.Context, from, to sdk.AccAddress, amt sdk.Coins) error
	SendCoinsFromAccountToModule(ctx context.Context, from sdk.AccAddress, module string, amt sdk.Coins) error
	SendCoinsFromAccountToModuleVirtual(ctx context.Context, from sdk.AccAddress, module string, amt sdk.Coins) error
}

// PoolKeeper is what the market needs of x/distribution: the treasury.
type PoolKeeper interface {
	FundCommunityPool(ctx context.Context, amount sdk.Coins, sender sdk.AccAddress) error
}

// VerifierKeeper is what the market needs of x/verifier.
type VerifierKeeper interface {
	// CheckStatement tells whether a request may ask for the statement (law M1).
	CheckStatement(ctx context.Context, st verifiertypes.Statement) error
	// Verify checks a proof; nil means valid (laws V3 to V6).
	Verify(ctx context.Context, st verifiertypes.Statement, publicValues, proof []byte) error
	// Hold keeps a circuit from being withdrawn while the request ref needs it (law V2).
	Hold(ctx context.Context, st verifiertypes.Statement, ref []byte) error
	// Release ends a hold.
	Release(ctx context.Context, st verifiertypes.Statement, ref []byte) error
	// Held tells whether ref holds the statement's circuit; false for other verifiers.
	Held(ctx context.Context, st verifiertypes.Statement, ref []byte) (bool, error)
	// Standing tells how the verifier or circuit of a statement stands, its family
	// included, with its suspensions in block time (law M11).
	Standing(ctx context.Context, st verifiertypes.Statement) (verifiertypes.Standing, error)
	// Revocations is the number of verifiers, circuits and families that are revoked;
	// it never falls.
	Revocations(ctx context.Context) (uint64, error)
}

// ProversKeeper is what the market needs of the module provers (folder x/staking).
type ProversKeeper interface {
	// Find reads the record of a prover in any state but retired; false if the address is
	// none.
	Find(ctx context.Context, addr sdk.AccAddress) (record stakingtypes.Prover, is bool, err error)
	// Params gives the module's parameters: min_self_stake is read live.
	Params(ctx context.Context) (stakingtypes.Params, error)
	// Standing tells how a prover stands (law M4).
	Standing(ctx context.Context, prover sdk.AccAddress) (stakingtypes.Standing, error)
	// StandingOf is Standing of a prover whose record was just read.
	StandingOf(ctx context.Context, prover sdk.AccAddress, record stakingtypes.Prover) (stakingtypes.Standing, error)
	// OpenAssignment opens an assignment and gives its number (law S5).
	OpenAssignment(ctx context.Context, prover sdk.AccAddress, stake, penalty math.Int) (uint64, error)
	// CloseAssignment ends an assignment.
	CloseAssignment(ctx context.Context, prover sdk.AccAddress, number uint64) error
	// AddRewards moves coins from the account to the prover's vault (law S6).
	AddRewards(ctx context.Context, prover, from sdk.AccAddress, source string, amount, feePaid math.Int) error
	// CurrentEpoch gives the number of the running statistics epoch, which only rises
	// (law M14).
	CurrentEpoch(ctx context.Context) (uint64, error)
	// Slash takes exactly min(amount, slashable) and says how much that was (law S7).
	Slash(ctx context.Context, prover sdk.AccAddress, reason string, amount math.Int) (math.Int, error)
}
