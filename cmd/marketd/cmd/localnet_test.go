package cmd

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/devnet"
)

func TestLocalnetRefusesBeforeItWrites(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"no validator":      {[]string{"--validators", "0"}, "choose 1 to 16"},
		"too many":          {[]string{"--validators", "17"}, "choose 1 to 16"},
		"negative provers":  {[]string{"--provers", "-1"}, "--provers must be 0 to 16"},
		"negative load":     {[]string{"--load", "-1"}, "--load must be 0"},
		"no pause":          {[]string{"--block-time", "0s"}, "between blocks"},
		"unknown output":    {[]string{"--output", "yaml"}, "text or json"},
		"missing sidecar":   {[]string{"--provers", "1"}, "proverd is missing"},
		"unknown argument":  {[]string{"start"}, "unknown command"},
		"negative interval": {[]string{"--snapshot-interval", "-1"}, "negative number"},
	} {
		home := filepath.Join(t.TempDir(), "net")
		_, err := execute(t, append([]string{"localnet", "--home", home}, tc.args...)...)
		require.ErrorContains(t, err, tc.want, name)
		require.NoDirExists(t, home, name)
	}
	dir := filepath.Join(t.TempDir(), "files")
	_, err := execute(t, "localnet", "init", "--output-dir", dir)
	require.ErrorContains(t, err, `"hosts" not set`)
	_, err = execute(t, "localnet", "init", "--output-dir", dir, "--hosts", "a,a")
	require.ErrorIs(t, err, devnet.ErrOptions)
	require.NoDirExists(t, dir)
}

func TestMachinesAreExplained(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, explainMachines(&out, []devnet.Machine{
		{Name: "node0", Host: "a", Peer: "id@a:26656", Files: "./net/node0", Home: "/var/lib/proofmarket/node0", Funded: true},
		{Name: "node1", Host: "b", Files: "./net/node1", Home: "/var/lib/proofmarket/node1"},
	}))
	require.Contains(t, out.String(), "node0 runs on a: copy ./net/node0 to /var/lib/proofmarket/node0")
	require.Equal(t, 1, bytes.Count(out.Bytes(), []byte("faucet")))
	require.Contains(t, out.String(), "systemctl enable --now marketd")
}
