package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"

	chainconst "github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/prover/chain"
)

// asProverd makes the test binary the program itself.
const asProverd = "PROOFMARKET_TEST_PROVERD"

func TestMain(m *testing.M) {
	if os.Getenv(asProverd) != "" {
		main()
		return
	}
	chainconst.ConfigureBech32()
	os.Exit(m.Run())
}

func program(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProverd+"=1")
	return cmd
}

// A sidecar whose nodes do not answer runs on, and ends in order when told to.
func TestEndsWhenTold(t *testing.T) {
	home := t.TempDir()
	kr, err := chain.OpenKeyring("test", home, bytes.NewReader(nil))
	require.NoError(t, err)
	_, _, err = kr.NewMnemonic("submitter", keyring.English, sdk.FullFundraiserPath, "", hd.Secp256k1)
	require.NoError(t, err)
	prover := sdk.AccAddress(bytes.Repeat([]byte{7}, 20)).String()
	_, err = run(t, "init", "--home", home, "--chain-id", "test-1", "--node", "http://127.0.0.1:1", "--prover", prover)
	require.NoError(t, err)
	for _, sig := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		cmd := program("start", "--home", home)
		stderr, err := cmd.StderrPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		log := bufio.NewReader(stderr)
		for {
			line, err := log.ReadString('\n')
			require.NoError(t, err, line)
			if strings.Contains(line, "trying again") {
				break
			}
		}
		require.NoError(t, cmd.Process.Signal(sig))
		rest, err := io.ReadAll(log)
		require.NoError(t, err)
		require.NoError(t, cmd.Wait(), string(rest))
		require.Contains(t, string(rest), "proverd stopped")
	}
}

// A worker does not outlive its input.
func TestWorkerEndsWithItsInput(t *testing.T) {
	home := t.TempDir()
	_, err := run(t, "init", "--home", home)
	require.NoError(t, err)
	cmd := program(workerUse, "--home", home, "cpu")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	require.NoError(t, in.Close())
	require.NoError(t, cmd.Wait())
}
