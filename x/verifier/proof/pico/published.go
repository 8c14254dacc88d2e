package pico

import (
	_ "embed"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

//go:embed keys/v1.2.2.hex
var keyV122 string

// Published returns the keys that Brevis published and that stand built in, in
// canonical form. They come from Solidity contracts, whose −β, −γ and −δ are
// negated back; β₁ and δ₁, which a contract does not have, are infinity.
//
// Keys before v1.2.2 are left out: they are older than the constraints that the
// audit of December 2025 added to Pico's circuits (v1.2.0), so that nobody can
// say that they are sound.
func Published() ([]proof.Published, error) {
	key, err := hex.DecodeString(strings.TrimSpace(keyV122))
	if err != nil {
		return nil, fmt.Errorf("%w: embedded key: %w", proof.ErrEncoding, err)
	}
	return []proof.Published{{
		ID: Name + "/v1.2.2", Family: Name, Curve: proof.CurveBN254, Key: key,
		Source: proof.Source{
			Repository: "brevis-network/prover-network-contracts",
			Path:       "src/pico/Groth16Verifier.sol",
			Commit:     "e7379a14c840472db2a0cdcc74fdfd69a83b151a",
			SHA256:     "9fbbdc9334f030856e01444c3685ee6d916d5ff0cdf06de487e96c6b7b6c56de",
		},
	}}, nil
}
