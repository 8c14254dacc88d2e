package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark/frontend"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// Family and Curve are what the circuit registers under.
const (
	Family = "groth16"
	Curve  = proof.CurveBN254
)

const (
	inputFile  = "input.bin"
	valuesFile = "public_values.bin"
)

// Artifact is a published file.
type Artifact struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"` // 64 lower-case hex digits
}

// Artifacts describes everything that a request for a proof of one chunk needs.
// Byte strings are lower-case hex without 0x.
type Artifacts struct {
	CircuitID    string   `json:"circuit_id"`
	Family       string   `json:"family"`
	Curve        string   `json:"curve"`
	VerifyingKey Artifact `json:"verifying_key"`
	Image        Artifact `json:"image"`
	Input        Artifact `json:"input"`
	PublicValues string   `json:"public_values"`
	Digest       string   `json:"digest"`
	Constraints  int      `json:"constraints"`
	// Chunk and Chunks say which chunk is proved, and how many the file has.
	Chunk  int `json:"chunk"`
	Chunks int `json:"chunks"`
}

// WriteArtifacts writes image, verifying key, input and public values for chunk
// number index of the file into the folder out, which is made if need be.
func WriteArtifacts(file string, index int, out string, keys *Keys) (*Artifacts, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("open the file to prove: %w", err)
	}
	defer f.Close()
	tree, err := ReadTree(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	assignment, err := tree.Assignment(index)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	input, publicValues, err := witnessOf(assignment)
	if err != nil {
		return nil, err
	}

	if err := os.MkdirAll(out, dirMode); err != nil {
		return nil, fmt.Errorf("make the output folder: %w", err)
	}
	id := proof.CircuitID(Family, Curve, keys.VerifyingKey)
	digest := backend.CircuitDigest(publicValues)
	a := &Artifacts{
		CircuitID:    hex.EncodeToString(id[:]),
		Family:       Family,
		Curve:        Curve,
		PublicValues: hex.EncodeToString(publicValues),
		Digest:       hex.EncodeToString(digest[:]),
		Constraints:  keys.Constraints,
		Chunk:        index,
		Chunks:       tree.Leaves(),
	}
	var values Artifact
	for _, w := range []struct {
		to      *Artifact
		name    string
		content []byte
	}{
		{&a.Image, imageFile, keys.Image},
		{&a.VerifyingKey, keyFile, keys.VerifyingKey},
		{&a.Input, inputFile, input},
		{&values, valuesFile, publicValues},
	} {
		if *w.to, err = publish(out, w.name, w.content); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// witnessOf returns the full binary witness and the public values as 32-byte
// big-endian words.
func witnessOf(assignment *Circuit) (input, publicValues []byte, err error) {
	w, err := frontend.NewWitness(assignment, ecc.BN254.ScalarField())
	if err != nil {
		return nil, nil, fmt.Errorf("make the witness: %w", err)
	}
	if input, err = w.MarshalBinary(); err != nil {
		return nil, nil, fmt.Errorf("write the witness: %w", err)
	}
	// The witness starts with three u32; its values follow, public ones first.
	const header, word, public = 12, 32, 2
	return input, input[header : header+public*word], nil
}

func publish(dir, name string, content []byte) (Artifact, error) {
	path, err := filepath.Abs(filepath.Join(dir, name))
	if err != nil {
		return Artifact{}, err
	}
	if err := os.WriteFile(path, content, fileMode); err != nil {
		return Artifact{}, fmt.Errorf("write %s: %w", name, err)
	}
	sum := sha256.Sum256(content)
	return Artifact{Path: path, SHA256: hex.EncodeToString(sum[:])}, nil
}
