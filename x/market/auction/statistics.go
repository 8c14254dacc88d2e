package auction

import (
	"errors"
	"fmt"
	"slices"

	"cosmossdk.io/math"
)

// ErrQuantile is a quantile of nothing, or one that is not between 1 and 100 percent.
var ErrQuantile = errors.New("a quantile needs one price at least and 1 to 100 percent")

// SuccessBps is the part of the proofs owed that were delivered, in basis points,
// rounded down: fulfilled / (fulfilled + missed + overdue), 10000 where none was
// owed (law M14). It holds for all figures.
func SuccessBps(fulfilled, missed, overdue uint64) uint32 {
	owed := math.NewIntFromUint64(fulfilled).Add(math.NewIntFromUint64(missed)).Add(math.NewIntFromUint64(overdue))
	if owed.IsZero() {
		return BpsDenominator
	}
	return uint32(math.NewIntFromUint64(fulfilled).MulRaw(BpsDenominator).Quo(owed).Uint64())
}

// Quantiles gives the nearest-rank quantiles of the prices: for p percent the
// smallest price at or below which p percent of them lie, in other words that of
// rank ceil(p × n / 100) in ascending order. Each is one of the prices; nothing is
// interpolated. The prices stay as they are. It returns ErrQuantile or ErrAmount.
func Quantiles(prices []math.Int, percents ...uint32) ([]math.Int, error) {
	if len(prices) == 0 {
		return nil, ErrQuantile
	}
	for _, price := range prices {
		if err := CheckAmount(price); err != nil {
			return nil, fmt.Errorf("price: %w", err)
		}
	}
	sorted := slices.Clone(prices)
	slices.SortFunc(sorted, func(a, b math.Int) int { return a.BigIntMut().Cmp(b.BigIntMut()) })
	quantiles := make([]math.Int, 0, len(percents))
	for _, p := range percents {
		if p == 0 || p > 100 {
			return nil, fmt.Errorf("%d percent: %w", p, ErrQuantile)
		}
		rank := (uint64(len(sorted))*uint64(p) + 99) / 100
		quantiles = append(quantiles, sorted[rank-1])
	}
	return quantiles, nil
}
