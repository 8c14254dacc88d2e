package risc0

import (
	_ "embed"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

//go:embed keys/groth16.hex
var keyHex string

// keySHA256 is the hash of the canonical key.
const keySHA256 = "a647254279e169b155cc118799c828a0bf3d67ad0f234c6d2dd652316a7540b1"

// releases are the releases whose verifiers stand built in: those that RISC Zero
// has neither stopped nor taken off its router (contracts/deployment.toml of
// risc0/risc0-ethereum). Key and constants are in contracts/src/groth16 at the
// commit, in Groth16Verifier.sol and ControlID.sol.
var releases = []struct{ version, commit, controlID, controlRoot string }{
	{
		version:     "v2.2",
		commit:      "15db3fe560f6174839d676a9b5e732a81131347c",
		controlID:   "04446e66d300eb7fb45c9726bb53c793dda407a62e9601618bb43c5c14657ac0",
		controlRoot: "ce52bf56033842021af3cf6db8a50d1b7535c125a34f1a22c6fdcf002c5a1529",
	},
	{
		version:     "v3.0",
		commit:      "365e7b2db4f620fa256580c27558d2623362b9ae",
		controlID:   "04446e66d300eb7fb45c9726bb53c793dda407a62e9601618bb43c5c14657ac0",
		controlRoot: "a54dc85ac99f851c92d7c96d7318af41dbe7c0194edfcc37eb4d422a998c1f56",
	},
}

// selectors are those of all releases, for error messages. Only the releases above
// are for use: RISC Zero stopped the verifiers of 2.0 and 2.1 for flaws in their
// circuits, took those of 1.1 and 1.2 off its router, and lists none of 1.0.
var selectors = []struct {
	selector [SelectorSize]byte
	version  string
}{
	{[SelectorSize]byte{0x31, 0x0f, 0xe5, 0x98}, "v1.0"},
	{[SelectorSize]byte{0x50, 0xbd, 0x17, 0x69}, "v1.1"},
	{[SelectorSize]byte{0xc1, 0x01, 0xb4, 0x2b}, "v1.2"},
	{[SelectorSize]byte{0x9f, 0x39, 0x69, 0x6c}, "v2.0"},
	{[SelectorSize]byte{0xf5, 0x36, 0x08, 0x5a}, "v2.1"},
	{[SelectorSize]byte{0xbb, 0x00, 0x1d, 0x44}, "v2.2"},
	{[SelectorSize]byte{0x73, 0xc4, 0x57, 0xba}, "v3.0"},
}

// describe returns a selector as text, with its release if that is known.
func describe(selector [SelectorSize]byte) string {
	for _, s := range selectors {
		if s.selector == selector {
			return fmt.Sprintf("%x (%s/%s)", selector, Name, s.version)
		}
	}
	return fmt.Sprintf("%x", selector)
}

// Published returns the verifiers that stand built in, in canonical form. The
// key comes from a Solidity contract, which has no β₁ and δ₁: they are infinity.
func Published() ([]proof.Published, error) {
	key, err := unhex(keyHex)
	if err != nil {
		return nil, err
	}
	list := make([]proof.Published, 0, len(releases))
	for _, r := range releases {
		id, err := unhex(r.controlID)
		if err != nil {
			return nil, err
		}
		root, err := unhex(r.controlRoot)
		if err != nil {
			return nil, err
		}
		list = append(list, proof.Published{
			ID: Name + "/" + r.version, Family: Name, Curve: proof.CurveBN254, Key: key,
			Constants: []proof.Constant{{Name: ControlID, Value: id}, {Name: ControlRoot, Value: root}},
			Source: proof.Source{
				Repository: "risc0/risc0-ethereum",
				Path:       "contracts/src/groth16/Groth16Verifier.sol",
				Commit:     r.commit,
				SHA256:     keySHA256,
			},
		})
	}
	return list, nil
}

func unhex(s string) ([]byte, error) {
	bz, err := hex.DecodeString(strings.TrimSpace(s))
	if err != nil {
		return nil, fmt.Errorf("%w: embedded data: %w", proof.ErrEncoding, err)
	}
	return bz, nil
}
