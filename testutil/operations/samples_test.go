package operations

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/stretchr/testify/require"

	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
)

// settings reads a TOML text as values by their full names.
func settings(t *testing.T, text string) map[string]any {
	t.Helper()
	var tree map[string]any
	require.NoError(t, toml.Unmarshal([]byte(text), &tree))
	flat := make(map[string]any)
	var walk func(string, any)
	walk = func(name string, v any) {
		table, ok := v.(map[string]any)
		if !ok {
			flat[name] = v
			return
		}
		for key, inner := range table {
			walk(strings.TrimPrefix(name+"."+key, "."), inner)
		}
	}
	walk("", tree)
	return flat
}

// defaults returns what init writes into a configuration file, and the file.
func defaults(t *testing.T, name string) (map[string]any, string) {
	t.Helper()
	home := t.TempDir()
	out, err := exec.CommandContext(t.Context(), filepath.Join(binaries, "marketd"), "init", "my-node", "--chain-id", "test-1", "--home", home).CombinedOutput()
	require.NoError(t, err, "%s", out)
	b, err := os.ReadFile(filepath.Join(home, "config", name))
	require.NoError(t, err)
	return settings(t, string(b)), string(b)
}

// The sample of config.toml has every setting with the value that init writes, and a
// reason for each table and each setting or group of them.
func TestSampleIsTheDefaults(t *testing.T) {
	want, _ := defaults(t, "config.toml")
	sample := page(t, filepath.Join("node", "config.toml"))
	got := settings(t, sample)
	require.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
	require.Equal(t, want, got)
	requireReasons(t, sample)
}

// The app.toml that init writes says the reason for each of its settings itself, and
// where those of config.toml are; both files that it names exist.
func TestAppConfigHasItsReasons(t *testing.T) {
	_, text := defaults(t, "app.toml")
	requireReasons(t, text)
	for _, name := range []string{"docs/operations/node/config.toml", "docs/decisions/0034-node-settings.md", "docs/decisions/0030-lanes.md"} {
		require.Contains(t, text, name)
		require.FileExists(t, filepath.Join(pages, "..", "..", name))
	}
	for _, name := range regexp.MustCompile(`\b[a-z]+\.md\b`).FindAllString(strings.ReplaceAll(text, "-", "_"), -1) {
		require.FileExists(t, filepath.Join(pages, name))
	}
}

// requireReasons asks for a comment in front of each setting or group of them.
func requireReasons(t *testing.T, text string) {
	t.Helper()
	explained := false
	for i, line := range strings.Split(text, "\n") {
		switch line = strings.TrimSpace(line); {
		case line == "":
			explained = false
		case strings.HasPrefix(line, "#"):
			explained = true
		case !strings.HasPrefix(line, "["):
			require.True(t, explained, "line %d: %q stands in a group without a reason", i+1, line)
		}
	}
}

// Settings that the pages show exist, in the file that the block names, and have
// values of the right type.
func TestSettingsOnPagesExist(t *testing.T) {
	files := make(map[string]map[string]any)
	for _, name := range []string{"app.toml", "config.toml"} {
		files[name], _ = defaults(t, name)
	}
	total := 0
	for _, name := range markdown(t) {
		for _, block := range blocks(page(t, name), "toml") {
			m := regexp.MustCompile(`^# (app\.toml|config\.toml)`).FindStringSubmatch(block)
			require.NotNil(t, m, "%s: a block of settings does not name its file:\n%s", name, block)
			for key, value := range settings(t, block) {
				old, ok := files[m[1]][key]
				require.True(t, ok, "%s: %s has no setting %s", name, m[1], key)
				require.IsType(t, old, value, "%s: %s", name, key)
				total++
			}
		}
	}
	require.Greater(t, total, 20)
}

// Proposals are by the governance account, and those of parameters name all of them.
func TestProposalFiles(t *testing.T) {
	gov := authtypes.NewModuleAddress(govtypes.ModuleName).String()
	list, err := filepath.Glob(filepath.Join(pages, "node", "proposals", "*.json"))
	require.NoError(t, err)
	text := page(t, "governance.md")
	for _, path := range list {
		name := filepath.Base(path)
		var p struct {
			Messages []struct {
				Type      string         `json:"@type"`
				Authority string         `json:"authority"`
				Params    map[string]any `json:"params"`
			} `json:"messages"`
			Deposit string `json:"deposit"`
			Title   string `json:"title"`
			Summary string `json:"summary"`
		}
		require.NoError(t, json.Unmarshal([]byte(page(t, filepath.Join("node", "proposals", name))), &p), name)
		require.Len(t, p.Messages, 1, name)
		require.Equal(t, gov, p.Messages[0].Authority, name)
		require.Equal(t, "10000000uproof", p.Deposit, name)
		require.NotEmpty(t, p.Title+p.Summary, name)
		require.Contains(t, text, fmt.Sprintf("[%s](node/proposals/%s)", name, name))
	}
	require.Greater(t, len(list), 8)
}

// The proxy's sample leads to the ports of a node's defaults.
func TestProxyLeadsToTheNode(t *testing.T) {
	app, _ := defaults(t, "app.toml")
	comet, _ := defaults(t, "config.toml")
	text := page(t, filepath.Join("node", "nginx.conf"))
	for name, address := range map[string]any{"rpc": comet["rpc.laddr"], "rest": app["api.address"], "grpc": app["grpc.address"]} {
		_, port, err := net.SplitHostPort(strings.TrimPrefix(fmt.Sprint(address), "tcp://"))
		require.NoError(t, err)
		require.Regexp(t, `upstream proofmarket_`+name+` \{\n    server 127\.0\.0\.1:`+port+`;`, text)
		require.Contains(t, text, "_pass "+map[bool]string{true: "grpc", false: "http"}[name == "grpc"]+"://proofmarket_"+name+";")
	}
}
