package bls12381

// rawInfinityFlag is the first byte of infinity, uncompressed; zeros follow.
const rawInfinityFlag = 0b010 << 5

// isRaw reads the three flag bits of an encoded point's first byte: the highest
// one is zero for an uncompressed point. The lowest one belongs to compressed
// points only.
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
