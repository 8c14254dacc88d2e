package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/prover"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
)

// Orders reach a sidecar that runs as a process of its own, whose nodes are away;
// once it has ended the same commands work on its file.
func TestOrdersToARunningSidecar(t *testing.T) {
	home := t.TempDir()
	kr, err := chain.OpenKeyring("test", home, bytes.NewReader(nil))
	require.NoError(t, err)
	_, _, err = kr.NewMnemonic("submitter", keyring.English, sdk.FullFundraiserPath, "", hd.Secp256k1)
	require.NoError(t, err)
	us := sdk.AccAddress(bytes.Repeat([]byte{7}, 20)).String()
	_, err = run(t, "init", "--home", home, "--chain-id", "test-1", "--node", "http://127.0.0.1:1", "--prover", us)
	require.NoError(t, err)
	s, err := store.Open(filepath.Join(home, "jobs.db"))
	require.NoError(t, err)
	salt, err := store.NewSalt()
	require.NoError(t, err)
	for _, id := range []string{"aa", "bb"} {
		require.NoError(t, s.Create(&store.Job{RequestID: strings.Repeat(id, 32), Prover: us, Fee: math.NewInt(12), Salt: salt, State: store.Decided}))
	}
	require.NoError(t, s.Close())

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
	rest := make(chan []byte, 1)
	go func() {
		out, _ := io.ReadAll(log) // Wait tells how it ended
		rest <- out
	}()

	out, err := run(t, "status", "--home", home, "-o", "json")
	require.NoError(t, err, out)
	var status prover.Status
	require.NoError(t, json.Unmarshal([]byte(out), &status))
	require.True(t, status.Running)
	require.Equal(t, 2, status.Totals.Open)
	require.Equal(t, "cpu", status.Backends[0].Name, "it is known from the running sidecar only")
	out, err = run(t, "jobs", "list", "--home", home)
	require.NoError(t, err, out)
	require.Contains(t, out, "aaaaaaaaaaaa  decided")
	out, err = run(t, "jobs", "retry", "aaaaaa", "--home", home)
	require.NoError(t, err, out)
	require.NotContains(t, out, "no sidecar runs")
	out, err = run(t, "jobs", "abandon", "aaaaaa", "--home", home)
	require.NoError(t, err, out)
	require.Contains(t, out, "outcome not_placed")
	_, err = run(t, "jobs", "show", "cccccc", "--home", home)
	require.ErrorIs(t, err, store.ErrNotFound, "errors keep their kind over the socket")

	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	said := <-rest
	require.NoError(t, cmd.Wait(), string(said))
	require.NoFileExists(t, filepath.Join(home, "control.sock"))
	out, err = run(t, "jobs", "list", "--all", "--home", home)
	require.NoError(t, err, out)
	require.Contains(t, out, "aaaaaaaaaaaa  not_placed")
	require.Contains(t, out, "bbbbbbbbbbbb  decided")
}
