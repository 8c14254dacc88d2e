package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover"
	"github.com/proofmarket/proofmarket/prover/strategy"
)

func TestQuoteSaysWhatIsMissing(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	id := strings.Repeat("ab", 32)
	_, err := run(t, "quote", "--home", home)
	require.Error(t, err, "no request")
	_, err = run(t, "quote", strings.ToUpper(id), "--home", home)
	require.ErrorContains(t, err, "64 lower-case hex digits")
	_, err = run(t, "quote", id, "--home", home)
	require.ErrorContains(t, err, "proverd init")
	_, err = run(t, "init", "--home", home, "--chain-id", "test-1", "--node", "http://127.0.0.1:1")
	require.NoError(t, err)
	_, err = run(t, "quote", id, "--home", home, "--prover", "nobody")
	require.ErrorContains(t, err, "key.prover")
}

func TestPrintQuote(t *testing.T) {
	price := strategy.Price{
		Units: 7, Bytes: 9, Cost: math.NewInt(10), Loaded: math.NewInt(11), LoadBps: 1_000, Wanted: math.NewInt(13),
		Least: math.NewInt(12), Cap: math.NewInt(50), Fee: math.NewInt(13), MarginBps: 1_818,
	}
	report := prover.QuoteReport{
		RequestID: "r", Backend: "cpu", UnitsPerSecond: 3, ProvingTime: "2s", Notes: []string{"no trial proof was made"},
		Decision: strategy.Decision{Bid: true, Fee: math.NewInt(13), Standby: true, Price: &price},
	}
	var out bytes.Buffer
	printQuote(&out, report)
	for _, want := range []string{"would bid 13 uproof, and stand by", "cpu, 3 units a second", "11 (1000 bps more)", "13, 12", "1818 bps", "note: no trial"} {
		require.Contains(t, out.String(), want)
	}
	out.Reset()
	report.Decision = strategy.Refuse(strategy.Reason{Code: strategy.CodeUnits, Text: "too many"}, strategy.Reason{Code: strategy.CodeQueue, Text: "all taken", Later: true})
	printQuote(&out, report)
	require.Contains(t, out.String(), "would not bid:\n  units (for good): too many\n  queue (for now): all taken\n")
	require.NotContains(t, out.String(), "wanted")
}
