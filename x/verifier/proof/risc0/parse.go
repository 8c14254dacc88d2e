package risc0

import (
	"fmt"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/bn254"
)

// constants are what a verifier has beside the key.
type constants struct{ controlID, controlRoot digest }

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
		return shape, fmt.Errorf("%w: a RISC Zero key has %d public inputs and no commitments, got %d and %d",
			proof.ErrEncoding, publicInputs, shape.PublicInputs, shape.Commitments)
	}
	return shape, nil
}

// Parse implements proof.Family.
func (f Family) Parse(curve string, bz []byte, consts []proof.Constant) (proof.Key, error) {
	shape, err := f.Shape(curve, bz)
	if err != nil {
		return nil, err
	}
	c, err := parseConstants(consts)
	if err != nil {
		return nil, err
	}
	k := &key{shape: shape}
	err = proof.Guard(func() error {
		bound, err := bind(bz, c)
		if err != nil {
			return err
		}
		if k.vk, err = bn254.ParseCanonicalKey(bound); err != nil {
			return err
		}
		parameters := parametersDigest(c, bz)
		k.selector = [SelectorSize]byte(parameters[:])
		return nil
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

// parseConstants takes exactly the family's constants, which are sorted by name.
// Error: proof.ErrConstant.
func parseConstants(consts []proof.Constant) (c constants, err error) {
	want := []struct {
		name string
		into *digest
	}{{ControlID, &c.controlID}, {ControlRoot, &c.controlRoot}}
	if len(consts) != len(want) {
		return c, fmt.Errorf("%w: family %s takes %q and %q, got %d constants", proof.ErrConstant, Name, ControlID, ControlRoot, len(consts))
	}
	for i, w := range want {
		if consts[i].Name != w.name {
			return c, fmt.Errorf("%w: constant %d of family %s is %q, got %.32q", proof.ErrConstant, i, Name, w.name, consts[i].Name)
		}
		if len(consts[i].Value) != len(w.into) {
			return c, fmt.Errorf("%w: %q has %d bytes, got %d", proof.ErrConstant, w.name, len(w.into), len(consts[i].Value))
		}
		copy(w.into[:], consts[i].Value)
	}
	return c, nil
}

// key is a RISC Zero verifying key with its constants.
type key struct {
	shape    proof.Shape
	vk       *bn254.VerifyingKey // bound to the constants: see bind
	selector [SelectorSize]byte
}
