package auction

import (
	"fmt"

	"cosmossdk.io/math"
)

// Entry is a revealed bid as the ranking sees it.
type Entry struct {
	// Fee is what the bidder asks.
	Fee math.Int
	// Order is the place of the reveal among all reveals of the request.
	Order uint64
}

// before tells whether e ranks before other: lowest fee, then earlier reveal
// (law M7).
func (e Entry) before(other Entry) bool {
	return e.Fee.LT(other.Fee) || e.Fee.Equal(other.Fee) && e.Order < other.Order
}

// Ranking is what an auction must remember of its ranked bids: however many they
// are, the leader and the second-lowest fee are enough (law M7). The zero value
// is an empty ranking.
type Ranking struct {
	// Count is the number of ranked bids.
	Count uint64
	// Leader is the best bid; meaningful when Count ≥ 1.
	Leader Entry
	// Second is the second-lowest fee; meaningful when Count ≥ 2.
	Second math.Int
}

// Insert ranks one more bid. leads tells whether it takes the lead; the bid that
// loses it, if there was one, is r.Leader. It returns ErrAmount.
func (r Ranking) Insert(e Entry) (next Ranking, leads bool, err error) {
	if err := CheckAmount(e.Fee); err != nil {
		return r, false, fmt.Errorf("fee: %w", err)
	}
	next = r
	next.Count++
	switch {
	case r.Count == 0:
		next.Leader = e
		return next, true, nil
	case e.before(r.Leader):
		next.Second, next.Leader = r.Leader.Fee, e
		return next, true, nil
	case r.Count == 1 || e.Fee.LT(r.Second):
		next.Second = e.Fee
	}
	return next, false, nil
}

// Price is what the winner is paid: the second-lowest ranked fee, or its own when
// it is alone (law M7). It returns ErrUnranked for an empty ranking.
func (r Ranking) Price() (math.Int, error) {
	switch r.Count {
	case 0:
		return math.Int{}, ErrUnranked
	case 1:
		return r.Leader.Fee, nil
	default:
		return r.Second, nil
	}
}
