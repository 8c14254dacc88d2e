package devnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// artifact is a published file.
type artifact struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// demoCircuit is what `proverd demo-circuit` writes and reports.
type demoCircuit struct {
	CircuitID    string   `json:"circuit_id"`
	VerifyingKey artifact `json:"verifying_key"`
	Image        artifact `json:"image"`
	Input        artifact `json:"input"`
	PublicValues string   `json:"public_values"`
	Digest       string   `json:"digest"`
	Constraints  int      `json:"constraints"`
	Chunk        int      `json:"chunk"`
	Chunks       int      `json:"chunks"`
}

// prepareCircuit makes the demo's circuit, keys and witness in a child, since
// the node links no circuit frontend, and publishes them on loopback.
func (n *Localnet) prepareCircuit(ctx context.Context) error {
	file := n.opts.File
	if file == "" {
		// The default must be there wherever the command runs.
		file = filepath.Join(n.home, "demo.txt")
		if err := os.WriteFile(file, []byte(defaultText), 0o600); err != nil {
			return err
		}
		if _, err := os.Stat("README.md"); err == nil {
			file = "README.md"
		}
	}
	keys, err := keyCache()
	if err != nil {
		return err
	}
	dir := filepath.Join(n.home, "demo")
	out, err := run(ctx, n.opts.Proverd, "demo-circuit", "--file", file, "--out", dir, "--keys", keys, "--output", "json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, &n.circuit); err != nil {
		return fmt.Errorf("unreadable circuit description %q: %w", out, err)
	}
	n.say("  membership of chunk %d of %d of %s in a Poseidon2 Merkle tree: %d constraints",
		n.circuit.Chunk, n.circuit.Chunks, file, n.circuit.Constraints)
	if err := n.serveFiles(dir); err != nil {
		return err
	}
	return n.writeJob(dir)
}

// defaultText is proved when the command runs outside a checkout and no file
// was named.
const defaultText = "Proofmarket: applications need proofs, provers own the machines.\n"

// keyCache is where proving keys stay between runs: making them takes seconds.
func keyCache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder to cache proving keys in: %w", err)
	}
	return filepath.Join(dir, "proofmarket", "demo-keys"), nil
}

// job is a request in the form that `marketd tx market request --job` reads.
type job struct {
	Verifier    string `json:"verifier"`
	Program     string `json:"program"`
	Digest      string `json:"digest"`
	ImageURL    string `json:"image-url"`
	ImageSHA256 string `json:"image-sha256"`
	InputURL    string `json:"input-url"`
	InputSHA256 string `json:"input-sha256"`
	MaxFee      string `json:"max-fee"`
}

// jobPath is in the node home, which the second terminal names anyway.
func (n *Localnet) jobPath() string { return filepath.Join(n.cli.home, "demo-job.json") }

func (n *Localnet) writeJob(dir string) error {
	for _, a := range []artifact{n.circuit.Image, n.circuit.Input} {
		if filepath.Dir(a.Path) != dir {
			return errors.New("the demo circuit's files are not in " + dir)
		}
	}
	return n.writeRequest(job{
		Verifier: "circuit", Program: n.circuit.CircuitID, Digest: n.circuit.Digest,
		ImageURL: n.fileURL(n.circuit.Image), ImageSHA256: n.circuit.Image.SHA256,
		InputURL: n.fileURL(n.circuit.Input), InputSHA256: n.circuit.Input.SHA256,
		MaxFee: strconv.Itoa(demoMaxFee),
	})
}

// fileURL is where serveFiles publishes a file.
func (n *Localnet) fileURL(a artifact) string {
	return "http://" + loopback(n.filesPort) + "/" + filepath.Base(a.Path)
}

// writeRequest writes what sendRequest asks for.
func (n *Localnet) writeRequest(j job) error {
	b, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(n.jobPath(), append(b, '\n'), 0o600)
}
