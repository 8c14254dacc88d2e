// Package domainhash computes the domain-separated hashes that name things on
// the chain: request ids, circuit ids, bid commitments.
//
// The pre-image is domain ‖ part ‖ part …, where ‖ joins parts that are each
// prefixed by their length as a big-endian u32, so that no two different lists
// of parts share a pre-image. Domains read "proofmarket/<thing>/v1".
package domainhash

import (
	"crypto/sha256"
	"encoding/binary"
	"math/big"
)

// Size is the length of a hash in bytes.
const Size = sha256.Size

// AmountSize is the length of an encoded amount in bytes.
const AmountSize = 32

// Sum returns sha256(domain ‖ parts…). A part must be shorter than 4 GiB.
func Sum(domain string, parts ...[]byte) [Size]byte {
	h := sha256.New()
	write := func(part []byte) {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(part)))
		h.Write(n[:])
		h.Write(part)
	}
	write([]byte(domain))
	for _, p := range parts {
		write(p)
	}
	var sum [Size]byte
	h.Sum(sum[:0])
	return sum
}

// Uint64 encodes an integer as a part: 8 bytes, big-endian.
func Uint64(n uint64) []byte {
	return binary.BigEndian.AppendUint64(nil, n)
}

// Amount encodes an amount as a part: 32 bytes, big-endian. It reports false
// for an amount that is nil, negative or longer than 256 bits.
func Amount(n *big.Int) ([]byte, bool) {
	if n == nil || n.Sign() < 0 || n.BitLen() > 8*AmountSize {
		return nil, false
	}
	return n.FillBytes(make([]byte, AmountSize)), true
}

// Bool encodes a flag as a part: one byte, 0 or 1.
func Bool(b bool) []byte {
	if b {
		return []byte{1}
	}
	return []byte{0}
}
