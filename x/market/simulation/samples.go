package simulation

import (
	_ "embed" // the circuit and its proofs
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// samplesJSON holds the key of a circuit that asserts x³ + x + 5 = y, and proofs of
// it. TestWriteSamples made it.
//
//go:embed samples.json
var samplesJSON []byte

// sampleSet is a circuit with proofs.
type sampleSet struct {
	Family string   `json:"family"`
	Curve  string   `json:"curve"`
	Key    []byte   `json:"key"`
	Proofs []sample `json:"proofs"`
	// id is the circuit's.
	id string
}

// sample is a proof and what it proves.
type sample struct {
	PublicValues []byte `json:"public_values"`
	Proof        []byte `json:"proof"`
	// statement is what the public values make.
	statement verifiertypes.Statement
}

// samples reads the file, once. It panics on a bad one, which is part of the code.
var samples = sync.OnceValue(func() sampleSet {
	var s sampleSet
	if err := json.Unmarshal(samplesJSON, &s); err != nil {
		panic(fmt.Errorf("samples.json: %w", err))
	}
	s.id = verifiertypes.CircuitID(s.Family, s.Curve, s.Key)
	for i := range s.Proofs {
		digest := proof.MaskedDigest(s.Proofs[i].PublicValues)
		s.Proofs[i].statement = verifiertypes.Statement{
			Verifier: verifiertypes.CircuitVerifier, Program: s.id, Digest: hex.EncodeToString(digest[:]),
		}
	}
	return s
})

// proofOf finds the proof of a statement; false for a statement that nobody here can
// prove.
func proofOf(st verifiertypes.Statement) (sample, bool) {
	list := samples().Proofs
	i := slices.IndexFunc(list, func(s sample) bool { return s.statement == st })
	if i < 0 {
		return sample{}, false
	}
	return list[i], true
}

// unprovable is a statement about a zkVM's program, of which there is no proof here.
func unprovable() verifiertypes.Statement {
	word := hex.EncodeToString(append(make([]byte, 31), 1))
	return verifiertypes.Statement{Verifier: verifiertypes.PicoV122, Program: word, Digest: word}
}
