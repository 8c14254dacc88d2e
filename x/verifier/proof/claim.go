package proof

import (
	"sync"
	"sync/atomic"
)

// Claim is a verification that has got as far as the pairings: sizes, statement,
// public values and encodings have been checked. It never changes and is
// safe for concurrent use.
type Claim interface {
	// Verify returns nil if the proof proves the statement. Errors: ErrPoint,
	// ErrInvalidProof, ErrInternal. It may panic where a library does: see Guard.
	Verify() error
}

// Prepare runs a key's preparation under Guard, without a claim if there is an
// error.
func Prepare(prepare func() (Claim, error)) (c Claim, err error) {
	if err := Guard(func() error { c, err = prepare(); return err }); err != nil {
		return nil, err
	}
	return c, nil
}

// Verify is how every key verifies: it prepares the claim, then verifies it. A
// batch does the first in the same way, so that it can't take bytes for another
// statement or proof.
func Verify(k Key, program, digest [32]byte, publicValues, proof []byte) error {
	return Guard(func() error {
		c, err := k.Prepare(program, digest, publicValues, proof)
		if err != nil {
			return err
		}
		return c.Verify()
	})
}

// Each calls f with 0 to n−1, on up to workers goroutines at once, or one if that
// is less, and returns when all calls have. f runs under Guard. The error is that
// of the lowest number, so that it doesn't depend on the order of the calls.
func Each(workers, n int, f func(i int) error) error {
	errs := make([]error, n)
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			errs[i] = Guard(func() error { return f(i) })
		}
	}
	var wg sync.WaitGroup
	for range min(workers, n) - 1 {
		wg.Go(work)
	}
	work() // this goroutine is one of them
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
