// Package circuit makes the families of plain circuits (law V2): keys that anyone
// may register, named by their content.
//
// The program of a statement is the circuit id; the public values are the public
// inputs as 32-byte big-endian words, each below the scalar field's modulus; they
// come with the proof, and the digest is their sha256 with the top three bits
// cleared.
package circuit

import (
	"fmt"
	"strings"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// Key is a verifying key of one proof system on one curve. It never changes and
// is safe for concurrent use.
type Key interface {
	// Shape returns what decides the price.
	Shape() proof.Shape
	// Canonical returns the key's canonical form, which the caller must not change.
	Canonical() []byte
	// Prepare parses a proof of the public inputs, given as words, and does all
	// of its verification but the pairings.
	Prepare(publicInputs, bz []byte) (proof.Claim, error)
}

// Curve is a proof system on one curve.
type Curve struct {
	// Name is the curve's name.
	Name string
	// ReadShape reads the lengths in a key of any form.
	ReadShape func(key []byte) (proof.Shape, error)
	// ParseCanonical parses a key in canonical form only.
	ParseCanonical func(key []byte) (Key, error)
	// Canonicalize converts a key of any form that is read offline.
	Canonicalize func(key []byte) ([]byte, error)
}

// Family is a family of circuits. It has no constants.
type Family struct {
	name   string
	curves []Curve
}

var _ proof.Family = Family{}

// NewFamily returns the family of that name over the curves.
func NewFamily(name string, curves ...Curve) Family { return Family{name, curves} }

// Name implements proof.Family.
func (f Family) Name() string { return f.name }

// Permissionless implements proof.Family: anyone may register a circuit.
func (Family) Permissionless() bool { return true }

// Digest implements proof.Family.
func (Family) Digest(publicValues []byte) [32]byte { return proof.MaskedDigest(publicValues) }

// Curves returns the names of the family's curves.
func (f Family) Curves() []string {
	var names []string
	for _, c := range f.curves {
		names = append(names, c.Name)
	}
	return names
}

// curve returns the curve of that name. Error: proof.ErrCurve.
func (f Family) curve(name string) (Curve, error) {
	for _, c := range f.curves {
		if c.Name == name {
			return c, nil
		}
	}
	return Curve{}, fmt.Errorf("%w %.32q: family %s has %s", proof.ErrCurve, name, f.name, strings.Join(f.Curves(), ", "))
}

// Shape implements proof.Family.
func (f Family) Shape(curve string, key []byte) (proof.Shape, error) {
	c, err := f.curve(curve)
	if err != nil {
		return proof.Shape{}, err
	}
	return c.ReadShape(key)
}

// Parse implements proof.Family.
func (f Family) Parse(curve string, key []byte, constants []proof.Constant) (k proof.Key, err error) {
	c, err := f.curve(curve)
	if err != nil {
		return nil, err
	}
	if len(constants) > 0 {
		return nil, fmt.Errorf("%w: family %s takes none", proof.ErrConstant, f.name)
	}
	err = proof.Guard(func() error {
		vk, err := c.ParseCanonical(key)
		if err != nil {
			return err
		}
		k = &circuit{vk: vk, id: proof.CircuitID(f.name, curve, key)}
		return nil
	})
	return k, err
}

// Canonicalize implements proof.Family.
func (f Family) Canonicalize(curve string, key []byte) (canonical []byte, err error) {
	c, err := f.curve(curve)
	if err != nil {
		return nil, err
	}
	err = proof.Guard(func() error {
		canonical, err = c.Canonicalize(key)
		return err
	})
	return canonical, err
}

// circuit is a key with its id.
type circuit struct {
	vk Key
	id [32]byte
}

// Shape implements proof.Key.
func (c *circuit) Shape() proof.Shape { return c.vk.Shape() }

// NeedsPublicValues implements proof.Key: the inputs are not in the statement.
func (c *circuit) NeedsPublicValues() bool { return true }

// Digest implements proof.Key.
func (c *circuit) Digest(publicValues []byte) [32]byte { return proof.MaskedDigest(publicValues) }

// CheckStatement implements proof.Key.
func (c *circuit) CheckStatement(program, digest [32]byte) error {
	if program != c.id {
		return fmt.Errorf("%w: the program must be the circuit id %x", proof.ErrProgram, c.id)
	}
	return proof.CheckMaskedDigest(digest)
}

// Prepare implements proof.Key.
func (c *circuit) Prepare(program, digest [32]byte, publicValues, bz []byte) (proof.Claim, error) {
	return proof.Prepare(func() (proof.Claim, error) {
		if err := proof.CheckSizes(publicValues, bz); err != nil {
			return nil, err
		}
		if err := c.CheckStatement(program, digest); err != nil {
			return nil, err
		}
		if n := c.vk.Shape().PublicInputs; publicValues == nil && n > 0 {
			return nil, fmt.Errorf("%w: a circuit's public values must come with the proof", proof.ErrPublicValues)
		}
		if err := proof.CheckPublicValues(proof.MaskedDigest(publicValues), digest); err != nil {
			return nil, err
		}
		return c.vk.Prepare(publicValues, bz)
	})
}

// Verify implements proof.Key.
func (c *circuit) Verify(program, digest [32]byte, publicValues, bz []byte) error {
	return proof.Verify(c, program, digest, publicValues, bz)
}
