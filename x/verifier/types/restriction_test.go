package types_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

var epoch = time.Unix(1_700_000_000, 0).UTC()

// span is a suspension from one minute to another; it lasts if to is negative.
func span(from, to int) types.Suspension {
	s := types.Suspension{Began: epoch.Add(time.Duration(from) * time.Minute), By: sdk.AccAddress("guardian____________").String(), Reason: "a test"}
	if to >= 0 {
		ended := epoch.Add(time.Duration(to) * time.Minute)
		s.Ended = &ended
	}
	return s
}

func TestRestrictionValidate(t *testing.T) {
	many := func(n int) (out []types.Suspension) {
		for i := range n {
			out = append(out, span(10*i, 10*i+5))
		}
		return out
	}
	family := func(list ...types.Suspension) types.Restriction {
		return types.Restriction{Target: types.FamilyTarget("pico"), Suspensions: list}
	}
	with := func(f func(s *types.Suspension)) types.Restriction {
		s := span(0, 1)
		f(&s)
		return family(s)
	}
	circuit := types.CircuitTarget(strings.Repeat("0", 64))
	for name, tc := range map[string]struct {
		r   types.Restriction
		err error
	}{
		"lasting":                  {family(span(0, -1)), nil},
		"ended at once":            {family(span(1, 1), span(1, 1)), nil},
		"ended and lasting":        {family(span(1, 2), span(2, -1)), nil},
		"revoked":                  {types.Restriction{Target: circuit, Revoked: true}, nil},
		"revoked with a past":      {types.Restriction{Target: circuit, Revoked: true, Suspensions: many(1)}, nil},
		"at the limit":             {family(many(types.MaxSuspensions)...), nil},
		"past the limit":           {family(many(types.MaxSuspensions + 1)...), types.ErrInvalidGenesis},
		"nothing":                  {family(), types.ErrInvalidGenesis},
		"revoked verifier":         {types.Restriction{Target: types.VerifierTarget("pico/v1"), Revoked: true}, types.ErrInvalidGenesis},
		"revoked and suspended":    {types.Restriction{Target: circuit, Revoked: true, Suspensions: []types.Suspension{span(0, -1)}}, types.ErrInvalidGenesis},
		"two that last":            {family(span(0, -1), span(1, -1)), types.ErrInvalidGenesis},
		"the first lasts":          {family(span(0, -1), span(1, 2)), types.ErrInvalidGenesis},
		"ends before it begins":    {family(span(2, 1)), types.ErrInvalidGenesis},
		"overlapping":              {family(span(0, 5), span(4, 6)), types.ErrInvalidGenesis},
		"out of order":             {family(span(5, 6), span(0, 1)), types.ErrInvalidGenesis},
		"no time":                  {with(func(s *types.Suspension) { s.Began = time.Time{} }), types.ErrInvalidGenesis},
		"by nobody":                {with(func(s *types.Suspension) { s.By = "" }), types.ErrInvalidGenesis},
		"longest reason":           {with(func(s *types.Suspension) { s.Reason = strings.Repeat("x", types.MaxReasonSize) }), nil},
		"reason too long":          {with(func(s *types.Suspension) { s.Reason = strings.Repeat("x", types.MaxReasonSize+1) }), types.ErrInvalidReason},
		"reason that is no text":   {with(func(s *types.Suspension) { s.Reason = "a\x80" }), types.ErrInvalidReason},
		"unknown family":           {types.Restriction{Target: types.FamilyTarget("stark"), Revoked: true}, types.ErrUnknownFamily},
		"malformed verifier":       {types.Restriction{Target: types.VerifierTarget("Pico"), Suspensions: many(1)}, types.ErrInvalidTarget},
		"malformed circuit":        {types.Restriction{Target: types.CircuitTarget("00"), Revoked: true}, types.ErrInvalidTarget},
		"kind that does not exist": {types.Restriction{Target: types.Target{Kind: 4}, Revoked: true}, types.ErrInvalidTarget},
	} {
		err := tc.r.Validate()
		if tc.err == nil {
			require.NoError(t, err, name)
		} else {
			require.ErrorIs(t, err, tc.err, name)
		}
	}
}

// law V1: REVOKED before SUSPENDED before the verifier's own, of the verifier or
// circuit and its family together, and the one that decides is named.
func TestNewStanding(t *testing.T) {
	const active, deprecated, suspended, revoked = types.VERIFIER_STATUS_ACTIVE, types.VERIFIER_STATUS_DEPRECATED,
		types.VERIFIER_STATUS_SUSPENDED, types.VERIFIER_STATUS_REVOKED
	pico, family := types.VerifierTarget("pico/v1"), types.FamilyTarget("pico")
	none, past, lasting := []types.Suspension(nil), []types.Suspension{span(0, 1)}, []types.Suspension{span(2, 3), span(4, -1)}
	for _, tc := range []struct {
		own           types.VerifierStatus
		target        []types.Suspension
		family        []types.Suspension
		familyRevoked bool
		want          types.VerifierStatus
		cause         string
	}{
		{active, none, none, false, active, ""},
		{active, past, past, false, active, ""},
		{deprecated, none, past, false, deprecated, "verifier pico/v1 is DEPRECATED"},
		{active, lasting, none, false, suspended, `verifier pico/v1 is SUSPENDED: "a test"`},
		{active, past, lasting, false, suspended, `family pico is SUSPENDED: "a test"`},
		{deprecated, none, lasting, false, suspended, `family pico is SUSPENDED: "a test"`},
		{active, lasting, lasting, false, suspended, `verifier pico/v1 is SUSPENDED: "a test"`},
		{revoked, past, lasting, false, revoked, "verifier pico/v1 is REVOKED"},
		{active, none, past, true, revoked, "family pico is REVOKED"},
		{deprecated, lasting, past, true, revoked, "family pico is REVOKED"},
		{revoked, none, none, true, revoked, "verifier pico/v1 is REVOKED"},
	} {
		got := types.NewStanding(tc.own, types.Restriction{Target: pico, Suspensions: tc.target},
			types.Restriction{Target: family, Revoked: tc.familyRevoked, Suspensions: tc.family})
		require.Equal(t, tc.want, got.Status)
		require.Equal(t, tc.cause, got.Cause)
		require.Len(t, got.Suspensions, len(tc.target)+len(tc.family))
		for i := 1; i < len(got.Suspensions); i++ {
			require.False(t, got.Suspensions[i].Began.Before(got.Suspensions[i-1].Began))
		}
		requests, proofs := got.TakesRequests(), got.TakesProofs()
		if tc.want == active {
			require.NoError(t, requests)
		} else {
			require.ErrorIs(t, requests, types.ErrVerifierNotActive)
			require.Contains(t, requests.Error(), tc.cause)
		}
		if tc.want == active || tc.want == deprecated {
			require.NoError(t, proofs)
		} else {
			require.ErrorIs(t, proofs, types.ErrVerifierDisabled)
			require.Contains(t, proofs.Error(), tc.cause)
		}
	}
}

// NewStanding must not write into the lists it is given.
func TestNewStandingCopies(t *testing.T) {
	target := make([]types.Suspension, 1, 4)
	target[0] = span(5, 6)
	s := types.NewStanding(types.VERIFIER_STATUS_ACTIVE, types.Restriction{Suspensions: target}, types.Restriction{Suspensions: []types.Suspension{span(0, 1)}})
	require.Equal(t, []types.Suspension{span(0, 1), span(5, 6)}, s.Suspensions)
	require.Equal(t, span(5, 6), target[0])
	require.Equal(t, types.Suspension{}, target[:2][1])
}

// deadline is law M11: a deadline that had not passed when a suspension began
// reads as the later of itself and its end plus the window.
func deadline(d time.Time, window time.Duration, suspensions []types.Suspension) time.Time {
	for _, s := range suspensions {
		if later := s.Ended.Add(window); !d.Before(s.Began) && later.After(d) {
			d = later
		}
	}
	return d
}

// What is kept of many suspensions never gives less time than all of them would.
func TestMergingOnlyLengthensDeadlines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var exact []types.Suspension
		kept := types.Restriction{Target: types.FamilyTarget("pico")}
		minute := 0
		for range rapid.IntRange(1, types.MaxSuspensions+10).Draw(t, "suspensions") {
			minute += rapid.IntRange(0, 5).Draw(t, "pause")
			from := minute
			minute += rapid.IntRange(0, 5).Draw(t, "length")
			s := span(from, minute)
			exact = append(exact, s)
			require.NoError(t, kept.Suspend(s.Began, s.By, s.Reason))
			require.True(t, kept.Suspended())
			require.ErrorIs(t, kept.Suspend(s.Began, s.By, s.Reason), types.ErrInvalidStatus)
			kept.End(*s.Ended)
			require.False(t, kept.Suspended())
			require.NoError(t, kept.Validate())
		}
		require.Len(t, kept.Suspensions, min(len(exact), types.MaxSuspensions))
		if len(exact) <= types.MaxSuspensions {
			require.Equal(t, exact, kept.Suspensions)
		}
		d := epoch.Add(time.Duration(rapid.IntRange(-5, minute+5).Draw(t, "deadline")) * time.Minute)
		window := time.Duration(rapid.IntRange(0, 30).Draw(t, "window")) * time.Minute
		require.False(t, deadline(d, window, kept.Suspensions).Before(deadline(d, window, exact)))
	})
}
