package groth16

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/consensys/gnark-crypto/ecc"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bls12381"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
	wirebls12381 "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bls12381"
	wirebn254 "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// snarkjs writes keys, proofs and public inputs as JSON. Numbers are decimal
// strings without leading zeros; a point of G1 is [x, y, "1"], one of G2 the same
// of pairs [real, imaginary], and infinity [0, 1, 0]. These files are read offline
// only: the chain takes canonical bytes.

// MaxSnarkJSSize is the largest snarkjs file that is read, in bytes. A key with as
// many inputs as a circuit may have takes half of it.
const MaxSnarkJSSize = 256 << 10

// maxDigits is the length of the longest number: below a modulus of 381 bits.
const maxDigits = 115

// snarkCurve is what the readers need to know of a curve.
type snarkCurve struct {
	name, snarkName string
	base, scalar    *big.Int // the moduli of coordinates and of public inputs
	coordinate      int      // size of a coordinate in bytes
	infinity        byte     // the first byte of infinity, uncompressed
	key             func([]byte) ([]byte, error)
	proof           func([]byte) ([]byte, error)
}

// snarkCurves are the curves that snarkjs has.
var snarkCurves = []snarkCurve{
	{
		name: proof.CurveBN254, snarkName: "bn128",
		base: ecc.BN254.BaseField(), scalar: ecc.BN254.ScalarField(), coordinate: wirebn254.G1Compressed,
		infinity: 0, key: bn254.Canonicalize,
		proof: func(bz []byte) ([]byte, error) {
			p, err := bn254.ParseProof(bz, 0)
			if err != nil {
				return nil, err
			}
			return p.Raw(), nil
		},
	},
	{
		name: proof.CurveBLS12381, snarkName: "bls12381",
		base: ecc.BLS12_381.BaseField(), scalar: ecc.BLS12_381.ScalarField(), coordinate: wirebls12381.G1Compressed,
		infinity: 0x40, key: bls12381.Canonicalize,
		proof: func(bz []byte) ([]byte, error) {
			p, err := bls12381.ParseProof(bz, 0)
			if err != nil {
				return nil, err
			}
			return p.Raw(), nil
		},
	},
}

// IsJSON reports whether bytes are a snarkjs file rather than a key or proof in
// binary form: no point in canonical form starts with a JSON bracket, whatever the
// curve. Public values may.
func IsJSON(bz []byte) bool { return len(bz) > 0 && (bz[0] == '{' || bz[0] == '[') }

// KeyFromSnarkJS reads a verification_key.json. It returns the curve's name and
// the canonical key, with β₁ and δ₁ at infinity: snarkjs does not publish them.
// Errors: proof.ErrSize, proof.ErrEncoding, proof.ErrCurve, proof.ErrPoint.
func KeyFromSnarkJS(bz []byte) (curve string, canonical []byte, err error) {
	const derived = "vk_alphabeta_12" // e(α, β): computed, never read (law V6)
	fields, err := object(bz, derived, "protocol", "curve", "nPublic", "vk_alpha_1", "vk_beta_2", "vk_gamma_2", "vk_delta_2", "IC")
	if err != nil {
		return "", nil, err
	}
	c, err := header(fields)
	if err != nil {
		return "", nil, err
	}
	var inputs int
	var k []json.RawMessage
	if json.Unmarshal(fields["nPublic"], &inputs) != nil || json.Unmarshal(fields["IC"], &k) != nil {
		return "", nil, fmt.Errorf("%w: nPublic must be a number and IC a list of points", proof.ErrEncoding)
	}
	if len(k) > 1+proof.MaxPublicInputs {
		return "", nil, fmt.Errorf("%w: IC has %d points, at most %d are allowed", proof.ErrSize, len(k), 1+proof.MaxPublicInputs)
	}
	if inputs != len(k)-1 {
		return "", nil, fmt.Errorf("%w: nPublic is %d, but IC has %d points, not one more", proof.ErrEncoding, inputs, len(k))
	}
	w := writer{curve: c}
	w.g1("vk_alpha_1", fields["vk_alpha_1"])
	w.none() // β₁
	w.g2("vk_beta_2", fields["vk_beta_2"])
	w.g2("vk_gamma_2", fields["vk_gamma_2"])
	w.none() // δ₁
	w.g2("vk_delta_2", fields["vk_delta_2"])
	w.uint32(len(k))
	for _, point := range k {
		w.g1("IC", point)
	}
	w.uint32(0) // no commitments
	w.uint32(0) // no commitment keys
	if w.err != nil {
		return "", nil, w.err
	}
	canonical, err = c.key(w.out)
	return c.name, canonical, err
}

// ProofFromSnarkJS reads a proof.json. It returns the curve's name and the proof
// in gnark's WriteRawTo form, without commitments. Errors: those of KeyFromSnarkJS.
func ProofFromSnarkJS(bz []byte) (curve string, raw []byte, err error) {
	fields, err := object(bz, "", "protocol", "curve", "pi_a", "pi_b", "pi_c")
	if err != nil {
		return "", nil, err
	}
	c, err := header(fields)
	if err != nil {
		return "", nil, err
	}
	w := writer{curve: c}
	w.g1("pi_a", fields["pi_a"])
	w.g2("pi_b", fields["pi_b"])
	w.g1("pi_c", fields["pi_c"])
	w.uint32(0) // no commitments
	w.none()    // proof of knowledge
	if w.err != nil {
		return "", nil, w.err
	}
	raw, err = c.proof(w.out)
	return c.name, raw, err
}

// InputsFromSnarkJS reads a public.json for a circuit on the curve. It returns
// public values: 32-byte words. Errors: proof.ErrCurve, proof.ErrPublicValues.
func InputsFromSnarkJS(curve string, bz []byte) ([]byte, error) {
	at := slices.IndexFunc(snarkCurves, func(c snarkCurve) bool { return c.name == curve })
	if at < 0 {
		return nil, fmt.Errorf("%w %.32q", proof.ErrCurve, curve)
	}
	if len(bz) > MaxSnarkJSSize {
		return nil, fmt.Errorf("%w: a file has at most %d bytes, got %d", proof.ErrPublicValues, MaxSnarkJSSize, len(bz))
	}
	var numbers []string
	if err := json.Unmarshal(bz, &numbers); err != nil || numbers == nil {
		return nil, fmt.Errorf("%w: not a JSON list of decimal strings, as snarkjs writes to public.json", proof.ErrPublicValues)
	}
	if len(numbers) > proof.MaxPublicInputs {
		return nil, fmt.Errorf("%w: %d public inputs, at most %d are allowed", proof.ErrPublicValues, len(numbers), proof.MaxPublicInputs)
	}
	const word = wirebn254.Scalar // the size on either curve
	out := make([]byte, 0, word*len(numbers))
	for i, s := range numbers {
		b, err := number(s, word, snarkCurves[at].scalar)
		if err != nil {
			return nil, fmt.Errorf("%w: input %d is %s", proof.ErrPublicValues, i, err)
		}
		out = append(out, b...)
	}
	return out, nil
}

// object reads a JSON object that has exactly the fields, and perhaps the
// optional one.
func object(bz []byte, optional string, names ...string) (map[string]json.RawMessage, error) {
	if len(bz) > MaxSnarkJSSize {
		return nil, fmt.Errorf("%w: a snarkjs file has at most %d bytes, got %d", proof.ErrSize, MaxSnarkJSSize, len(bz))
	}
	// A map, because names are compared as they are: a struct's would match
	// whatever their case, and another reader might see another key.
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(bz, &fields); err != nil {
		return nil, fmt.Errorf("%w: not a JSON object: %s", proof.ErrEncoding, err)
	}
	for _, name := range names {
		if _, ok := fields[name]; !ok {
			return nil, fmt.Errorf("%w: no field %s; fields are %s", proof.ErrEncoding, name, strings.Join(names, ", "))
		}
	}
	var unknown []string
	for name := range fields {
		if name != optional && !slices.Contains(names, name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("%w: unknown field %.32q; fields are %s", proof.ErrEncoding, slices.Min(unknown), strings.Join(names, ", "))
	}
	return fields, nil
}

// header checks the fields protocol and curve and returns the curve.
func header(fields map[string]json.RawMessage) (c snarkCurve, err error) {
	var protocol, name string
	if json.Unmarshal(fields["protocol"], &protocol) != nil || protocol != Name {
		return c, fmt.Errorf("%w: protocol must be %q: of snarkjs's proof systems this is the one that is read", proof.ErrEncoding, Name)
	}
	if json.Unmarshal(fields["curve"], &name) != nil {
		return c, fmt.Errorf("%w: curve must be a string", proof.ErrEncoding)
	}
	for _, c := range snarkCurves {
		if c.snarkName == name {
			return c, nil
		}
	}
	return c, fmt.Errorf("%w %.32q: snarkjs writes bn128 or bls12381", proof.ErrCurve, name)
}

// number decodes a decimal number below the modulus into size bytes.
func number(s string, size int, modulus *big.Int) ([]byte, error) {
	if s == "" || len(s) > maxDigits || len(s) > 1 && s[0] == '0' || strings.Trim(s, "0123456789") != "" {
		return nil, fmt.Errorf("not a decimal number of at most %d digits: %.32q", maxDigits, s)
	}
	n, ok := new(big.Int).SetString(s, 10)
	if !ok || n.Cmp(modulus) >= 0 {
		return nil, fmt.Errorf("not below the field's modulus: %.32q", s)
	}
	return n.FillBytes(make([]byte, size)), nil
}

// writer writes points uncompressed. Whether they are points at all is for the
// binary parsers to say. It stops at its first error.
type writer struct {
	curve snarkCurve
	out   []byte
	err   error
}

func (w *writer) uint32(n int) { w.out = binary.BigEndian.AppendUint32(w.out, uint32(n)) }

// none writes infinity of G1.
func (w *writer) none() { w.infinity(2) }

// infinity writes infinity in the place of so many coordinates.
func (w *writer) infinity(coordinates int) {
	w.out = append(w.out, w.curve.infinity)
	w.out = append(w.out, make([]byte, coordinates*w.curve.coordinate-1)...)
}

// g1 writes a point of G1 that is given as JSON.
func (w *writer) g1(what string, point json.RawMessage) {
	var p []string
	if err := json.Unmarshal(point, &p); err != nil || len(p) != 3 {
		w.fail("%s must be three decimal strings", what)
		return
	}
	w.point(what, p[:1], p[1:2], p[2:])
}

// g2 writes a point of G2 that is given as JSON.
func (w *writer) g2(what string, point json.RawMessage) {
	var p [][]string
	if err := json.Unmarshal(point, &p); err != nil || len(p) != 3 || len(p[0]) != 2 || len(p[1]) != 2 || len(p[2]) != 2 {
		w.fail("%s must be three pairs of decimal strings", what)
		return
	}
	w.point(what, p[0], p[1], p[2])
}

// point writes a point with projective coordinates: z is one, or zero and the
// point is infinity. The imaginary part is the last in JSON and the first here.
func (w *writer) point(what string, x, y, z []string) {
	zero, one := []string{"0", "0"}[:len(z)], []string{"1", "0"}[:len(z)]
	switch {
	case slices.Equal(z, one):
		for _, coordinate := range [][]string{x, y} {
			for _, part := range slices.Backward(coordinate) {
				b, err := number(part, w.curve.coordinate, w.curve.base)
				if err != nil {
					w.fail("%s: %s", what, err)
					return
				}
				w.out = append(w.out, b...)
			}
		}
	case slices.Equal(z, zero) && slices.Equal(y, one) && slices.Equal(x, zero):
		w.infinity(2 * len(z))
	default:
		w.fail("%s must have z = 1, or be (0, 1, 0) for infinity", what)
	}
}

// fail keeps the first error.
func (w *writer) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("%w: "+format, append([]any{proof.ErrEncoding}, args...)...)
	}
}
