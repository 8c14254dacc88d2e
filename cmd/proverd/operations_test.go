package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The unit and the guide call proverd with commands and flags that it has.
func TestOperationsCallWhatThereIs(t *testing.T) {
	folder := filepath.Join("..", "..", "docs", "operations", "proverd")
	unit, err := os.ReadFile(filepath.Join(folder, "proverd.service"))
	require.NoError(t, err)
	guide, err := os.ReadFile(filepath.Join(folder, "README.md"))
	require.NoError(t, err)
	alerts, err := os.ReadFile(filepath.Join(folder, "alerts.yaml"))
	require.NoError(t, err)

	start := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/proverd (.+)$`).FindStringSubmatch(string(unit))
	require.NotNil(t, start)
	require.Contains(t, start[1], "start ")
	calls := []string{start[1]}
	// A line of a shell block, or `proverd ...` within a sentence.
	call := regexp.MustCompile("(?m)(?:^|`|-u proverd |&& |\\| )proverd ([a-z][^`\\n|&]*)")
	for _, text := range []string{string(guide), string(alerts)} {
		for _, m := range call.FindAllStringSubmatch(text, -1) {
			calls = append(calls, m[1])
		}
	}
	require.Greater(t, len(calls), 10)
	for _, c := range calls {
		args := strings.Fields(strings.TrimSuffix(strings.TrimSpace(c), "\\"))
		cmd, rest, err := newRootCmd().Find(args)
		require.NoError(t, err, c)
		require.NotEqual(t, "proverd", cmd.Name(), c)
		require.NoError(t, cmd.ParseFlags(rest), c)
	}
}
