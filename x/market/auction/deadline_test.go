package auction_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proofmarket/proofmarket/x/market/auction"
)

// at is a market time, in seconds.
func at(seconds int) time.Time { return time.Unix(int64(seconds), 0).UTC() }

// span is a suspension from b to e; e < 0 while it lasts.
func span(b, e int) auction.Suspension {
	s := auction.Suspension{Began: at(b)}
	if e >= 0 {
		s.Ended = at(e)
	}
	return s
}

// graced is a span that began in the grace after a halt.
func graced(s auction.Suspension) auction.Suspension {
	s.Graced = true
	return s
}

// law M11.
func TestReadDeadline(t *testing.T) {
	type list = []auction.Suspension
	for name, tc := range map[string]struct {
		deadline, window  int
		spans             list
		want              int
		suspended, spared bool
		ifResumed, look   int // at 1000, with 30 at least between two looks
	}{
		"none":                        {100, 60, nil, 100, false, false, 100, 100},
		"over before the assignment":  {100, 60, list{span(10, 40)}, 100, false, false, 100, 100},
		"over just before it":         {100, 60, list{span(10, 39)}, 100, false, false, 100, 100},
		"assigned meanwhile":          {100, 60, list{span(10, 70)}, 130, false, false, 130, 130},
		"within the window":           {100, 60, list{span(50, 70)}, 130, false, false, 130, 130},
		"short, early":                {100, 60, list{span(41, 42)}, 102, false, false, 102, 102},
		"across the deadline":         {100, 60, list{span(99, 500)}, 560, false, false, 560, 560},
		"began on the deadline":       {100, 60, list{span(100, 500)}, 560, false, false, 560, 560},
		"began after it":              {100, 60, list{span(101, 500)}, 100, false, false, 100, 100},
		"after it, in a grace":        {100, 60, list{graced(span(101, 500))}, 560, false, false, 560, 560},
		"twice":                       {100, 60, list{span(90, 200), span(260, 300)}, 360, false, false, 360, 360},
		"twice, missed between":       {100, 60, list{span(90, 200), span(261, 300)}, 260, false, false, 260, 260},
		"missed, then suspended":      {100, 60, list{span(101, 200), span(250, 300)}, 100, false, false, 100, 100},
		"overlapping":                 {100, 1, list{span(90, 200), span(150, 300)}, 301, false, false, 301, 301},
		"one within the other":        {100, 60, list{span(90, 300), span(150, 200)}, 360, false, false, 360, 360},
		"one after the other":         {100, 60, list{span(90, 200), span(200, 300)}, 360, false, false, 360, 360},
		"overlapping, missed before":  {89, 60, list{span(90, 200), span(150, 300)}, 89, false, false, 89, 89},
		"missed, grace meanwhile":     {89, 60, list{span(90, 200), graced(span(150, 300))}, 89, false, false, 89, 89},
		"missed, grace at the end":    {89, 60, list{span(90, 200), graced(span(200, 300))}, 360, false, false, 360, 360},
		"lasts":                       {100, 60, list{span(90, -1)}, 100, true, true, 1060, 1060},
		"lasts, short window":         {100, 5, list{span(90, -1)}, 100, true, true, 1005, 1030},
		"lasts, deadline far":         {5000, 60, list{span(90, -1)}, 5000, true, true, 5000, 5000},
		"lasts, missed before":        {89, 60, list{span(90, -1)}, 89, true, false, 89, 1030},
		"lasts, missed before, grace": {89, 60, list{graced(span(90, -1))}, 89, true, true, 1060, 1060},
		"lasts, one put it off":       {100, 60, list{span(90, 200), span(260, -1)}, 260, true, true, 1060, 1060},
		"lasts, another ended":        {100, 60, list{span(90, -1), span(95, 200)}, 100, true, true, 1060, 1060},
		"lasts, began in another":     {100, 60, list{span(90, 300), span(95, -1)}, 100, true, true, 1060, 1060},
		"lasts, missed meanwhile":     {100, 60, list{span(90, 120), span(181, -1)}, 180, true, false, 180, 1030},
	} {
		r := auction.ReadDeadline(at(tc.deadline), time.Duration(tc.window)*time.Second, tc.spans)
		require.Equal(t, at(tc.want), r.Deadline, name)
		require.Equal(t, tc.suspended, r.Suspended, name)
		require.Equal(t, tc.spared, r.Spared, name)
		require.Equal(t, at(tc.ifResumed), r.IfResumed(at(1000)), name)
		require.Equal(t, at(tc.look), r.NextLook(at(1000), 30*time.Second), name)
	}
}

// drawSpans draws suspensions in the order in which they began; one may last.
func drawSpans(t *rapid.T) []auction.Suspension {
	var spans []auction.Suspension
	for range rapid.IntRange(0, 6).Draw(t, "spans") {
		b := rapid.IntRange(0, 100).Draw(t, "began")
		s := span(b, b+rapid.IntRange(1, 40).Draw(t, "length"))
		s.Graced = rapid.IntRange(0, 4).Draw(t, "graced") == 0
		if rapid.IntRange(0, 9).Draw(t, "lasts") == 0 {
			s.Ended = time.Time{}
		}
		spans = append(spans, s)
	}
	slices.SortStableFunc(spans, func(a, b auction.Suspension) int { return a.Began.Compare(b.Began) })
	return spans
}

// lived is what becomes of a deadline second by second: when the first suspension
// begins, one that has not passed is spared, and when the last one ends, a spared
// one is put off.
func lived(deadline, window int, spans []auction.Suspension) auction.Reading {
	r := auction.Reading{Deadline: at(deadline)}
	active := 0
	for now := at(0); now.Before(at(1000)); now = now.Add(time.Second) {
		for _, s := range spans {
			if s.Ended.Equal(now) {
				if active--; active == 0 && r.Spared && r.Deadline.Before(now.Add(time.Duration(window)*time.Second)) {
					r.Deadline = now.Add(time.Duration(window) * time.Second)
				}
			}
		}
		for _, s := range spans {
			if s.Began.Equal(now) {
				if active == 0 {
					r.Spared = s.Graced || !now.After(r.Deadline)
				}
				active++
			}
		}
	}
	r.Suspended = active > 0
	r.Spared = r.Spared && r.Suspended
	return r
}

func TestReadDeadlineProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spans := drawSpans(t)
		deadline, window := rapid.IntRange(0, 150).Draw(t, "deadline"), rapid.IntRange(1, 60).Draw(t, "window")
		length := time.Duration(window) * time.Second
		r := auction.ReadDeadline(at(deadline), length, spans)
		want := lived(deadline, window, spans)
		require.Equal(t, want.Deadline, r.Deadline, "read at once and lived through come to the same")
		require.Equal(t, want.Suspended, r.Suspended)
		require.Equal(t, want.Spared, r.Spared)
		require.False(t, r.Deadline.Before(at(deadline)), "never earlier")
		require.Equal(t, r, auction.ReadDeadline(r.Deadline, length, spans), "reading twice changes nothing more")
		now := at(rapid.IntRange(200, 400).Draw(t, "now"))
		require.False(t, r.IfResumed(now).Before(r.Deadline))
		if !r.Suspended {
			return
		}
		require.False(t, r.NextLook(now, time.Second).Before(now.Add(time.Second)))
		ended := slices.Clone(spans)
		for i := range ended {
			if ended[i].Ended.IsZero() {
				ended[i].Ended = now
			}
		}
		require.Equal(t, r.IfResumed(now), auction.ReadDeadline(at(deadline), length, ended).Deadline)
	})
}
