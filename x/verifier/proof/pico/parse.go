package pico

import (
	"fmt"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
)

// Shape implements proof.Family.
func (Family) Shape(curve string, key []byte) (proof.Shape, error) {
	if err := proof.CheckCurve(curve, proof.CurveBN254); err != nil {
		return proof.Shape{}, err
	}
	shape, err := bn254.ReadShape(key)
	if err != nil {
		return shape, err
	}
	if shape.PublicInputs != publicInputs || shape.Commitments != 0 {
		return shape, fmt.Errorf("%w: a Pico key has %d public inputs and no commitments, got %d and %d",
			proof.ErrEncoding, publicInputs, shape.PublicInputs, shape.Commitments)
	}
	return shape, nil
}

// Parse implements proof.Family. The family has no constants.
func (f Family) Parse(curve string, bz []byte, constants []proof.Constant) (proof.Key, error) {
	if _, err := f.Shape(curve, bz); err != nil {
		return nil, err
	}
	if len(constants) > 0 {
		return nil, fmt.Errorf("%w: family %s takes none", proof.ErrConstant, Name)
	}
	var k key
	err := proof.Guard(func() (err error) {
		k.vk, err = bn254.ParseCanonicalKey(bz)
		return err
	})
	if err != nil {
		return nil, err
	}
	return k, nil
}

// Canonicalize implements proof.Family: it reads WriteRawTo and WriteTo.
func (f Family) Canonicalize(curve string, bz []byte) (canonical []byte, err error) {
	if _, err := f.Shape(curve, bz); err != nil {
		return nil, err
	}
	err = proof.Guard(func() error {
		canonical, err = bn254.Canonicalize(bz)
		return err
	})
	return canonical, err
}

// key is a Pico verifying key.
type key struct{ vk *bn254.VerifyingKey }
