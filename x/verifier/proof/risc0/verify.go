package risc0

import (
	"crypto/sha256"
	"fmt"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
)

// Shape implements proof.Key.
func (k *key) Shape() proof.Shape { return k.shape }

// NeedsPublicValues implements proof.Key.
func (*key) NeedsPublicValues() bool { return false }

// Digest implements proof.Key.
func (*key) Digest(publicValues []byte) [32]byte { return sha256.Sum256(publicValues) }

// CheckStatement implements proof.Key: image id and digest are SHA-256 digests,
// so every value of 32 bytes is in range.
func (*key) CheckStatement(_, _ [32]byte) error { return nil }

// Prepare implements proof.Key. A journal that comes with the proof must hash to
// the digest.
func (k *key) Prepare(program, digest [32]byte, publicValues, bz []byte) (proof.Claim, error) {
	return proof.Prepare(func() (proof.Claim, error) {
		if err := proof.CheckSizes(publicValues, bz); err != nil {
			return nil, err
		}
		if publicValues != nil {
			if err := proof.CheckPublicValues(k.Digest(publicValues), digest); err != nil {
				return nil, err
			}
		}
		if len(bz) != ProofSize {
			return nil, fmt.Errorf("%w: a RISC Zero proof has %d bytes, got %d", proof.ErrSize, ProofSize, len(bz))
		}
		if err := k.checkSelector([SelectorSize]byte(bz)); err != nil {
			return nil, err
		}
		p, err := bn254.ParsePoints(bz[SelectorSize:])
		if err != nil {
			return nil, err
		}
		return k.vk.Claim(p, claimInputs(program, digest))
	})
}

// Verify implements proof.Key.
func (k *key) Verify(program, digest [32]byte, publicValues, bz []byte) error {
	return proof.Verify(k, program, digest, publicValues, bz)
}

// checkSelector reports a proof that is for another verifier. Error:
// proof.ErrInvalidProof.
func (k *key) checkSelector(got [SelectorSize]byte) error {
	if got == k.selector {
		return nil
	}
	return fmt.Errorf("%w: its selector is %s, this verifier's is %s; prove with the same RISC Zero release, or name the proof's verifier",
		proof.ErrInvalidProof, describe(got), describe(k.selector))
}
