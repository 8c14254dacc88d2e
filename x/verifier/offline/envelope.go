// Package offline verifies a proof from a file, without a node: the file names
// or holds the key, and holds the statement and the proof.
//
// The file is one JSON object; all bytes are hex with 0x in front:
//
//	{"verifier": "<id>", "program": …, "digest": … and/or "public_values": …, "proof": …}
//
// A key that is not built in is given instead of verifier:
//
//	{"family": "groth16", "curve": "bn254", "key": …, "constants": {"<name>": …}, …}
//
// curve may be left out where the family has one curve, and program where the
// key is a circuit's: it can only be the circuit id.
//
// What snarkjs writes may stand in the object as it is: verification_key.json as
// key, which says family and curve itself, proof.json as proof, and public.json
// as public_values.
package offline

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/families"
)

// MaxObjectSize is the largest object that is read, in bytes. It holds the
// largest key, public values and proof several times over.
const MaxObjectSize = 8 << 20

// Hex is bytes that JSON writes as hex with 0x in front.
type Hex []byte

// MarshalJSON implements json.Marshaler.
func (h Hex) MarshalJSON() ([]byte, error) {
	return json.Marshal("0x" + hex.EncodeToString(h))
}

// parseHex decodes a JSON string of hex with 0x in front.
func parseHex(raw json.RawMessage) (Hex, error) {
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("must be a string of hex digits with 0x in front")
	}
	digits, ok := strings.CutPrefix(s, "0x")
	if !ok {
		return nil, fmt.Errorf("must be hex with 0x in front")
	}
	bz, err := hex.DecodeString(digits)
	if err != nil {
		return nil, fmt.Errorf("must be hex with 0x in front: %w", err)
	}
	return bz, nil
}

// Envelope is the object, as this software writes it. Either Verifier is set, or
// Family, Curve, Key and perhaps Constants. What is empty is left out.
type Envelope struct {
	Verifier  string         `json:"verifier,omitempty"`
	Family    string         `json:"family,omitempty"`
	Curve     string         `json:"curve,omitempty"`
	Key       *Hex           `json:"key,omitempty"`
	Constants map[string]Hex `json:"constants,omitempty"`
	Program   Hex            `json:"program,omitempty"`
	Digest    *Hex           `json:"digest,omitempty"`
	// PublicValues is nil where they did not come with the proof; circuits always
	// have them, if only as the empty string.
	PublicValues *Hex `json:"public_values,omitempty"`
	Proof        Hex  `json:"proof,omitempty"`
}

// ForVerifier returns the envelope of a proof under a registered verifier.
// publicValues is nil where they did not come with the proof.
func ForVerifier(id string, program, digest [32]byte, publicValues, proofBytes []byte) Envelope {
	d := Hex(digest[:])
	e := Envelope{Verifier: id, Program: program[:], Digest: &d, Proof: proofBytes}
	if publicValues != nil {
		pv := Hex(publicValues)
		e.PublicValues = &pv
	}
	return e
}

// ForKey returns the envelope of a proof under a key that it carries: a circuit's,
// or that of a verifier which is not built in. publicValues is nil where they did
// not come with the proof; a circuit's always did, if only as the empty string.
func ForKey(family, curve string, key []byte, constants []proof.Constant, program, digest [32]byte, publicValues, proofBytes []byte) Envelope {
	if f, ok := families.Get(family); ok && f.Permissionless() && publicValues == nil {
		publicValues = []byte{}
	}
	e := ForVerifier("", program, digest, publicValues, proofBytes)
	k := Hex(key)
	e.Family, e.Curve, e.Key = family, curve, &k
	for _, c := range constants {
		if e.Constants == nil {
			e.Constants = map[string]Hex{}
		}
		e.Constants[c.Name] = c.Value
	}
	return e
}
