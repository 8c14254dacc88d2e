package bn254

import (
	"encoding/binary"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// Proof is a parsed proof: every point is on its curve, and all but B are in their
// subgroup. That of B takes longer to check than all the rest, and a batch has a
// shorter way to it: a claim's Verify sees to it.
type Proof struct {
	// A, B, C are the proof's points, none of them infinity.
	A, C bn254.G1Affine
	B    bn254.G2Affine
	// Commitments are the prover's commitments; they may be infinity.
	Commitments []bn254.G1Affine
	// Knowledge is the folded proof of knowledge of the commitments.
	Knowledge bn254.G1Affine
}

// RawSize returns the length of a raw proof with n commitments, in bytes.
func RawSize(n int) int { return 2*wire.G1Raw + wire.G2Raw + 4 + (n+1)*wire.G1Raw }

// CompressedSize returns the length of a compressed proof with n commitments,
// in bytes.
func CompressedSize(n int) int {
	return 2*wire.G1Compressed + wire.G2Compressed + 4 + (n+1)*wire.G1Compressed
}

// ParseProof parses a proof for a key with n commitments, in gnark's WriteRawTo
// or WriteTo form. Errors: proof.ErrSize, proof.ErrEncoding, proof.ErrPoint.
func ParseProof(bz []byte, n int) (*Proof, error) {
	if len(bz) != RawSize(n) && len(bz) != CompressedSize(n) {
		return nil, fmt.Errorf("%w: a proof for this key has %d bytes, or %d if compressed, got %d",
			proof.ErrSize, RawSize(n), CompressedSize(n), len(bz))
	}
	r := wire.NewReader(bz, len(bz) == RawSize(n))
	p, err := readABC(r)
	if err != nil {
		return nil, err
	}
	count, err := r.Uint32("number of commitments")
	if err != nil {
		return nil, err
	}
	if uint64(count) != uint64(n) {
		return nil, fmt.Errorf("%w: the proof claims %d commitments, the key has %d", proof.ErrEncoding, count, n)
	}
	p.Commitments = make([]bn254.G1Affine, n)
	for i := range p.Commitments {
		if p.Commitments[i], err = r.G1("commitment", true); err != nil {
			return nil, err
		}
	}
	if p.Knowledge, err = r.G1("proof of knowledge", true); err != nil {
		return nil, err
	}
	if n == 0 && !p.Knowledge.IsInfinity() {
		return nil, fmt.Errorf("%w: without commitments the proof of knowledge must be infinity", proof.ErrPoint)
	}
	return p, r.End()
}

// PointsSize is the length of a proof that is nothing but A, B and C, in bytes.
const PointsSize = 2*wire.G1Raw + wire.G2Raw

// ParsePoints parses a proof that is nothing but uncompressed A, B and C, for a
// key without commitments: eight words, the imaginary parts of B first. Errors:
// those of ParseProof.
func ParsePoints(bz []byte) (*Proof, error) {
	if len(bz) != PointsSize {
		return nil, fmt.Errorf("%w: a proof has %d bytes, got %d", proof.ErrSize, PointsSize, len(bz))
	}
	return readABC(wire.NewReader(bz, true))
}

// nameB is what errors call B.
const nameB = "proof B"

func readABC(r *wire.Reader) (p *Proof, err error) {
	p = &Proof{}
	if p.A, err = r.G1("proof A", false); err != nil {
		return nil, err
	}
	if p.B, err = r.G2OnCurve(nameB); err != nil {
		return nil, err
	}
	if p.C, err = r.G1("proof C", false); err != nil {
		return nil, err
	}
	return p, nil
}

// Raw returns the proof in gnark's WriteRawTo form.
func (p *Proof) Raw() []byte {
	a, b, c := p.A.RawBytes(), p.B.RawBytes(), p.C.RawBytes()
	out := append(append(append([]byte{}, a[:]...), b[:]...), c[:]...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(p.Commitments)))
	for i := range p.Commitments {
		raw := p.Commitments[i].RawBytes()
		out = append(out, raw[:]...)
	}
	raw := p.Knowledge.RawBytes()
	return append(out, raw[:]...)
}
