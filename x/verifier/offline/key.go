package offline

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/families"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
)

// curves are the names of all curves, of which each family has some.
var curves = []string{proof.CurveBN254, proof.CurveBLS12381}

// circuitFamilies are the names of the families of circuits.
var circuitFamilies = []string{proof.SystemGroth16, proof.SystemPlonk}

// key is the key that an object names or carries, ready for use.
type key struct {
	key proof.Key
	// verifier is the id of a built-in verifier, "circuit", or empty.
	verifier, family, curve string
	// circuit is the id of a circuit's key, zero for any other.
	circuit [32]byte
}

// isCircuit reports whether the key is a circuit's.
func (k key) isCircuit() bool { return k.verifier == circuitVerifier }

// verdict returns what can be said before the proof is looked at.
func (k key) verdict() Verdict {
	v := Verdict{Verifier: k.verifier, Family: k.family}
	if k.isCircuit() {
		v.CircuitID = hex.EncodeToString(k.circuit[:])
	}
	return v
}

// BuiltIn returns the built-in verifier of that id. Errors: ErrUnknownVerifier;
// ErrBadKey for an embedded file that is damaged, which a test rules out.
func BuiltIn(id string) (proof.Published, error) {
	builtIn, err := families.BuiltIn()
	if err != nil {
		return proof.Published{}, fmt.Errorf("%w: %s", ErrBadKey, err)
	}
	var known string
	for _, b := range builtIn {
		if b.ID == id {
			return b, nil
		}
		known += " " + b.ID
	}
	return proof.Published{}, fmt.Errorf("%w %.64q; built in are:%s; give another key as \"family\", \"curve\" and \"key\", or ask a node for it with --request",
		ErrUnknownVerifier, id, known)
}

// IsBuiltIn reports whether a built-in verifier has that id.
func IsBuiltIn(id string) bool {
	_, err := BuiltIn(id)
	return err == nil
}

// key returns the key that the object names or carries. Errors: those of Verify.
func (o object) key() (key, error) {
	if _, ok := o["verifier"]; !ok {
		return o.ownKey()
	}
	for _, name := range []string{"family", "curve", "key", "constants"} {
		if _, ok := o[name]; ok {
			return key{}, fmt.Errorf("%w: give \"verifier\" or %q, not both", ErrUnreadable, name)
		}
	}
	id, err := o.text("verifier")
	if err != nil {
		return key{}, err
	}
	if id == circuitVerifier {
		return key{}, fmt.Errorf("%w: a circuit's key is not built in; give it as \"family\", \"curve\" and \"key\" instead of \"verifier\"", ErrUnknownVerifier)
	}
	b, err := BuiltIn(id)
	if err != nil {
		return key{}, err
	}
	f, err := findFamily(b.Family)
	if err != nil {
		return key{}, err
	}
	parsed, err := f.Parse(b.Curve, b.Key, b.Constants)
	if err != nil {
		return key{}, fmt.Errorf("%w: %w", ErrBadKey, err)
	}
	return key{key: parsed, verifier: id, family: b.Family, curve: b.Curve}, nil
}

// ownKey reads the key that the object carries, in any form that its family
// reads.
func (o object) ownKey() (key, error) {
	if len(o["family"])+len(o["curve"])+len(o["key"])+len(o["constants"]) == 0 {
		return key{}, fmt.Errorf("%w %q, or else \"family\", \"curve\" and \"key\"", ErrMissingField, "verifier")
	}
	if err := o.require("key"); err != nil {
		return key{}, err
	}
	constants, err := o.constants()
	if err != nil {
		return key{}, err
	}
	k, canonical, err := o.canonicalKey()
	if err != nil {
		return key{}, err
	}
	f, err := findFamily(k.family)
	if err != nil {
		return key{}, err
	}
	if k.key, err = f.Parse(k.curve, canonical, constants); err != nil {
		return key{}, fmt.Errorf("%w: %w", ErrBadKey, err)
	}
	if f.Permissionless() {
		k.verifier, k.circuit = circuitVerifier, proof.CircuitID(k.family, k.curve, canonical)
	}
	return k, nil
}

// canonicalKey reads family, curve and the key's bytes.
func (o object) canonicalKey() (k key, canonical []byte, err error) {
	if _, ok := o["family"]; ok {
		if k.family, err = o.text("family"); err != nil {
			return k, nil, err
		}
	}
	if _, ok := o["curve"]; ok {
		if k.curve, err = o.text("curve"); err != nil {
			return k, nil, err
		}
	}
	if o["key"][0] == '{' {
		k.family, k.curve, canonical, err = snarkjsKey(k.family, k.curve, o["key"])
		return k, canonical, err
	}
	if err := o.require("family"); err != nil {
		return k, nil, err
	}
	f, err := findFamily(k.family)
	if err != nil {
		return k, nil, err
	}
	if k.curve == "" {
		if _, given := o["curve"]; given || len(curvesOf(f)) != 1 {
			return k, nil, fmt.Errorf("%w %q: family %s has %s", ErrMissingField, "curve", k.family, quoted(curvesOf(f)))
		}
		k.curve = curvesOf(f)[0]
	}
	bz, err := parseHex(o["key"])
	if err != nil {
		return k, nil, fmt.Errorf("%w: field \"key\" %s", ErrBadKey, err)
	}
	canonical, err = canonicalize(f, k.curve, bz)
	return k, canonical, err
}

// findFamily returns the family of that name. Error: ErrBadKey.
func findFamily(name string) (proof.Family, error) {
	f, ok := families.Get(name)
	if !ok {
		return nil, fmt.Errorf("%w: family %.40q is none of %s", ErrBadKey, name, families.Names())
	}
	return f, nil
}

// curvesOf returns the curves that a family has: those that it does not refuse
// as such.
func curvesOf(f proof.Family) (names []string) {
	for _, c := range curves {
		if _, err := f.Shape(c, nil); !errors.Is(err, proof.ErrCurve) {
			names = append(names, c)
		}
	}
	return names
}

// canonicalize brings a key of any form into the canonical one. Error: ErrBadKey.
func canonicalize(f proof.Family, curve string, bz []byte) ([]byte, error) {
	if len(bz) > proof.MaxKeySize {
		return nil, fmt.Errorf("%w: %w: %d bytes, at most %d are read", ErrBadKey, proof.ErrSize, len(bz), proof.MaxKeySize)
	}
	canonical, err := f.Canonicalize(curve, bz)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadKey, err)
	}
	return canonical, nil
}

// snarkjsKey reads a verification_key.json. family and curve are empty, or what
// they must be. Error: ErrBadKey.
func snarkjsKey(family, curve string, bz []byte) (gotFamily, gotCurve string, canonical []byte, err error) {
	if family != "" && family != groth16.Name {
		return "", "", nil, fmt.Errorf("%w: a snarkjs key is one of family %q, not %.40q", ErrBadKey, groth16.Name, family)
	}
	gotCurve, canonical, err = groth16.KeyFromSnarkJS(bz)
	if err != nil {
		return "", "", nil, fmt.Errorf("%w: %w", ErrBadKey, err)
	}
	if curve != "" && curve != gotCurve {
		return "", "", nil, fmt.Errorf("%w: %w: this snarkjs key is on %q, not on %.40q", ErrBadKey, proof.ErrCurve, gotCurve, curve)
	}
	return groth16.Name, gotCurve, canonical, nil
}
