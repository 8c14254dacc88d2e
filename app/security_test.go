package app_test

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// reference is how SECURITY.md names a test: its folder and its function.
var reference = regexp.MustCompile("`([a-z0-9/]+) ((?:Test|Fuzz)[A-Za-z0-9_]+)`")

// testsIn returns the names of the test functions in a folder.
func testsIn(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(dir), "*_test.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "%s has no tests", dir)
	names := make(map[string]bool)
	for _, file := range files {
		bz, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`).FindAllSubmatch(bz, -1) {
			names[string(m[1])] = true
		}
	}
	return names
}

// Every attack in SECURITY.md names a test, and every test that it names is there.
func TestSecurityNamesTests(t *testing.T) {
	bz, err := os.ReadFile(filepath.Join("..", "SECURITY.md"))
	require.NoError(t, err)
	folders := make(map[string]map[string]bool)
	named, rows := 0, 0
	lines := bufio.NewScanner(bytes.NewReader(bz))
	for lines.Scan() {
		line := lines.Text()
		found := reference.FindAllStringSubmatch(line, -1)
		for _, m := range found {
			if folders[m[1]] == nil {
				folders[m[1]] = testsIn(t, m[1])
			}
			require.True(t, folders[m[1]][m[2]], "SECURITY.md names %s in %s, which is not there", m[2], m[1])
			named++
		}
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| attack |") {
			continue
		}
		rows++
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		require.Len(t, cells, 3, line)
		require.NotEmpty(t, found, "no test for: %s", cells[0])
		require.Equal(t, strings.Count(cells[2], "`")/2, len(found), "not a test's name in: %s", cells[2])
	}
	require.NoError(t, lines.Err())
	require.Greater(t, rows, 50)
	require.Greater(t, named, rows)
}
