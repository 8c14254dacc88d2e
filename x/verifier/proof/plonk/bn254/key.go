package bn254

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// VerifyingKey is a parsed and prepared key. It never changes and is safe for
// concurrent use.
type VerifyingKey struct {
	shape     proof.Shape
	canonical []byte
	hash      [sha256.Size]byte // of canonical

	domain                   domain
	permutation              [3]bn254.G1Affine // S₁, S₂, S₃
	left, right, mul, output bn254.G1Affine    // selectors of the gates' wires
	constant                 bn254.G1Affine    // selector of the gates' constants
	commitments              []bn254.G1Affine  // selector for each commitment
	rows                     []uint64          // for each commitment, its row after the public inputs
	rowPoints                []fr.Element      // for each commitment, the element of the domain at its row
	srs                      SRS
	lines                    [2]lines // of srs.G2
}

// SRS is the part of a key that comes from the trusted setup. Whoever knows the
// secret τ can prove anything, so families that only the authority registers pin
// it; for a circuit it is part of the key (law V6).
type SRS struct {
	G1 bn254.G1Affine
	G2 [2]bn254.G2Affine // the generator, and τ times it
}

// Bytes returns the points uncompressed, in the order that keys have them.
func (s SRS) Bytes() []byte {
	a, b, c := s.G1.RawBytes(), s.G2[0].RawBytes(), s.G2[1].RawBytes()
	return append(append(append([]byte{}, a[:]...), b[:]...), c[:]...)
}

// ParseKey parses a key in gnark's WriteRawTo or WriteTo form, versioned or not,
// with KZG lines, which it drops unseen, or without. Errors: proof.ErrSize,
// proof.ErrEncoding, proof.ErrPoint.
func ParseKey(key []byte) (*VerifyingKey, error) {
	l, err := scan(key)
	if err != nil {
		return nil, err
	}
	return parse(key, l)
}

// ParseCanonicalKey parses a key in canonical form only. Errors: those of ParseKey.
func ParseCanonicalKey(key []byte) (*VerifyingKey, error) {
	l, err := scan(key)
	if err != nil {
		return nil, err
	}
	if !l.canonical() {
		return nil, fmt.Errorf("%w: convert the key to gnark's WriteRawTo form, without KZG lines", proof.ErrEncoding)
	}
	vk, err := parse(key, l)
	if err == nil && !bytes.Equal(vk.canonical, key) {
		return nil, fmt.Errorf("%w: the key differs from what it encodes to", proof.ErrEncoding)
	}
	return vk, err
}

// ParsePublishedKey parses a key in the form that zkVMs publish: gnark's WriteTo
// form, whose points are compressed, versioned or not, without the KZG lines.
// Errors: those of ParseKey.
func ParsePublishedKey(key []byte) (*VerifyingKey, error) {
	l, err := scan(key)
	if err != nil {
		return nil, err
	}
	if l.raw || l.lines {
		return nil, fmt.Errorf("%w: use gnark's WriteTo form of the key, without KZG lines", proof.ErrEncoding)
	}
	return parse(key, l)
}

// Canonicalize converts a key of any form that ParseKey reads to the canonical
// one. Errors: those of ParseKey.
func Canonicalize(key []byte) ([]byte, error) {
	vk, err := ParseKey(key)
	if err != nil {
		return nil, err
	}
	return vk.Canonical(), nil
}

// Shape returns the key's number of public inputs and commitments.
func (vk *VerifyingKey) Shape() proof.Shape { return vk.shape }

// Canonical returns the key in canonical form. The caller must not change it.
func (vk *VerifyingKey) Canonical() []byte { return vk.canonical }

// SRS returns the points of the trusted setup.
func (vk *VerifyingKey) SRS() SRS { return vk.srs }

// parse reads a key whose lengths scan has checked.
func parse(key []byte, l layout) (vk *VerifyingKey, err error) {
	vk = &VerifyingKey{shape: l.shape}
	r := wire.NewReader(key[l.header():], l.raw)
	if err := vk.domain.read(r); err != nil {
		return nil, err
	}
	if err := vk.readPoints(r); err != nil {
		return nil, err
	}
	if l.lines {
		if _, err := r.Next("lines", LinesSize); err != nil {
			return nil, err
		}
	}
	if err := vk.readRows(r); err != nil {
		return nil, err
	}
	if err := r.End(); err != nil {
		return nil, err
	}
	for i := range vk.lines {
		vk.lines[i] = bn254.PrecomputeLines(vk.srs.G2[i])
	}
	vk.canonical = vk.encode()
	vk.hash = sha256.Sum256(vk.canonical)
	return vk, nil
}

// readPoints reads the selectors, which may be infinity: a polynomial that is
// zero has that commitment; and the SRS, which may not.
func (vk *VerifyingKey) readPoints(r *wire.Reader) (err error) {
	for _, p := range []*bn254.G1Affine{
		&vk.permutation[0], &vk.permutation[1], &vk.permutation[2],
		&vk.left, &vk.right, &vk.mul, &vk.output, &vk.constant,
	} {
		if *p, err = r.G1("selector", true); err != nil {
			return err
		}
	}
	n, err := r.Count("commitments", proof.MaxCommitments, r.G1Size())
	if err != nil {
		return err
	}
	vk.commitments = make([]bn254.G1Affine, n)
	for i := range vk.commitments {
		if vk.commitments[i], err = r.G1("commitment selector", true); err != nil {
			return err
		}
	}
	if vk.srs.G1, err = r.G1("SRS in G1", false); err != nil {
		return err
	}
	for i := range vk.srs.G2 {
		if vk.srs.G2[i], err = r.G2("SRS in G2"); err != nil {
			return err
		}
	}
	return nil
}

// readRows reads the row of each commitment, where its hash enters the circuit
// as if it were a public input.
func (vk *VerifyingKey) readRows(r *wire.Reader) error {
	n, err := r.Count("rows of commitments", proof.MaxCommitments, 8)
	if err != nil {
		return err
	}
	vk.rows, vk.rowPoints = make([]uint64, n), make([]fr.Element, n)
	for i := range vk.rows {
		if vk.rows[i], err = r.Uint64("row of a commitment"); err != nil {
			return err
		}
		if free := vk.domain.size - vk.domain.inputs; vk.rows[i] >= free {
			return fmt.Errorf("%w: commitment %d is in row %d, the circuit has %d", proof.ErrEncoding, i, vk.rows[i], free)
		}
		vk.rowPoints[i] = vk.domain.at(vk.domain.inputs + vk.rows[i])
	}
	return nil
}

// encode returns the key in canonical form.
func (vk *VerifyingKey) encode() []byte {
	out := binary.BigEndian.AppendUint64(nil, versionMarker)
	out = binary.BigEndian.AppendUint64(out, version)
	out = vk.domain.append(out)
	out = vk.appendSelectors(out)
	out = binary.BigEndian.AppendUint32(out, uint32(len(vk.commitments)))
	out = vk.appendCommitmentSelectors(out)
	out = append(out, vk.srs.Bytes()...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(vk.rows)))
	for _, row := range vk.rows {
		out = binary.BigEndian.AppendUint64(out, row)
	}
	return out
}

// appendSelectors appends the permutation and the gates' selectors, in the order
// that keys and transcripts have them.
func (vk *VerifyingKey) appendSelectors(out []byte) []byte {
	return appendPoints(out, &vk.permutation[0], &vk.permutation[1], &vk.permutation[2],
		&vk.left, &vk.right, &vk.mul, &vk.output, &vk.constant)
}

// appendCommitmentSelectors appends the selector of each commitment.
func (vk *VerifyingKey) appendCommitmentSelectors(out []byte) []byte {
	for i := range vk.commitments {
		out = appendPoints(out, &vk.commitments[i])
	}
	return out
}

// appendPoints appends points uncompressed.
func appendPoints(out []byte, points ...*bn254.G1Affine) []byte {
	for _, p := range points {
		raw := p.RawBytes()
		out = append(out, raw[:]...)
	}
	return out
}
