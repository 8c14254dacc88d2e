package prover

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/proofmarket/proofmarket/prover/strategy"
)

const (
	// maxListed bounds each list of the filter: every request is held against it.
	maxListed = 10_000
	// maxJobsLimit bounds filter.max_jobs.
	maxJobsLimit = 1_000_000

	defaultMaxFailures = 3
	defaultRetryAfter  = Duration(10 * time.Minute)
)

// PriceConfig is the pricing part of strategy.Policy; amounts in uproof.
type PriceConfig struct {
	FixedCost       Amount `toml:"fixed_cost"`
	PerMillionUnits Amount `toml:"per_million_units"`
	PerMebibyte     Amount `toml:"per_mebibyte"`
	LoadFactorBps   uint32 `toml:"load_factor_bps"`
	MarginBps       uint32 `toml:"margin_bps"`
	MinMarginBps    uint32 `toml:"min_margin_bps"`
	MinFee          Amount `toml:"min_fee"`
	MaxFee          Amount `toml:"max_fee"`
	Standby         bool   `toml:"standby"`

	// Programs and Backends replace the costs where they say something; the
	// program's costs go before the backend's.
	Programs []ProgramPrice `toml:"programs,omitempty"`
	Backends []BackendPrice `toml:"backends,omitempty"`
}

// ProgramPrice is what proofs of one program cost us. What it leaves out is as
// for other programs.
type ProgramPrice struct {
	// Program is 64 lower-case hex digits.
	Program         string  `toml:"program"`
	FixedCost       *Amount `toml:"fixed_cost,omitempty"`
	PerMillionUnits *Amount `toml:"per_million_units,omitempty"`
	PerMebibyte     *Amount `toml:"per_mebibyte,omitempty"`
}

// BackendPrice is what proofs cost us on one backend. What it leaves out is as
// on other backends.
type BackendPrice struct {
	// Backend is the name of one in the backends list.
	Backend         string  `toml:"backend"`
	FixedCost       *Amount `toml:"fixed_cost,omitempty"`
	PerMillionUnits *Amount `toml:"per_million_units,omitempty"`
	PerMebibyte     *Amount `toml:"per_mebibyte,omitempty"`
}

// FilterConfig is the choosing part of strategy.Policy. Empty lists, and limits
// of 0, stand in nobody's way.
type FilterConfig struct {
	// Verifiers are ids of verifiers, or patterns that end in *.
	Verifiers        []string `toml:"verifiers"`
	Programs         []string `toml:"programs"`
	DeniedPrograms   []string `toml:"denied_programs"`
	Requesters       []string `toml:"requesters"`
	DeniedRequesters []string `toml:"denied_requesters"`
	MaxPenalty       Amount   `toml:"max_penalty"`
	MaxUnits         uint64   `toml:"max_units"`
	MaxInputBytes    uint64   `toml:"max_input_bytes"`
	MaxJobs          int      `toml:"max_jobs"`
	CountDelegations bool     `toml:"count_delegations"`
}

// BreakerConfig is strategy.BreakerPolicy.
type BreakerConfig struct {
	MaxFailures int      `toml:"max_failures"`
	RetryAfter  Duration `toml:"retry_after"`
}

func defaultPrice() PriceConfig {
	p := strategy.DefaultPolicy()
	return PriceConfig{
		FixedCost: Amount{p.Costs.Fixed}, PerMillionUnits: Amount{p.Costs.PerMillionUnits}, PerMebibyte: Amount{p.Costs.PerMebibyte},
		LoadFactorBps: p.LoadFactorBps, MarginBps: p.MarginBps, MinMarginBps: p.MinMarginBps,
		MinFee: Amount{p.MinFee}, MaxFee: Amount{p.MaxFee}, Standby: p.Standby,
	}
}

func defaultFilter() FilterConfig {
	p := strategy.DefaultPolicy()
	return FilterConfig{
		Verifiers: []string{}, Programs: []string{}, DeniedPrograms: []string{}, Requesters: []string{}, DeniedRequesters: []string{},
		MaxPenalty: Amount{p.MaxPenalty}, MaxUnits: p.MaxUnits, MaxInputBytes: p.MaxInputBytes, MaxJobs: p.MaxJobs,
		CountDelegations: p.CountDelegations,
	}
}

func defaultBreaker() BreakerConfig {
	return BreakerConfig{MaxFailures: defaultMaxFailures, RetryAfter: defaultRetryAfter}
}

// Policy returns the strategy that the configuration describes.
func (c Config) Policy() strategy.Policy {
	p, f := c.Price, c.Filter
	policy := strategy.Policy{
		Verifiers: f.Verifiers, Programs: f.Programs, DeniedPrograms: f.DeniedPrograms,
		Requesters: f.Requesters, DeniedRequesters: f.DeniedRequesters,
		MaxInputBytes: f.MaxInputBytes, MaxUnits: f.MaxUnits, MaxPenalty: f.MaxPenalty.Int, MaxJobs: f.MaxJobs,
		CountDelegations: f.CountDelegations,
		Costs:            costsOf(&p.FixedCost, &p.PerMillionUnits, &p.PerMebibyte),
		ProgramCosts:     make(map[string]strategy.Costs, len(p.Programs)),
		BackendCosts:     make(map[string]strategy.Costs, len(p.Backends)),
		LoadFactorBps:    p.LoadFactorBps, MarginBps: p.MarginBps, MinMarginBps: p.MinMarginBps,
		MinFee: p.MinFee.Int, MaxFee: p.MaxFee.Int, Standby: p.Standby,
	}
	for _, o := range p.Programs {
		policy.ProgramCosts[o.Program] = costsOf(o.FixedCost, o.PerMillionUnits, o.PerMebibyte)
	}
	for _, o := range p.Backends {
		policy.BackendCosts[o.Backend] = costsOf(o.FixedCost, o.PerMillionUnits, o.PerMebibyte)
	}
	return policy
}

// BreakerPolicy says when the configuration stops bidding.
func (c Config) BreakerPolicy() strategy.BreakerPolicy {
	return strategy.BreakerPolicy{MaxFailures: c.Breaker.MaxFailures, RetryAfter: time.Duration(c.Breaker.RetryAfter)}
}

// costsOf returns costs; nil amounts are left to the less specific ones.
func costsOf(fixed, perMillionUnits, perMebibyte *Amount) (c strategy.Costs) {
	if fixed != nil {
		c.Fixed = fixed.Int
	}
	if perMillionUnits != nil {
		c.PerMillionUnits = perMillionUnits.Int
	}
	if perMebibyte != nil {
		c.PerMebibyte = perMebibyte.Int
	}
	return c
}

// checkStrategy reports what is wrong with price, filter and breaker.
func (c Config) checkStrategy(say check) {
	if err := c.Policy().Validate(); err != nil {
		say("price or filter", false, "%s", err)
	}
	if err := c.BreakerPolicy().Validate(); err != nil {
		say("breaker", false, "%s", err)
	}
	f := c.Filter
	say("filter.max_jobs", f.MaxJobs <= maxJobsLimit, "must be at most %d", maxJobsLimit)
	for _, list := range []struct {
		key    string
		values []string
		wrong  func(string) error
	}{
		{"filter.verifiers", f.Verifiers, verifierPattern},
		{"filter.programs", f.Programs, programID},
		{"filter.denied_programs", f.DeniedPrograms, programID},
		{"filter.requesters", f.Requesters, bech32Address},
		{"filter.denied_requesters", f.DeniedRequesters, bech32Address},
	} {
		say(list.key, len(list.values) <= maxListed, "lists %d, at most %d are allowed", len(list.values), maxListed)
		for _, v := range list.values {
			err := list.wrong(v)
			say(list.key, err == nil, "%q: %v", v, err)
		}
	}
	c.checkOverrides(say)
}

func (c Config) checkOverrides(say check) {
	seen := map[string]bool{}
	for i, o := range c.Price.Programs {
		key := fmt.Sprintf("price.programs[%d].program", i)
		err := programID(o.Program)
		say(key, err == nil, "%q: %v", o.Program, err)
		say(key, !seen[o.Program], "%q: it has prices already", o.Program)
		say(key, o.FixedCost != nil || o.PerMillionUnits != nil || o.PerMebibyte != nil, "%q: give at least one price", o.Program)
		seen[o.Program] = true
	}
	clear(seen)
	for i, o := range c.Price.Backends {
		key := fmt.Sprintf("price.backends[%d].backend", i)
		known := slices.ContainsFunc(c.Backends, func(b BackendConfig) bool { return b.Name == o.Backend })
		say(key, known, "%q: no backend has this name", o.Backend)
		say(key, !seen[o.Backend], "%q: it has prices already", o.Backend)
		say(key, o.FixedCost != nil || o.PerMillionUnits != nil || o.PerMebibyte != nil, "%q: give at least one price", o.Backend)
		seen[o.Backend] = true
	}
}

func verifierPattern(v string) error {
	if v == "" || len(v) > maxVerifierLen || !verifierGlob.MatchString(v) {
		return errors.New("write a verifier's id, or the start of one and *")
	}
	return nil
}

func programID(v string) error {
	if raw, err := hex.DecodeString(v); err != nil || len(raw) != 32 || strings.ToLower(v) != v {
		return errors.New("write 64 lower-case hex digits")
	}
	return nil
}

func bech32Address(v string) error {
	_, err := addressCodec().StringToBytes(v)
	return err
}
