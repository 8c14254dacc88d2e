package bn254

import (
	"slices"

	"github.com/consensys/gnark-crypto/ecc/bn254"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// A batch is verified as one equation, the product of the equations of all its
// proofs, each raised to a random coefficient (Bellare, Garay, Rabin 1998):
//
//	Π e(rᵢ·Aᵢ, Bᵢ) · Π e(Σ rᵢ·Sᵢ, −γ) · e(Σ rᵢ·Cᵢ, −δ) = Π e(α, β)^Σrᵢ
//
// where S is the sum over the inputs and the second product is over the keys. It
// costs one Miller loop and two short multiplications for each proof, two Miller
// loops for each key, and one final exponentiation. Equations of commitments'
// proofs of knowledge join with coefficients of their own. If every proof is valid
// the equation holds; if one is not, it holds with probability 2⁻¹²⁸ at most (file
// coefficients.go) if the points are in their subgroups: parsing has checked all but
// B, and B's lines tell (file lines.go).
//
// Where the equation does not hold, halves are tried. Their Miller loops of A and
// B, and their sums of C, are products and sums of what the segments have: only
// the Miller loops of keys and the final exponentiation come anew.
const (
	// MaxBatch is the largest number of claims in one equation. More are split:
	// what they would share is next to nothing by then.
	MaxBatch = 256
	// maxSegment is the largest number of claims in a segment. They share the
	// squarings of a Miller loop and the doublings of sums, and are verified one
	// by one if their segment does not hold.
	maxSegment = 8
	// maxLines is the largest number of claims whose lines are computed at once:
	// they share inversions, and take 17 KiB each.
	maxLines = 32
	// finalExponentiation is its cost in Miller loops of one pair.
	finalExponentiation = 3
	// searchBudget is what the search for bad claims may cost, in Miller loops
	// for each claim: a third of what it takes to verify them all one by one,
	// which is what happens next to those that are in doubt by then.
	searchBudget = 2
)

// VerifyBatch verifies claims, under any number of keys, on up to workers
// goroutines at once. The errors are, in order, those that each claim's Verify
// returns, under proof.Guard; nil where it returns nil.
func VerifyBatch(claims []*Claim, workers int) []error {
	verdicts := make([]error, 0, len(claims))
	for part := range slices.Chunk(claims, MaxBatch) {
		accepted := accept(part, workers)
		errs := make([]error, len(part))
		_ = proof.Each(workers, len(part), func(i int) error {
			if !accepted[i] {
				errs[i] = proof.Guard(func() error { return part[i].Verify() })
			}
			return nil
		})
		verdicts = append(verdicts, errs...)
	}
	return verdicts
}

// accept reports which claims are valid by an equation that holds. Of the others
// nothing is known.
func accept(claims []*Claim, workers int) []bool {
	b := &batch{workers: workers, accepted: make([]bool, len(claims)), budget: searchBudget * len(claims)}
	if len(claims) > 1 {
		// If something fails that never should, each claim is verified by itself.
		_ = proof.Guard(func() error { return b.run(claims) })
	}
	return b.accepted
}

// batch is the search for the bad claims of a batch.
type batch struct {
	workers  int
	accepted []bool
	budget   int // what the search may still cost, in Miller loops
}

// run sets what is accepted.
func (b *batch) run(claims []*Claim) error {
	segments := cut(claims, b.workers)
	if len(segments) == 0 {
		return nil
	}
	groups := gather(segments, min(maxLines, (len(claims)+b.workers-1)/max(1, b.workers)))
	if err := proof.Each(b.workers, len(groups), func(i int) error { return build(groups[i]) }); err != nil {
		return err
	}
	holds, err := b.accepts(segments)
	if holds || err != nil {
		return err
	}
	return b.search(segments)
}

// search settles segments whose equation does not hold, unless that would cost
// more than is left.
func (b *batch) search(segments []*segment) error {
	if len(segments) == 1 {
		return nil
	}
	left, right := segments[:len(segments)/2], segments[len(segments)/2:]
	if b.budget -= cost(left); b.budget < 0 {
		return nil
	}
	holds, err := b.accepts(left)
	if err != nil {
		return err
	}
	if holds { // then right does not: the whole is the product of both
		return b.search(right)
	}
	if err := b.search(left); err != nil {
		return err
	}
	if b.budget -= cost(right); b.budget < 0 {
		return nil
	}
	if holds, err = b.accepts(right); holds || err != nil {
		return err
	}
	return b.search(right)
}

// accepts accepts the claims of segments if their equation holds.
func (b *batch) accepts(segments []*segment) (bool, error) {
	holds, err := holds(segments, b.workers)
	if !holds || err != nil {
		return false, err
	}
	for _, g := range segments {
		for _, i := range g.at {
			b.accepted[i] = true
		}
	}
	return true, nil
}

// cost returns what it costs to check the equation of segments, in Miller loops.
func cost(segments []*segment) int {
	n := finalExponentiation
	for i, g := range segments {
		if i == 0 || g.vk.hash != segments[i-1].vk.hash {
			n += 2 + len(g.vk.knowledge)
		}
	}
	return n
}

// gather gathers segments into groups of at most so many claims, if it is not one
// segment that has more.
func gather(segments []*segment, most int) (groups [][]*segment) {
	claims := 0
	for i, g := range segments {
		if claims += len(g.claims); i == 0 || claims > most {
			groups, claims = append(groups, nil), len(g.claims)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], g)
	}
	return groups
}

// cut cuts claims into segments of one key each, those of a key one after the
// other, and draws their coefficients. It leaves out a claim that shares neither
// its key nor its e(α, β) with another: alone it costs no more.
func cut(claims []*Claim, workers int) (segments []*segment) {
	r, s := draw(claims)
	var order []int
	rank := map[[32]byte]int{} // of each key, as it comes first
	ranks := make([]int, len(claims))
	sharing := map[bn254.GT]int{}
	for _, c := range claims {
		sharing[c.vk.alphaBeta]++
	}
	for i, c := range claims {
		if sharing[c.vk.alphaBeta] < 2 {
			continue
		}
		if _, ok := rank[c.vk.hash]; !ok {
			rank[c.vk.hash] = len(rank)
		}
		order, ranks[i] = append(order, i), rank[c.vk.hash]
	}
	slices.SortStableFunc(order, func(i, j int) int { return ranks[i] - ranks[j] })
	size := max(1, min(maxSegment, len(claims)/max(1, workers)))
	for len(order) > 0 {
		n := 1
		for n < min(size, len(order)) && ranks[order[n]] == ranks[order[0]] {
			n++
		}
		g := &segment{vk: claims[order[0]].vk, at: order[:n]}
		for _, i := range g.at {
			g.claims, g.r, g.s = append(g.claims, claims[i]), append(g.r, r[i]), append(g.s, s[i])
		}
		segments, order = append(segments, g), order[n:]
	}
	return segments
}
