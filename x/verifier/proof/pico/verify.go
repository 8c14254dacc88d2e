package pico

import (
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
)

// Shape implements proof.Key.
func (k key) Shape() proof.Shape { return k.vk.Shape() }

// NeedsPublicValues implements proof.Key.
func (key) NeedsPublicValues() bool { return false }

// Digest implements proof.Key.
func (key) Digest(publicValues []byte) [32]byte { return proof.MaskedDigest(publicValues) }

// CheckStatement implements proof.Key.
func (key) CheckStatement(program, digest [32]byte) error { return checkStatement(program, digest) }

// Prepare implements proof.Key. Public values that come with the proof must hash
// to the digest.
func (k key) Prepare(program, digest [32]byte, publicValues, bz []byte) (proof.Claim, error) {
	return proof.Prepare(func() (proof.Claim, error) {
		if err := proof.CheckSizes(publicValues, bz); err != nil {
			return nil, err
		}
		if err := checkStatement(program, digest); err != nil {
			return nil, err
		}
		if publicValues != nil {
			if err := proof.CheckPublicValues(k.Digest(publicValues), digest); err != nil {
				return nil, err
			}
		}
		p, err := bn254.ParsePoints(bz)
		if err != nil {
			return nil, err
		}
		return k.vk.Claim(p, inputs(program, digest))
	})
}

// Verify implements proof.Key.
func (k key) Verify(program, digest [32]byte, publicValues, bz []byte) error {
	return proof.Verify(k, program, digest, publicValues, bz)
}
