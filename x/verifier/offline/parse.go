package offline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// Errors that say that there is nothing to give a verdict on. Every error of
// Verify wraps one of them.
var (
	// ErrUnreadable means that the input is not such an object.
	ErrUnreadable = errors.New("unreadable object")
	// ErrUnknownVerifier means that no built-in verifier has that id.
	ErrUnknownVerifier = errors.New("unknown verifier")
	// ErrBadKey means that the key, its family, curve or constants are not usable.
	ErrBadKey = errors.New("unreadable key")
	// ErrMissingField means that the object lacks something.
	ErrMissingField = errors.New("missing field")
)

// fields are the names that the object may have.
var fields = []string{"verifier", "family", "curve", "key", "constants", "program", "digest", "public_values", "proof"}

// snarkJSFields are names that the files of snarkjs begin with.
var snarkJSFields = []string{"protocol", "pi_a"}

// object holds the fields that were given, not null, still encoded.
type object map[string]json.RawMessage

// parseObject reads one JSON object of known fields, each given once, with
// nothing after it. Error: ErrUnreadable.
func parseObject(bz []byte, known []string) (object, error) {
	d := json.NewDecoder(bytes.NewReader(bz))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("%w: not a JSON object", ErrUnreadable)
	}
	o := object{}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("%w: %s", ErrUnreadable, err)
		}
		name, _ := t.(string)
		if slices.Contains(snarkJSFields, name) && known != nil {
			return nil, fmt.Errorf("%w: field %q is of a file of snarkjs; such files go with --key, --proof and --public-values, or into the fields of those names", ErrUnreadable, name)
		}
		if known != nil && !slices.Contains(known, name) {
			return nil, fmt.Errorf("%w: unknown field %.40q; known are %s", ErrUnreadable, name, strings.Join(known, ", "))
		}
		if seen[name] {
			return nil, fmt.Errorf("%w: field %.40q is given twice", ErrUnreadable, name)
		}
		seen[name] = true
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, fmt.Errorf("%w: field %.40q: %s", ErrUnreadable, name, err)
		}
		if string(raw) != "null" {
			o[name] = raw
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrUnreadable, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows the object", ErrUnreadable)
	}
	return o, nil
}

// require reports the first of the named fields that was not given. Error:
// ErrMissingField.
func (o object) require(names ...string) error {
	for _, n := range names {
		if _, ok := o[n]; !ok {
			return fmt.Errorf("%w %q", ErrMissingField, n)
		}
	}
	return nil
}

// text decodes a field that is a plain string. Error: ErrUnreadable.
func (o object) text(name string) (string, error) {
	var s string
	if err := json.Unmarshal(o[name], &s); err != nil {
		return "", fmt.Errorf("%w: field %q must be a string", ErrUnreadable, name)
	}
	return s, nil
}

// constants decodes the constants, sorted by name. Error: ErrBadKey.
func (o object) constants() ([]proof.Constant, error) {
	raw, ok := o["constants"]
	if !ok {
		return nil, nil
	}
	values, err := parseObject(raw, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: constants: %s", ErrBadKey, err)
	}
	var out []proof.Constant
	for name, raw := range values {
		value, err := parseHex(raw)
		if err != nil {
			return nil, fmt.Errorf("%w: constant %.40q %s", ErrBadKey, name, err)
		}
		out = append(out, proof.Constant{Name: name, Value: value})
	}
	slices.SortFunc(out, func(a, b proof.Constant) int { return strings.Compare(a.Name, b.Name) })
	if err := proof.CheckConstants(out); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrBadKey, err)
	}
	return out, nil
}
