package types

import (
	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

const (
	// DefaultCircuitDeposit is the default deposit for a circuit: 10 PROOF, in uproof.
	DefaultCircuitDeposit = 10_000_000
	// DefaultMaxKeySize is the default limit on circuit keys in bytes; it holds
	// about 240 public inputs.
	DefaultMaxKeySize = 16 << 10
	// MinMaxKeySize is the lowest limit on circuit keys in bytes: a key with one
	// public input still fits.
	MinMaxKeySize = 1 << 10
	// DefaultProgramDeposit is the default deposit for a program's record: 1 PROOF,
	// in uproof.
	DefaultProgramDeposit = 1_000_000
	// maxDepositBits bounds a deposit, so that sums of deposits cannot overflow.
	maxDepositBits = 128
)

// DefaultParams returns the parameters of a new chain. Nobody is the guardian.
func DefaultParams() Params {
	return Params{
		CircuitDeposit: math.NewInt(DefaultCircuitDeposit),
		MaxKeySize:     DefaultMaxKeySize,
		ProgramDeposit: math.NewInt(DefaultProgramDeposit),
	}
}

// Validate reports parameters out of range. Error: ErrInvalidParams.
func (p Params) Validate() error {
	if !validDeposit(p.CircuitDeposit) {
		return errorsmod.Wrapf(ErrInvalidParams, "circuit_deposit must be 0 to 2^%d-1 uproof, got %s", maxDepositBits, p.CircuitDeposit)
	}
	if !validDeposit(p.ProgramDeposit) {
		return errorsmod.Wrapf(ErrInvalidParams, "program_deposit must be 0 to 2^%d-1 uproof, got %s", maxDepositBits, p.ProgramDeposit)
	}
	if p.Guardian != "" {
		if _, err := sdk.AccAddressFromBech32(p.Guardian); err != nil {
			return errorsmod.Wrapf(ErrInvalidParams, "guardian: %s; leave it empty for nobody", err)
		}
	}
	if p.MaxKeySize < MinMaxKeySize || p.MaxKeySize > proof.MaxKeySize {
		return errorsmod.Wrapf(ErrInvalidParams, "max_key_size must be %d to %d bytes, got %d", MinMaxKeySize, proof.MaxKeySize, p.MaxKeySize)
	}
	return nil
}

// validDeposit reports whether amount is 0 to 2^128-1.
func validDeposit(amount math.Int) bool {
	return !amount.IsNil() && !amount.IsNegative() && amount.BigInt().BitLen() <= maxDepositBits
}
