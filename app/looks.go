package app

import (
	"sync"

	errorsmod "cosmossdk.io/errors"
)

// Between two blocks a node verifies so much of what arrives. A transaction that is
// refused for its proof costs its sender nothing, so there has to be an end to it.
const (
	// looksOfAssignment is how many proofs for one assignment are verified.
	looksOfAssignment = 3
	// looksOfProver and looksOfNode bound the gas of verifications, for the assignments of
	// one prover and for all.
	looksOfProver = 6_000_000
	looksOfNode   = 12_000_000
)

// looks counts the verifications in CheckTx since the last block. What was known already
// does not count.
type looks struct {
	mu          sync.Mutex
	height      int64
	assignments map[string]int
	provers     map[string]uint64
	all         uint64
}

// allow tells whether a proof may be verified. If not, it is let into the pool as it is,
// where it waits as the only one for its assignment, and pays if it fails in its block.
// An assignment with too many of them has to wait for that block: ErrTooManyProofs.
func (l *looks) allow(height int64, assignment, prover string) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.height != height || l.assignments == nil {
		l.height, l.assignments, l.provers, l.all = height, map[string]int{}, map[string]uint64{}, 0
	}
	if l.assignments[assignment] >= looksOfAssignment {
		return false, errorsmod.Wrapf(ErrTooManyProofs, "%d since block %d", looksOfAssignment, height)
	}
	return l.provers[prover] < looksOfProver && l.all < looksOfNode, nil
}

// note counts a verification.
func (l *looks) note(assignment, prover string, gas uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.assignments[assignment]++
	l.provers[prover] += gas
	l.all += gas
}
