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

// Verify implements proof.Key. Public values that come with the proof must hash
// to the digest.
func (k key) Verify(program, digest [32]byte, publicValues, bz []byte) error {
	return proof.Guard(func() error {
		if err := proof.CheckSizes(publicValues, bz); err != nil {
			return err
		}
		if err := checkStatement(program, digest); err != nil {
			return err
		}
		if publicValues != nil {
			if err := proof.CheckPublicValues(k.Digest(publicValues), digest); err != nil {
				return err
			}
		}
		p, err := bn254.ParsePoints(bz)
		if err != nil {
			return err
		}
		return k.vk.Verify(p, inputs(program, digest))
	})
}
