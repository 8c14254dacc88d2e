package bn254

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// Sizes of encoded points and scalars in bytes.
const (
	G1Raw        = bn254.SizeOfG1AffineUncompressed
	G2Raw        = bn254.SizeOfG2AffineUncompressed
	G1Compressed = bn254.SizeOfG1AffineCompressed
	G2Compressed = bn254.SizeOfG2AffineCompressed
	Scalar       = fr.Bytes
)

// Reader takes values off the front of a buffer. Every point has the same form,
// raw or compressed: mixing them would give one key many encodings. Its errors
// are proof.ErrSize, proof.ErrEncoding and proof.ErrPoint.
type Reader struct {
	buf []byte
	raw bool
}

// NewReader reads buf, whose points are raw or compressed.
func NewReader(buf []byte, raw bool) *Reader { return &Reader{buf: buf, raw: raw} }

// IsRaw reports whether the encoded point that starts with the byte is raw.
func IsRaw(first byte) bool { return isRaw(first) }

// Raw reports whether the reader's points are raw.
func (r *Reader) Raw() bool { return r.raw }

// Left returns the number of bytes that are left.
func (r *Reader) Left() int { return len(r.buf) }

// Rest returns what is left, without taking it.
func (r *Reader) Rest() []byte { return r.buf }

// G1Size returns the length of an encoded point of G1 in bytes.
func (r *Reader) G1Size() int {
	if r.raw {
		return G1Raw
	}
	return G1Compressed
}

// G2Size returns the length of an encoded point of G2 in bytes.
func (r *Reader) G2Size() int {
	if r.raw {
		return G2Raw
	}
	return G2Compressed
}

// Next takes n bytes; what says in errors what they are.
func (r *Reader) Next(what string, n int) ([]byte, error) {
	if len(r.buf) < n {
		return nil, fmt.Errorf("%w: %s needs %d bytes, %d are left", proof.ErrSize, what, n, len(r.buf))
	}
	b := r.buf[:n]
	r.buf = r.buf[n:]
	return b, nil
}

// Uint32 takes an integer of four bytes.
func (r *Reader) Uint32(what string) (uint32, error) {
	b, err := r.Next(what, 4)
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint32(b), nil
}

// Uint64 takes an integer of eight bytes.
func (r *Reader) Uint64(what string) (uint64, error) {
	b, err := r.Next(what, 8)
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(b), nil
}

// Count takes the length of a list of items of itemSize bytes and bounds it by
// limit and by the bytes left, before anything is allocated for it.
func (r *Reader) Count(what string, limit, itemSize int) (int, error) {
	n, err := r.Uint32("number of " + what)
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

// End reports bytes that belong to nothing.
func (r *Reader) End() error {
	if len(r.buf) > 0 {
		return fmt.Errorf("%w: %d bytes too many at the end", proof.ErrSize, len(r.buf))
	}
	return nil
}

// Scalar takes an element of the scalar field, below its modulus.
func (r *Reader) Scalar(what string) (e fr.Element, err error) {
	b, err := r.Next(what, Scalar)
	if err != nil {
		return e, err
	}
	if err := e.SetBytesCanonical(b); err != nil {
		return e, fmt.Errorf("%w: %s is not below the scalar field's modulus", proof.ErrEncoding, what)
	}
	return e, nil
}

// G1 takes a point of G1: on the curve, in the subgroup, and infinity only where
// that is allowed.
func (r *Reader) G1(what string, infinity bool) (p bn254.G1Affine, err error) {
	b, err := r.form(what, r.G1Size())
	if err != nil {
		return p, err
	}
	switch {
	case !r.raw:
		_, err = p.SetBytes(b)
	case !isRawInfinity(b):
		if err = setElements(b, &p.X, &p.Y); err == nil {
			err = checkRaw(&p)
		}
	}
	if err != nil {
		return p, refuse(what, &p, err)
	}
	if p.IsInfinity() && !infinity {
		return p, fmt.Errorf("%w: %s is infinity", proof.ErrPoint, what)
	}
	return p, nil
}

// G2 takes a point of G2: on the curve, in the subgroup and never infinity.
func (r *Reader) G2(what string) (p bn254.G2Affine, err error) {
	if p, err = r.G2OnCurve(what); err != nil {
		return p, err
	}
	return p, CheckG2(what, &p)
}

// G2OnCurve takes a point like G2, but leaves it to the caller to check with CheckG2
// that it is in the subgroup.
func (r *Reader) G2OnCurve(what string) (p bn254.G2Affine, err error) {
	b, err := r.form(what, r.G2Size())
	if err != nil {
		return p, err
	}
	switch {
	case !r.raw:
		err = bn254.NewDecoder(bytes.NewReader(b), bn254.NoSubgroupChecks()).Decode(&p)
	case !isRawInfinity(b):
		if err = setElements(b, &p.X.A1, &p.X.A0, &p.Y.A1, &p.Y.A0); err == nil {
			err = checkRawOnCurve(&p)
		}
	}
	if err != nil {
		return bn254.G2Affine{}, refuse(what, &bn254.G2Affine{}, err)
	}
	if p.IsInfinity() {
		return p, fmt.Errorf("%w: %s is infinity", proof.ErrPoint, what)
	}
	return p, nil
}

// CheckG2 reports a point on the curve that is not in the subgroup. Error:
// proof.ErrPoint.
func CheckG2(what string, p *bn254.G2Affine) error {
	if !p.IsInSubGroup() {
		return refuse(what, p, errSubgroup)
	}
	return nil
}

// Scalars decodes n public inputs: 32-byte words, each below the scalar field's
// modulus. Error: proof.ErrPublicValues.
func Scalars(words []byte, n int) ([]fr.Element, error) {
	if len(words) != n*Scalar {
		return nil, fmt.Errorf("%w: %d public inputs need %d bytes, got %d", proof.ErrPublicValues, n, n*Scalar, len(words))
	}
	out := make([]fr.Element, n)
	for i := range out {
		if err := out[i].SetBytesCanonical(words[i*Scalar : (i+1)*Scalar]); err != nil {
			return nil, fmt.Errorf("%w: input %d is not below the scalar field's modulus", proof.ErrPublicValues, i)
		}
	}
	return out, nil
}

// Encode returns public inputs as 32-byte words: the form that Scalars reads.
func Encode(inputs []fr.Element) []byte {
	out := make([]byte, 0, len(inputs)*Scalar)
	for i := range inputs {
		out = append(out, inputs[i].Marshal()...)
	}
	return out
}

// setElements decodes coordinates, each below the modulus.
func setElements(b []byte, elements ...*fp.Element) error {
	for i, e := range elements {
		if err := e.SetBytesCanonical(b[i*fp.Bytes : (i+1)*fp.Bytes]); err != nil {
			return fmt.Errorf("coordinate %d is not below the field's modulus", i)
		}
	}
	return nil
}

// form takes the bytes of a point, whose first one must announce the form that
// the reader's points have.
func (r *Reader) form(what string, size int) ([]byte, error) {
	b, err := r.Next(what, size)
	if err == nil && r.raw != isRaw(b[0]) {
		err = fmt.Errorf("%w: %s has the flags of another form: compressed and uncompressed points do not mix", proof.ErrEncoding, what)
	}
	return b, err
}

// point is what the points of both groups can do.
type point interface {
	IsInfinity() bool
	IsOnCurve() bool
	IsInSubGroup() bool
}

// Causes of a refusal that are not about the encoding.
var (
	errCurve    = errors.New("not on the curve")
	errSubgroup = errors.New("not in the subgroup")
)

// checkRaw checks what gnark-crypto checks itself when it decompresses a point,
// and that coordinates do not spell infinity, which has a form of its own.
func checkRaw(p point) error {
	if err := checkRawOnCurve(p); err != nil {
		return err
	}
	if !p.IsInSubGroup() {
		return errSubgroup
	}
	return nil
}

// checkRawOnCurve is checkRaw without the subgroup.
func checkRawOnCurve(p point) error {
	switch {
	case p.IsInfinity():
		return errors.New("infinity is not written as this")
	case !p.IsOnCurve():
		return errCurve
	}
	return nil
}

// refuse turns what is wrong with a point into the package's errors. gnark-crypto
// has set a compressed point that is on the curve and fails for its subgroup only.
func refuse(what string, p point, err error) error {
	if !errors.Is(err, errCurve) && !p.IsInfinity() && p.IsOnCurve() {
		err = errSubgroup
	}
	if errors.Is(err, errCurve) || errors.Is(err, errSubgroup) {
		return fmt.Errorf("%w: %s is %s", proof.ErrPoint, what, err)
	}
	return fmt.Errorf("%w: %s: %s", proof.ErrEncoding, what, err)
}
