package backend

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// TrialProofs says when a proof is made and checked before a bid. A dry run
// cannot tell whether an image's proving key belongs to the verifying key that a
// request names; one who publishes a pair that does not fit would have each
// winner slashed.
type TrialProofs string

// The choices for TrialProofs.
const (
	// TrialNew proves first where no proof of this image under this program was
	// made here before.
	TrialNew TrialProofs = "new"
	// TrialAlways proves every request before bidding for it.
	TrialAlways TrialProofs = "always"
	// TrialNever relies on the dry run.
	TrialNever TrialProofs = "never"
)

// Limits say how much a backend may be given. Numbers are at least 1, times
// above 0.
type Limits struct {
	// Workers is the number of proofs, and of dry runs, under way at a time.
	Workers int
	// Queue is the number of jobs taken on and not yet proved, standing bids
	// included.
	Queue int
	// UnitsPerSecond is how fast one worker proves.
	UnitsPerSecond uint64
	// EvaluateTimeout bounds download, dry run and trial proof of one request;
	// ProveTimeout one attempt at a proof.
	EvaluateTimeout time.Duration
	ProveTimeout    time.Duration
	// TrialProofs says when a proof is made before a bid.
	TrialProofs TrialProofs
}

// Validate says what is wrong with limits, naming the key of the configuration.
func (l Limits) Validate() error {
	var bad []error
	say := func(ok bool, format string, args ...any) {
		if !ok {
			bad = append(bad, fmt.Errorf(format, args...))
		}
	}
	say(l.Workers >= 1, "workers must be at least 1")
	say(l.Queue >= 1, "queue must be at least 1")
	say(l.UnitsPerSecond >= 1, "units_per_second must be at least 1: measure the backend")
	say(l.EvaluateTimeout > 0, "evaluate_timeout must be above 0s")
	say(l.ProveTimeout > 0, "prove_timeout must be above 0s")
	say(slices.Contains([]TrialProofs{TrialNew, TrialAlways, TrialNever}, l.TrialProofs),
		"trial_proofs %q: use %s, %s or %s", l.TrialProofs, TrialNew, TrialAlways, TrialNever)
	return errors.Join(bad...)
}

// Named is a backend of a Set.
type Named struct {
	// Name is the operator's name for it; job records hold it.
	Name string
	// Verifiers are the ids of the verifiers that it serves, or patterns that
	// end in *.
	Verifiers []string
	Backend   Backend
	Limits    Limits
}

// Serves reports whether the backend proves for that verifier.
func (n Named) Serves(verifier string) bool {
	return slices.ContainsFunc(n.Verifiers, func(p string) bool { return MatchVerifier(p, verifier) })
}

// MatchVerifier reports whether a pattern, which is an id or ends in *, names a
// verifier.
func MatchVerifier(pattern, verifier string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(verifier, prefix)
	}
	return pattern == verifier
}

// Set is the backends of a sidecar, in the order of its configuration. It never
// changes, so it may be used from many goroutines.
type Set struct {
	list []Named
}

// NewSet returns a set. Names must be there and differ; limits must be valid.
func NewSet(list ...Named) (*Set, error) {
	if len(list) == 0 {
		return nil, errors.New("there must be at least one backend")
	}
	seen := make(map[string]bool, len(list))
	for _, n := range list {
		switch err := n.Limits.Validate(); {
		case n.Name == "" || seen[n.Name]:
			return nil, fmt.Errorf("backend name %q: each backend needs a name of its own", n.Name)
		case n.Backend == nil:
			return nil, fmt.Errorf("backend %s is nil", n.Name)
		case err != nil:
			return nil, fmt.Errorf("backend %s: %w", n.Name, err)
		}
		seen[n.Name] = true
	}
	return &Set{list: slices.Clone(list)}, nil
}

// For returns the first backend that serves a verifier.
func (s *Set) For(verifier string) (Named, bool) {
	return s.find(func(n Named) bool { return n.Serves(verifier) })
}

// Get returns the backend of that name.
func (s *Set) Get(name string) (Named, bool) {
	return s.find(func(n Named) bool { return n.Name == name })
}

// All returns the backends in order.
func (s *Set) All() []Named { return slices.Clone(s.list) }

// Close ends all backends. An error names the backend.
func (s *Set) Close() error {
	var errs []error
	for _, n := range s.list {
		if err := n.Backend.Close(); err != nil {
			errs = append(errs, fmt.Errorf("backend %s: %w", n.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (s *Set) find(is func(Named) bool) (Named, bool) {
	at := slices.IndexFunc(s.list, is)
	if at < 0 {
		return Named{}, false
	}
	return s.list[at], true
}
