package machine

import (
	"math/big"
	"slices"
	"time"
)

// vault is one generation of a prover's vault (laws S2, S4, S6, S7).
type vault struct {
	assets, pool, commission int64
	shares, poolShares       *big.Int
	stream                   stream
	closed                   bool
	holders                  map[string]*big.Int
	entries                  []*entry
	nextID                   uint64
}

// stream is rewards on their way to the assets.
type stream struct {
	amount, vested int64
	start, end     time.Time
}

// entry is an unstaking under way.
type entry struct {
	id         uint64
	staker     string
	poolShares *big.Int
	ready      time.Time
	mark       uint64
	parked     bool
}

func newVault() *vault {
	return &vault{shares: new(big.Int), poolShares: new(big.Int), holders: map[string]*big.Int{}}
}

func (v *vault) unvested() int64 { return v.stream.amount - v.stream.vested }

// total is what the vault's account holds of right (invariant 2).
func (v *vault) total() int64 { return v.assets + v.pool + v.commission + v.unvested() }

// vest brings the rewards to a time: linear, and a function of the time alone.
func (v *vault) vest(now time.Time) {
	s := &v.stream
	var due int64
	switch {
	case s.amount == 0 || !now.After(s.start):
		return
	case now.Before(s.end):
		due = mulDiv(s.amount, int64(now.Sub(s.start)), int64(s.end.Sub(s.start)), false)
	default:
		due = s.amount
	}
	v.assets += due - s.vested
	s.vested = due
	if !now.Before(s.end) {
		*s = stream{}
	}
}

// held is what somebody has of the shares.
func (v *vault) held(who string) *big.Int {
	if n := v.holders[who]; n != nil {
		return n
	}
	return new(big.Int)
}

// worth is the value of so many shares; nothing in a closed vault.
func (v *vault) worth(shares *big.Int) int64 {
	if v.shares.Sign() == 0 {
		return 0
	}
	return bigMulDiv(shares, big.NewInt(v.assets), v.shares, false).Int64()
}

// quote tells what a stake gets and pays: whole shares, at their price rounded up.
func (v *vault) quote(amount int64) (shares *big.Int, pays int64) {
	if v.shares.Sign() == 0 {
		return big.NewInt(amount), amount
	}
	if v.assets == 0 {
		return new(big.Int), 0
	}
	shares = bigMulDiv(big.NewInt(amount), v.shares, big.NewInt(v.assets), false)
	return shares, bigMulDiv(shares, big.NewInt(v.assets), v.shares, true).Int64()
}

// put adds a stake that was quoted.
func (v *vault) put(who string, shares *big.Int, pays int64) {
	v.holders[who] = new(big.Int).Add(v.held(who), shares)
	v.shares = new(big.Int).Add(v.shares, shares)
	v.assets += pays
}

// leave moves shares to the unstaking pool.
func (v *vault) leave(who string, shares *big.Int, ready time.Time, mark uint64) {
	value := v.worth(shares)
	poolShares := big.NewInt(value)
	if v.poolShares.Sign() > 0 {
		poolShares = bigMulDiv(big.NewInt(value), v.poolShares, big.NewInt(v.pool), false)
	}
	v.holders[who] = new(big.Int).Sub(v.held(who), shares)
	v.shares = new(big.Int).Sub(v.shares, shares)
	v.assets -= value
	v.pool += value
	v.poolShares = new(big.Int).Add(v.poolShares, poolShares)
	v.entries = append(v.entries, &entry{id: v.nextID, staker: who, poolShares: poolShares, ready: ready, mark: mark})
	v.nextID++
	if v.shares.Sign() == 0 {
		v.releaseStream()
	}
}

// releaseStream gives what has not vested to the commission: nobody is left to have it.
func (v *vault) releaseStream() {
	v.commission += v.unvested()
	v.stream = stream{}
}

// complete takes an entry out of the pool and tells what it pays.
func (v *vault) complete(e *entry) int64 {
	pays := bigMulDiv(e.poolShares, big.NewInt(v.pool), v.poolShares, false).Int64()
	v.pool -= pays
	v.poolShares = new(big.Int).Sub(v.poolShares, e.poolShares)
	v.entries = slices.DeleteFunc(v.entries, func(other *entry) bool { return other == e })
	return pays
}

// open counts somebody's unstakings.
func (v *vault) open(who string) (n int) {
	for _, e := range v.entries {
		if e.staker == who {
			n++
		}
	}
	return n
}

// slash takes exactly min(amount, assets + pool) (law S7).
func (v *vault) slash(amount int64) int64 {
	amount = min(amount, v.assets+v.pool)
	if amount == 0 {
		return 0
	}
	fromPool := mulDiv(amount, v.pool, v.pool+v.assets, false)
	fromAssets := amount - fromPool
	v.pool -= fromPool
	v.assets -= fromAssets
	if fromAssets > 0 && v.assets == 0 {
		v.closed = true
		v.releaseStream()
	}
	if fromPool > 0 && v.pool == 0 {
		v.entries, v.poolShares = nil, new(big.Int)
	}
	return amount
}

// reward is law S6: commission at once, the rest over the period; all of it to the
// commission where the vault holds less than least.
func (v *vault) reward(amount, rate, least int64, period time.Duration, now time.Time) {
	if amount == 0 {
		return
	}
	cut := bps(amount, rate)
	shared := amount - cut
	if v.assets == 0 || v.assets < least {
		cut, shared = amount, 0
	}
	v.commission += cut
	switch {
	case shared == 0:
	case period == 0:
		v.assets += shared
	default:
		old, left := v.unvested(), time.Duration(0)
		if old > 0 {
			left = max(v.stream.end.Sub(now), 0)
		}
		sum := new(big.Int).Mul(big.NewInt(old), big.NewInt(int64(left)))
		sum.Add(sum, new(big.Int).Mul(big.NewInt(shared), big.NewInt(int64(period))))
		mean := bigMulDiv(sum, big.NewInt(1), big.NewInt(old+shared), true)
		v.stream = stream{amount: old + shared, start: now, end: now.Add(time.Duration(mean.Int64()))}
	}
}
