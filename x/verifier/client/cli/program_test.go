package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// record parses a command line and returns the record that it makes.
func record(t testing.TB, args ...string) (program string, info types.ProgramInfo, err error) {
	t.Helper()
	cmd := programCmd(&cobra.Command{Use: "x"}, func(string, string, types.ProgramInfo) sdk.Msg { return nil })
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		program, info, err = programRecord(args[0], cmd.Flags())
		return err
	}
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	return program, info, cmd.Execute()
}

func TestProgramFromFlags(t *testing.T) {
	id := strings.Repeat("0a", 32)
	image := []byte("an image")
	sum := sha256.Sum256(image)
	path := filepath.Join(t.TempDir(), "image")
	require.NoError(t, os.WriteFile(path, image, 0o600))
	base := []string{"--name", "fib", "--image-url", "https://a/b", "--verifiers", "pico/v1.2.2,circuit,circuit"}
	want := types.ProgramInfo{
		Name: "fib", ImageUrl: "https://a/b", ImageSha256: hex.EncodeToString(sum[:]), ImageSize: uint64(len(image)),
		Verifiers: []string{"circuit", "pico/v1.2.2"},
	}
	program, info, err := record(t, append(base, "0x"+strings.ToUpper(id), "--image", path)...)
	require.NoError(t, err)
	require.Equal(t, id, program)
	require.Equal(t, want, info)

	want.DocsUrl = "http://c"
	_, info, err = record(t, append(base, id, "--image-sha256", "0x"+want.ImageSha256, "--image-size", "8", "--docs-url", "http://c")...)
	require.NoError(t, err)
	require.Equal(t, want, info)
}

func TestProgramFromFlagsRefuses(t *testing.T) {
	id, sum := strings.Repeat("0a", 32), strings.Repeat("0b", 32)
	path := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	given := []string{"--name", "fib", "--image-url", "https://a/b", "--verifiers", "circuit"}
	hash := []string{"--image-sha256", sum, "--image-size", "1"}
	for name, args := range map[string][]string{
		"no program":       append(given, hash...),
		"two programs":     append(append(given, hash...), id, id),
		"no name":          append(given[2:], append(hash, id)...),
		"no URL":           append(given[:2:2], append(given[4:], append(hash, id)...)...),
		"no verifiers":     append(given[:4:4], append(hash, id)...),
		"no hash":          append(given, id),
		"file and hash":    append(given, append(hash[:2:2], id, "--image", path)...),
		"file and size":    append(given, append(hash[2:], id, "--image", path)...),
		"hash alone":       append(given, append(hash[:2:2], id)...),
		"program no hex":   append(given, append(hash, "fib")...),
		"empty image":      append(given, id, "--image", path),
		"image is missing": append(given, id, "--image", path+"x"),
		"image is folder":  append(given, id, "--image", filepath.Dir(path)),
		"bad URL":          append(given, append(hash, id, "--docs-url", "ftp://a")...),
	} {
		_, _, err := record(t, args...)
		require.Error(t, err, name)
	}
}

func TestProgramCommands(t *testing.T) {
	for _, name := range []string{"publish-program", "update-program"} {
		cmd, _, err := NewTxCmd().Find([]string{name})
		require.NoError(t, err)
		require.Equal(t, name, cmd.Name())
		require.NotNil(t, cmd.Flags().Lookup("from"))
	}
}
