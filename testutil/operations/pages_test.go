package operations

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// page reads a page, or another file of the documentation.
func page(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(pages, name))
	require.NoError(t, err)
	return string(b)
}

var fence = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```")

// blocks returns the fenced blocks of a language in a text.
func blocks(text, language string) (list []string) {
	for _, m := range fence.FindAllStringSubmatch(text, -1) {
		if m[1] == language {
			list = append(list, m[2])
		}
	}
	return list
}

// script returns the commands below a heading of a page, up to the next heading.
func script(t *testing.T, name, heading string) string {
	t.Helper()
	_, section, found := strings.Cut(page(t, name), "\n"+heading+"\n")
	require.True(t, found, "%s has no heading %q", name, heading)
	if end := regexp.MustCompile(`(?m)^#{2,4} `).FindStringIndex(withoutBlocks(section)); end != nil {
		section = section[:end[0]]
	}
	list := blocks(section, "sh")
	require.NotEmpty(t, list, "%s, %q: no commands", name, heading)
	return strings.Join(list, "\n")
}

// withoutBlocks blanks fenced blocks, whose comments look like headings.
func withoutBlocks(text string) string {
	return fence.ReplaceAllStringFunc(text, func(s string) string {
		b := []byte(s)
		for i := range b {
			if b[i] != '\n' {
				b[i] = 'x'
			}
		}
		return string(b)
	})
}

// markdown lists the pages for operators of nodes.
func markdown(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(pages, "*.md"))
	require.NoError(t, err)
	require.Greater(t, len(list), 7)
	for i, path := range list {
		list[i] = filepath.Base(path)
	}
	return list
}
