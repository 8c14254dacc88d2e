package families_test

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/families"
	"github.com/proofmarket/proofmarket/x/verifier/proof/sp1"
)

// active are the verifiers that a new chain starts with as active (law V1). A
// change of this list is a decision about whose proofs release money.
var active = []string{
	"pico/v1.2.2",
	"risc0-groth16/v2.2",
	"risc0-groth16/v3.0",
	"sp1-groth16/v5.0.0",
	"sp1-groth16/v6.1.0",
	"sp1-plonk/v5.0.0",
}

// deprecated are those that it knows but takes no requests on: the soundness of
// SP1 v6.0.0 is broken (GHSA-63x8-x938-vx33).
var deprecated = []string{"sp1-groth16/v6.0.0", "sp1-plonk/v6.0.0"}

var (
	repository = regexp.MustCompile(`^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$`)
	commit     = regexp.MustCompile(`^[0-9a-f]{40}$`)
	hash       = regexp.MustCompile(`^[0-9a-f]{64}$`)
	id         = regexp.MustCompile(`^[a-z0-9-]+/v[0-9]+(\.[0-9]+)*$`)
)

func TestActiveVerifiers(t *testing.T) {
	list, err := families.BuiltIn()
	require.NoError(t, err)
	var ids, old []string
	for _, v := range list {
		if v.Deprecated {
			old = append(old, v.ID)
		} else {
			ids = append(ids, v.ID)
		}
	}
	require.Equal(t, active, ids)
	require.Equal(t, deprecated, old)
}

// Each built-in verifier is usable, says where its key was published, and has the
// key that was.
func TestBuiltInVerifiers(t *testing.T) {
	list, err := families.BuiltIn()
	require.NoError(t, err)
	for i, v := range list {
		t.Run(v.ID, func(t *testing.T) {
			if i > 0 {
				require.Less(t, list[i-1].ID, v.ID, "sorted, each once")
			}
			require.Regexp(t, id, v.ID)
			require.Regexp(t, "^"+v.Family+"/", v.ID)
			require.Regexp(t, repository, v.Source.Repository)
			require.Regexp(t, commit, v.Source.Commit)
			require.Regexp(t, hash, v.Source.SHA256)
			require.NotEmpty(t, v.Source.Path)
			require.Equal(t, v.Source.SHA256, sourceHash(t, v))

			f, ok := families.Get(v.Family)
			require.True(t, ok)
			require.False(t, f.Permissionless())
			require.NoError(t, proof.CheckConstants(v.Constants))
			k, err := f.Parse(v.Curve, v.Key, v.Constants)
			require.NoError(t, err)
			shape, err := f.Shape(v.Curve, v.Key)
			require.NoError(t, err)
			require.Equal(t, shape, k.Shape())
			canonical, err := f.Canonicalize(v.Curve, v.Key)
			require.NoError(t, err)
			require.Equal(t, v.Key, canonical)
		})
	}
}

// No two built-in verifiers are the same key under two names.
func TestBuiltInVerifiersDiffer(t *testing.T) {
	list, err := families.BuiltIn()
	require.NoError(t, err)
	seen := map[[32]byte]string{}
	for _, v := range list {
		h := proof.KeyHash(v.Family, v.Curve, v.Key, v.Constants)
		require.Empty(t, seen[h], v.ID)
		seen[h] = v.ID
	}
}

// sourceHash returns the hash of a key as its source has it: proof.Source.SHA256.
func sourceHash(t *testing.T, v proof.Published) string {
	t.Helper()
	sum := sha256.Sum256(v.Key)
	f, ok := families.Get(v.Family)
	require.True(t, ok)
	if published, ok := f.(sp1.Family); ok { // a file with lines that the key leaves out
		var err error
		sum, err = published.VerifierHash(v.Key)
		require.NoError(t, err)
	}
	return hex.EncodeToString(sum[:])
}

func TestFamilies(t *testing.T) {
	names := []string{"groth16", "plonk", "pico", "sp1-groth16", "sp1-plonk", "risc0-groth16"}
	for _, name := range names {
		f, ok := families.Get(name)
		require.True(t, ok, name)
		require.Equal(t, name, f.Name())
		require.Contains(t, families.Names(), `"`+name+`"`)
		require.Equal(t, slices.Contains([]string{"groth16", "plonk"}, name), f.Permissionless(), name)
	}
	_, ok := families.Get("stark")
	require.False(t, ok)
	_, ok = families.Get("")
	require.False(t, ok)
}
