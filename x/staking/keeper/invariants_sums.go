package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// The checks sum what belongs to each prover and to each vault in one pass over
// all records. An iterator for each of them would sort all that a block or a
// genesis has written so far, each time.

// workSum is what the open assignments and the parked entries of one prover sum to.
type workSum struct {
	stake, exposure math.Int
	open, parked    uint64
	// lowest is the number of the oldest open assignment, mark the lowest mark of
	// the parked entries.
	lowest, mark uint64
}

// eligible reports whether a parked entry waits for nothing any more (law S5).
func (s workSum) eligible() bool { return s.parked > 0 && (s.open == 0 || s.lowest >= s.mark) }

// workSums returns the sum of each prover that has any assignments or parked entries.
func (k *Keeper) workSums(ctx context.Context) (map[string]*workSum, error) {
	sums := map[string]*workSum{}
	of := func(addr sdk.AccAddress) *workSum {
		s := sums[string(addr)]
		if s == nil {
			s = newWorkSum()
			sums[string(addr)] = s
		}
		return s
	}
	err := k.assignments.Walk(ctx, nil, func(key AssignmentKey, a types.Assignment) (bool, error) {
		s := of(key.K1())
		if s.open == 0 {
			s.lowest = key.K2() // they come in the order of their numbers
		}
		s.open++
		var tooMuch [2]error
		s.stake, tooMuch[0] = s.stake.SafeAdd(a.Stake)
		s.exposure, tooMuch[1] = s.exposure.SafeAdd(a.Penalty)
		if err := errors.Join(tooMuch[:]...); err != nil {
			return true, broken("assignments of %s: %s", a.Prover, err)
		}
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	return sums, k.parked.Walk(ctx, nil, func(key ParkedKey) (bool, error) {
		s := of(key.K1())
		if s.parked == 0 {
			s.mark = key.K2() // they come in the order of their marks
		}
		s.parked++
		return false, nil
	})
}

func newWorkSum() *workSum { return &workSum{stake: math.ZeroInt(), exposure: math.ZeroInt()} }

// vaultID is a VaultKey that can be the key of a map.
type vaultID struct {
	prover     string
	generation uint64
}

// poolSums returns what the entries of each vault have of its unstaking pool; those
// that a slash made void have nothing.
func (k *Keeper) poolSums(ctx context.Context) (map[vaultID]math.Int, error) {
	sums := map[vaultID]math.Int{}
	var last vaultID
	var v types.Vault
	return sums, k.unstakes.Walk(ctx, nil, func(key UnstakeKey, u types.Unstake) (bool, error) {
		id := vaultID{string(key.K1()), key.K2()}
		if id != last {
			var err error
			if v, err = k.vaults.Get(ctx, collections.Join(key.K1(), key.K2())); err != nil {
				return true, broken("unstaking %s/%d/%d belongs to no vault", key.K1(), key.K2(), key.K3())
			}
			last, sums[id] = id, math.ZeroInt()
		}
		if v.Void(key.K3()) {
			return false, nil
		}
		sum, err := sums[id].SafeAdd(u.PoolShares)
		if err != nil {
			return true, broken("unstakings of %s/%d: %s", u.Prover, u.Generation, err)
		}
		sums[id] = sum
		return false, nil
	})
}

// checkOpenUnstakes: the number of each staker's entries with each prover is that of
// their places in the index (invariant 5).
func (k *Keeper) checkOpenUnstakes(ctx context.Context) error {
	type pair struct{ staker, prover string }
	sums := map[pair]uint64{}
	if err := k.byStaker.Walk(ctx, nil, func(key StakerKey) (bool, error) {
		sums[pair{string(key.K1()), string(key.K2())}]++
		return false, nil
	}); err != nil {
		return err
	}
	counters := 0
	err := k.openUnstakes.Walk(ctx, nil, func(key OpenKey, open uint64) (bool, error) {
		counters++
		if sum := sums[pair{string(key.K1()), string(key.K2())}]; sum != open || open == 0 {
			return true, broken("%s has %d unstakings with %s, %d were counted", key.K1(), sum, key.K2(), open)
		}
		return false, nil
	})
	if err == nil && counters != len(sums) {
		err = broken("%d stakers and provers have unstakings, %d were counted", len(sums), counters)
	}
	return err
}
