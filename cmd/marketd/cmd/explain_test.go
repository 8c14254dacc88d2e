package cmd

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	"github.com/cosmos/cosmos-sdk/version"

	"github.com/proofmarket/proofmarket/internal/chain"
)

// testCodec returns a codec that reads keys.
func testCodec(t *testing.T) codec.Codec {
	t.Helper()
	chain.ConfigureBech32()
	registry := codectypes.NewInterfaceRegistry()
	cryptocodec.RegisterInterfaces(registry)
	return codec.NewProtoCodec(registry)
}

func TestErrorsArePlain(t *testing.T) {
	for raw, want := range map[string]string{
		"no such key": "no such key",
		"rpc error: code = Unknown desc = rpc error: code = Unknown desc = failed to execute message; message index: 0: " +
			"999 uproof, at least 1000 are needed: too little [/root/go/pkg/mod/cosmossdk.io/errors@v1.1.0/errors.go:165] with gas used: '45835': unknown request": "999 uproof, at least 1000 are needed: too little",
		"rpc error: code = Unknown desc = name a staker, a prover or both: invalid query: unknown request": "name a staker, a prover or both: invalid query",
		"rpc error: code = NotFound desc = key not found":                                                  "key not found",
		"failed to execute message; message index: 2: out of gas":                                          "failed to execute message; message index: 2: out of gas",
		"unknown flag: unknown request":                                                                    "unknown flag: unknown request",
		`rpc error: code = Unknown desc = math/big: cannot unmarshal "1PROOF" into a *big.Int: tx parse error: tx parse error [x/y.go:161]: unknown request`: `"1PROOF" is no whole number of uproof`,
		"[prover]: \"bobby\": invalid account address or key name: decoding bech32 failed":                                                                   "[prover]: \"bobby\": neither an address nor a key that `marketd keys list` shows: decoding bech32 failed",
		"": "",
	} {
		require.Equal(t, want, plain(raw), raw)
	}
}

func TestArgumentsAreNamed(t *testing.T) {
	home := t.TempDir()
	addKey(t, home, "alice")
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"tx", "provers", "stake", "nobody", "5", "--from", "alice"}, `[prover]: "nobody": `},
		{[]string{"tx", "provers", "set-commission", "5%", "--from", "alice"}, `[bps]: "5%": `},
		{[]string{"tx", "provers", "cancel-unstake", "alice", "1", "two", "--from", "alice"}, `[ids]...: "two": `},
	} {
		_, err := execute(t, offline(home, tc.args...)...)
		require.ErrorContains(t, err, tc.want)
	}
	other := errors.New("other")
	require.Equal(t, other, nameArgument("do [this]", other))
	require.NoError(t, nameArgument("do [this]", nil))
}

// Every flag of the module's own, and every flag of a page, says what it does.
func TestFlagsOfProversAreExplained(t *testing.T) {
	chain.ConfigureBech32()
	root, err := NewRootCmd()
	require.NoError(t, err)
	for _, path := range [][]string{{"tx", "provers"}, {"query", "provers"}} {
		module, _, err := root.Find(path)
		require.NoError(t, err)
		require.NotEmpty(t, module.Commands())
		for _, c := range module.Commands() {
			requireExplained(t, c)
		}
	}
}

func requireExplained(t *testing.T, c *cobra.Command) {
	t.Helper()
	require.NotEmpty(t, c.Short, c.CommandPath())
	for _, f := range flagsOf(c) {
		require.NotEmpty(t, f.Usage, "%s --%s", c.CommandPath(), f.Name)
	}
	examples := examplesOf(c)
	require.NotEmpty(t, examples, "%s has no example", c.CommandPath())
	for _, words := range examples {
		require.Equal(t, version.AppName, words[0])
		found, rest, err := c.Root().Find(words[1:])
		require.NoError(t, err)
		require.Same(t, c, found, "%v", words)
		require.NoError(t, found.ParseFlags(rest), "%v", words)
		require.NoError(t, found.ValidateArgs(found.Flags().Args()), "%v", words)
		for _, w := range words {
			require.NotContains(t, w, "…", "%v does not work when pasted", words)
		}
	}
}

// flagsOf returns the flags that a user sees.
func flagsOf(c *cobra.Command) (list []*pflag.Flag) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Name != "help" {
			list = append(list, f)
		}
	})
	return list
}

// word is one word of a shell's line: quoted in one way or the other, or bare.
var word = regexp.MustCompile(`'([^']*)'|"([^"]*)"|([^\s'"]+)`)

// examplesOf returns a command's examples, a list of words each.
func examplesOf(c *cobra.Command) (examples [][]string) {
	for _, line := range strings.Split(c.Example, "\n") {
		var words []string
		for _, m := range word.FindAllStringSubmatch(line, -1) {
			words = append(words, m[1]+m[2]+m[3])
		}
		if len(words) > 0 {
			examples = append(examples, words)
		}
	}
	return examples
}
