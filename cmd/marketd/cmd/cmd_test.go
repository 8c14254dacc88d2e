package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/server"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/internal/chain"
	verifiercli "github.com/proofmarket/proofmarket/x/verifier/client/cli"
)

// execute runs the command line as the binary does and returns standard output.
func execute(t *testing.T, args ...string) (string, error) {
	t.Helper()
	chain.ConfigureBech32()
	root, err := NewRootCmd()
	require.NoError(t, err)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	root.PersistentFlags().String(flags.FlagHome, app.DefaultNodeHome, "")
	root.PersistentFlags().String(flags.FlagLogLevel, "error", "")
	root.PersistentFlags().String(flags.FlagLogFormat, "plain", "")
	ctx := context.WithValue(context.Background(), client.ClientContextKey, &client.Context{})
	ctx = context.WithValue(ctx, server.ServerContextKey, server.NewDefaultContext())
	err = root.ExecuteContext(ctx)
	return out.String(), err
}

func TestCommandsAreThere(t *testing.T) {
	chain.ConfigureBech32()
	root, err := NewRootCmd()
	require.NoError(t, err)
	for _, path := range [][]string{
		{"init"},
		{"start"},
		{"localnet"},
		{"localnet", "init"},
		{"load"},
		{"keys", "add"},
		{"genesis", "gentx"},
		{"comet", "show-node-id"},
		{"snapshots", "list"},
		{"prune"},
		{"rollback"},
		{"config", "migrate"},
		{"export"},
		{"status"},
		{"debug"},
		{"version"},
		{"verify"},
		{"devnet"},
		{"query", "bank", "balances"},
		{"query", "wait-tx"},
		{"query", "verifier"},
		{"query", "provers"},
		{"query", "market"},
		{"tx", "bank", "send"},
		{"tx", "verifier"},
		{"tx", "provers"},
		{"tx", "market"},
	} {
		found, rest, err := root.Find(path)
		require.NoError(t, err, path)
		require.Emptyf(t, rest, "marketd %v", path)
		require.NotEmptyf(t, found.Short, "marketd %v", path)
	}
}

func TestInitWritesTheChainsDefaults(t *testing.T) {
	home := t.TempDir()
	_, err := execute(t, "init", "node", "--chain-id", "test-1", "--home", home)
	require.NoError(t, err)

	genesis, err := genutiltypes.AppGenesisFromFile(filepath.Join(home, "config", "genesis.json"))
	require.NoError(t, err)
	require.EqualValues(t, app.MaxBlockGas, genesis.Consensus.Params.Block.MaxGas)
	require.EqualValues(t, app.MaxBlockBytes, genesis.Consensus.Params.Block.MaxBytes)
	require.Equal(t, []string{"ed25519"}, genesis.Consensus.Params.Validator.PubKeyTypes)

	text := func(name string) string {
		bz, err := os.ReadFile(filepath.Join(home, "config", name))
		require.NoError(t, err)
		return string(bz)
	}
	require.Contains(t, text("config.toml"), `timeout_commit = "1s"`)
	require.Contains(t, text("config.toml"), "create_empty_blocks = true")
	require.Contains(t, text("config.toml"), "prometheus = true")
	require.Contains(t, text("app.toml"), `minimum-gas-prices = "0.0025uproof"`)
	require.Contains(t, text("app.toml"), `address = "tcp://localhost:1317"`)
	require.Contains(t, text("app.toml"), `block-executor = "block-stm"`)
	require.Contains(t, text("app.toml"), "gc-percent = 400")
	require.Contains(t, text("app.toml"), "prometheus-retention-time = 600")

	_, err = execute(t, "genesis", "validate", "--home", home)
	require.NoError(t, err)
}

func TestResultsAreAloneOnStandardOutput(t *testing.T) {
	home := t.TempDir()
	_, err := execute(t, "init", "node", "--chain-id", "test-1", "--home", home)
	require.NoError(t, err)
	root, err := NewRootCmd()
	require.NoError(t, err)
	cmd, _, err := root.Find([]string{"export"})
	require.NoError(t, err)
	var out, logs bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&logs)
	cmd.Flags().String(flags.FlagLogLevel, "info", "")
	ctx := context.WithValue(context.Background(), client.ClientContextKey, &client.Context{})
	cmd.SetContext(context.WithValue(ctx, server.ServerContextKey, server.NewDefaultContext()))
	require.NoError(t, cmd.Flags().Set(flags.FlagHome, home))
	require.NoError(t, root.PersistentPreRunE(cmd, nil))
	server.GetServerContextFromCmd(cmd).Logger.Info("a line of the log")
	require.Empty(t, out.String())
	require.Contains(t, logs.String(), "a line of the log")
}

func TestInitRefusesAnotherCoin(t *testing.T) {
	_, err := execute(t, "init", "node", "--default-denom", "stake", "--home", t.TempDir())
	require.ErrorContains(t, err, "leave the flag out")
}

func TestStartRefusesToRunWithoutEmptyBlocks(t *testing.T) {
	home := t.TempDir()
	_, err := execute(t, "init", "node", "--chain-id", "test-1", "--home", home)
	require.NoError(t, err)
	path := filepath.Join(home, "config", "config.toml")
	cfg := cometConfig()
	cfg.Consensus.CreateEmptyBlocks = false
	cmtcfg.WriteConfigFile(path, cfg)
	_, err = execute(t, "start", "--home", home)
	require.ErrorIs(t, err, app.ErrNodeConfig)
}

func TestConfigOfTheOperatorIsKept(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, writeCometConfig(home))
	path := filepath.Join(home, "config", "config.toml")
	cfg := cometConfig()
	cfg.Consensus.TimeoutCommit = 7 * time.Second
	cmtcfg.WriteConfigFile(path, cfg)
	require.NoError(t, writeCometConfig(home))
	bz, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(bz), `timeout_commit = "7s"`)
}

func TestCommandsWithoutANodeLeaveNoFiles(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	_, err := execute(t, "version", "--home", home)
	require.NoError(t, err)
	_, err = execute(t, "verify", "--home", home, filepath.Join(home, "none.json"))
	require.Error(t, err)
	require.NoDirExists(t, home)
}

func TestExitStatus(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		want int
		text string
	}{
		"success":          {nil, 0, ""},
		"ordinary":         {errors.New("no such key"), 1, "Error: no such key\n"},
		"invalid proof":    {&verifiercli.ExitError{Code: 1, Reason: "said"}, 1, ""},
		"unreadable proof": {fmt.Errorf("verify: %w", &verifiercli.ExitError{Code: 2, Reason: "said"}), 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			require.Equal(t, tc.want, exitStatus(&stderr, tc.err))
			require.Equal(t, tc.text, stderr.String())
		})
	}
}

func TestEveryCommandIsExplained(t *testing.T) {
	chain.ConfigureBech32()
	root, err := NewRootCmd()
	require.NoError(t, err)
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		require.NotEmptyf(t, c.Short, "%s", c.CommandPath())
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(root)
}
