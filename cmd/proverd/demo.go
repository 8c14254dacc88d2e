package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/proofmarket/proofmarket/prover/demo"
)

func newDemoCircuitCmd() *cobra.Command {
	var file, out, keys string
	var index int
	cmd := &cobra.Command{
		Use:   "demo-circuit",
		Short: "Write the files of a real request: proof of possession of a file's chunk",
		Long: fmt.Sprintf(`Write what it takes to request a proof that somebody holds chunk number INDEX of
a file, without showing it: the image, the verifying key to register as a
circuit, the input and the public values, which are the root of a Merkle tree
over the file and the index.

A chunk has %d bytes, a file at most %d. The keys are made once, which
takes some seconds, and kept in --keys. Whoever made them could forge proofs
under them, so this is for demonstrations.`, demo.ChunkSize, demo.MaxFileSize),
		Example: `  proverd demo-circuit --file README.md --index 0 --out /tmp/demo
  proverd demo-circuit --file README.md --index 3 --out /tmp/demo --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if keys == "" {
				keys = defaultKeys(out)
			}
			k, err := demo.LoadKeys(keys)
			if err != nil {
				return err
			}
			a, err := demo.WriteArtifacts(file, index, out, k)
			if err != nil {
				return err
			}
			return printed(cmd, a, func(w io.Writer) {
				fmt.Fprintf(w, "circuit       %s (%s over %s, %d constraints)\n", a.CircuitID, a.Family, a.Curve, a.Constraints)
				fmt.Fprintf(w, "chunk         %d of %d\n", a.Chunk, a.Chunks)
				fmt.Fprintf(w, "verifying key %s\n", a.VerifyingKey.Path)
				fmt.Fprintf(w, "image         %s  %s\n", a.Image.SHA256, a.Image.Path)
				fmt.Fprintf(w, "input         %s  %s\n", a.Input.SHA256, a.Input.Path)
				fmt.Fprintf(w, "public values %s\n", a.PublicValues)
				fmt.Fprintf(w, "digest        %s\n", a.Digest)
			})
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "file to prove possession of")
	cmd.Flags().IntVar(&index, "index", 0, "number of the chunk, from 0")
	cmd.Flags().StringVar(&out, "out", "", "folder to write to")
	cmd.Flags().StringVar(&keys, "keys", "", "folder that keeps the circuit's keys (default: the user's cache folder)")
	for _, name := range []string{"file", "out"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is defined above
		}
	}
	addOutputFlag(cmd)
	return cmd
}

func defaultKeys(out string) string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return filepath.Join(out, "keys")
	}
	return filepath.Join(cache, "proofmarket", "demo-keys")
}
