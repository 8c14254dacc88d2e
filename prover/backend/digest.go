package backend

import "crypto/sha256"

// CircuitDigest is the digest of a circuit's public values in a request (law
// V2): their sha256 with the top three bits cleared.
func CircuitDigest(publicValues []byte) [32]byte {
	sum := sha256.Sum256(publicValues)
	sum[0] &= 0x1f
	return sum
}
