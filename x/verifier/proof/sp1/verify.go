package sp1

import (
	"fmt"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// key is a parsed SP1 key with its constants.
type key struct {
	shape    proof.Shape
	selector [selectorSize]byte
	vkRoot   word // zero before v6
	bodySize int
	claim    claimFunc
}

var _ proof.Key = (*key)(nil)

// Shape implements proof.Key.
func (k *key) Shape() proof.Shape { return k.shape }

// NeedsPublicValues implements proof.Key.
func (*key) NeedsPublicValues() bool { return false }

// Digest implements proof.Key.
func (*key) Digest(publicValues []byte) [32]byte { return proof.MaskedDigest(publicValues) }

// CheckStatement implements proof.Key: program keys are below 2²⁴⁸, digests below
// 2²⁵³.
func (*key) CheckStatement(program, digest [32]byte) error { return checkStatement(program, digest) }

// Prepare implements proof.Key. Public values that come with the proof must hash
// to the digest.
func (k *key) Prepare(program, digest [32]byte, publicValues, bz []byte) (proof.Claim, error) {
	return proof.Prepare(func() (proof.Claim, error) {
		if err := proof.CheckSizes(publicValues, bz); err != nil {
			return nil, err
		}
		if err := checkStatement(program, digest); err != nil {
			return nil, err
		}
		if publicValues != nil {
			if err := proof.CheckPublicValues(proof.MaskedDigest(publicValues), digest); err != nil {
				return nil, err
			}
		}
		h, body, err := k.split(bz)
		if err != nil {
			return nil, err
		}
		if err := k.checkHeader(h); err != nil {
			return nil, err
		}
		inputs, err := publicInputs(program, digest, h)
		if err != nil {
			return nil, err
		}
		return k.claim(body, inputs)
	})
}

// Verify implements proof.Key.
func (k *key) Verify(program, digest [32]byte, publicValues, bz []byte) error {
	return proof.Verify(k, program, digest, publicValues, bz)
}

// checkHeader reports a v6 proof of a failed execution, or of one that SP1's own
// recursion programs did not check. Error: proof.ErrInvalidProof.
func (k *key) checkHeader(h header) error {
	if !h.present {
		return nil
	}
	if h.exitCode != (word{}) {
		return fmt.Errorf("%w: the program ended with exit code %x, only 0 is a success", proof.ErrInvalidProof, h.exitCode)
	}
	if h.vkRoot != k.vkRoot {
		return fmt.Errorf("%w: it is for vk root %x, this verifier's is %x", proof.ErrInvalidProof, h.vkRoot, k.vkRoot)
	}
	return nil
}
