package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover"
	"github.com/proofmarket/proofmarket/prover/store"
	"github.com/proofmarket/proofmarket/prover/strategy"
)

// homeWithJobs is a home folder without a sidecar: one job that was decided on, one
// whose bid stands, one that was lost.
func homeWithJobs(t *testing.T) (home string, salt []byte) {
	t.Helper()
	home = t.TempDir()
	s, err := store.Open(filepath.Join(home, "jobs.db"))
	require.NoError(t, err)
	salt, err = store.NewSalt()
	require.NoError(t, err)
	require.NoError(t, s.SetSeen(store.Seen{Height: 7}))
	for i, id := range []string{"aa", "bb", "cc"} {
		require.NoError(t, s.Create(&store.Job{
			RequestID: strings.Repeat(id, 32), Prover: "proof1us", Fee: math.NewInt(12), Salt: salt, State: store.Decided, Created: int64(i),
			Penalty: math.NewInt(5), MaxBond: math.NewInt(9), MinStake: math.NewInt(50),
		}))
	}
	for id, to := range map[string]func(*store.Job){
		"bb": func(j *store.Job) { j.State, j.BidTx = store.Bid, "AB12" },
		"cc": func(j *store.Job) { j.State, j.Outcome, j.LastError = store.Done, store.Lost, "another prover won" },
	} {
		_, err = s.Update(strings.Repeat(id, 32), func(j *store.Job) error { to(j); return nil })
		require.NoError(t, err)
	}
	require.NoError(t, s.Close())
	return home, salt
}

func requireNarrow(t *testing.T, out string) {
	t.Helper()
	for line := range strings.Lines(out) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, "\n")), columns, line)
	}
}

func TestJobsCommands(t *testing.T) {
	home, salt := homeWithJobs(t)
	ok := func(args ...string) string {
		out, err := run(t, append(args, "--home", home)...)
		require.NoError(t, err, out)
		requireNarrow(t, out)
		require.NotContains(t, out, hex.EncodeToString(salt))
		return out
	}
	fails := func(want string, args ...string) string {
		out, err := run(t, append(args, "--home", home)...)
		require.ErrorContains(t, err, want)
		return out
	}
	for _, list := range []string{ok("jobs"), ok("jobs", "list")} {
		require.Contains(t, list, "aaaaaaaaaaaa  decided")
		require.Contains(t, list, "bbbbbbbbbbbb  bid")
		require.NotContains(t, list, "cccccc")
	}
	require.Contains(t, ok("jobs", "list", "--all", "--limit", "1"), "2 more")
	require.Contains(t, ok("jobs", "list", "--outcome", "lost"), "another prover won")
	require.Contains(t, ok("jobs", "list", "--state", "assigned,proved"), "no such jobs at block 7")
	fails("state \"lunch\"", "jobs", "list", "--state", "lunch")
	fails("outcome \"luck\"", "jobs", "list", "--outcome", "luck")
	fails("limit 0", "jobs", "list", "--limit", "0")
	fails("unknown command", "jobs", "lose")

	shown := ok("jobs", "show", "bbbbbb")
	for _, want := range []string{strings.Repeat("bb", 32), "AB12", "next: the bid is revealed", "no sidecar runs", "bond at most"} {
		require.Contains(t, shown, want)
	}
	var details prover.JobDetails
	require.NoError(t, json.Unmarshal([]byte(ok("jobs", "show", "bbbbbb", "-o", "json")), &details))
	require.Equal(t, store.Bid, details.State)
	require.Equal(t, "9", details.MaxBond.String())
	fails("no such job", "jobs", "show", "abcdef")
	fails("6 at least", "jobs", "show", "bbbbb")

	require.Contains(t, ok("jobs", "retry", "aaaaaa"), "is tried again")
	fails("done (lost)", "jobs", "retry", "cccccc")
	fails("done (lost)", "jobs", "abandon", "cccccc", "--yes")

	warned := fails("--yes", "jobs", "abandon", "bbbbbb")
	require.Contains(t, warned, "at most 9 uproof")
	require.Contains(t, ok("jobs", "show", "bbbbbb"), "  bid\n", "nothing was done")
	require.Contains(t, ok("jobs", "abandon", "bbbbbb", "--yes"), "outcome abandoned")
	require.Contains(t, ok("jobs", "abandon", "aaaaaa"), "outcome not_placed", "free, so nobody has to be sure")
	require.Contains(t, ok("jobs", "list", "--outcome", "abandoned"), "bbbbbbbbbbbb")
	fails("abandoned", "jobs", "retry", "bbbbbb")

	home = t.TempDir()
	fails("proverd start", "jobs", "list")
}

func TestPrintStatusFits(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	s := prover.Status{
		Running: true, Height: 123_456, BlockTime: now.Add(-90 * time.Second), NotBidding: "bidding is stopped on every backend",
		Backends: []prover.BackendStatus{
			{Name: "a-name-of-thirty-two-characters1", State: strategy.Open, Cause: strings.Repeat("it fails and fails ", 20), Since: now, UnitsPerSecond: 1 << 50, Samples: 1 << 30},
			{Name: "cpu", State: strategy.HalfOpen, Trial: strings.Repeat("ab", 32)},
		},
		Finished: map[store.Outcome]int{store.Lost: 3, store.Fulfilled: 4},
		Jobs: []prover.JobStatus{{
			RequestID: strings.Repeat("ab", 32), State: store.Submitting, Fee: math.NewInt(1 << 60), Cost: 1 << 40,
			ProvingTimeText: "12m34.567s", LastError: strings.Repeat("what a pity\n", 20),
		}},
		Totals: prover.Totals{
			Open: 1, States: map[store.State]int{store.Submitting: 1}, Finished: 7,
			Fees: math.NewInt(1), MinStake: math.NewInt(2), Penalties: math.NewInt(3), Paid: math.NewInt(4), Cost: math.NewInt(5),
		},
	}
	var out bytes.Buffer
	printStatus(&out, s, now)
	requireNarrow(t, out.String())
	for _, want := range []string{
		"running, last block 123456", "1m30s ago", "no: bidding is stopped", "1 (1 submitting)", "7 (4 fulfilled, 3 lost)", "half_open",
		"on trial with request", "abababababab  submitting",
	} {
		require.Contains(t, out.String(), want)
	}
	s.NotBidding, s.Bidding = "", true
	out.Reset()
	printStatus(&out, s, now)
	require.Contains(t, out.String(), "bidding   yes")
}

func TestClippedAndWrapped(t *testing.T) {
	require.Equal(t, "a b", clipped(" a\n\tb ", 3))
	require.Equal(t, "ab…", clipped("abcdé", 3))
	require.Equal(t, "é", clipped("é", 1))
	var out bytes.Buffer
	writeWrapped(&out, "note: ", strings.Repeat("word ", 40)+strings.Repeat("x", 120))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.True(t, strings.HasPrefix(lines[0], "note: word"))
	require.True(t, strings.HasPrefix(lines[1], "      word"))
	require.Equal(t, "      "+strings.Repeat("x", 120), lines[len(lines)-1], "a long word is not cut")
}
