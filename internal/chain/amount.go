package chain

import (
	"fmt"
	"math/big"
	"strings"

	"cosmossdk.io/math"
)

// maxAmountText is longer than any amount that people write.
const maxAmountText = 80

// ParseAmount reads an amount as people write it: 1500000, 1500000uproof or 1.5PROOF.
// It returns the number of uproof, which may be negative, or an error for what is no
// amount or no whole number of uproof.
func ParseAmount(s string) (math.Int, error) {
	bad := fmt.Errorf("%.*q is no amount such as 1500000, 1500000%s or 1.5%s", maxAmountText, s, Denom, DisplayDenom)
	if len(s) > maxAmountText {
		return math.Int{}, bad
	}
	if whole, display := strings.CutSuffix(s, DisplayDenom); display {
		dec, err := math.LegacyNewDecFromStr(strings.TrimSpace(whole))
		if err != nil || dec.Abs().GTE(math.LegacyNewDecFromInt(math.NewIntWithDecimal(1, 50))) {
			return math.Int{}, bad
		}
		units := dec.Mul(math.LegacyNewDecFromInt(math.NewIntWithDecimal(1, Exponent)))
		if !units.IsInteger() {
			return math.Int{}, bad
		}
		return units.TruncateInt(), nil
	}
	// Base 10: math.NewIntFromString takes 010 for eight.
	n, ok := new(big.Int).SetString(strings.TrimSpace(strings.TrimSuffix(s, Denom)), 10)
	if !ok || n.BitLen() > math.MaxBitLen {
		return math.Int{}, bad
	}
	return math.NewIntFromBigInt(n), nil
}
