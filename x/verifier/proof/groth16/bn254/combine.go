package bn254

import (
	"fmt"
	"math/big"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// maxPairs is the largest number of pairs in one Miller loop over points of keys:
// each needs a copy of its lines.
const maxPairs = 8

// equation is a batch's equation but for its pairs of A and B. What keys share,
// as they do if they come from one setup, is computed once.
type equation struct {
	pairs  []fixedPair
	powers []power
}

// fixedPair is a pair of a sum and a point of a key.
type fixedPair struct {
	p bn254.G1Jac
	q *lines
}

// power is a power of a key's e(α, β).
type power struct {
	base     *bn254.GT
	exponent fr.Element
}

// holds reports whether the equation of segments holds; those of a key must come
// one after the other. Error: proof.ErrInternal.
func holds(segments []*segment, workers int) (bool, error) {
	e, err := combine(segments, workers)
	if err != nil {
		return false, err
	}
	left, right, err := e.evaluate(workers)
	if err != nil {
		return false, err
	}
	for _, g := range segments {
		left.Mul(&left, &g.ab)
	}
	left = bn254.FinalExponentiation(&left)
	return left.Equal(&right), nil
}

// combine adds the segments up.
func combine(segments []*segment, workers int) (e equation, err error) {
	var keys []*VerifyingKey
	var totals []sums
	for _, g := range segments {
		if n := len(keys); n == 0 || keys[n-1].hash != g.vk.hash {
			keys, totals = append(keys, g.vk), append(totals, newSums(g.vk))
		}
		totals[len(totals)-1].add(&g.sums)
	}
	inputs := make([]bn254.G1Jac, len(keys))
	err = proof.Each(workers, len(keys), func(i int) (err error) {
		inputs[i], err = keys[i].sumK(0, totals[i].k)
		return err
	})
	if err != nil {
		return e, err
	}
	for i, vk := range keys {
		inputs[i].AddAssign(&totals[i].commitments)
		e.pair(&inputs[i], &vk.gammaNeg)
		e.pair(&totals[i].c, &vk.deltaNeg)
		for j := range vk.knowledge {
			e.pair(&totals[i].knowledge[j], &vk.knowledge[j])
		}
		e.raise(&vk.alphaBeta, &totals[i].k[0])
	}
	return e, nil
}

// pair adds a pair, to the one with the same point of G2 if there is one.
func (e *equation) pair(p *bn254.G1Jac, q *lines) {
	for i := range e.pairs {
		if *e.pairs[i].q == *q {
			e.pairs[i].p.AddAssign(p)
			return
		}
	}
	e.pairs = append(e.pairs, fixedPair{*p, q})
}

// raise adds a power, to the one with the same base if there is one.
func (e *equation) raise(base *bn254.GT, exponent *fr.Element) {
	for i := range e.powers {
		if e.powers[i].base.Equal(base) {
			e.powers[i].exponent.Add(&e.powers[i].exponent, exponent)
			return
		}
	}
	e.powers = append(e.powers, power{base, *exponent})
}

// evaluate returns the Miller loops of the pairs, multiplied, and the powers.
func (e *equation) evaluate(workers int) (left, right bn254.GT, err error) {
	jacobian := make([]bn254.G1Jac, len(e.pairs))
	for i := range e.pairs {
		jacobian[i] = e.pairs[i].p
	}
	points := bn254.BatchJacobianToAffineG1(jacobian)
	size := max(1, min(maxPairs, len(points)/max(1, workers)))
	loops := (len(points) + size - 1) / size
	results := make([]bn254.GT, loops+len(e.powers))
	err = proof.Each(workers, len(results), func(i int) (err error) {
		if i >= loops {
			p := &e.powers[i-loops]
			results[i].ExpGLV(*p.base, p.exponent.BigInt(new(big.Int)))
			return nil
		}
		from, to := i*size, min((i+1)*size, len(points))
		copies := make([]lines, 0, size) // the loop changes them (see lines)
		for _, pair := range e.pairs[from:to] {
			copies = append(copies, *pair.q)
		}
		if results[i], err = bn254.MillerLoopFixedQ(points[from:to], copies); err != nil {
			return fmt.Errorf("%w: %s", proof.ErrInternal, err)
		}
		return nil
	})
	left.SetOne()
	right.SetOne()
	for i := range results {
		if i < loops {
			left.Mul(&left, &results[i])
		} else {
			right.Mul(&right, &results[i])
		}
	}
	return left, right, err
}
