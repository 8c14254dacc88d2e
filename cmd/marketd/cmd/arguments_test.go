package cmd

import (
	"math"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/durationpb"
)

func TestDurationsAreTakenBack(t *testing.T) {
	for in, want := range map[string]string{
		`{"delay":"168h0m0s","n":3}`:             `{"delay":"604800.000000000s","n":3}`,
		`{"delay":"60s"}`:                        `{"delay":"60.000000000s"}`,
		`{"delay":"1.5s"}`:                       `{"delay":"1.500000000s"}`,
		`{"amount":"1000", "list":["1m0s"]}`:     `{"amount":"1000", "list":["1m0s"]}`,
		`{"amount":"0","name":"gas","on":false}`: `{"amount":"0","name":"gas","on":false}`,
		`{"delay":"a week"}`:                     `{"delay":"a week"}`,
		`{"delay":`:                              `{"delay":`,
		``:                                       ``,
		`null`:                                   `null`,
		`["1m0s"]`:                               `["1m0s"]`,
	} {
		require.Equal(t, want, inSeconds(in), in)
	}
	for _, d := range []time.Duration{0, 1, -1, time.Second, -1500 * time.Millisecond, math.MaxInt64, math.MinInt64 + 1} {
		var got durationpb.Duration
		require.NoError(t, protojson.Unmarshal([]byte(seconds(d)), &got), d)
		require.Equal(t, d, got.AsDuration())
	}
	require.Error(t, rewriteArguments(&cobra.Command{Use: "marketd"}), "a command that is gone is noticed")
}

func TestAmountsMayHaveTheirUnit(t *testing.T) {
	args := []string{"alpha", "1.5PROOF", "all"}
	require.Equal(t, []string{"alpha", "1500000", "all"}, amountsAt(1)(args))
	require.Equal(t, []string{"alpha", "1.5PROOF", "all"}, args)
	require.Equal(t, []string{"alpha", "1.5PROOF", "all"}, amountsAt(0, 2, 7)(args))
}

// What the query prints is what the proposal takes.
func TestParametersAreTakenBack(t *testing.T) {
	home := t.TempDir()
	addKey(t, home, "alice")
	out, err := execute(t, offline(home, "tx", "provers", "update-params", `{"unstake_delay":"168h0m0s","min_stake":"5"}`,
		"--from", "alice", "--title", "T", "--summary", "S", "--deposit", "1uproof")...)
	require.NoError(t, err)
	require.Contains(t, out, `"unstake_delay":"604800s"`)
}

// An amount that is left out is written out as 0: see withShares.
func TestAmountsAreWrittenOut(t *testing.T) {
	home := t.TempDir()
	alice := addKey(t, home, "alice")
	for _, tc := range []struct {
		args, want []string
	}{
		{[]string{"stake", "alice", "5"}, []string{`"amount":"5"`, `"min_shares_out":"0"`}},
		{[]string{"cancel-unstake", "alice", "5"}, []string{`"min_shares_out":"0"`}},
		{[]string{"request-unstake", "alice", "--all"}, []string{`"shares":"0"`, `"min_out":"0"`, `"all":true`}},
		{[]string{"request-unstake", "alice", "7"}, []string{`"shares":"7"`}},
		{[]string{"transfer-shares", alice, "--all"}, []string{`"shares":"0"`, `"all":true`}},
	} {
		out, err := execute(t, offline(home, append([]string{"tx", "provers", "--from", "alice"}, tc.args...)...)...)
		require.NoError(t, err, tc.args)
		for _, want := range tc.want {
			require.Contains(t, out, want, tc.args)
		}
	}
}
