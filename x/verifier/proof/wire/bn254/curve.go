// Package bn254 reads the values that keys and proofs on BN254 are made of:
// points, scalars and lengths, in gnark's encodings and in canonical form only
// (law V4). All integers are big-endian; a point is a pair of coordinates, or one
// coordinate with two flag bits if compressed; coordinates of G2 have their imaginary
// part first.
package bn254

// isRaw reads the two flag bits of an encoded point's first byte: zero for an
// uncompressed point.
func isRaw(first byte) bool { return first>>6 == 0 }

// isRawInfinity reports whether b is infinity uncompressed: zeros only.
func isRawInfinity(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
