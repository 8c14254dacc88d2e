package cmd

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
)

// addKey makes a key in the test keyring of home and returns its address.
func addKey(t *testing.T, home, name string) string {
	t.Helper()
	out, err := execute(t, "keys", "add", name, "--home", home, "--keyring-backend", "test", "--output", "json", "--no-backup")
	require.NoError(t, err)
	var key struct {
		Address string `json:"address"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &key), out)
	return key.Address
}

// offline makes a command build its transaction without a node.
func offline(home string, args ...string) []string {
	return append(args, "--home", home, "--keyring-backend", "test", "--generate-only", "--offline",
		"--account-number", "1", "--sequence", "1")
}

func TestAddressFlagsTakeKeyNames(t *testing.T) {
	home := t.TempDir()
	alice, bob := addKey(t, home, "alice"), addKey(t, home, "bob")
	propose := []string{"tx", "provers", "update-allow-list", "--from", "alice", "--title", "T", "--summary", "S", "--deposit", "1uproof"}

	out, err := execute(t, offline(home, append(propose, "--add", "alice", "--add", bob, "--remove", "bob")...)...)
	require.NoError(t, err)
	require.Contains(t, out, `"add":["`+alice+`","`+bob+`"]`)
	require.Contains(t, out, `"remove":["`+bob+`"]`)

	_, err = execute(t, offline(home, append(propose, "--add", "nobody")...)...)
	require.ErrorContains(t, err, `--add "nobody": `)
}

// An address of a list or alone, of an account or a validator: all that AutoCLI
// reads as an address waits for the keyring.
func TestEveryAddressFlagWaits(t *testing.T) {
	chain.ConfigureBech32()
	root, err := NewRootCmd()
	require.NoError(t, err)
	for path, names := range map[string][]string{
		"query provers unstakes":       {"staker", "prover"},
		"tx provers update-allow-list": {"add", "remove"},
	} {
		c, _, err := root.Find(strings.Fields(path))
		require.NoError(t, err)
		for _, name := range names {
			require.IsType(t, &addressFlag{}, c.Flags().Lookup(name).Value, "%s --%s", path, name)
		}
	}
}

// taken notes what an address flag of AutoCLI would be set to.
type taken struct {
	prefix string
	values []string
}

func (v *taken) String() string { return strings.Join(v.values, ",") }
func (v *taken) Type() string   { return addressFlagType }
func (v *taken) Set(s string) error {
	if !strings.HasPrefix(s, v.prefix) {
		return os.ErrInvalid
	}
	v.values = append(v.values, s)
	return nil
}

func TestAddressFlagOfAValidator(t *testing.T) {
	home := t.TempDir()
	alice := addKey(t, home, "alice")
	keyring, err := client.NewKeyringFromBackend(client.Context{KeyringDir: home}.WithCodec(testCodec(t)), "test")
	require.NoError(t, err)
	clientCtx := client.Context{Keyring: keyring}
	operator := sdk.ValAddress(sdk.MustAccAddressFromBech32(alice)).String()

	inner := &taken{prefix: "proofvaloper1"}
	flag := &addressFlag{Value: inner}
	require.NoError(t, flag.Set("alice"))
	require.Equal(t, "alice", flag.String())
	require.Empty(t, inner.values, "nothing is decided before the keyring is known")
	require.NoError(t, flag.resolve(clientCtx))
	require.Equal(t, []string{operator}, inner.values)

	for _, wrong := range []string{"nobody", alice} {
		flag = &addressFlag{Value: &taken{prefix: "proofvaloper1"}, given: []string{wrong}}
		require.ErrorIs(t, flag.resolve(clientCtx), os.ErrInvalid)
		require.ErrorIs(t, flag.resolve(client.Context{}), os.ErrInvalid, "without a keyring")
	}
}

func TestHomeFromTheEnvironment(t *testing.T) {
	home, other := filepath.Join(t.TempDir(), "home"), t.TempDir()
	t.Setenv("MARKETD_HOME", home)
	alice := addKey(t, home, "alice")
	show := []string{"keys", "show", "alice", "-a", "--keyring-backend", "test"}

	out, err := execute(t, show...)
	require.NoError(t, err)
	require.Equal(t, alice, strings.TrimSpace(out))
	require.FileExists(t, filepath.Join(home, "config", "client.toml"))

	_, err = execute(t, append(show, "--"+flags.FlagHome, other)...)
	require.Error(t, err, "the flag counts more than the environment")
}
