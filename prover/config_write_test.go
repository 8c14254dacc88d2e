package prover

import (
	"bytes"
	"encoding"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"
)

// typePaths lists the path of every key and section that a type has.
func typePaths(t reflect.Type, path string, sections, keys map[string]bool) {
	text := reflect.TypeFor[encoding.TextMarshaler]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("toml"), ",")
		if name == "-" {
			continue
		}
		p := strings.TrimPrefix(path+"."+name, ".")
		ft := t.Field(i).Type
		for !ft.Implements(text) && (ft.Kind() == reflect.Pointer || ft.Kind() == reflect.Slice) {
			ft = ft.Elem()
		}
		if ft.Kind() == reflect.Struct && !ft.Implements(text) {
			sections[p] = true
			typePaths(ft, p, sections, keys)
			continue
		}
		keys[p] = true
	}
}

func writtenDefault(t *testing.T) (Config, string) {
	t.Helper()
	cfg := DefaultConfig(t.TempDir())
	cfg.Chain.ID = "test-1"
	path, err := WriteConfig(cfg)
	require.NoError(t, err)
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	return cfg, string(raw)
}

func TestEveryKeyIsExplained(t *testing.T) {
	sections, keys := map[string]bool{}, map[string]bool{}
	typePaths(reflect.TypeFor[Config](), "", sections, keys)
	_, file := writtenDefault(t)
	for path := range keys {
		require.NotEmpty(t, configDocs[path].Text, path)
	}
	for path := range sections {
		require.NotEmpty(t, configDocs[path].Text, path)
		require.Regexp(t, `(?m)^#?\[{1,2}`+regexp.QuoteMeta(path)+`\]`, file)
	}
	for path := range configDocs {
		require.True(t, keys[path] || sections[path], "%s is explained, but there is no such key", path)
	}
	// Each key stands in the file below its own section, with its default above it.
	section, above, left := "", "", maps.Clone(keys)
	for line := range strings.Lines(file) {
		bare := strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "#")
		switch {
		case strings.HasPrefix(bare, "["):
			section = strings.Trim(bare, "[]")
		case strings.Contains(bare, " = ") && !strings.HasPrefix(bare, " "):
			name, _, _ := strings.Cut(bare, " = ")
			path := section + "." + name
			require.True(t, keys[path], path)
			if !strings.HasPrefix(above, "#") {
				break // a second backend: its keys are explained at the first
			}
			delete(left, path)
		}
		above = line
	}
	require.Empty(t, left, "these are not explained in the file")
	require.NotContains(t, file, ". Default: .")
	for line := range strings.Lines(file) {
		require.True(t, len(line) <= commentWidth+1 || !strings.HasPrefix(line, "# "), line)
	}
}

func TestTheWrittenFileIsTheDefault(t *testing.T) {
	cfg, file := writtenDefault(t)
	got, err := LoadConfig(cfg.Home)
	require.NoError(t, err)
	require.Equal(t, cfg, got)

	// The words "Default: x." tell the value that the key then has.
	defaults := defaultsByPath()
	for path, want := range map[string]string{
		"chain.gas_margin_percent": "40", "chain.tx_ttl": "2m0s", "filter.verifiers": "all", "key.prover": "none",
		"fetch.max_image_bytes": "536870912 (512 MiB)", "backends.queue": "4", "backends.exec.max_programs": "8", "backends.pico.tls": "false",
	} {
		require.Equal(t, want, defaultText(path, defaults), path)
	}
	require.Contains(t, file, "# Added to simulated gas, besides a fixed reserve of 100000; at most 1000.\n# Default: 40.\ngas_margin_percent = 40\n")

	// The home folder may be moved: the file does not hold its path.
	require.NotContains(t, file, cfg.Home)
	moved := filepath.Join(t.TempDir(), "moved")
	require.NoError(t, os.Rename(cfg.Home, moved))
	got, err = LoadConfig(moved)
	require.NoError(t, err)
	require.Equal(t, moved, got.Key.Dir)
}

// Taking away the # of every example leaves a configuration that is valid.
func TestTheExamplesAreValid(t *testing.T) {
	_, file := writtenDefault(t)
	used := regexp.MustCompile(`(?m)^#([a-z\[])`).ReplaceAllString(file, "$1")
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, ConfigFile), []byte(used), 0o600))
	cfg, err := LoadConfig(home)
	require.NoError(t, err)
	require.NoError(t, cfg.Validate())
	var kinds []string
	for _, b := range cfg.Backends {
		kinds = append(kinds, b.Kind)
	}
	require.Equal(t, []string{KindGnark, KindPico, KindExec}, kinds)
	require.Len(t, cfg.Price.Programs, 1)
	require.Len(t, cfg.Price.Backends, 1)
}

func TestWhatIsSetIsWrittenOnce(t *testing.T) {
	cfg := DefaultConfig(t.TempDir())
	cfg.Chain.ID = `odd "name" \ 'quoted'`
	cfg.Backends = exampleBackends()
	cfg.Backends = append(cfg.Backends, cfg.Backends[0])
	cfg.Backends[3].Name = "second"
	cfg.Price.Programs = []ProgramPrice{{Program: programA, FixedCost: &Amount{math.NewInt(3)}}, {Program: programB, PerMebibyte: &Amount{math.ZeroInt()}}}
	raw, err := renderConfig(cfg)
	require.NoError(t, err)
	require.Equal(t, 1, bytes.Count(raw, []byte("# Speed of one worker")))
	require.NotContains(t, string(raw), "#[[backends]]", "no example of a kind that is there")
	require.NotContains(t, string(raw), "#[[price.programs]]")
	require.NoError(t, os.WriteFile(filepath.Join(cfg.Home, ConfigFile), raw, 0o600))
	got, err := LoadConfig(cfg.Home)
	require.NoError(t, err)
	require.Equal(t, cfg, got)
}

// Validate speaks of keys that the file explains.
func TestValidateNamesExplainedKeys(t *testing.T) {
	cfg := Config{Backends: []BackendConfig{{Kind: "x"}, {Kind: KindPico, Pico: &PicoConfig{CAFile: "x"}}, {Kind: KindExec, Exec: &ExecConfig{}}}}
	cfg.Chain = ChainConfig{Nodes: []string{"x"}, GasMarginPercent: 5_000}
	err := cfg.Validate()
	require.Error(t, err)
	numbers := regexp.MustCompile(`\[\d+\]( \(.*?\))?`)
	found := 0
	for line := range strings.Lines(err.Error()) {
		key, _, _ := strings.Cut(strings.TrimPrefix(line, ConfigFile+": "), ": ")
		if key == "price or filter" || key == "breaker" {
			_, key, _ = strings.Cut(line, ": ")
		}
		key = strings.Fields(numbers.ReplaceAllString(key, ""))[0]
		require.True(t, configDocs[key].Text != "", "%q in %s", key, line)
		found++
	}
	require.Greater(t, found, 20)
}

func TestBytesText(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0 bytes", 1023: "1023 bytes", 1024: "1 KiB", 1536: "1.5 KiB", 64 << 20: "64 MiB", 4 << 30: "4 GiB", 1<<64 - 1: "15 EiB",
	} {
		require.Equal(t, want, bytesText(n))
	}
}

// README.md lists every key with its default and meaning, in the words of the file,
// and no other.
func TestReadmeListsTheConfiguration(t *testing.T) {
	raw, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, text, ok := strings.Cut(string(raw), "\n## Configuration\n")
	require.True(t, ok)
	text, _, ok = strings.Cut(text, "\n## Laws")
	require.True(t, ok)
	var have []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "| `") {
			have = append(have, strings.TrimSuffix(line, "\n"))
		}
	}
	_, keys := map[string]bool{}, map[string]bool{}
	typePaths(reflect.TypeFor[Config](), "", map[string]bool{}, keys)
	defaults, want := defaultsByPath(), []string{}
	for path := range keys {
		name := strings.TrimPrefix(path, "backends.")
		for _, kind := range backendKinds {
			name = strings.TrimPrefix(name, kind+".")
		}
		value := defaultText(path, defaults)
		if configDocs[path].Default == "" && value != "none" {
			value = "`" + value + "`"
		}
		want = append(want, "| `"+name+"` | "+value+" | "+configDocs[path].Text+" |")
	}
	require.ElementsMatch(t, want, have)
}
