// Package risc0 verifies receipts of the RISC Zero zkVM: Groth16 over BN254 with
// five public inputs and no commitments. All releases share one key; what tells
// them apart is the control root, the root of the programs that may take part in
// the recursion behind the proof.
//
//	program    image id
//	digest     sha256 of the journal, which need not come with the proof
//	inputs     control root lo, hi; claim digest lo, hi; control id
//	proof      selector 4 | eight big-endian words: A.x A.y B.x1 B.x0 B.y1 B.y0 C.x C.y
//	key        as in package groth16; β₁ and δ₁ infinity, as a contract has none
//	constants  control_id 32 | control_root 32
//
// lo and hi are the first and the last 16 bytes of a digest, each read as a
// little-endian number. The control id is a field element and is held as a
// big-endian number, as the Solidity contracts hold it; the Rust code has its
// bytes in the opposite order. The control root is a digest and has one order.
//
// The claim is that the program halted with exit code 0 and wrote the journal,
// that it was given no committed input, and that nothing is left to assume. The
// selector is the first four bytes of the digest of control root, control id and
// key: it says which verifier a proof is for. File digest.go has both digests.
package risc0

import (
	"crypto/sha256"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// Name is the family's name.
const Name = "risc0-groth16"

// Names of the family's constants.
const (
	// ControlID is the id of the program that turns a proof into a Groth16 one.
	ControlID = "control_id"
	// ControlRoot is the root of the programs of the recursion.
	ControlRoot = "control_root"
)

// Sizes in the family's wire formats.
const (
	// SelectorSize is the length of a selector in bytes.
	SelectorSize = 4
	// ProofSize is the length of every proof in bytes.
	ProofSize = SelectorSize + bn254.PointsSize
	// headerSize is the length of a key up to the number of points K.
	headerSize = 3*wire.G1Raw + 3*wire.G2Raw
)

// Family is the family of RISC Zero verifiers.
type Family struct{}

var _ proof.Family = Family{}

// Name implements proof.Family.
func (Family) Name() string { return Name }

// Permissionless implements proof.Family: which control roots are RISC Zero's,
// the authority says.
func (Family) Permissionless() bool { return false }

// Digest implements proof.Family.
func (Family) Digest(publicValues []byte) [32]byte { return sha256.Sum256(publicValues) }
