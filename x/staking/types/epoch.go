package types

import (
	"math"
	"math/bits"
	"time"
)

// Epoch returns the number of the statistics epoch that t lies in: the time since
// the Unix epoch divided by length, rounded down. It is 0 before 1970 and for a
// length that is not positive, and the largest number where the quotient fits no
// other; it never fails. With another length the numbers start anew.
func Epoch(t time.Time, length time.Duration) uint64 {
	seconds := t.Unix()
	if length <= 0 || seconds < 0 {
		return 0
	}
	// In nanoseconds the time since 1970 fits 64 bits until the year 2554 only.
	high, low := bits.Mul64(uint64(seconds), uint64(time.Second))
	low, carry := bits.Add64(low, uint64(t.Nanosecond()), 0)
	high += carry
	if high >= uint64(length) {
		return math.MaxUint64
	}
	epoch, _ := bits.Div64(high, low, uint64(length))
	return epoch
}
