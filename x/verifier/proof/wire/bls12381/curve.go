// Package bls12381 reads the values that keys and proofs on BLS12-381 are made of:
// points, scalars and lengths, in gnark's encodings (those of Zcash) and in
// canonical form only (law V4). All integers are big-endian; a point is a pair of
// coordinates, or one coordinate if compressed, with three flag bits in the first
// byte; coordinates of G2 have their imaginary part first.
package bls12381

// rawInfinityFlag is the first byte of infinity, uncompressed; zeros follow.
const rawInfinityFlag = 0b010 << 5

// isRaw reads the three flag bits of an encoded point's first byte (compressed,
// infinity, larger root): only infinity may be set on an uncompressed point, for
// the third bit belongs to compressed ones.
func isRaw(first byte) bool { return first>>5 == 0 || first>>5 == rawInfinityFlag>>5 }

// isRawInfinity reports whether b is infinity uncompressed: the flag, then zeros
// only.
func isRawInfinity(b []byte) bool {
	if b[0] != rawInfinityFlag {
		return false
	}
	for _, c := range b[1:] {
		if c != 0 {
			return false
		}
	}
	return true
}
