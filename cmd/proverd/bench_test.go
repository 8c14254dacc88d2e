package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover"
)

func TestParseCost(t *testing.T) {
	for text, want := range map[string]string{
		"": "0", "2.50PROOF": "2500000", "3PROOF": "3000000", "0.000001PROOF": "1", "17uproof": "17", "0uproof": "0",
	} {
		got, err := parseCost(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got.String(), text)
	}
	for _, text := range []string{"2.50", "PROOF", "uproof", "-1PROOF", "-1uproof", "1.5uproof", "0.0000001PROOF", "1 PROOF", "one", "1e9uproof", strings.Repeat("9", 70) + "PROOF"} {
		_, err := parseCost(text)
		require.Error(t, err, text)
	}
}

func TestParseSizes(t *testing.T) {
	got, err := parseSizes("8192, 2^16,1")
	require.NoError(t, err)
	require.Equal(t, []uint64{8192, 1 << 16, 1}, got)
	got, err = parseSizes("")
	require.NoError(t, err)
	require.Empty(t, got)
	for _, text := range []string{"2^64", "2^", "many", "-1", "1.5", "2^-1"} {
		_, err := parseSizes(text)
		require.ErrorContains(t, err, "--sizes", text)
	}
}

func TestBenchSaysWhatIsWrong(t *testing.T) {
	home := t.TempDir()
	for want, args := range map[string][]string{
		"proverd init":         {},
		"--sizes":              {"--sizes", "many"},
		"--hourly-cost":        {"--hourly-cost", "2.50"},
		"64 lower-case hex":    {"--request", "AB"},
		"duration":             {"--duration", "0s"},
		"runs must be between": {"--runs", "0"},
		"not both":             {"--request", strings.Repeat("ab", 32), "--image", "x"},
		"unknown command":      {"fast"},
	} {
		_, err := run(t, append([]string{"bench", "--home", home}, args...)...)
		require.ErrorContains(t, err, want)
	}
}

func TestPrintBenchFits(t *testing.T) {
	report := prover.BenchReport{
		Notes: []string{"backend pico was left out"},
		Backends: []prover.BenchBackend{{
			Name: "cpu",
			Programs: []prover.BenchProgram{{
				Name: strings.Repeat("long/", 30) + "name", Verifier: "circuit", Units: 1 << 22, ImageBytes: 1 << 29, InputBytes: 17,
				Register: 3 * time.Second, Estimate: time.Millisecond, Error: strings.Repeat("it fails ", 30),
				Runs: []prover.BenchRun{{
					Workers: 16, Proofs: 1000, Failed: 3, Error: strings.Repeat("what a pity ", 20), Verified: true, P50: 90 * time.Second, P90: 2 * time.Hour,
					PerWorker: 123_456_789, InAll: 1_234_567_890, PeakMemory: 63 << 30,
				}},
			}},
			Proposal: &prover.BenchProposal{Config: "workers = 2\n\n[[price.backends]]\n", Notes: []string{"divide it"}},
		}, {Name: "none"}},
	}
	var out bytes.Buffer
	printBench(&out, report)
	requireNarrow(t, out.String())
	for _, want := range []string{"backend cpu", "63.0 GiB", "1m30s", "\n  workers = 2\n\n  [[price.backends]]\n", "note: divide it", "not measured: it fails", "left out"} {
		require.Contains(t, out.String(), want)
	}
}

// The program itself, with workers in processes of their own.
func TestBenchOverProcesses(t *testing.T) {
	home := t.TempDir()
	_, err := run(t, "init", "--home", home, "--chain-id", "test-1")
	require.NoError(t, err)
	cmd := program("bench", "--home", home, "--runs", "1", "--duration", "5m", "--hourly-cost", "2.50PROOF", "--output", "json", "--keys", filepath.Join(home, "keys"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	var report prover.BenchReport
	require.NoError(t, json.Unmarshal(out, &report), string(out))
	got := report.Backends[0].Programs[0].Runs[0]
	require.Equal(t, 1, got.Proofs)
	require.True(t, got.Verified)
	if _, err := os.Stat("/proc/self/stat"); err == nil {
		require.Positive(t, got.PeakMemory, "of the worker")
	}
	require.Contains(t, report.Backends[0].Proposal.Config, "per_million_units")
	require.Contains(t, stderr.String(), "proofs, half of them", "progress")
}
