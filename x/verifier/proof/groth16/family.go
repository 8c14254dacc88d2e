package groth16

import (
	"crypto/sha256"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// Name is the family's name.
const Name = "groth16"

// digestMask clears the top three bits of a digest's first byte, so that it is
// below 2²⁵³ and thereby below the scalar field's modulus.
const digestMask = 0xff >> 3

// Family is the family of plain circuits (law V2): the program is the circuit
// id, the public values are the public inputs as 32-byte big-endian words.
type Family struct{}

var _ proof.Family = Family{}

// Name implements proof.Family.
func (Family) Name() string { return Name }

// Permissionless implements proof.Family: anyone may register a circuit.
func (Family) Permissionless() bool { return true }

// Shape implements proof.Family.
func (Family) Shape(curve string, key []byte) (proof.Shape, error) {
	if err := CheckCurve(curve); err != nil {
		return proof.Shape{}, err
	}
	return ReadShape(key)
}

// Parse implements proof.Family. The family has no constants.
func (Family) Parse(curve string, key []byte, constants []proof.Constant) (k proof.Key, err error) {
	if err := CheckCurve(curve); err != nil {
		return nil, err
	}
	if len(constants) > 0 {
		return nil, fmt.Errorf("%w: family %s takes none", proof.ErrConstant, Name)
	}
	err = proof.Guard(func() error {
		vk, err := ParseCanonicalKey(key)
		if err != nil {
			return err
		}
		k = &circuit{vk: vk, id: proof.CircuitID(Name, curve, key)}
		return nil
	})
	return k, err
}

// Canonicalize implements proof.Family: it reads WriteRawTo and WriteTo.
func (Family) Canonicalize(curve string, key []byte) (canonical []byte, err error) {
	if err := CheckCurve(curve); err != nil {
		return nil, err
	}
	err = proof.Guard(func() error {
		vk, err := ParseKey(key)
		if err != nil {
			return err
		}
		canonical = vk.Canonical()
		return nil
	})
	return canonical, err
}

// CheckCurve reports whether curve is the one that this package verifies on.
// Error: proof.ErrCurve.
func CheckCurve(curve string) error {
	if curve != proof.CurveBN254 {
		return fmt.Errorf("%w %.32q: use %q", proof.ErrCurve, curve, proof.CurveBN254)
	}
	return nil
}

// Digest returns sha256(publicValues) with the top three bits cleared.
func Digest(publicValues []byte) [32]byte {
	d := sha256.Sum256(publicValues)
	d[0] &= digestMask
	return d
}

// CheckDigest reports whether digest can be one. Error: proof.ErrDigest.
func CheckDigest(digest [32]byte) error {
	if digest[0]&^digestMask != 0 {
		return fmt.Errorf("%w: the top three bits must be zero", proof.ErrDigest)
	}
	return nil
}

// circuit is a key of this family with its id.
type circuit struct {
	vk *VerifyingKey
	id [32]byte
}

// Shape implements proof.Key.
func (c *circuit) Shape() proof.Shape { return c.vk.shape }

// NeedsPublicValues implements proof.Key: the inputs are not in the statement.
func (c *circuit) NeedsPublicValues() bool { return true }

// Digest implements proof.Key.
func (c *circuit) Digest(publicValues []byte) [32]byte { return Digest(publicValues) }

// CheckStatement implements proof.Key.
func (c *circuit) CheckStatement(program, digest [32]byte) error {
	if program != c.id {
		return fmt.Errorf("%w: the program must be the circuit id %x", proof.ErrProgram, c.id)
	}
	return CheckDigest(digest)
}

// Verify implements proof.Key.
func (c *circuit) Verify(program, digest [32]byte, publicValues, bz []byte) error {
	return proof.Guard(func() error {
		if err := proof.CheckSizes(publicValues, bz); err != nil {
			return err
		}
		if err := c.CheckStatement(program, digest); err != nil {
			return err
		}
		inputs, err := c.inputs(digest, publicValues)
		if err != nil {
			return err
		}
		p, err := ParseProof(bz, c.vk.shape.Commitments)
		if err != nil {
			return err
		}
		return c.vk.Verify(p, inputs)
	})
}

// inputs decodes the public values: one canonical scalar for each public input.
func (c *circuit) inputs(digest [32]byte, publicValues []byte) ([]fr.Element, error) {
	n := c.vk.shape.PublicInputs
	if publicValues == nil && n > 0 {
		return nil, fmt.Errorf("%w: a circuit's public values must come with the proof", proof.ErrPublicValues)
	}
	if len(publicValues) != n*fr.Bytes {
		return nil, fmt.Errorf("%w: %d public inputs need %d bytes, got %d", proof.ErrPublicValues, n, n*fr.Bytes, len(publicValues))
	}
	if got := Digest(publicValues); got != digest {
		return nil, fmt.Errorf("%w: they hash to %x, the statement says %x", proof.ErrPublicValues, got, digest)
	}
	inputs := make([]fr.Element, n)
	for i := range inputs {
		if err := inputs[i].SetBytesCanonical(publicValues[i*fr.Bytes : (i+1)*fr.Bytes]); err != nil {
			return nil, fmt.Errorf("%w: input %d is not below the scalar field's modulus", proof.ErrPublicValues, i)
		}
	}
	return inputs, nil
}

// Encode returns public inputs as public values: 32-byte big-endian words.
func Encode(inputs []fr.Element) []byte {
	out := make([]byte, 0, len(inputs)*fr.Bytes)
	for i := range inputs {
		out = append(out, inputs[i].Marshal()...)
	}
	return out
}
