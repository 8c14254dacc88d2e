package families

import (
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/pico"
)

// PicoV122 is the id of the verifier that the current Pico network uses.
const PicoV122 = "pico/v1.2.2"

// Verifier is a key that comes with the software: the default genesis registers
// it, and the offline verifier knows it by its id.
type Verifier struct {
	// ID names the verifier.
	ID string
	// Family and Curve say what the key is.
	Family, Curve string
	// Key is the canonical key.
	Key []byte
	// Constants are the family's further values, sorted by name.
	Constants []proof.Constant
}

// BuiltIn returns the built-in verifiers, sorted by id. An error means that an
// embedded file is damaged, which a test rules out.
func BuiltIn() ([]Verifier, error) {
	key, err := pico.KeyV122()
	if err != nil {
		return nil, err
	}
	return []Verifier{{ID: PicoV122, Family: pico.Name, Curve: proof.CurveBN254, Key: key}}, nil
}
