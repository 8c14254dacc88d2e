package prover

import (
	"fmt"
	stdmath "math"
	"math/big"
	"slices"
	"strings"
	"time"

	"cosmossdk.io/math"
)

const (
	// maxHourlyBits bounds an hourly cost, so that its price for a million units is an
	// amount that a configuration takes.
	maxHourlyBits = 96
	// worthWorkers is how much more throughput a higher number of workers must give
	// to be proposed.
	worthWorkers = 1.05
	// shortProof is the time under which overhead rules.
	shortProof = 100 * time.Millisecond
)

// BenchReport is what `proverd bench` prints. Durations are nanoseconds in JSON,
// amounts uproof.
type BenchReport struct {
	Backends []BenchBackend `json:"backends"`
	// HourlyCost is what the prices rest on; 0 for no prices.
	HourlyCost math.Int `json:"hourly_cost"`
	Notes      []string `json:"notes"`
}

func (r BenchReport) proofs() (n int) {
	for _, b := range r.Backends {
		for _, p := range b.Programs {
			for _, run := range p.Runs {
				n += run.Proofs
			}
		}
	}
	return n
}

// BenchBackend is what was measured on one backend.
type BenchBackend struct {
	Name     string         `json:"name"`
	Programs []BenchProgram `json:"programs"`
	// Proposal is nil where nothing was measured.
	Proposal *BenchProposal `json:"proposal,omitempty"`
}

// BenchProgram is what was measured of one program.
type BenchProgram struct {
	Name     string `json:"name"`
	Verifier string `json:"verifier"`
	// Units is the backend's unit of work, such as constraints or cycles.
	Units      uint64 `json:"units"`
	ImageBytes int    `json:"image_bytes"`
	InputBytes int    `json:"input_bytes"`
	// Register is how long loading the image took the first time, Estimate a dry run.
	Register time.Duration `json:"register"`
	Estimate time.Duration `json:"estimate"`
	Runs     []BenchRun    `json:"runs"`
	// Error says why it could not be measured.
	Error string `json:"error,omitempty"`
}

// BenchRun is what was measured with one number of workers.
type BenchRun struct {
	Workers int `json:"workers"`
	// Proofs were made; Failed were not, Error being what the first of them said. Cut
	// tells that time was up before all were made.
	Proofs int    `json:"proofs"`
	Failed int    `json:"failed"`
	Error  string `json:"error,omitempty"`
	Cut    bool   `json:"cut"`
	// Verified tells that each proof was checked with the chain's code.
	Verified bool `json:"verified"`
	// Wall is the time until the last proof, P50 and P90 the time that half and nine
	// tenths of the proofs took at most.
	Wall time.Duration `json:"wall"`
	P50  time.Duration `json:"p50"`
	P90  time.Duration `json:"p90"`
	Max  time.Duration `json:"max"`
	// PerWorker is the speed of one worker while the others work, InAll that of all
	// together, in units a second.
	PerWorker float64 `json:"units_per_second_per_worker"`
	InAll     float64 `json:"units_per_second"`
	// PeakMemory is the most that this process's children held at a time, in bytes;
	// 0 where it is not known.
	PeakMemory uint64 `json:"peak_memory,omitempty"`

	times []time.Duration
}

// figures works them out.
func (r *BenchRun) figures(units uint64) {
	r.Proofs = len(r.times)
	if r.Proofs == 0 {
		return
	}
	slices.Sort(r.times)
	r.P50, r.P90, r.Max = percentile(r.times, 50), percentile(r.times, 90), r.times[r.Proofs-1]
	var busy time.Duration
	for _, t := range r.times {
		busy += t
	}
	r.PerWorker = perSecond(units, r.Proofs, busy)
	r.InAll = perSecond(units, r.Proofs, r.Wall)
}

// perSecond is the speed of so many proofs of so many units each.
func perSecond(units uint64, proofs int, in time.Duration) float64 {
	return float64(units) * float64(proofs) / max(in, time.Nanosecond).Seconds()
}

// percentile is the least time that at least that part of sorted times stays
// within.
func percentile(sorted []time.Duration, percent int) time.Duration {
	return sorted[max(1, (len(sorted)*percent+99)/100)-1]
}

func (r *BenchRun) short() string {
	if r.Proofs == 0 {
		return strings.TrimSpace("no proof in time " + r.Error)
	}
	return fmt.Sprintf("%d proofs, half of them within %s, %.0f units/s", r.Proofs, rounded(r.P50), r.InAll)
}

// BenchProposal are settings that follow from the measurement.
type BenchProposal struct {
	Workers        int    `json:"workers"`
	Queue          int    `json:"queue"`
	UnitsPerSecond uint64 `json:"units_per_second"`
	// PerMillionUnits is what a million units cost while the machine is busy; nil
	// without an hourly cost.
	PerMillionUnits *math.Int `json:"per_million_units,omitempty"`
	// Config are lines for config.toml.
	Config string   `json:"config"`
	Notes  []string `json:"notes"`
}

// propose makes settings of what was measured on a backend: for the program that is
// slowest by the unit, with the number of workers that gives most, a higher one only
// if it is worth it. nil where nothing was measured.
func (b *bencher) propose(on BenchBackend) *BenchProposal {
	best, ok := slowest(on.Programs)
	if !ok {
		return nil
	}
	p := &BenchProposal{
		Workers: best.Workers, UnitsPerSecond: uint64(max(1, min(best.PerWorker, 1<<53))),
		Queue: queueFor(best, b.cfg.TimeLimit),
		Notes: []string{
			"a machine that is idle part of the time earns in the rest: divide per_million_units by the share of time you expect to be busy",
			"not in the price: gas, bonds that are lost, downloads, dry runs and trial proofs, the work for bids that others win",
			"measured once, with these programs: the speed of others may differ, and heat, neighbours or a GPU's clock change it",
		},
	}
	if best.P50 < shortProof {
		p.Notes = append(p.Notes, fmt.Sprintf("proofs under %s are mostly overhead: measure larger ones (--sizes, --request)", shortProof))
	}
	if best.Proofs < 3 {
		p.Notes = append(p.Notes, fmt.Sprintf("%d proof(s) are few: give it a longer --duration or more --runs", best.Proofs))
	}
	if !best.Verified {
		p.Notes = append(p.Notes, "the proofs were not checked: their verifying key is not known here")
	}
	if hourly := b.hourly(); hourly.Sign() > 0 {
		price := pricePerMillion(hourly, best.InAll)
		p.PerMillionUnits = &price
	} else {
		p.Notes = append(p.Notes, "no price without --hourly-cost")
	}
	p.Config = p.lines(on.Name)
	return p
}

// slowest returns the run to go by.
func slowest(programs []BenchProgram) (out BenchRun, ok bool) {
	for _, p := range programs {
		var best BenchRun
		for _, r := range p.Runs { // fewest workers first
			if r.Proofs > 0 && r.InAll > best.InAll*worthWorkers {
				best = r
			}
		}
		if best.Proofs > 0 && (!ok || best.InAll < out.InAll) {
			out, ok = best, true
		}
	}
	return out, ok
}

// queueFor is how many of these proofs are made in half of the time limit, which is
// what the strategy lets them take.
func queueFor(r BenchRun, limit time.Duration) int {
	rounds := int64(limit/2) / max(1, int64(r.P90))
	return int(min(max(1, rounds)*int64(r.Workers), maxQueue))
}

// pricePerMillion is hourly × 10^6 / (3600 × units a second), rounded up: speed is
// taken down to the next whole number, at least 1.
func pricePerMillion(hourly *big.Int, unitsPerSecond float64) math.Int {
	speed := new(big.Int).SetUint64(uint64(max(1, min(stdmath.Floor(unitsPerSecond), 1<<53))))
	divisor := speed.Mul(speed, big.NewInt(3_600))
	n := new(big.Int).Mul(hourly, big.NewInt(1_000_000))
	n.Add(n, divisor).Sub(n, big.NewInt(1))
	return math.NewIntFromBigInt(n.Quo(n, divisor))
}

// lines are what to write into config.toml.
func (p *BenchProposal) lines(name string) string {
	out := fmt.Sprintf("# in the [[backends]] entry with name = %q\nworkers = %d\nqueue = %d\nunits_per_second = %d\n",
		name, p.Workers, p.Queue, p.UnitsPerSecond)
	if p.PerMillionUnits != nil {
		out += fmt.Sprintf("\n[[price.backends]]\nbackend = %q\nper_million_units = '%s'\n", name, p.PerMillionUnits)
	}
	return out
}
