package risc0

import (
	"crypto/sha256"
	"encoding/binary"

	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// Sources of the formulas of this file: ReceiptClaimLib, OutputLib and
// SystemStateLib in contracts/src/IRiscZeroVerifier.sol, and the constructor of
// contracts/src/groth16/RiscZeroGroth16Verifier.sol, of risc0/risc0-ethereum.

// digest is a SHA-256 digest.
type digest = [sha256.Size]byte

// exitCode says how a program ended: the machine's part (0: halted, 1: paused,
// 2: split) and the program's own.
type exitCode struct{ system, user uint32 }

// success is the only exit code that a statement is about.
var success = exitCode{}

// taggedStruct returns RISC Zero's digest of a struct: of its name's digest, the
// digests of its fields, its other fields as bytes, and the number of digests.
func taggedStruct(name string, down []digest, data []byte) digest {
	h := sha256.New()
	tag := sha256.Sum256([]byte(name))
	h.Write(tag[:])
	for i := range down {
		h.Write(down[i][:])
	}
	h.Write(data)
	h.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(down))))
	return digest(h.Sum(nil))
}

// taggedList returns RISC Zero's digest of a list: each item hashed with the
// digest of the items after it, which for none is zero.
func taggedList(name string, items []digest) (d digest) {
	for i := len(items) - 1; i >= 0; i-- {
		d = taggedStruct(name, []digest{items[i], d}, nil)
	}
	return d
}

// claimDigest returns the digest of the claim that the program ended with the
// exit code and wrote a journal of that digest, without input and assumptions.
func claimDigest(imageID, journal digest, exit exitCode) digest {
	// A halted program has no state to go on from: counter and memory are zero.
	after := taggedStruct("risc0.SystemState", []digest{{}}, binary.LittleEndian.AppendUint32(nil, 0))
	output := taggedStruct("risc0.Output", []digest{journal, {}}, nil)
	exitBytes := binary.LittleEndian.AppendUint32(nil, exit.system)
	exitBytes = binary.LittleEndian.AppendUint32(exitBytes, exit.user)
	return taggedStruct("risc0.ReceiptClaim", []digest{{}, imageID, after, output}, exitBytes)
}

// keyDigest returns the digest of a canonical key of the family's shape: of α, β,
// γ, δ and the list of points K.
func keyDigest(key []byte) digest {
	const alpha, beta, gamma = 0, 2 * wire.G1Raw, 2*wire.G1Raw + wire.G2Raw // β₁ is left out
	const delta = gamma + wire.G2Raw + wire.G1Raw                           // δ₁ is left out
	const k = headerSize + 4
	var points [1 + publicInputs]digest
	for i := range points {
		points[i] = sha256.Sum256(key[k+i*wire.G1Raw : k+(i+1)*wire.G1Raw])
	}
	return taggedStruct("risc0_groth16.VerifyingKey", []digest{
		sha256.Sum256(key[alpha : alpha+wire.G1Raw]),
		sha256.Sum256(key[beta : beta+wire.G2Raw]),
		sha256.Sum256(key[gamma : gamma+wire.G2Raw]),
		sha256.Sum256(key[delta : delta+wire.G2Raw]),
		taggedList("risc0_groth16.VerifyingKey.IC", points[:]),
	}, nil)
}

// parametersDigest returns the digest of all that a verifier depends on. The
// first bytes of it are the selector.
func parametersDigest(c constants, key []byte) digest {
	return taggedStruct("risc0.Groth16ReceiptVerifierParameters",
		[]digest{c.controlRoot, reversed(c.controlID), keyDigest(key)}, nil)
}

// reversed returns the bytes in the opposite order.
func reversed(d digest) (r digest) {
	for i := range d {
		r[len(d)-1-i] = d[i]
	}
	return r
}
