package families

import (
	"slices"
	"strings"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/pico"
	"github.com/proofmarket/proofmarket/x/verifier/proof/risc0"
	"github.com/proofmarket/proofmarket/x/verifier/proof/sp1"
)

// PicoV122 is the id of the verifier that the current Pico network uses.
const PicoV122 = "pico/v1.2.2"

// BuiltIn returns the built-in verifiers, sorted by id: the default genesis
// registers them, and the offline verifier knows them. An error means that an
// embedded file is damaged, which a test rules out.
func BuiltIn() ([]proof.Published, error) {
	var all []proof.Published
	for _, published := range []func() ([]proof.Published, error){pico.Published, sp1.Published, risc0.Published} {
		list, err := published()
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	slices.SortFunc(all, func(a, b proof.Published) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}
