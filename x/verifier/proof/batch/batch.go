// Package batch verifies many proofs at once, of any families and keys, with the
// verdict on each that its key alone would give (law V7).
//
// Every item is first prepared by itself: sizes, statement, public values, points
// and their subgroups. What is left is pairings. Groth16 proofs on one curve share
// one equation whatever their families and keys: where many share a key, each costs
// about a third of what it costs alone. PLONK proofs are verified one by one. All
// of it spreads over the processor's cores.
package batch

import (
	"runtime"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bls12381"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
)

// Item is what a key is asked to verify: the arguments of proof.Key's Verify.
type Item struct {
	Key             proof.Key
	Program, Digest [32]byte
	PublicValues    []byte // nil if they did not come with the proof
	Proof           []byte
}

// Verify verifies items on up to workers goroutines at once, or as many as may run
// at the same time if workers is not positive. The errors are, in order, those
// that Verify of each item's key returns; nil for a proof that is valid.
//
// There is no limit to the number of items: memory grows by about 2 KiB for each,
// beside what it refers to.
func Verify(items []Item, workers int) []error {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	verdicts := make([]error, len(items))
	claims := make([]proof.Claim, len(items))
	_ = proof.Each(workers, len(items), func(i int) error {
		verdicts[i] = proof.Guard(func() (err error) {
			claims[i], err = items[i].Key.Prepare(items[i].Program, items[i].Digest, items[i].PublicValues, items[i].Proof)
			return err
		})
		return nil
	})
	var onBN254 group[*bn254.Claim]
	var onBLS12381 group[*bls12381.Claim]
	var alone []int
	for i, claim := range claims {
		switch {
		case verdicts[i] != nil, onBN254.take(i, claim), onBLS12381.take(i, claim):
		default:
			alone = append(alone, i)
		}
	}
	onBN254.verify(verdicts, workers, bn254.VerifyBatch)
	onBLS12381.verify(verdicts, workers, bls12381.VerifyBatch)
	_ = proof.Each(workers, len(alone), func(i int) error {
		verdicts[alone[i]] = proof.Guard(func() error { return claims[alone[i]].Verify() })
		return nil
	})
	return verdicts
}

// group holds the claims that share an equation, with their places among all.
type group[C proof.Claim] struct {
	at     []int
	claims []C
}

// take takes a claim if it is of the group's kind.
func (g *group[C]) take(i int, claim proof.Claim) bool {
	c, ok := claim.(C)
	if ok {
		g.at, g.claims = append(g.at, i), append(g.claims, c)
	}
	return ok
}

// verify sets the verdicts on the group's claims.
func (g *group[C]) verify(verdicts []error, workers int, verify func([]C, int) []error) {
	for i, err := range verify(g.claims, workers) {
		verdicts[g.at[i]] = err
	}
}
