package bn254

import (
	"encoding/binary"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254/fp"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// LinesSize is the length of the KZG lines inside a key that gnark wrote, in
// bytes: for each of two points two lists of line evaluations, each of them two
// elements of the quadratic extension. It is the same for raw and compressed keys.
// They stand right before the rows, which are the last TailSize bytes of a key.
const LinesSize = 2 * len(lines{}) * len(lines{}[0]) * 4 * fp.Bytes

// TailSize returns the length of what follows the KZG lines in a key with n
// commitments, in bytes.
func TailSize(n int) int { return 4 + 8*n }

// Since v0.15 gnark starts a key with this marker, which no legacy key can start
// with since its first word is the size of the domain, and a version.
const (
	versionMarker = 0
	version       = 1
	versionSize   = 16
)

// domainSize is the length of the size of the domain, its inverse, the
// generator, the number of public inputs and the coset shift.
const domainSize = 8 + wire.Scalar + wire.Scalar + 8 + wire.Scalar

// fixedSelectors is the number of points before the list of commitment selectors:
// three for the permutation and five for the gates.
const fixedSelectors = 3 + 5

// layout says how a key is encoded.
type layout struct {
	shape     proof.Shape
	versioned bool // starts with marker and version
	raw       bool // points are uncompressed
	lines     bool // carries KZG lines
}

// canonical reports whether the layout is that of canonical keys.
func (l layout) canonical() bool { return l.versioned && l.raw && !l.lines }

// header returns the number of bytes before the size of the domain.
func (l layout) header() int {
	if l.versioned {
		return versionSize
	}
	return 0
}

// scan walks over the lengths of a key, in any form that gnark writes, with or
// without lines, and checks that they add up to its size. It allocates nothing
// and looks at no point.
func scan(key []byte) (l layout, err error) {
	if len(key) > proof.MaxKeySize {
		return l, fmt.Errorf("%w: a key has at most %d bytes, got %d", proof.ErrSize, proof.MaxKeySize, len(key))
	}
	if len(key) <= versionSize+domainSize {
		return l, fmt.Errorf("%w: a key has more than %d bytes, got %d", proof.ErrSize, versionSize+domainSize, len(key))
	}
	l.shape = proof.Shape{System: proof.SystemPlonk, Curve: proof.CurveBN254}
	if l.versioned = binary.BigEndian.Uint64(key) == versionMarker; l.versioned {
		if v := binary.BigEndian.Uint64(key[8:]); v != version {
			return l, fmt.Errorf("%w: key version %d; only version %d is known", proof.ErrEncoding, v, version)
		}
	}
	start := l.header()
	l.raw = wire.IsRaw(key[start+domainSize])
	inputs := binary.BigEndian.Uint64(key[start+domainSize-wire.Scalar-8:])
	if inputs > proof.MaxPublicInputs {
		return l, fmt.Errorf("%w: claims %d public inputs, at most %d are allowed", proof.ErrSize, inputs, proof.MaxPublicInputs)
	}
	l.shape.PublicInputs = int(inputs)

	r := wire.NewReader(key[start+domainSize:], l.raw)
	if _, err = r.Next("selectors", fixedSelectors*r.G1Size()); err != nil {
		return l, err
	}
	n, err := r.Count("commitments", proof.MaxCommitments, r.G1Size())
	if err != nil {
		return l, err
	}
	l.shape.Commitments = n
	if _, err = r.Next("commitment selectors and SRS", (n+1)*r.G1Size()+2*r.G2Size()); err != nil {
		return l, err
	}
	if l.lines = r.Left() == LinesSize+TailSize(n); l.lines {
		if _, err = r.Next("lines", LinesSize); err != nil {
			return l, err
		}
	}
	rows, err := r.Count("rows of commitments", proof.MaxCommitments, 8)
	if err != nil {
		return l, err
	}
	if rows != n {
		return l, fmt.Errorf("%w: %d commitments but %d rows for them", proof.ErrEncoding, n, rows)
	}
	if _, err = r.Next("rows of commitments", 8*rows); err != nil {
		return l, err
	}
	return l, r.End()
}

// ReadShape reads the lengths in a key of any form that ParseKey reads.
func ReadShape(key []byte) (proof.Shape, error) {
	l, err := scan(key)
	return l.shape, err
}

// StripLines returns a key in any form of gnark's without its KZG lines: they
// follow from the rest, and gnark trusts whatever stands there (law V6). A key
// without lines is returned as it is. Errors: proof.ErrSize, proof.ErrEncoding.
func StripLines(key []byte) ([]byte, error) {
	l, err := scan(key)
	if err != nil {
		return nil, err
	}
	tail := len(key) - TailSize(l.shape.Commitments)
	end := tail
	if l.lines {
		end -= LinesSize
	}
	out := make([]byte, 0, end+len(key)-tail)
	return append(append(out, key[:end]...), key[tail:]...), nil
}
