package groth16

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr/pedersen"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// lines are the precomputed line evaluations of a fixed G2 point. It is an
// array, so that an assignment copies it: gnark-crypto's fixed-argument Miller
// loops change the lines that they are given.
type lines = [2][len(bn254.LoopCounter)]bn254.LineEvaluationAff

// VerifyingKey is a parsed and prepared key. It never changes and is safe for
// concurrent use.
type VerifyingKey struct {
	shape     proof.Shape
	canonical []byte

	k           []bn254.G1Affine        // K[0] for the constant, then inputs, then commitments
	committed   [][]int                 // for each commitment, the inputs hashed with it: indexes into k, from 1
	commitments []pedersen.VerifyingKey // one for each commitment
	alphaBeta   bn254.GT                // e(α, β)
	gammaNeg    lines                   // of −γ
	deltaNeg    lines                   // of −δ
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
	r := &reader{buf: key, raw: key[0]&formMask == formRaw}
	if _, err = r.next("key header", 3*r.g1Size()+3*r.g2Size()); err != nil {
		return shape, r.raw, err
	}
	k, err := r.count("points K", 1+proof.MaxPublicInputs+proof.MaxCommitments, r.g1Size())
	if err != nil {
		return shape, r.raw, err
	}
	if _, err = r.next("K", k*r.g1Size()); err != nil {
		return shape, r.raw, err
	}
	n, err := r.count("commitments", proof.MaxCommitments, 4)
	if err != nil {
		return shape, r.raw, err
	}
	for range n {
		m, err := r.count("committed inputs", proof.MaxPublicInputs+proof.MaxCommitments, 8)
		if err != nil {
			return shape, r.raw, err
		}
		if _, err := r.next("committed inputs", 8*m); err != nil {
			return shape, r.raw, err
		}
		shape.Committed += m
	}
	keys, err := r.count("commitment keys", proof.MaxCommitments, 2*r.g2Size())
	if err != nil {
		return shape, r.raw, err
	}
	if keys != n {
		return shape, r.raw, fmt.Errorf("%w: %d commitments but %d commitment keys", proof.ErrEncoding, n, keys)
	}
	if k < 1+n {
		return shape, r.raw, fmt.Errorf("%w: %d commitments need at least %d points K, got %d", proof.ErrEncoding, n, 1+n, k)
	}
	if _, err := r.next("commitment keys", keys*2*r.g2Size()); err != nil {
		return shape, r.raw, err
	}
	shape.PublicInputs, shape.Commitments = k-1-n, n
	if shape.PublicInputs > proof.MaxPublicInputs {
		return shape, r.raw, fmt.Errorf("%w: %d public inputs, at most %d are allowed", proof.ErrSize, shape.PublicInputs, proof.MaxPublicInputs)
	}
	return shape, r.raw, r.end()
}

// ParseKey parses a key in gnark's WriteRawTo or WriteTo form. Errors:
// proof.ErrSize, proof.ErrEncoding, proof.ErrPoint.
func ParseKey(key []byte) (*VerifyingKey, error) {
	shape, raw, err := scan(key)
	if err != nil {
		return nil, err
	}
	vk := &VerifyingKey{shape: shape}
	r := &reader{buf: key, raw: raw}
	var w bytes.Buffer
	if err := vk.readPoints(r, &w); err != nil {
		return nil, err
	}
	if err := vk.readCommitments(r, &w); err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	vk.canonical = w.Bytes()
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
func (vk *VerifyingKey) readPoints(r *reader, w *bytes.Buffer) (err error) {
	g1 := func(what string, infinity bool) (p bn254.G1Affine) {
		if err == nil {
			if p, err = r.g1(what, infinity); err == nil {
				raw := p.RawBytes()
				w.Write(raw[:])
			}
		}
		return p
	}
	g2 := func(what string) (p bn254.G2Affine) {
		if err == nil {
			if p, err = r.g2(what); err == nil {
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
	n, err := r.uint32("number of points K")
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
	gamma.Neg(&gamma)
	delta.Neg(&delta)
	vk.gammaNeg = bn254.PrecomputeLines(gamma)
	vk.deltaNeg = bn254.PrecomputeLines(delta)
	vk.alphaBeta, err = bn254.Pair([]bn254.G1Affine{alpha}, []bn254.G2Affine{beta})
	return err
}

// readCommitments reads the rest of the key, whose lengths scan has checked.
func (vk *VerifyingKey) readCommitments(r *reader, w *bytes.Buffer) error {
	start := r.buf
	n, err := r.uint32("number of commitments")
	if err != nil {
		return err
	}
	vk.committed = make([][]int, n)
	for i := range vk.committed {
		m, err := r.uint32("number of committed inputs")
		if err != nil {
			return err
		}
		// Commitment i may cover inputs and the commitments before it.
		last := uint64(vk.shape.PublicInputs + i)
		vk.committed[i] = make([]int, m)
		for j := range vk.committed[i] {
			b, err := r.next("committed input", 8)
			if err != nil {
				return err
			}
			index := binary.BigEndian.Uint64(b)
			if index < 1 || index > last {
				return fmt.Errorf("%w: commitment %d covers input %d, which is not among the %d before it", proof.ErrEncoding, i, index, last)
			}
			vk.committed[i][j] = int(index)
		}
	}
	if n, err = r.uint32("number of commitment keys"); err != nil {
		return err
	}
	w.Write(start[:len(start)-len(r.buf)])
	vk.commitments = make([]pedersen.VerifyingKey, n)
	for i := range vk.commitments {
		if vk.commitments[i].G, err = r.g2("commitment key G"); err != nil {
			return err
		}
		if vk.commitments[i].GSigmaNeg, err = r.g2("commitment key −σG"); err != nil {
			return err
		}
		if vk.commitments[i].G != vk.commitments[0].G {
			return fmt.Errorf("%w: commitment keys must share one G", proof.ErrEncoding)
		}
		g, sigma := vk.commitments[i].G.RawBytes(), vk.commitments[i].GSigmaNeg.RawBytes()
		w.Write(g[:])
		w.Write(sigma[:])
	}
	return nil
}

// Shape returns the key's number of public inputs and commitments.
func (vk *VerifyingKey) Shape() proof.Shape { return vk.shape }

// Canonical returns the key in gnark's WriteRawTo form. The caller must not
// change it.
func (vk *VerifyingKey) Canonical() []byte { return vk.canonical }
