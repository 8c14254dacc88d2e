package bn254

import (
	"encoding/binary"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// Numbers of points and scalars in a proof that its commitments don't change.
const (
	fixedPoints = 9 // wires, grand product, quotient and openings
	fixedValues = 5 // wires and permutation
)

// Proof is a parsed proof: every point is on its curve and in its subgroup, and
// may be infinity.
type Proof struct {
	// Wires are the commitments to the left, right and output wires.
	Wires [3]bn254.G1Affine
	// Product is the commitment to the permutation's grand product.
	Product bn254.G1Affine
	// Quotient are the commitments to the three parts of the quotient.
	Quotient [3]bn254.G1Affine
	// Values are the three wires and the first two permutations at ζ.
	Values [fixedValues]fr.Element
	// ShiftedProduct is the grand product at ωζ.
	ShiftedProduct fr.Element
	// Opening is the proof of all values at ζ, ShiftedOpening that at ωζ.
	Opening, ShiftedOpening bn254.G1Affine
	// Selectors are the commitments' selectors at ζ.
	Selectors []fr.Element
	// Commitments are the prover's commitments.
	Commitments []bn254.G1Affine

	// linearised is the claimed value of the linearised polynomial at ζ; it is
	// nil in a proof that leaves the value to the verifier.
	linearised *fr.Element
}

// RawSize returns the length of a raw proof with n commitments, in bytes.
func RawSize(n int) int { return (fixedPoints+n)*wire.G1Raw + proofScalars(n)*wire.Scalar + 2*4 }

// CompressedSize returns the length of a compressed proof with n commitments,
// in bytes.
func CompressedSize(n int) int {
	return (fixedPoints+n)*wire.G1Compressed + proofScalars(n)*wire.Scalar + 2*4
}

// SoliditySize returns the length of a proof with n commitments in the form of
// gnark's Solidity verifiers, in bytes.
func SoliditySize(n int) int {
	return (fixedPoints+n)*wire.G1Raw + (proofScalars(n)-1)*wire.Scalar
}

// proofScalars is the number of scalars in a proof with n commitments, the
// linearised polynomial's and the shifted grand product's included.
func proofScalars(n int) int { return 1 + fixedValues + n + 1 }

// ParseProof parses a proof for a key with n commitments, in gnark's WriteRawTo
// or WriteTo form. Errors: proof.ErrSize, proof.ErrEncoding, proof.ErrPoint.
func ParseProof(bz []byte, n int) (*Proof, error) {
	if len(bz) != RawSize(n) && len(bz) != CompressedSize(n) {
		return nil, fmt.Errorf("%w: a proof for this key has %d bytes, or %d if compressed, got %d",
			proof.ErrSize, RawSize(n), CompressedSize(n), len(bz))
	}
	r := &reader{Reader: wire.NewReader(bz, len(bz) == RawSize(n))}
	p := newProof(n)
	r.points("wire", p.Wires[:])
	p.Product = r.point("grand product")
	r.points("quotient", p.Quotient[:])
	p.Opening = r.point("opening")
	r.count("values", 1+fixedValues+n)
	p.linearised = new(fr.Element)
	*p.linearised = r.scalar("value of the linearised polynomial")
	r.scalars("value", p.Values[:])
	r.scalars("value of a commitment selector", p.Selectors)
	p.ShiftedOpening = r.point("shifted opening")
	p.ShiftedProduct = r.scalar("value of the shifted grand product")
	r.count("commitments", n)
	r.points("commitment", p.Commitments)
	return p, r.end()
}

// ParseSolidityProof parses a proof for a key with n commitments in the form of
// gnark's Solidity verifiers (MarshalSolidity), which leaves the value of the
// linearised polynomial to the verifier. Errors: those of ParseProof.
func ParseSolidityProof(bz []byte, n int) (*Proof, error) {
	if len(bz) != SoliditySize(n) {
		return nil, fmt.Errorf("%w: a proof for this key has %d bytes, got %d", proof.ErrSize, SoliditySize(n), len(bz))
	}
	r := &reader{Reader: wire.NewReader(bz, true)}
	p := newProof(n)
	r.points("wire", p.Wires[:])
	r.points("quotient", p.Quotient[:])
	r.scalars("value", p.Values[:])
	p.Product = r.point("grand product")
	p.ShiftedProduct = r.scalar("value of the shifted grand product")
	p.Opening = r.point("opening")
	p.ShiftedOpening = r.point("shifted opening")
	r.scalars("value of a commitment selector", p.Selectors)
	r.points("commitment", p.Commitments)
	return p, r.end()
}

func newProof(n int) *Proof {
	return &Proof{Selectors: make([]fr.Element, n), Commitments: make([]bn254.G1Affine, n)}
}

// Raw returns the proof in gnark's WriteRawTo form, or in that of its Solidity
// verifiers if it was parsed from that.
func (p *Proof) Raw() []byte {
	wires := appendPoints(nil, &p.Wires[0], &p.Wires[1], &p.Wires[2])
	quotient := appendPoints(nil, &p.Quotient[0], &p.Quotient[1], &p.Quotient[2])
	values := wire.Encode(p.Values[:])
	var commitments []byte
	for i := range p.Commitments {
		commitments = appendPoints(commitments, &p.Commitments[i])
	}
	if p.linearised == nil {
		out := append(append(wires, quotient...), values...)
		out = append(appendPoints(out, &p.Product), p.ShiftedProduct.Marshal()...)
		out = appendPoints(out, &p.Opening, &p.ShiftedOpening)
		return append(append(out, wire.Encode(p.Selectors)...), commitments...)
	}
	out := append(appendPoints(wires, &p.Product), quotient...)
	out = appendPoints(out, &p.Opening)
	out = binary.BigEndian.AppendUint32(out, uint32(1+len(p.Values)+len(p.Selectors)))
	out = append(append(out, p.linearised.Marshal()...), values...)
	out = append(out, wire.Encode(p.Selectors)...)
	out = append(appendPoints(out, &p.ShiftedOpening), p.ShiftedProduct.Marshal()...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(p.Commitments)))
	return append(out, commitments...)
}

// reader keeps the first error, so that a proof reads as a list of its parts.
type reader struct {
	*wire.Reader
	err error
}

func (r *reader) point(what string) (p bn254.G1Affine) {
	if r.err == nil {
		p, r.err = r.G1(what, true)
	}
	return p
}

func (r *reader) points(what string, out []bn254.G1Affine) {
	for i := range out {
		out[i] = r.point(what)
	}
}

func (r *reader) scalar(what string) (e fr.Element) {
	if r.err == nil {
		e, r.err = r.Scalar(what)
	}
	return e
}

func (r *reader) scalars(what string, out []fr.Element) {
	for i := range out {
		out[i] = r.scalar(what)
	}
}

// count reads the length of a list, which the key fixes.
func (r *reader) count(what string, want int) {
	if r.err != nil {
		return
	}
	var got uint32
	if got, r.err = r.Uint32("number of " + what); r.err == nil && uint64(got) != uint64(want) {
		r.err = fmt.Errorf("%w: the proof claims %d %s, the key needs %d", proof.ErrEncoding, got, what, want)
	}
}

func (r *reader) end() error {
	if r.err != nil {
		return r.err
	}
	return r.End()
}
