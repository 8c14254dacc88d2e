package strategy

import (
	stdmath "math"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"
)

// draw draws how anything at all may stand.
func draw(t *rapid.T) (Policy, Offer, Work, Figures) {
	b := backendGen().Draw(t, "backend")
	taken := rapid.SliceOfN(takenGen(), 0, 4).Draw(t, "taken")
	f := Figures{Backend: &b, Load: NewLoad(b, taken), Jobs: len(taken), Taken: taken}
	return policyGen().Draw(t, "policy"), offerGen().Draw(t, "offer"), workGen().Draw(t, "work"), f
}

func TestFeeStaysWithinItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, o, w, f := draw(t)
		require.NoError(t, p.Validate())
		p.MaxPenalty = math.ZeroInt()
		w.Proved = true // price alone decides
		d := p.Decide(o, w, f)
		price := d.Price
		require.True(t, price.Loaded.GTE(price.Cost) && price.Least.GTE(price.Loaded) && price.Wanted.GTE(price.Least))
		pays := price.Least.LTE(o.MaxFee) && (p.MaxFee.IsZero() || price.Least.LTE(p.MaxFee))
		require.Equal(t, pays, d.Bid, d.Reason())
		if !d.Bid {
			require.True(t, d.Fee.IsZero())
			return
		}
		require.True(t, d.Fee.LTE(o.MaxFee), "never above the request's max_fee")
		require.True(t, p.MaxFee.IsZero() || d.Fee.LTE(p.MaxFee), "never above our cap")
		require.True(t, d.Fee.GTE(price.Least), "never below the least price")
		require.True(t, d.Fee.GTE(p.MinFee), "never below the floor")
		require.True(t, d.Fee.LTE(price.Wanted), "never more than wanted")
	})
}

func TestFeeIsMonotoneInTheWork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, o, less, f := draw(t)
		more := less
		more.Units = rapid.Uint64Min(less.Units).Draw(t, "more units")
		more.InputBytes = rapid.Uint64Min(less.InputBytes).Draw(t, "more bytes")
		a, b := p.Decide(o, less, f).Price, p.Decide(o, more, f).Price
		require.True(t, b.Fee.GTE(a.Fee) && b.Wanted.GTE(a.Wanted) && b.Least.GTE(a.Least) && b.Cost.GTE(a.Cost))
	})
}

func TestFeeIsMonotoneInTheLoad(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, o, w, f := draw(t)
		more := f
		more.Load.Jobs += rapid.IntRange(0, 2_000).Draw(t, "more jobs")
		a, b := p.Decide(o, w, f).Price, p.Decide(o, w, more).Price
		require.GreaterOrEqual(t, b.LoadBps, a.LoadBps)
		require.LessOrEqual(t, b.LoadBps, p.LoadFactorBps)
		require.True(t, b.Fee.GTE(a.Fee) && b.Least.GTE(a.Least))
	})
}

// seconds is how long work takes on so many workers.
func seconds(units *big.Int, b Backend, workers int64) *big.Rat {
	speed := new(big.Int).Mul(new(big.Int).SetUint64(b.UnitsPerSecond), big.NewInt(workers))
	return new(big.Rat).SetFrac(units, speed)
}

// Whatever is taken on, in whatever order it is proved, no deadline is missed:
// that is what capacity means.
func TestNeverMoreThanCapacity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, b := policy(), backendGen().Draw(t, "backend")
		b.UnitsPerSecond = rapid.Uint64Range(1, 1_000).Draw(t, "speed")
		var taken []Taken
		for range rapid.IntRange(1, 12).Draw(t, "requests") {
			o, w := offer(), Work{Units: rapid.Uint64Range(0, 100_000).Draw(t, "units")}
			o.MaxFee = math.NewInt(stdmath.MaxInt64)
			o.TimeLimit = time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "limit"))
			w.Proved = rapid.Bool().Draw(t, "proved")
			f := Figures{Backend: &b, Load: NewLoad(b, taken), Jobs: len(taken), Taken: taken}
			if p.Decide(o, w, f).Bid {
				taken = append(taken, Taken{
					Backend: b.Name, Units: w.Units, Left: o.TimeLimit, Proved: w.Proved, Standing: true, MinStake: o.MinStake, Penalty: o.Penalty,
				})
			}
		}
		jobs, all := 0, new(big.Int)
		for _, k := range taken {
			if !k.Proved {
				jobs++
				all.Add(all, new(big.Int).SetUint64(k.Units))
			}
		}
		require.LessOrEqual(t, jobs, b.Queue)
		for _, k := range taken {
			if k.Proved || k.Left == 0 {
				continue
			}
			own := new(big.Int).SetUint64(k.Units)
			worst := seconds(new(big.Int).Sub(all, own), b, int64(b.Workers))
			worst.Add(worst, seconds(own, b, 1))
			require.LessOrEqual(t, worst.Cmp(big.NewRat(int64(k.Left), int64(time.Second))), 0, "late when proved last")
		}
	})
}

// The stakes of everything bid for together are ours, whichever of them is won
// last.
func TestNeverMoreThanOurOwnStake(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, b := policy(), machine()
		b.Queue, b.UnitsPerSecond = 100, 1<<40
		s := stake(rapid.Int64Range(100, 10_000).Draw(t, "own"), 1<<40)
		s.OvercommitBps = rapid.Uint32Range(0, 10_000).Draw(t, "overcommit")
		var taken []Taken
		sum, penalties := math.ZeroInt(), math.ZeroInt()
		for range rapid.IntRange(1, 8).Draw(t, "requests") {
			o := offer()
			o.MinStake = math.NewInt(rapid.Int64Range(1, 5_000).Draw(t, "stake"))
			o.Penalty = math.NewInt(rapid.Int64Range(0, 5_000).Draw(t, "penalty"))
			f := Figures{Backend: &b, Load: NewLoad(b, taken), Taken: taken, Stake: s}
			if p.Decide(o, Work{}, f).Bid {
				taken = append(taken, Taken{Backend: b.Name, Standing: true, MinStake: o.MinStake, Penalty: o.Penalty})
				sum, penalties = sum.Add(o.MinStake), penalties.Add(o.Penalty)
			}
		}
		for _, k := range taken {
			need := k.MinStake.Add(sum.Sub(k.MinStake).MulRaw(int64(s.OvercommitBps)).QuoRaw(bps))
			require.True(t, s.SelfStake.GTE(need), "stake %s, needs %s", s.SelfStake, need)
		}
		require.True(t, s.SelfStake.GTE(penalties))
	})
}

// Nothing that a chain or a configuration may hold makes a decision panic, and a
// refusal has a code and figures.
func TestAnyFiguresGiveADecision(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, o, w, f := draw(t)
		s := stake(0, 0)
		s.Assets, s.SelfStake, s.AssignedStake = amountGen(255).Draw(t, "assets"), amountGen(255).Draw(t, "own"), amountGen(255).Draw(t, "assigned")
		s.Exposure, s.OvercommitBps = amountGen(255).Draw(t, "exposure"), rapid.Uint32().Draw(t, "overcommit")
		f.Stake = s
		d, screened := p.Decide(o, w, f), p.Screen(o, f)
		require.Equal(t, d.Bid, len(d.Reasons) == 0)
		require.Equal(t, d.Bid, d.Code() == "")
		require.NotEmpty(t, d.Reason())
		for _, r := range d.Reasons {
			require.NotEmpty(t, r.Code)
			require.NotEmpty(t, r.Text)
		}
		require.True(t, screened.Bid || !d.Bid || w.Proved, "what the screen refuses is refused: %s", screened.Reason())
	})
}
