package demo_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/gnark"
	"github.com/proofmarket/proofmarket/prover/demo"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
)

// One setup serves the whole test: published files, a proof of them by the
// backend, and the chain's verifier.
func TestArtifactsProveAndVerify(t *testing.T) {
	cache, out := t.TempDir(), t.TempDir()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, bytes.Repeat([]byte("proof of possession "), 100), 0o600))

	keys, err := demo.LoadKeys(cache)
	require.NoError(t, err)
	a, err := demo.WriteArtifacts(file, 2, out, keys)
	require.NoError(t, err)
	require.Equal(t, 5, a.Chunks)
	require.LessOrEqual(t, a.Constraints, demo.MaxConstraints)

	t.Run("proves and verifies", func(t *testing.T) {
		ctx := context.Background()
		image, err := os.ReadFile(a.Image.Path)
		require.NoError(t, err)
		input, err := os.ReadFile(a.Input.Path)
		require.NoError(t, err)
		require.NotContains(t, string(image), "circuit.go", "an image must not name files of the machine that made it")

		b := gnark.New(gnark.Config{})
		program, err := b.Register(ctx, image, backend.Statement{})
		require.NoError(t, err)
		require.Equal(t, a.Image.SHA256, string(program))
		est, err := b.Estimate(ctx, backend.Task{Program: program, Input: input})
		require.NoError(t, err)
		require.Equal(t, uint64(a.Constraints), est.Cost)
		require.Equal(t, a.PublicValues, hex.EncodeToString(est.PublicValues))
		require.Equal(t, a.Digest, hex.EncodeToString(est.Digest[:]))
		res, err := b.Prove(ctx, backend.Task{Program: program, Input: input})
		require.NoError(t, err)

		raw, err := os.ReadFile(a.VerifyingKey.Path)
		require.NoError(t, err)
		key, err := groth16.Family.Parse(demo.Curve, raw, nil)
		require.NoError(t, err)
		id, err := hex.DecodeString(a.CircuitID)
		require.NoError(t, err)
		require.Equal(t, est.Digest, key.Digest(est.PublicValues))
		require.NoError(t, key.Verify([32]byte(id), est.Digest, res.PublicValues, res.Proof))
		require.Error(t, key.Verify([32]byte(id), [32]byte{1}, res.PublicValues, res.Proof))
	})

	t.Run("keys are made once", func(t *testing.T) {
		again, err := demo.LoadKeys(cache)
		require.NoError(t, err)
		require.Equal(t, backend.ProgramOf(keys.Image), backend.ProgramOf(again.Image))
		entries, err := os.ReadDir(cache)
		require.NoError(t, err)
		require.Len(t, entries, 1, "no temporary folder stays behind")
	})

	t.Run("a damaged entry is made again", func(t *testing.T) {
		entries, err := os.ReadDir(cache)
		require.NoError(t, err)
		path := filepath.Join(cache, entries[0].Name(), "verifying_key.bin")
		require.NoError(t, os.WriteFile(path, []byte("damaged"), 0o600))
		again, err := demo.LoadKeys(cache)
		require.NoError(t, err)
		require.Equal(t, len(keys.VerifyingKey), len(again.VerifyingKey))
	})

	t.Run("faults", func(t *testing.T) {
		_, err := demo.WriteArtifacts(file, a.Chunks, out, keys)
		require.ErrorContains(t, err, "choose an index from 0 to 4")
		_, err = demo.WriteArtifacts(file+".none", 0, out, keys)
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}
