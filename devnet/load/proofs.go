package load

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// The circuit: "I know X with X³ + X + 5 = Y", Groth16 on BN254. A node must not
// link what makes proofs, so proofs of many Y are kept; `make load-proofs` makes
// them. Anyone may forge proofs for this key: what made it is in a test.
const (
	circuitFamily = "groth16"
	circuitCurve  = proof.CurveBN254
)

//go:embed data/key.bin
var circuitKey []byte

//go:embed data/proofs.json
var storedProofs []byte

// storedProof is a proof on disk.
type storedProof struct {
	PublicValues []byte `json:"public_values"`
	Proof        []byte `json:"proof"`
}

// provenClaim is a statement with a proof of it.
type provenClaim struct {
	Statement    verifiertypes.Statement
	PublicValues []byte
	Proof        []byte
}

// circuitID names the circuit.
func circuitID() string {
	id := proof.CircuitID(circuitFamily, circuitCurve, circuitKey)
	return hex.EncodeToString(id[:])
}

// loadProofs reads the stored proofs.
func loadProofs() ([]provenClaim, error) {
	var stored []storedProof
	if err := json.Unmarshal(storedProofs, &stored); err != nil {
		return nil, fmt.Errorf("stored proofs: %w", err)
	}
	if len(stored) == 0 {
		return nil, errors.New("there are no stored proofs")
	}
	list := make([]provenClaim, len(stored))
	for i, s := range stored {
		digest := proof.MaskedDigest(s.PublicValues)
		list[i] = provenClaim{
			Statement:    verifiertypes.Statement{Verifier: verifiertypes.CircuitVerifier, Program: circuitID(), Digest: hex.EncodeToString(digest[:])},
			PublicValues: s.PublicValues, Proof: s.Proof,
		}
	}
	return list, nil
}
