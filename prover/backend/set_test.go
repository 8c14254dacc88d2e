package backend_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover/backend"
)

// closer is a backend that can be closed.
type closer struct {
	backend.Backend
	err    error
	closed bool
}

func (c *closer) Close() error { c.closed = true; return c.err }

func limits() backend.Limits {
	return backend.Limits{
		Workers: 1, Queue: 1, UnitsPerSecond: 1, EvaluateTimeout: time.Second, ProveTimeout: time.Second,
		TrialProofs: backend.TrialNew,
	}
}

func named(name string, b backend.Backend, verifiers ...string) backend.Named {
	return backend.Named{Name: name, Verifiers: verifiers, Backend: b, Limits: limits()}
}

func TestFirstMatchServes(t *testing.T) {
	set, err := backend.NewSet(
		named("exact", &closer{}, "circuit", "pico/v1.2.2"),
		named("family", &closer{}, "pico/*"),
		named("rest", &closer{}, "*"),
	)
	require.NoError(t, err)
	for verifier, want := range map[string]string{
		"circuit": "exact", "pico/v1.2.2": "exact", "pico/v1.3": "family", "pico/": "family", "pico": "rest", "circuits": "rest", "": "rest",
	} {
		got, ok := set.For(verifier)
		require.True(t, ok)
		require.Equal(t, want, got.Name, verifier)
	}
	got, ok := set.Get("family")
	require.True(t, ok)
	require.Equal(t, "family", got.Name)
	_, ok = set.Get("gone")
	require.False(t, ok)
	require.Len(t, set.All(), 3)

	only, err := backend.NewSet(named("cpu", &closer{}, "circuit"))
	require.NoError(t, err)
	_, ok = only.For("pico/v1.2.2")
	require.False(t, ok)
}

func TestNewSetRefuses(t *testing.T) {
	bad := named("a", &closer{}, "circuit")
	bad.Limits.Queue = 0
	for name, list := range map[string][]backend.Named{
		"none":       nil,
		"no name":    {named("", &closer{})},
		"same name":  {named("a", &closer{}), named("a", &closer{})},
		"no backend": {named("a", nil)},
		"limits":     {bad},
	} {
		_, err := backend.NewSet(list...)
		require.Error(t, err, name)
	}
}

func TestLimitsNameTheKey(t *testing.T) {
	require.NoError(t, limits().Validate())
	for key, change := range map[string]func(*backend.Limits){
		"workers":          func(l *backend.Limits) { l.Workers = 0 },
		"queue":            func(l *backend.Limits) { l.Queue = -1 },
		"units_per_second": func(l *backend.Limits) { l.UnitsPerSecond = 0 },
		"evaluate_timeout": func(l *backend.Limits) { l.EvaluateTimeout = 0 },
		"prove_timeout":    func(l *backend.Limits) { l.ProveTimeout = -1 },
		"trial_proofs":     func(l *backend.Limits) { l.TrialProofs = "perhaps" },
	} {
		l := limits()
		change(&l)
		require.ErrorContains(t, l.Validate(), key)
	}
}

func TestCloseClosesAll(t *testing.T) {
	broken := errors.New("broken")
	a, b := &closer{err: broken}, &closer{}
	set, err := backend.NewSet(named("a", a), named("b", b))
	require.NoError(t, err)
	err = set.Close()
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "backend a")
	require.True(t, a.closed)
	require.True(t, b.closed)
}

func TestPermanent(t *testing.T) {
	for err, want := range map[error]bool{
		backend.ErrImage: true, backend.ErrInput: true, backend.ErrUnsatisfied: true, backend.ErrTooLarge: true,
		backend.ErrUnknownProgram: false, backend.ErrFailed: false, context.Canceled: false,
	} {
		require.Equal(t, want, backend.Permanent(err), err)
	}
}
