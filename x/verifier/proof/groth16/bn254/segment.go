package bn254

import (
	"fmt"
	"slices"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// segment is what the claims of one key, at most maxSegment of them, add to a
// batch's equation.
type segment struct {
	vk     *VerifyingKey
	at     []int // of each claim in the batch
	claims []*Claim
	r, s   []coefficient // of the pairing equations and of the proofs of knowledge

	ab bn254.GT // Π of the Miller loops of rᵢ·Aᵢ and Bᵢ
	sums
}

// sums are what meets the points of a key in an equation.
type sums struct {
	k           []fr.Element  // for each point K: Σ rᵢ, then Σ rᵢ·inputᵢ, hashes of commitments among the inputs
	c           bn254.G1Jac   // Σ rᵢ·Cᵢ
	commitments bn254.G1Jac   // Σ rᵢ·(Σ commitmentsᵢ)
	knowledge   []bn254.G1Jac // for each of the key's lines of that name: Σ sᵢ·ρᵢʲ·commitmentᵢⱼ, and last Σ sᵢ·proofᵢ
}

// newSums returns sums of nothing for a key.
func newSums(vk *VerifyingKey) sums {
	return sums{k: make([]fr.Element, len(vk.k)), knowledge: make([]bn254.G1Jac, len(vk.knowledge))}
}

// add adds the sums of other claims of the key.
func (s *sums) add(other *sums) {
	for i := range s.k {
		s.k[i].Add(&s.k[i], &other.k[i])
	}
	s.c.AddAssign(&other.c)
	s.commitments.AddAssign(&other.commitments)
	for i := range s.knowledge {
		s.knowledge[i].AddAssign(&other.knowledge[i])
	}
}

// build computes the shares of segments. Claims whose B is not in its subgroup are
// taken out. Error: proof.ErrInternal.
func build(segments []*segment) error {
	var points []bn254.G2Affine
	for _, g := range segments {
		for _, c := range g.claims {
			points = append(points, c.proof.B)
		}
	}
	all, inSubgroup := precompute(points)
	for _, g := range segments {
		n := len(g.claims)
		if err := g.build(g.keep(all[:n], inSubgroup[:n])); err != nil {
			return err
		}
		all, inSubgroup = all[n:], inSubgroup[n:]
	}
	return nil
}

// keep takes out the claims that are not in the subgroup, and their lines.
func (g *segment) keep(b []lines, inSubgroup []bool) []lines {
	if !slices.Contains(inSubgroup, false) {
		return b
	}
	kept, lines := segment{vk: g.vk}, b[:0]
	for i, ok := range inSubgroup {
		if ok {
			kept.at, kept.claims = append(kept.at, g.at[i]), append(kept.claims, g.claims[i])
			kept.r, kept.s = append(kept.r, g.r[i]), append(kept.s, g.s[i])
			lines = append(lines, b[i])
		}
	}
	*g = kept
	return lines
}

// build computes the segment's share, given the lines of each B, which it changes.
// Error: proof.ErrInternal.
func (g *segment) build(b []lines) error {
	g.sums = newSums(g.vk)
	g.ab.SetOne()
	if len(g.claims) == 0 {
		return nil
	}
	points := make([]bn254.G1Affine, 0, len(g.claims)*(2+len(g.vk.knowledge)))
	for _, c := range g.claims {
		points = append(append(points, c.proof.A, c.proof.C), c.proof.Commitments...)
		if len(g.vk.knowledge) > 0 {
			points = append(points, c.proof.Knowledge)
		}
	}
	tables := oddMultiples(points)
	each := len(tables) / len(g.claims)
	scaled := make([]bn254.G1Jac, len(g.claims))
	var sumC, sumCommitments terms
	knowledge := make([]terms, len(g.vk.knowledge))
	for i, c := range g.claims {
		own := tables[i*each : (i+1)*each]
		var a terms
		a.scale(&own[0], &g.r[i])
		scaled[i] = a.sum()
		sumC.scale(&own[1], &g.r[i])
		inputs := c.inputs
		if len(knowledge) > 0 {
			all, challenge, err := g.vk.hashCommitments(c.proof, inputs)
			if err != nil {
				return err
			}
			inputs = all
			for j := range c.proof.Commitments {
				sumCommitments.scale(&own[2+j], &g.r[i])
			}
			addKnowledge(knowledge, own[2:], &g.s[i], &challenge)
		}
		g.addInputs(inputs, &g.r[i])
	}
	g.c, g.commitments = sumC.sum(), sumCommitments.sum()
	for i := range knowledge {
		g.knowledge[i] = knowledge[i].sum()
	}
	ab, err := bn254.MillerLoopFixedQ(bn254.BatchJacobianToAffineG1(scaled), b)
	if err != nil {
		return fmt.Errorf("%w: %s", proof.ErrInternal, err)
	}
	g.ab = ab
	return nil
}

// addInputs adds the inputs of a claim, and one for the constant.
func (s *sums) addInputs(inputs []fr.Element, r *coefficient) {
	value := r.value()
	s.k[0].Add(&s.k[0], &value)
	for i := range inputs {
		var term fr.Element
		s.k[1+i].Add(&s.k[1+i], term.Mul(&inputs[i], &value))
	}
}

// addKnowledge adds the commitments and the proof of knowledge of a claim, given
// by their tables, folded by powers of the challenge as in checkKnowledge.
func addKnowledge(sums []terms, tables []multiples, s *coefficient, challenge *fr.Element) {
	last := len(sums) - 1
	sums[last].scale(&tables[last], s)
	sums[0].scale(&tables[0], s)
	weight := s.value()
	for i := 1; i < last; i++ {
		weight.Mul(&weight, challenge)
		sums[i].multiply(&tables[i], &weight)
	}
}
