package proof

import (
	"crypto/sha256"
	"fmt"
)

// digestMask clears the top three bits of a digest's first byte, so that it is
// below 2²⁵³ and thereby below the scalar field's modulus of every curve here.
const digestMask = 0xff >> 3

// MaskedDigest returns sha256(publicValues) with the top three bits cleared: the
// digest of circuits, Pico and SP1.
func MaskedDigest(publicValues []byte) [32]byte {
	d := sha256.Sum256(publicValues)
	d[0] &= digestMask
	return d
}

// CheckMaskedDigest reports whether digest can be a masked one. Error: ErrDigest.
func CheckMaskedDigest(digest [32]byte) error {
	if digest[0]&^digestMask != 0 {
		return fmt.Errorf("%w: the top three bits must be zero", ErrDigest)
	}
	return nil
}

// CheckPublicValues reports whether public values that came with a proof hash to
// the statement's digest; got is their digest under the family's rule. Error:
// ErrPublicValues.
func CheckPublicValues(got, digest [32]byte) error {
	if got != digest {
		return fmt.Errorf("%w: they hash to %x, the statement says %x", ErrPublicValues, got, digest)
	}
	return nil
}
