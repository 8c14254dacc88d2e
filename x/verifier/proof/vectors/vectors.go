// Package vectors holds keys and proofs that the makers of zkVMs published, for
// tests. File testdata/README.md says where they are from.
package vectors

import (
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// FolderVariable is the environment variable that names a folder to read instead
// of testdata.
const FolderVariable = "PROOFMARKET_VECTORS"

//go:embed testdata
var embedded embed.FS

// Key is a published verifying key with its constants.
type Key struct {
	// ID names the key within its set.
	ID string
	// Family and Curve say what the key is.
	Family, Curve string
	// Published is the key as published, or, where a Solidity contract was
	// published, the contract's numbers in gnark's WriteRawTo form.
	Published []byte
	// Constants are the family's further values, sorted by name.
	Constants []proof.Constant
}

// Row is a published proof.
type Row struct {
	// Name identifies the row.
	Name string
	// Program and Digest are the statement.
	Program, Digest [32]byte
	// PublicValues are nil where only their digest was published.
	PublicValues []byte
	// Proof is the proof as it is sent to the chain.
	Proof []byte
	// VerifiesUnder are the ids of the keys of the set under which the proof is
	// valid: under no other.
	VerifiesUnder []string
}

// Set is what was published for one zkVM.
type Set struct {
	// Name is the zkVM's name.
	Name string
	// Keys are all its keys.
	Keys []Key
	// Rows are all its proofs.
	Rows []Row
}

// Key returns the key of that id.
func (s Set) Key(t testing.TB, id string) Key {
	t.Helper()
	i := slices.IndexFunc(s.Keys, func(k Key) bool { return k.ID == id })
	require.GreaterOrEqual(t, i, 0, "%s has no key %q", s.Name, id)
	return s.Keys[i]
}

// ZkVMs returns the sets of all zkVMs.
func ZkVMs(t testing.TB) []Set {
	t.Helper()
	return []Set{Pico(t), Risc0(t), SP1(t)}
}

// Read returns a file, named by its path within the folder. A file that is not
// there may be there with the ending .gz.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	folder, err := fs.Sub(embedded, "testdata")
	require.NoError(t, err)
	if path := os.Getenv(FolderVariable); path != "" { //nolint:forbidigo // only tests read vectors
		folder = os.DirFS(path)
	}
	bz, err := fs.ReadFile(folder, name)
	if !errors.Is(err, fs.ErrNotExist) {
		require.NoError(t, err)
		return bz
	}
	file, err := folder.Open(name + ".gz")
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	bz, err = io.ReadAll(unzipped)
	require.NoError(t, err)
	return bz
}

// readJSON decodes a file.
func readJSON[T any](t testing.TB, name string) (v T) {
	t.Helper()
	require.NoError(t, json.Unmarshal(Read(t, name), &v), name)
	return v
}

// Bytes decodes hex words, each with or without 0x, and joins them.
func Bytes(t testing.TB, words ...string) []byte {
	t.Helper()
	out := []byte{}
	for _, w := range words {
		b, err := hex.DecodeString(strings.TrimPrefix(w, "0x"))
		require.NoError(t, err)
		out = append(out, b...)
	}
	return out
}

// Word decodes 32 bytes of hex.
func Word(t testing.TB, s string) [32]byte {
	t.Helper()
	b := Bytes(t, s)
	require.Len(t, b, 32)
	return [32]byte(b)
}

// optional decodes hex that may be absent.
func optional(t testing.TB, s *string) []byte {
	t.Helper()
	if s == nil {
		return nil
	}
	return Bytes(t, *s)
}

// requireSHA256 checks a published hash.
func requireSHA256(t testing.TB, want string, bz []byte, what string) {
	t.Helper()
	sum := sha256.Sum256(bz)
	require.Equal(t, strings.TrimPrefix(want, "0x"), hex.EncodeToString(sum[:]), what)
}
