package prover

import (
	"cmp"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/exec"
	"github.com/proofmarket/proofmarket/prover/backend/gnark"
	"github.com/proofmarket/proofmarket/prover/backend/pico"
)

// The kinds of backends.
const (
	// KindGnark proves circuits with gnark, on this machine.
	KindGnark = "gnark"
	// KindPico has a Pico proving service prove.
	KindPico = "pico"
	// KindExec runs a program of the operator's for each proof.
	KindExec = "exec"
)

// Defaults of the backends list.
const (
	defaultQueue           = 4
	defaultUnitsPerSecond  = 10_000
	defaultEvaluateTimeout = Duration(2 * time.Minute)
	defaultProveTimeout    = Duration(30 * time.Minute)
	// maxWorkers keeps a slip of the pen from starting a thousand provers.
	maxWorkers = 256
	// maxQueue bounds what the job store is asked to hold for one backend.
	maxQueue = 10_000
)

// TrialProofs says when a proof is made before a bid.
type TrialProofs = backend.TrialProofs

// The choices for TrialProofs.
const (
	TrialNew    = backend.TrialNew
	TrialAlways = backend.TrialAlways
	TrialNever  = backend.TrialNever
)

// BackendConfig is one way to make proofs. In the file zero numbers and times,
// and what is left out, mean the default.
type BackendConfig struct {
	// Name is the operator's name for it: up to 32 of a-z, 0-9, - and _.
	Name string `toml:"name"`
	// Kind is gnark, pico or exec.
	Kind string `toml:"kind"`
	// Verifiers are ids of verifiers, or patterns that end in *. The first backend
	// in the list that matches serves a request.
	Verifiers       []string    `toml:"verifiers"`
	Workers         int         `toml:"workers"`
	Queue           int         `toml:"queue"`
	UnitsPerSecond  uint64      `toml:"units_per_second"`
	EvaluateTimeout Duration    `toml:"evaluate_timeout"`
	ProveTimeout    Duration    `toml:"prove_timeout"`
	TrialProofs     TrialProofs `toml:"trial_proofs"`

	// The section of its kind; the others are nil.
	Gnark *GnarkConfig `toml:"gnark,omitempty"`
	Pico  *PicoConfig  `toml:"pico,omitempty"`
	Exec  *ExecConfig  `toml:"exec,omitempty"`
}

// GnarkConfig bounds what gnark is given.
type GnarkConfig struct {
	// InProcess makes proofs in the sidecar's own process: a little less memory,
	// but an image that makes the library crash takes the sidecar with it.
	InProcess      bool   `toml:"in_process"`
	MaxConstraints uint64 `toml:"max_constraints"`
	MaxPrograms    int    `toml:"max_programs"`
}

// PicoConfig says where a Pico proving service is.
type PicoConfig struct {
	// Address is host:port.
	Address string `toml:"address"`
	// TLS encrypts the connection; CAFile and ServerName replace the system's
	// certificates and the address's host name.
	TLS        bool   `toml:"tls"`
	CAFile     string `toml:"ca_file"`
	ServerName string `toml:"server_name"`
	// TokenFile holds the bearer token; empty for none.
	TokenFile string `toml:"token_file"`
	// UseGPU asks the service to prove on its GPU.
	UseGPU bool `toml:"use_gpu"`
	// PollInterval is how often the service is asked for a proof.
	PollInterval Duration `toml:"poll_interval"`
}

// ExecConfig says which program makes proofs, and what it may use.
type ExecConfig struct {
	// Command is the program, with a path or found in PATH; Args come before
	// nothing else: the job is on its standard input.
	Command string   `toml:"command"`
	Args    []string `toml:"args"`
	// WorkDir holds images, inputs and proofs; empty for a folder of the home
	// folder.
	WorkDir string `toml:"work_dir"`
	// MaxPrograms is the number of images kept for the program.
	MaxPrograms int `toml:"max_programs"`
	// MemoryBytes and CPUSeconds bound each process of a run; 0 for no bound.
	MemoryBytes uint64 `toml:"memory_bytes"`
	CPUSeconds  uint64 `toml:"cpu_seconds"`
}

// defaultBackend proves circuits on the CPU.
func defaultBackend() BackendConfig {
	b := BackendConfig{Name: "cpu", Kind: KindGnark, Verifiers: []string{"circuit"}}
	b.fillDefaults()
	return b
}

// fillDefaults replaces what was left out.
func (b *BackendConfig) fillDefaults() {
	b.Workers = cmp.Or(b.Workers, gnark.DefaultWorkers)
	b.Queue = cmp.Or(b.Queue, defaultQueue)
	b.UnitsPerSecond = cmp.Or(b.UnitsPerSecond, defaultUnitsPerSecond)
	b.EvaluateTimeout = cmp.Or(b.EvaluateTimeout, defaultEvaluateTimeout)
	b.ProveTimeout = cmp.Or(b.ProveTimeout, defaultProveTimeout)
	b.TrialProofs = cmp.Or(b.TrialProofs, TrialNew)
	if b.Kind == KindGnark && b.Gnark == nil {
		b.Gnark = &GnarkConfig{}
	}
	if g := b.Gnark; g != nil {
		g.MaxConstraints = cmp.Or(g.MaxConstraints, gnark.DefaultMaxConstraints)
		g.MaxPrograms = cmp.Or(g.MaxPrograms, gnark.DefaultMaxPrograms)
	}
	if p := b.Pico; p != nil {
		p.PollInterval = cmp.Or(p.PollInterval, Duration(pico.DefaultPollInterval))
	}
	if e := b.Exec; e != nil {
		e.MaxPrograms = cmp.Or(e.MaxPrograms, exec.DefaultMaxPrograms)
	}
}

// limits are the settings that all kinds have.
func (b BackendConfig) limits() backend.Limits {
	return backend.Limits{
		Workers: b.Workers, Queue: b.Queue, UnitsPerSecond: b.UnitsPerSecond,
		EvaluateTimeout: time.Duration(b.EvaluateTimeout), ProveTimeout: time.Duration(b.ProveTimeout),
		TrialProofs: b.TrialProofs,
	}
}

var (
	backendName  = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)
	verifierGlob = regexp.MustCompile(`^[a-z0-9._/-]*\*?$`)
	backendKinds = []string{KindGnark, KindPico, KindExec}
)

// maxVerifierLen bounds a verifier's id, or a pattern for some.
const maxVerifierLen = 64

func (c Config) checkBackends(say check) {
	say("backends", len(c.Backends) > 0, "describe at least one backend under [[backends]]")
	seen := map[string]bool{}
	for i, b := range c.Backends {
		key := fmt.Sprintf("backends[%d]", i)
		if b.Name != "" {
			key += " (" + b.Name + ")"
		}
		say(key+".name", backendName.MatchString(b.Name), "%q: write up to 32 of a-z, 0-9, - and _", b.Name)
		say(key+".name", !seen[b.Name], "%q: another backend has that name", b.Name)
		seen[b.Name] = true
		b.check(func(name string, ok bool, format string, args ...any) { say(key+"."+name, ok, format, args...) })
	}
}

// check reports what is wrong with one backend, names being relative to it.
func (b BackendConfig) check(say check) {
	say("kind", slices.Contains(backendKinds, b.Kind), "%q: use %s", b.Kind, strings.Join(backendKinds, ", "))
	say("verifiers", len(b.Verifiers) > 0, "name the verifiers that it proves for, such as \"circuit\" or \"pico/*\"")
	for _, v := range b.Verifiers {
		say("verifiers", v != "" && len(v) <= maxVerifierLen && verifierGlob.MatchString(v),
			"%q: write a verifier's id, or the start of one and *", v)
		say("verifiers", b.Kind != KindPico || strings.HasPrefix(v, "pico/"), "%q: a Pico service proves for \"pico/...\" only", v)
	}
	say("workers", b.Workers >= 1 && b.Workers <= maxWorkers, "must be between 1 and %d", maxWorkers)
	say("queue", b.Queue >= 1 && b.Queue <= maxQueue, "must be between 1 and %d", maxQueue)
	say("units_per_second", b.UnitsPerSecond >= 1, "must be at least 1: measure the backend")
	say("evaluate_timeout", b.EvaluateTimeout > 0, "must be above 0s")
	say("prove_timeout", b.ProveTimeout > 0, "must be above 0s")
	say("trial_proofs", slices.Contains([]TrialProofs{TrialNew, TrialAlways, TrialNever}, b.TrialProofs),
		"%q: use %s, %s or %s", b.TrialProofs, TrialNew, TrialAlways, TrialNever)
	for _, section := range []struct {
		kind  string
		there bool
	}{{KindGnark, b.Gnark != nil}, {KindPico, b.Pico != nil}, {KindExec, b.Exec != nil}} {
		say(section.kind, b.Kind != section.kind || section.there, "the section [backends.%s] is missing", section.kind)
		say(section.kind, b.Kind == section.kind || !section.there, "the section [backends.%s] is for kind %q", section.kind, section.kind)
	}
	switch {
	case b.Kind == KindGnark && b.Gnark != nil:
		say("gnark.max_constraints", b.Gnark.MaxConstraints > 0, "must be at least 1")
		say("gnark.max_programs", b.Gnark.MaxPrograms > 0, "must be at least 1")
	case b.Kind == KindPico && b.Pico != nil:
		b.Pico.check(say)
	case b.Kind == KindExec && b.Exec != nil:
		say("exec.command", b.Exec.Command != "", "name the program to run")
		say("exec.max_programs", b.Exec.MaxPrograms > 0, "must be at least 1")
	}
}

func (p PicoConfig) check(say check) {
	host, port, err := net.SplitHostPort(p.Address)
	say("pico.address", err == nil && host != "" && port != "", "%q: write host:port, such as 127.0.0.1:%d", p.Address, pico.DefaultPort)
	say("pico.ca_file", p.TLS || p.CAFile == "", "it is for tls = true")
	say("pico.server_name", p.TLS || p.ServerName == "", "it is for tls = true")
	say("pico.poll_interval", p.PollInterval > 0, "must be above 0s")
}
