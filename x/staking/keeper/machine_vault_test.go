package keeper_test

import (
	"math/big"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// modelVault is one generation of a prover's vault.
type modelVault struct {
	prover     string
	generation uint64
	shares     map[string]*big.Rat // as counted from events
	holders    map[string]*big.Rat // what their shares are worth
	entries    map[uint64]*modelEntry
	// The stream: vested is the part of amount that the holders have.
	amount, vested *big.Rat
	start, end     time.Time
	commission     *big.Rat
	// dust bounds how far any one figure may be from the module's.
	dust *big.Rat
	// In whole uproof: paid in, paid out, rewards, slashes, and what was sent to
	// the account by hand since it was opened.
	in, out, rewards, slashes, donated math.Int
	closed, ended                      bool
	// assets is the module's own figure after the last step, worth what it gave
	// everybody by then: shares, entries and commission.
	assets math.Int
	worth  map[string]*big.Rat
}

type modelEntry struct {
	staker string
	worth  *big.Rat
	ready  time.Time
	bound  []uint64 // work that was open when it was requested
}

func newModelVault(prover string, generation uint64) *modelVault {
	zero := math.ZeroInt()
	return &modelVault{
		prover: prover, generation: generation, shares: map[string]*big.Rat{}, holders: map[string]*big.Rat{},
		entries: map[uint64]*modelEntry{}, amount: rat(0), vested: rat(0), commission: rat(0), dust: rat(0),
		in: zero, out: zero, rewards: zero, slashes: zero, donated: zero, assets: zero, worth: map[string]*big.Rat{},
	}
}

func (v *modelVault) any() bool            { return true }
func (v *modelVault) staked() bool         { return v.assets.IsPositive() }
func (v *modelVault) leaving() bool        { return len(v.entries) > 0 }
func (v *modelVault) earning() bool        { return v.commission.Sign() > 0 }
func (v *modelVault) waits(id uint64) bool { return v.entries[id] != nil }

func (v *modelVault) denom() string { return types.ShareDenom(v.prover, v.generation) }

// leave takes shares from a holder and returns what they were worth.
func (v *modelVault) leave(holder string, shares *big.Rat) *big.Rat {
	worth := times(orZero(v.holders[holder]), over(shares, orZero(v.shares[holder])))
	v.holders[holder] = minus(orZero(v.holders[holder]), worth)
	v.shares[holder] = minus(orZero(v.shares[holder]), shares)
	return worth
}

// dusty counts the roundings of one event.
func (v *modelVault) dusty() { v.dust = plus(v.dust, rat(3)) }

// release gives to commission what has nobody to vest for.
func (v *modelVault) release() {
	v.commission = plus(v.commission, minus(v.amount, v.vested))
	v.amount, v.vested = rat(0), rat(0)
}

// spread shares an amount out to the holders by their parts. Dust in somebody's
// holdings grows with them, and so does what dust made of everybody's part of the
// whole.
func (v *modelVault) spread(amount *big.Rat) {
	growth := over(amount, total(v.holders))
	for a, h := range v.holders {
		v.holders[a] = plus(h, times(h, growth))
	}
	v.dust = plus(v.dust, plus(times(rat(2), times(v.dust, growth)), rat(1)))
}

// vest moves rewards to the holders, linearly in time.
func (v *modelVault) vest(now time.Time) {
	passed := rat(1)
	if now.Before(v.end) {
		passed = big.NewRat(int64(now.Sub(v.start)), int64(v.end.Sub(v.start)))
	}
	vested := times(v.amount, passed)
	v.spread(minus(vested, v.vested))
	if v.vested = vested; !now.Before(v.end) {
		v.amount, v.vested = rat(0), rat(0)
	}
}

// slash takes the same part of everybody's holdings, staked and unstaking.
func (v *modelVault) slash(t *rapid.T, e *types.EventSlashed) {
	slashed := e.FromVault.Add(e.FromPool)
	v.slashes = v.slashes.Add(slashed)
	all := total(v.holders)
	for _, u := range v.entries {
		all.Add(all, u.worth)
	}
	left := minus(rat(1), over(ratOf(slashed), all))
	if left.Sign() < 0 {
		left = rat(0)
	}
	v.dusty()
	for a, h := range v.holders {
		v.holders[a] = times(h, left)
	}
	for id, u := range v.entries {
		u.worth = times(u.worth, left)
		if e.VoidBelow > 0 {
			v.near(t, "void entry", u.worth, rat(0))
			delete(v.entries, id)
		}
	}
	if e.Closed {
		for a, h := range v.holders {
			v.near(t, "void shares of "+a, h, rat(0))
		}
		v.holders, v.closed = map[string]*big.Rat{}, true
		v.release()
	}
}

// near requires that the module's figure is the model's but for dust.
func (v *modelVault) near(t *rapid.T, what string, want, got *big.Rat) {
	diff := minus(got, want)
	if diff.Abs(diff).Cmp(v.dust) > 0 {
		require.FailNow(t, "far from the model", "vault %s/%d, %s: module %s, model %s, dust %s",
			v.prover, v.generation, what, got.FloatString(3), want.FloatString(3), v.dust.FloatString(3))
	}
}

// tidy keeps the model's figures short, to 2^-64 uproof. Where a slash left so
// little that dust is a thousandth of it, parts of the whole mean nothing any
// more, while later rewards go by them: there the model starts again from the
// module's figures, which were just compared.
func (v *modelVault) tidy(holders map[string]*big.Rat, entries map[uint64]*big.Rat, figures types.Vault) {
	if left := total(holders); left.Sign() > 0 && times(v.dust, rat(1000)).Cmp(left) > 0 {
		v.holders, v.dust = holders, rat(1)
		for id, worth := range entries {
			v.entries[id].worth = worth
		}
		v.commission, v.amount, v.vested = ratOf(figures.Commission), ratOf(figures.Stream.Amount), ratOf(figures.Stream.Vested)
		v.start, v.end = figures.Stream.Start, figures.Stream.End
		return
	}
	for _, r := range v.holders {
		shorten(r)
	}
	for _, e := range v.entries {
		shorten(e.worth)
	}
	for _, r := range []*big.Rat{v.amount, v.vested, v.commission, v.dust} {
		shorten(r)
	}
}

// shorten rounds down to 2^-64.
func shorten(r *big.Rat) {
	if r.Denom().BitLen() <= 65 {
		return
	}
	n := new(big.Int).Lsh(r.Num(), 64)
	r.SetFrac(n.Quo(n, r.Denom()), new(big.Int).Lsh(big.NewInt(1), 64))
}

func rat(n int64) *big.Rat { return big.NewRat(n, 1) }

func ratOf(n math.Int) *big.Rat { return new(big.Rat).SetInt(n.BigInt()) }

func plus(a, b *big.Rat) *big.Rat  { return new(big.Rat).Add(a, b) }
func minus(a, b *big.Rat) *big.Rat { return new(big.Rat).Sub(a, b) }
func times(a, b *big.Rat) *big.Rat { return new(big.Rat).Mul(a, b) }

// over is 0 for 0/0: nobody's part of nothing.
func over(a, b *big.Rat) *big.Rat {
	if b.Sign() == 0 {
		return rat(0)
	}
	return new(big.Rat).Quo(a, b)
}

func total(of map[string]*big.Rat) *big.Rat {
	sum := rat(0)
	for _, r := range of {
		sum.Add(sum, r)
	}
	return sum
}

func orZero(r *big.Rat) *big.Rat {
	if r == nil {
		return rat(0)
	}
	return r
}
