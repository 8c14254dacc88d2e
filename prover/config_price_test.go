package prover

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/strategy"
)

var programA, programB = strings.Repeat("aa", 32), strings.Repeat("bb", 32)

const strategyToml = `
[price]
fixed_cost = "5"
per_mebibyte = "7uproof"
load_factor_bps = 5000
max_fee = "1000"

[[price.programs]]
program = "` + "PROGRAM" + `"
fixed_cost = "0"

[[price.backends]]
backend = "cpu"
per_million_units = "9"

[filter]
verifiers = ["circuit", "pico/*"]
requesters = ["REQUESTER"]
max_input_bytes = 1048576
count_delegations = true

[breaker]
max_failures = 0
retry_after = "1h"
`

func TestPriceAndFilterFromTheFile(t *testing.T) {
	home := t.TempDir()
	text := strings.NewReplacer("PROGRAM", programA, "REQUESTER", rivalAddr).Replace(strategyToml)
	require.NoError(t, os.WriteFile(filepath.Join(home, ConfigFile), []byte("[chain]\nid = \"x\"\n"+text), 0o600))
	cfg, err := LoadConfig(home)
	require.NoError(t, err)
	require.NoError(t, cfg.Validate())
	p := cfg.Policy()
	require.Equal(t, strategy.Costs{Fixed: math.NewInt(5), PerMillionUnits: math.NewInt(1_000_000), PerMebibyte: math.NewInt(7)}, p.Costs)
	require.Equal(t, map[string]strategy.Costs{programA: {Fixed: math.ZeroInt()}}, p.ProgramCosts, "0 is a price")
	require.Equal(t, map[string]strategy.Costs{"cpu": {PerMillionUnits: math.NewInt(9)}}, p.BackendCosts)
	require.Equal(t, uint32(5_000), p.LoadFactorBps)
	require.Equal(t, math.NewInt(1_000), p.MaxFee)
	require.Equal(t, []string{rivalAddr}, p.Requesters)
	require.Equal(t, uint64(1<<20), p.MaxInputBytes)
	require.True(t, p.CountDelegations)
	require.Equal(t, strategy.BreakerPolicy{RetryAfter: time.Hour}, cfg.BreakerPolicy())

	// What it says survives being written.
	cfg.Home = t.TempDir()
	_, err = WriteConfig(cfg)
	require.NoError(t, err)
	again, err := LoadConfig(cfg.Home)
	require.NoError(t, err)
	require.Equal(t, cfg.Policy(), again.Policy())
	require.Equal(t, cfg.Breaker, again.Breaker)
}

func TestDefaultStrategy(t *testing.T) {
	cfg := DefaultConfig("x")
	p := strategy.DefaultPolicy()
	require.Equal(t, p.Costs, cfg.Policy().Costs)
	require.Equal(t, p.MarginBps, cfg.Policy().MarginBps)
	require.Equal(t, p.MinFee, cfg.Policy().MinFee)
	require.False(t, cfg.Policy().CountDelegations, "bids rest on our own stake")
	require.Equal(t, 3, cfg.BreakerPolicy().MaxFailures)
}

func TestPriceAndFilterAreChecked(t *testing.T) {
	one := &Amount{math.OneInt()}
	huge := Amount{math.NewInt(1 << 62).MulRaw(1 << 62).MulRaw(1 << 4)}
	for name, tc := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"fixed cost":          {func(c *Config) { c.Price.FixedCost = Amount{math.NewInt(-1)} }, "price.fixed_cost must be"},
		"units":               {func(c *Config) { c.Price.PerMillionUnits = huge }, "price.per_million_units must be"},
		"bytes":               {func(c *Config) { c.Price.PerMebibyte = huge }, "price.per_mebibyte must be"},
		"cap below the floor": {func(c *Config) { c.Price.MinFee, c.Price.MaxFee = Amount{math.NewInt(5)}, Amount{math.NewInt(4)} }, "price.max_fee"},
		"load":                {func(c *Config) { c.Price.LoadFactorBps = strategy.MaxLoadFactorBps + 1 }, "price.load_factor_bps"},
		"margins":             {func(c *Config) { c.Price.MinMarginBps = c.Price.MarginBps + 1 }, "price.min_margin_bps"},
		"program":             {func(c *Config) { c.Price.Programs = []ProgramPrice{{Program: "0xaa", FixedCost: one}} }, `price.programs[0].program: "0xaa"`},
		"program in capitals": {func(c *Config) {
			c.Price.Programs = []ProgramPrice{{Program: strings.ToUpper(programA), FixedCost: one}}
		}, "64 lower-case"},
		"program twice": {func(c *Config) {
			c.Price.Programs = []ProgramPrice{{Program: programA, FixedCost: one}, {Program: programA, FixedCost: one}}
		}, "price.programs[1].program"},
		"program without": {func(c *Config) { c.Price.Programs = []ProgramPrice{{Program: programB}} }, "at least one price"},
		"program's price": {func(c *Config) { c.Price.Programs = []ProgramPrice{{Program: programA, PerMebibyte: &huge}} }, "per_mebibyte must be"},
		"backend":         {func(c *Config) { c.Price.Backends = []BackendPrice{{Backend: "gpu", FixedCost: one}} }, "no backend has this name"},
		"backend twice": {func(c *Config) {
			c.Price.Backends = []BackendPrice{{Backend: "cpu", FixedCost: one}, {Backend: "cpu", FixedCost: one}}
		}, "it has prices already"},
		"backend without":      {func(c *Config) { c.Price.Backends = []BackendPrice{{Backend: "cpu"}} }, "at least one price"},
		"verifier":             {func(c *Config) { c.Filter.Verifiers = []string{"pi*co"} }, "filter.verifiers"},
		"verifier in capitals": {func(c *Config) { c.Filter.Verifiers = []string{"Circuit"} }, "filter.verifiers"},
		"denied program":       {func(c *Config) { c.Filter.DeniedPrograms = []string{"aa"} }, "filter.denied_programs"},
		"requester":            {func(c *Config) { c.Filter.Requesters = []string{"cosmos1xy"} }, "filter.requesters"},
		"penalty":              {func(c *Config) { c.Filter.MaxPenalty = Amount{math.NewInt(-1)} }, "filter.max_penalty"},
		"jobs":                 {func(c *Config) { c.Filter.MaxJobs = maxJobsLimit + 1 }, "filter.max_jobs"},
		"long list":            {func(c *Config) { c.Filter.Programs = slices.Repeat([]string{programA}, maxListed+1) }, "at most 10000"},
		"failures":             {func(c *Config) { c.Breaker.MaxFailures = -1 }, "breaker.max_failures"},
		"retry":                {func(c *Config) { c.Breaker.RetryAfter = 0 }, "breaker.retry_after"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := DefaultConfig("x")
			cfg.Chain.ID = "test-1"
			require.NoError(t, cfg.Validate())
			tc.change(&cfg)
			require.ErrorContains(t, cfg.Validate(), tc.want)
		})
	}
}
