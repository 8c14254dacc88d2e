package devnet

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSettings(t *testing.T) {
	const before = `# a comment with laddr = "no"
top = 1

[rpc]
laddr = "tcp://1"   # where

[p2p]
  laddr = "tcp://2"
[p2p.inner]
laddr = "tcp://3"
`
	for name, tc := range map[string]struct {
		key   string
		value any
		line  string
	}{
		"top level":    {"top", 7, "top = 7\n"},
		"in a table":   {"p2p.laddr", "tcp://9", "[p2p]\nladdr = \"tcp://9\"\n"},
		"nested table": {"p2p.inner.laddr", true, "[p2p.inner]\nladdr = true\n"},
		"escaped":      {"rpc.laddr", `a"b`, "[rpc]\nladdr = \"a\\\"b\"\n"},
		"64 bits":      {"top", int64(1) << 40, "top = 1099511627776\n"},
	} {
		after, err := setValue(before, tc.key, tc.value)
		require.NoError(t, err, name)
		require.Contains(t, after, tc.line, name)
	}
	for _, key := range []string{"laddr", "rpc.top", "p2p.inner.other", "inner.laddr", ""} {
		_, err := setValue(before, key, 1)
		require.ErrorIs(t, err, ErrNoSetting, key)
	}
	_, err := setValue(before, "top", 1.5)
	require.ErrorContains(t, err, "float64")
}

// A file is changed by all its settings or by none.
func TestConfigureIsWhole(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(home, "config"), 0o700))
	for _, f := range []string{cometFile, appFile} {
		require.NoError(t, os.WriteFile(filepath.Join(home, "config", f), []byte("a = 1\n"), 0o600))
	}
	text := func(f string) string {
		b, err := os.ReadFile(filepath.Join(home, "config", f))
		require.NoError(t, err)
		return string(b)
	}
	require.ErrorIs(t, configure(home, []Setting{{cometFile, "a", 2}, {cometFile, "b", 2}}), ErrNoSetting)
	require.ErrorIs(t, configure(home, []Setting{{"other.toml", "a", 2}}), ErrNoSetting)
	require.Equal(t, "a = 1\n", text(cometFile))
	require.NoError(t, configure(home, []Setting{{appFile, "a", 2}}))
	require.Equal(t, "a = 1\n", text(cometFile))
	require.Equal(t, "a = 2\n", text(appFile))
}
