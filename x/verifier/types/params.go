package types

import (
	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

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
	// maxDepositBits bounds the deposit, so that sums of deposits cannot overflow.
	maxDepositBits = 128
)

// DefaultParams returns the parameters of a new chain.
func DefaultParams() Params {
	return Params{
		CircuitDeposit: math.NewInt(DefaultCircuitDeposit),
		MaxKeySize:     DefaultMaxKeySize,
	}
}

// Validate reports parameters out of range. Error: ErrInvalidParams.
func (p Params) Validate() error {
	if p.CircuitDeposit.IsNil() || p.CircuitDeposit.IsNegative() || p.CircuitDeposit.BigInt().BitLen() > maxDepositBits {
		return errorsmod.Wrapf(ErrInvalidParams, "circuit_deposit must be 0 to 2^%d-1 uproof, got %s", maxDepositBits, p.CircuitDeposit)
	}
	if p.MaxKeySize < MinMaxKeySize || p.MaxKeySize > proof.MaxKeySize {
		return errorsmod.Wrapf(ErrInvalidParams, "max_key_size must be %d to %d bytes, got %d", MinMaxKeySize, proof.MaxKeySize, p.MaxKeySize)
	}
	return nil
}
