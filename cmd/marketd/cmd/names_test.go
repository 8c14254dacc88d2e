package cmd

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/internal/chain"
	verifiercli "github.com/proofmarket/proofmarket/x/verifier/client/cli"
)

// commandLine builds the command line of the commands that take programs, whose
// inner commands note their arguments instead of running.
func commandLine(t *testing.T) (root *cobra.Command, got *[]string) {
	t.Helper()
	root, got = &cobra.Command{Use: "marketd", SilenceErrors: true, SilenceUsage: true}, new([]string)
	for _, p := range programCommands {
		at := root
		words := strings.Fields(p.path)
		for _, w := range words[:len(words)-1] {
			next, _, err := at.Find([]string{w})
			if err != nil || next == at {
				next = &cobra.Command{Use: w}
				at.AddCommand(next)
			}
			at = next
		}
		leaf := &cobra.Command{Use: words[len(words)-1] + " A B", Short: "Do", RunE: func(cmd *cobra.Command, args []string) error {
			*got = append([]string{}, args...)
			if f := cmd.Flags().Lookup("program"); f != nil {
				*got = append(*got, f.Value.String())
			}
			return nil
		}}
		if p.flag != "" {
			leaf.Flags().String(p.flag, "", "")
		}
		at.AddCommand(leaf)
	}
	return root, got
}

func TestProgramsAreHexOrNames(t *testing.T) {
	chain.ConfigureBech32()
	id := strings.Repeat("ab", 32)
	for _, p := range programCommands {
		args := strings.Fields(p.path)
		if p.flag != "" {
			args = append(args, "--"+p.flag)
		} else {
			for range p.arg {
				args = append(args, "first")
			}
		}
		root, got := commandLine(t)
		require.NoError(t, acceptProgramNames(root))
		root.SetArgs(append(args, "0x"+strings.ToUpper(id)))
		require.NoError(t, root.Execute(), p.path)
		require.Equal(t, id, (*got)[len(*got)-1], p.path)

		*got = nil
		root.SetArgs(append(args, "nobody/fibonacci"))
		require.ErrorIs(t, root.Execute(), verifiercli.ErrUnknownPublisher, p.path)
		root.SetArgs(append(args, "fibonacci"))
		require.ErrorIs(t, root.Execute(), verifiercli.ErrProgramForm, p.path)
		require.Nil(t, *got, p.path)
	}
	root, got := commandLine(t)
	require.NoError(t, acceptProgramNames(root))
	root.SetArgs([]string{"query", "verifier", "programs"})
	require.NoError(t, root.Execute())
	require.Equal(t, []string{""}, *got, "a flag that was not given")
	require.Error(t, acceptProgramNames(&cobra.Command{Use: "marketd"}), "a command that is gone is noticed")
}

// On the way to a node nothing is decided about a proof: exit code 2.
func TestVerifyRequestWithoutANode(t *testing.T) {
	home := t.TempDir()
	out, err := execute(t, "verify", "--home", home, "--node", "tcp://127.0.0.1:1", "--request", strings.Repeat("ab", 32))
	var exit *verifiercli.ExitError
	require.True(t, errors.As(err, &exit), "%v", err)
	require.Equal(t, 2, exit.Code)
	require.Contains(t, out, "unreadable: --request: ")

	out, err = execute(t, "verify", "--home", filepath.Join(home, "config", "config.toml"), "--request", strings.Repeat("ab", 32))
	require.True(t, errors.As(err, &exit), "%v", err)
	require.Equal(t, 2, exit.Code, "a home folder that cannot be one")
	require.Contains(t, out, "Error: ")
}
