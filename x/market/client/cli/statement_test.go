package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
	verifiercli "github.com/proofmarket/proofmarket/x/verifier/client/cli"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// fill runs the request command's flags, or the texts of its job file, through a
// subject, and returns what was said on standard error.
func fill(t testing.TB, query verifiertypes.QueryClient, args ...string) (types.MsgRequest, string, error) {
	t.Helper()
	cmd := NewRequestCmd()
	var said bytes.Buffer
	cmd.SetErr(&said)
	require.NoError(t, cmd.ParseFlags(args))
	require.NoError(t, applyJob(cmd, nil))
	var msg types.MsgRequest
	err := subject{cmd: cmd, query: query}.fill(t.Context(), &msg)
	return msg, said.String(), err
}

// publisher has three programs: one verifier, two verifiers, a circuit.
func publisher() string { return sdk.AccAddress(bytes.Repeat([]byte{1}, 20)).String() }

const imageURL = "https://example.org/image"

var imageHash = strings.Repeat("12", 32)

func programs() fakeVerifiers {
	record := func(verifiers ...string) verifiertypes.Program {
		return verifiertypes.Program{Program: hash, Info: verifiertypes.ProgramInfo{ImageUrl: imageURL, ImageSha256: imageHash, Verifiers: verifiers}}
	}
	return fakeVerifiers{
		programs: map[string]verifiertypes.Program{
			publisher() + "/one":     record("sp1-groth16/v6.1.0"),
			publisher() + "/two":     record("sp1-groth16/v6.0.0", "sp1-groth16/v6.1.0"),
			publisher() + "/circuit": record("circuit"),
		},
		verifiers: map[string]verifiertypes.Verifier{"risc0/own": {Family: "risc0-groth16"}, "sp1/own": {Family: "sp1-plonk"}, "odd": {Family: "stark"}},
		circuits:  map[string]verifiertypes.Circuit{hash: {Family: "groth16", Curve: proof.CurveBN254}},
	}
}

// A named program brings its image and its only verifier, and nothing that was
// given is overridden.
func TestRequestNamesProgram(t *testing.T) {
	const url = "https://example.org/mirror"
	other := strings.Repeat("34", 32)
	job := write(t, "job.json", []byte(`{"program": "`+publisher()+`/one", "digest": "`+hash+`"}`))
	program := func(name string) []string { return []string{"--program", publisher() + "/" + name, "--digest", hash} }
	for name, tc := range map[string]struct {
		args          []string
		verifier      string
		image, sha256 string
		says          string
	}{
		"hex":                  {[]string{"--program", "0x" + hash, "--digest", hash, "--image-url", url, "--image-sha256", other}, "circuit", url, other, ""},
		"name":                 {program("one"), "sp1-groth16/v6.1.0", imageURL, imageHash, imageURL},
		"name in a job file":   {[]string{"--job", job}, "sp1-groth16/v6.1.0", imageURL, imageHash, "program " + hash},
		"a circuit's name":     {program("circuit"), "circuit", imageURL, imageHash, "verifier circuit"},
		"one of two":           {append(program("two"), "--verifier", "sp1-groth16/v6.0.0"), "sp1-groth16/v6.0.0", imageURL, imageHash, "image"},
		"another verifier":     {append(program("one"), "--verifier", "sp1/own"), "sp1/own", imageURL, imageHash, "warning"},
		"own image":            {append(program("one"), "--image-url", url, "--image-sha256", "0x"+other), "sp1-groth16/v6.1.0", url, other, "verifier"},
		"a mirror of its file": {append(program("one"), "--image-url", url), "sp1-groth16/v6.1.0", url, imageHash, url},
		"its hash again":       {append(program("one"), "--image-sha256", imageHash), "sp1-groth16/v6.1.0", imageURL, imageHash, imageURL},
	} {
		msg, said, err := fill(t, programs(), tc.args...)
		require.NoError(t, err, name)
		require.Equal(t, verifiertypes.Statement{Verifier: tc.verifier, Program: hash, Digest: hash}, msg.Statement, name)
		require.Equal(t, types.Image{Url: tc.image, Sha256: tc.sha256}, msg.Image, name)
		require.Contains(t, said, tc.says, name)
		if tc.says == "" {
			require.Empty(t, said, name)
		}
	}

	for name, tc := range map[string]struct {
		args []string
		says string
	}{
		"hex without an image":   {[]string{"--program", hash, "--digest", hash}, "--image-url"},
		"hex with half an image": {[]string{"--program", hash, "--digest", hash, "--image-url", url}, "--image-sha256"},
		"several verifiers":      {program("two"), "sp1-groth16/v6.0.0, sp1-groth16/v6.1.0"},
		"another file's hash":    {append(program("one"), "--image-sha256", other), "--image-url"},
		"bad hash":               {append(program("one"), "--image-sha256", "0x"), "--image-sha256"},
		"bad digest":             {[]string{"--program", publisher() + "/one", "--digest", "x"}, "--digest"},
		"unknown name":           {program("none"), "marketd query verifier programs"},
	} {
		_, _, err := fill(t, programs(), tc.args...)
		require.ErrorContains(t, err, tc.says, name)
	}
	_, _, err := fill(t, nil, program("one")...)
	require.ErrorIs(t, err, verifiercli.ErrNameOffline)
}

// law V3: each family has its own rule for the digest.
func TestRequestDigest(t *testing.T) {
	values := []byte("a journal, or public values")
	plain, masked := sha256.Sum256(values), proof.MaskedDigest(values)
	require.NotEqual(t, plain, masked)
	path := write(t, "values", values)
	digest := func(query verifiertypes.QueryClient, verifier, path string) (string, error) {
		msg, _, err := fill(t, query, "--program", hash, "--verifier", verifier, "--public-values", path, "--image-url", imageURL, "--image-sha256", imageHash)
		return msg.Statement.Digest, err
	}
	for verifier, want := range map[string][32]byte{
		"circuit": masked, "pico/v1.2.2": masked, "sp1-groth16/v6.1.0": masked, "sp1-plonk/v5.0.0": masked, "risc0-groth16/v3.0": plain,
	} {
		got, err := digest(nil, verifier, path)
		require.NoError(t, err, "%s needs no node", verifier)
		require.Equal(t, hex.EncodeToString(want[:]), got, verifier)
	}
	for verifier, want := range map[string][32]byte{"risc0/own": plain, "sp1/own": masked} {
		got, err := digest(programs(), verifier, path)
		require.NoError(t, err)
		require.Equal(t, hex.EncodeToString(want[:]), got, verifier)
		_, err = digest(nil, verifier, path)
		require.ErrorIs(t, err, errOffline)
		require.ErrorContains(t, err, "--digest")
	}

	inputs := vectors.Read(t, "snarkjs/groth16_public.json")
	json := write(t, "public.json", inputs)
	got, err := digest(programs(), "circuit", json)
	require.NoError(t, err)
	_, fromProof, err := readProof(NewRequestCmd(), write(t, "proof.json", vectors.Read(t, "snarkjs/groth16_proof.json")), json)
	require.NoError(t, err)
	want := proof.MaskedDigest(fromProof)
	require.Equal(t, hex.EncodeToString(want[:]), got, "the words that the numbers stand for")
	got, err = digest(nil, "risc0-groth16/v3.0", json)
	require.NoError(t, err)
	plain = sha256.Sum256(inputs)
	require.Equal(t, hex.EncodeToString(plain[:]), got, "a journal may be JSON")

	for name, tc := range map[string]struct{ verifier, path, says string }{
		"unknown verifier": {"sp1/none", path, "marketd query verifier verifiers"},
		"unknown family":   {"odd", path, "stark"},
		"not there":        {"circuit", path + "x", "--public-values"},
		"malformed inputs": {"circuit", write(t, "bad.json", []byte(`[1]`)), "--public-values"},
		"too large":        {"circuit", write(t, "large", make([]byte, types.MaxPublicValuesBytes+1)), "--public-values"},
	} {
		_, err := digest(programs(), tc.verifier, tc.path)
		require.ErrorContains(t, err, tc.says, name)
	}
	_, err = digest(nil, "circuit", json)
	require.ErrorIs(t, err, errOffline)
}
