// Package families lists the proof families that this software verifies.
package families

import (
	"fmt"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	"github.com/proofmarket/proofmarket/x/verifier/proof/pico"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk"
	"github.com/proofmarket/proofmarket/x/verifier/proof/risc0"
	"github.com/proofmarket/proofmarket/x/verifier/proof/sp1"
)

// all holds each family once. New families are added here and nowhere else.
var all = []proof.Family{groth16.Family, plonk.Family, pico.Family{}, sp1.Groth16, sp1.Plonk, risc0.Family{}}

// Get returns the family of that name, or false.
func Get(name string) (proof.Family, bool) {
	for _, f := range all {
		if f.Name() == name {
			return f, true
		}
	}
	return nil, false
}

// Names describes the known names, for error messages.
func Names() string {
	var s string
	for i, f := range all {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprintf("%q", f.Name())
	}
	return s
}
