package groth16

import (
	"encoding/binary"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// Sizes of encoded points in bytes.
const (
	g1Raw        = bn254.SizeOfG1AffineUncompressed
	g2Raw        = bn254.SizeOfG2AffineUncompressed
	g1Compressed = bn254.SizeOfG1AffineCompressed
	g2Compressed = bn254.SizeOfG2AffineCompressed
)

// The two highest bits of an encoded point's first byte say how it is encoded.
const (
	formMask byte = 0b11 << 6
	formRaw  byte = 0b00 << 6
)

// reader takes values off the front of buf. Every point has the same form, raw
// or compressed: mixing them would give one key many encodings.
type reader struct {
	buf []byte
	raw bool
}

func (r *reader) g1Size() int {
	if r.raw {
		return g1Raw
	}
	return g1Compressed
}

func (r *reader) g2Size() int {
	if r.raw {
		return g2Raw
	}
	return g2Compressed
}

// next takes n bytes.
func (r *reader) next(what string, n int) ([]byte, error) {
	if len(r.buf) < n {
		return nil, fmt.Errorf("%w: %s needs %d bytes, %d are left", proof.ErrSize, what, n, len(r.buf))
	}
	b := r.buf[:n]
	r.buf = r.buf[n:]
	return b, nil
}

func (r *reader) uint32(what string) (uint32, error) {
	b, err := r.next(what, 4)
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint32(b), nil
}

// count reads the length of a list of items of itemSize bytes and bounds it by
// limit and by the bytes left, before anything is allocated for it.
func (r *reader) count(what string, limit, itemSize int) (int, error) {
	n, err := r.uint32("number of " + what)
	if err != nil {
		return 0, err
	}
	if uint64(n) > uint64(limit) {
		return 0, fmt.Errorf("%w: claims %d %s, at most %d are allowed", proof.ErrSize, n, what, limit)
	}
	if need := int(n) * itemSize; len(r.buf) < need {
		return 0, fmt.Errorf("%w: claims %d %s, which need %d bytes, but %d are left", proof.ErrSize, n, what, need, len(r.buf))
	}
	return int(n), nil
}

// end reports bytes that belong to nothing.
func (r *reader) end() error {
	if len(r.buf) > 0 {
		return fmt.Errorf("%w: %d bytes too many at the end", proof.ErrSize, len(r.buf))
	}
	return nil
}

// g1 reads a point of G1. BN254's G1 has prime order: on the curve means in the
// subgroup.
func (r *reader) g1(what string, infinity bool) (p bn254.G1Affine, err error) {
	b, err := r.next(what, r.g1Size())
	if err != nil {
		return p, err
	}
	if err := checkForm(what, b, r.raw); err != nil {
		return p, err
	}
	if r.raw {
		err = setElements(b, &p.X, &p.Y)
	} else {
		_, err = p.SetBytes(b)
	}
	if err != nil {
		return p, fmt.Errorf("%w: %s: %s", proof.ErrEncoding, what, err)
	}
	if p.IsInfinity() {
		return p, checkInfinity(what, infinity)
	}
	if !p.IsOnCurve() || !p.IsInSubGroup() {
		return p, fmt.Errorf("%w: %s is not on the curve", proof.ErrPoint, what)
	}
	return p, nil
}

// g2 reads a point of G2, which is never allowed to be infinity.
func (r *reader) g2(what string) (p bn254.G2Affine, err error) {
	b, err := r.next(what, r.g2Size())
	if err != nil {
		return p, err
	}
	if err := checkForm(what, b, r.raw); err != nil {
		return p, err
	}
	if r.raw {
		err = setElements(b, &p.X.A1, &p.X.A0, &p.Y.A1, &p.Y.A0)
	} else {
		err = setCompressedG2(&p, b)
	}
	if err != nil {
		return p, fmt.Errorf("%w: %s: %s", proof.ErrEncoding, what, err)
	}
	if p.IsInfinity() {
		return p, checkInfinity(what, false)
	}
	if !p.IsOnCurve() {
		return p, fmt.Errorf("%w: %s is not on the curve", proof.ErrPoint, what)
	}
	if !p.IsInSubGroup() {
		return p, fmt.Errorf("%w: %s is not in the subgroup", proof.ErrPoint, what)
	}
	return p, nil
}

// setCompressedG2 decodes a compressed point; a point outside the subgroup is
// left for the caller to report, as for raw points.
func setCompressedG2(p *bn254.G2Affine, b []byte) error {
	_, err := p.SetBytes(b)
	if err != nil && !p.IsInfinity() && p.IsOnCurve() {
		return nil
	}
	return err
}

// setElements decodes big-endian field elements, each below the modulus.
func setElements(b []byte, elements ...*fp.Element) error {
	for i, e := range elements {
		if err := e.SetBytesCanonical(b[i*fp.Bytes : (i+1)*fp.Bytes]); err != nil {
			return fmt.Errorf("coordinate %d is not below the field's modulus", i)
		}
	}
	return nil
}

// checkForm reports a point whose first byte announces the other form.
func checkForm(what string, b []byte, raw bool) error {
	if raw != (b[0]&formMask == formRaw) {
		return fmt.Errorf("%w: %s mixes compressed and uncompressed points", proof.ErrEncoding, what)
	}
	return nil
}

func checkInfinity(what string, allowed bool) error {
	if !allowed {
		return fmt.Errorf("%w: %s is infinity", proof.ErrPoint, what)
	}
	return nil
}
