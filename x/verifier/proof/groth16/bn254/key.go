package bn254

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// VerifyingKey is a parsed and prepared key. It never changes and is safe for
// concurrent use.
type VerifyingKey struct {
	shape     proof.Shape
	canonical []byte
	hash      [sha256.Size]byte // of the canonical form

	k         []bn254.G1Affine // K[0] for the constant, then inputs, then commitments
	multiples []multiples      // of K, if there are few enough of them
	committed [][]int          // for each commitment, the inputs hashed with it: indexes into k, from 1
	knowledge []lines          // of −σG for each commitment, and of G; empty without commitments
	alphaBeta bn254.GT         // e(α, β)
	gammaNeg  lines            // of −γ
	deltaNeg  lines            // of −δ
}

// ReadShape reads the lengths in a key, raw or compressed, and checks that they
// add up to its size. It allocates nothing and looks at no point.
func ReadShape(key []byte) (proof.Shape, error) {
	shape, _, err := scan(key)
	return shape, err
}

// scan walks over the lengths of a key and reports whether its points are raw.
func scan(key []byte) (shape proof.Shape, raw bool, err error) {
	if len(key) == 0 || len(key) > proof.MaxKeySize {
		return shape, false, fmt.Errorf("%w: a key has 1 to %d bytes, got %d", proof.ErrSize, proof.MaxKeySize, len(key))
	}
	shape.System, shape.Curve = proof.SystemGroth16, proof.CurveBN254
	r := wire.NewReader(key, wire.IsRaw(key[0]))
	if _, err = r.Next("key header", 3*r.G1Size()+3*r.G2Size()); err != nil {
		return shape, r.Raw(), err
	}
	k, err := r.Count("points K", 1+proof.MaxPublicInputs+proof.MaxCommitments, r.G1Size())
	if err != nil {
		return shape, r.Raw(), err
	}
	if _, err = r.Next("K", k*r.G1Size()); err != nil {
		return shape, r.Raw(), err
	}
	n, err := r.Count("commitments", proof.MaxCommitments, 4)
	if err != nil {
		return shape, r.Raw(), err
	}
	for range n {
		m, err := r.Count("committed inputs", proof.MaxPublicInputs+proof.MaxCommitments, 8)
		if err != nil {
			return shape, r.Raw(), err
		}
		if _, err := r.Next("committed inputs", 8*m); err != nil {
			return shape, r.Raw(), err
		}
		shape.Committed += m
	}
	keys, err := r.Count("commitment keys", proof.MaxCommitments, 2*r.G2Size())
	if err != nil {
		return shape, r.Raw(), err
	}
	if keys != n {
		return shape, r.Raw(), fmt.Errorf("%w: %d commitments but %d commitment keys", proof.ErrEncoding, n, keys)
	}
	if k < 1+n {
		return shape, r.Raw(), fmt.Errorf("%w: %d commitments need at least %d points K, got %d", proof.ErrEncoding, n, 1+n, k)
	}
	if _, err := r.Next("commitment keys", keys*2*r.G2Size()); err != nil {
		return shape, r.Raw(), err
	}
	shape.PublicInputs, shape.Commitments = k-1-n, n
	if shape.PublicInputs > proof.MaxPublicInputs {
		return shape, r.Raw(), fmt.Errorf("%w: %d public inputs, at most %d are allowed", proof.ErrSize, shape.PublicInputs, proof.MaxPublicInputs)
	}
	return shape, r.Raw(), r.End()
}

// ParseKey parses a key in gnark's WriteRawTo or WriteTo form. Errors:
// proof.ErrSize, proof.ErrEncoding, proof.ErrPoint.
func ParseKey(key []byte) (*VerifyingKey, error) {
	shape, raw, err := scan(key)
	if err != nil {
		return nil, err
	}
	vk := &VerifyingKey{shape: shape}
	r := wire.NewReader(key, raw)
	var w bytes.Buffer
	if err := vk.readPoints(r, &w); err != nil {
		return nil, err
	}
	if err := vk.readCommitments(r, &w); err != nil {
		return nil, err
	}
	if err := r.End(); err != nil {
		return nil, err
	}
	vk.canonical = w.Bytes()
	vk.hash = sha256.Sum256(vk.canonical)
	if raw && !bytes.Equal(vk.canonical, key) {
		return nil, fmt.Errorf("%w: the key differs from what it encodes to", proof.ErrEncoding)
	}
	return vk, nil
}

// ParseCanonicalKey parses a key in gnark's WriteRawTo form only.
func ParseCanonicalKey(key []byte) (*VerifyingKey, error) {
	if _, raw, err := scan(key); err != nil {
		return nil, err
	} else if !raw {
		return nil, fmt.Errorf("%w: the key has compressed points; convert it to gnark's WriteRawTo form", proof.ErrEncoding)
	}
	return ParseKey(key)
}

// readPoints reads the key up to K, writes its canonical form to w and prepares
// the pairings. Derived parts are computed here, never read (law V6).
func (vk *VerifyingKey) readPoints(r *wire.Reader, w *bytes.Buffer) (err error) {
	g1 := func(what string, infinity bool) (p bn254.G1Affine) {
		if err == nil {
			if p, err = r.G1(what, infinity); err == nil {
				raw := p.RawBytes()
				w.Write(raw[:])
			}
		}
		return p
	}
	g2 := func(what string) (p bn254.G2Affine) {
		if err == nil {
			if p, err = r.G2(what); err == nil {
				raw := p.RawBytes()
				w.Write(raw[:])
			}
		}
		return p
	}
	alpha := g1("key α", false)
	g1("key β in G1", true)
	beta := g2("key β")
	gamma := g2("key γ")
	g1("key δ in G1", true)
	delta := g2("key δ")
	if err != nil {
		return err
	}
	n, err := r.Uint32("number of points K")
	if err != nil {
		return err
	}
	w.Write(binary.BigEndian.AppendUint32(nil, n))
	vk.k = make([]bn254.G1Affine, n)
	for i := range vk.k {
		vk.k[i] = g1("key K", true)
	}
	if err != nil {
		return err
	}
	if len(vk.k)-1 <= maxTabled {
		vk.multiples = oddMultiples(vk.k)
	}
	gamma.Neg(&gamma)
	delta.Neg(&delta)
	vk.gammaNeg = bn254.PrecomputeLines(gamma)
	vk.deltaNeg = bn254.PrecomputeLines(delta)
	if vk.alphaBeta, err = bn254.Pair([]bn254.G1Affine{alpha}, []bn254.G2Affine{beta}); err != nil {
		return fmt.Errorf("%w: %s", proof.ErrInternal, err)
	}
	return nil
}

// readCommitments reads the rest of the key, whose lengths scan has checked.
func (vk *VerifyingKey) readCommitments(r *wire.Reader, w *bytes.Buffer) error {
	start := r.Rest()
	n, err := r.Uint32("number of commitments")
	if err != nil {
		return err
	}
	vk.committed = make([][]int, n)
	for i := range vk.committed {
		m, err := r.Uint32("number of committed inputs")
		if err != nil {
			return err
		}
		// Commitment i may cover inputs and the commitments before it.
		last := uint64(vk.shape.PublicInputs + i)
		vk.committed[i] = make([]int, m)
		for j := range vk.committed[i] {
			index, err := r.Uint64("committed input")
			if err != nil {
				return err
			}
			if index < 1 || index > last {
				return fmt.Errorf("%w: commitment %d covers input %d, which is not among the %d before it", proof.ErrEncoding, i, index, last)
			}
			vk.committed[i][j] = int(index)
		}
	}
	if n, err = r.Uint32("number of commitment keys"); err != nil {
		return err
	}
	w.Write(start[:len(start)-r.Left()])
	var shared bn254.G2Affine
	for i := range n {
		g, err := r.G2("commitment key G")
		if err != nil {
			return err
		}
		sigma, err := r.G2("commitment key −σG")
		if err != nil {
			return err
		}
		if i > 0 && g != shared {
			return fmt.Errorf("%w: commitment keys must share one G", proof.ErrEncoding)
		}
		shared = g
		vk.knowledge = append(vk.knowledge, bn254.PrecomputeLines(sigma))
		rawG, rawSigma := g.RawBytes(), sigma.RawBytes()
		w.Write(rawG[:])
		w.Write(rawSigma[:])
	}
	if n > 0 {
		vk.knowledge = append(vk.knowledge, bn254.PrecomputeLines(shared))
	}
	return nil
}

// Shape returns the key's number of public inputs and commitments.
func (vk *VerifyingKey) Shape() proof.Shape { return vk.shape }

// Canonical returns the key in gnark's WriteRawTo form. The caller must not
// change it.
func (vk *VerifyingKey) Canonical() []byte { return vk.canonical }

// Canonicalize converts a key in gnark's WriteRawTo or WriteTo form to the
// former. Errors: those of ParseKey.
func Canonicalize(key []byte) ([]byte, error) {
	vk, err := ParseKey(key)
	if err != nil {
		return nil, err
	}
	return vk.Canonical(), nil
}
