package offline

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
)

// MaxFileSize is the largest file with a key, a proof or public values that is
// read, in bytes: JSON takes several times the bytes that it stands for.
const MaxFileSize = groth16.MaxSnarkJSSize

// Circuit is a circuit's key, in canonical form.
type Circuit struct {
	// Family and Curve are names that the chain knows.
	Family, Curve string
	// Key is the canonical key.
	Key []byte
	// ID is the circuit id.
	ID [32]byte
}

// ReadCircuit reads a circuit's key from the bytes of a file: what gnark's
// WriteRawTo or WriteTo wrote, or snarkjs's verification_key.json. family and
// curve may be empty, and are then found out. Error: ErrBadKey.
func ReadCircuit(family, curve string, bz []byte) (Circuit, error) {
	if IsSnarkJS(bz) {
		name, curve, key, err := snarkjsKey(family, curve, bz)
		if err != nil {
			return Circuit{}, err
		}
		return Circuit{Family: name, Curve: curve, Key: key, ID: proof.CircuitID(name, curve, key)}, nil
	}
	candidates, err := circuitCandidates(family, curve)
	if err != nil {
		return Circuit{}, err
	}
	var found []Circuit
	var faults []error
	for _, c := range candidates {
		f, err := findFamily(c.Family)
		if err != nil {
			return Circuit{}, err
		}
		if c.Key, err = canonicalize(f, c.Curve, bz); err != nil {
			faults = append(faults, fmt.Errorf("as %s on %s: %w", c.Family, c.Curve, err))
			continue
		}
		c.ID = proof.CircuitID(c.Family, c.Curve, c.Key)
		found = append(found, c)
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return Circuit{}, fmt.Errorf("%w: it reads as %s on %s and as %s on %s; say which", ErrBadKey,
			found[0].Family, found[0].Curve, found[1].Family, found[1].Curve)
	case len(faults) == 1:
		return Circuit{}, faults[0]
	default:
		var all []string
		for _, fault := range faults {
			all = append(all, fault.Error())
		}
		return Circuit{}, fmt.Errorf("%w: neither a gnark key of any family of circuits nor snarkjs's verification_key.json: %s", ErrBadKey, strings.Join(all, "; "))
	}
}

// circuitCandidates returns the families of circuits and their curves, of which
// each is what it is asked to be. Error: ErrBadKey.
func circuitCandidates(family, curve string) ([]Circuit, error) {
	var out []Circuit
	for _, name := range circuitFamilies {
		if family != "" && family != name {
			continue
		}
		f, err := findFamily(name)
		if err != nil {
			return nil, err
		}
		for _, c := range curvesOf(f) {
			if curve == "" || curve == c {
				out = append(out, Circuit{Family: name, Curve: c})
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: no family of circuits is %.40q on %.40q; families are %s, curves %s", ErrBadKey,
			family, curve, quoted(circuitFamilies), quoted(curves))
	}
	return out, nil
}

// ReadProof returns proof and public values in the bytes of two files: the bytes
// themselves, or what is in snarkjs's proof.json and, beside it, public.json.
// values is nil where no such file was given. Errors: those of package proof.
func ReadProof(proofFile, valuesFile []byte) (proofBytes, publicValues []byte, err error) {
	if !IsSnarkJS(proofFile) {
		return proofFile, valuesFile, nil
	}
	curve, proofBytes, err := groth16.ProofFromSnarkJS(proofFile)
	if err != nil || !IsSnarkJS(valuesFile) {
		return proofBytes, valuesFile, err
	}
	publicValues, err = groth16.InputsFromSnarkJS(curve, valuesFile)
	return proofBytes, publicValues, err
}

// ReadInputs returns the public values of a circuit on that curve in the bytes of
// a file: the bytes themselves, or what is in snarkjs's public.json. Errors:
// those of package proof.
func ReadInputs(curve string, bz []byte) ([]byte, error) {
	if !IsSnarkJS(bz) {
		return bz, nil
	}
	return groth16.InputsFromSnarkJS(curve, bz)
}

// IsSnarkJS tells what snarkjs writes, an object or a list, from bytes that happen
// to start like one.
func IsSnarkJS(bz []byte) bool {
	return groth16.IsJSON(bytes.TrimSpace(bz)) && utf8.Valid(bz) && !bytes.ContainsFunc(bz, func(r rune) bool { return !unicode.IsPrint(r) && !unicode.IsSpace(r) })
}

// setFile makes the bytes of a file the field's value. nil changes nothing.
func (o object) setFile(name string, bz []byte, circuit bool) {
	switch {
	case bz == nil:
	case circuit && IsSnarkJS(bz):
		o[name] = bytes.TrimSpace(bz)
	default:
		o[name] = json.RawMessage(`"0x` + hex.EncodeToString(bz) + `"`)
	}
}

// proof decodes the proof: hex, or snarkjs's proof.json.
func (o object) proof(k key) ([]byte, error) {
	raw := o["proof"]
	if raw[0] == '[' {
		return nil, fmt.Errorf("proof: a list is snarkjs's public.json; give proof.json")
	}
	if raw[0] != '{' {
		bz, err := parseHex(raw)
		if err != nil {
			return nil, fmt.Errorf("proof %w", err)
		}
		return bz, nil
	}
	if !k.isCircuit() || k.family != groth16.Name {
		return nil, fmt.Errorf("proof: a JSON object is a snarkjs proof, which only family %q has, not %q", groth16.Name, k.family)
	}
	curve, bz, err := groth16.ProofFromSnarkJS(raw)
	if err != nil {
		return nil, fmt.Errorf("proof: %w", err)
	}
	if curve != k.curve {
		return nil, fmt.Errorf("proof: it is on %q, the key on %q", curve, k.curve)
	}
	return bz, nil
}

// publicValues decodes the public values: hex, or snarkjs's public.json. It
// returns nil if they were not given.
func (o object) publicValues(k key) ([]byte, error) {
	raw, ok := o["public_values"]
	switch {
	case !ok && k.isCircuit() && k.key.Shape().PublicInputs == 0:
		return []byte{}, nil
	case !ok:
		return nil, nil
	case raw[0] == '{':
		return nil, fmt.Errorf("public_values: an object is snarkjs's proof.json or verification_key.json; give public.json")
	case raw[0] != '[':
		bz, err := parseHex(raw)
		if err != nil {
			return nil, fmt.Errorf("public_values %w", err)
		}
		return bz, nil
	case !k.isCircuit():
		return nil, fmt.Errorf("public_values: a list of numbers is for circuits; family %q has bytes: hex with 0x in front", k.family)
	}
	bz, err := groth16.InputsFromSnarkJS(k.curve, raw)
	if err != nil {
		return nil, fmt.Errorf("public_values: %w", err)
	}
	return bz, nil
}

// quoted joins names for an error message.
func quoted(names []string) string { return `"` + strings.Join(names, `", "`) + `"` }
