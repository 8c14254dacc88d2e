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
