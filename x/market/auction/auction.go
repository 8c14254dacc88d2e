// Package auction is the market's pure core: identities of requests and bids,
// ranking and price, eligibility, and the plans that say which coins go where
// when a request ends. It knows no context and no store, so the chain, the
// sidecar and the tests compute the same results from the same figures.
//
// Amounts count uproof. Every function is total: figures out of range give
// ErrAmount or ErrBps, never a panic.
package auction

import (
	"errors"
	"fmt"

	"cosmossdk.io/math"
)

const (
	// BpsDenominator is the number of basis points in a whole.
	BpsDenominator = 10_000
	// MaxAmountBits bounds every amount that comes in, so that no sum or product
	// in this package can leave math.Int's 256 bits.
	MaxAmountBits = 128
	// SaltSize is the length of a bid's salt in bytes (law M5).
	SaltSize = 32
	// IDSize is the length of a request id in bytes.
	IDSize = 32
)

var (
	// ErrAmount is an amount that is missing, negative or longer than MaxAmountBits.
	ErrAmount = errors.New("amount must be between 0 and 2^128-1")
	// ErrBps is a rate above 10000 basis points.
	ErrBps = errors.New("rate must be at most 10000 basis points")
	// ErrSize is an identifier or salt of the wrong length.
	ErrSize = errors.New("wrong length")
	// ErrUnbalanced is a plan that would not pay out exactly what is held.
	ErrUnbalanced = errors.New("plan does not pay out exactly what is held")
	// ErrUnranked is a price asked for while no bid is ranked.
	ErrUnranked = errors.New("no bid is ranked")
)

// CheckAmount returns ErrAmount unless 0 ≤ n < 2^128.
func CheckAmount(n math.Int) error {
	if n.IsNil() || n.IsNegative() || n.BigIntMut().BitLen() > MaxAmountBits {
		return ErrAmount
	}
	return nil
}

// checkAmounts applies CheckAmount to each amount and names the one that fails.
func checkAmounts(names []string, amounts ...math.Int) error {
	for i, n := range amounts {
		if err := CheckAmount(n); err != nil {
			return fmt.Errorf("%s: %w", names[i], err)
		}
	}
	return nil
}

// share returns floor(n × bps / 10000) of an amount that was checked before.
func share(n math.Int, bps uint32) math.Int {
	return n.MulRaw(int64(bps)).QuoRaw(BpsDenominator)
}

// checkBps returns ErrBps for a rate above the whole.
func checkBps(bps uint32) error {
	if bps > BpsDenominator {
		return ErrBps
	}
	return nil
}
