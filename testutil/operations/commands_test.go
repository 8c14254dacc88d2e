package operations

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/client/flags"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/cmd/marketd/cmd"
)

// inline is a command within a sentence.
var inline = regexp.MustCompile("`((?:sudo |marketd )[^`\n]+)`")

// call is where a command begins: at a line, in a pipe, in a list, in $(…), after
// those that run another, and in a systemd unit.
var call = regexp.MustCompile(`(?m)(?:^\s*|[|;&({]\s*|do |then |-u proofmarket |ExecStart=/usr/local/bin/)marketd `)

// calls returns the commands of marketd in a text, as words.
func calls(text string) (list [][]string) {
	text = strings.ReplaceAll(text, "\\\n", " ")
	for _, at := range call.FindAllStringIndex(text, -1) {
		if words := shellWords(text[at[1]:]); len(words) > 0 && !strings.Contains(words[0], "…") {
			list = append(list, words)
		}
	}
	return list
}

// shellWords splits a command up to its end, quotes taken off. What a substitution
// would print stands as X.
func shellWords(text string) (words []string) {
	var word strings.Builder
	var quote byte
	open := false
	end := func() {
		if open {
			words = append(words, word.String())
		}
		word.Reset()
		open = false
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != '\'' && c == '$' && i+1 < len(text) && text[i+1] == '(':
			i += substitution(text[i:])
			word.WriteByte('X')
			open = true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteByte(c)
		case c == '"' || c == '\'':
			quote, open = c, true
		case strings.IndexByte("|;&)\n`", c) >= 0, c == '#' && !open:
			end()
			return words
		case c == '>' || c == '<':
			// A redirection: what is before it, such as 2, is no argument.
			if open && word.Len() == 1 {
				word.Reset()
				open = false
			}
			end()
			return words
		case c == ' ' || c == '\t':
			end()
		default:
			word.WriteByte(c)
			open = true
		}
	}
	end()
	return words
}

// substitution is the length of $(…) less one.
func substitution(text string) int {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(text) - 1
}

func TestShellWords(t *testing.T) {
	for text, want := range map[string][][]string{
		"marketd status | jq .":                              {{"status"}},
		"a; marketd keys show \"my key\" -a > file":          {{"keys", "show", "my key", "-a"}},
		"marketd tx send $(marketd keys show a -a) b 2> log": {{"tx", "send", "X", "b"}, {"keys", "show", "a", "-a"}},
		"marketd tx a '{\"b\": 1}' \\\n  --from c # d":       {{"tx", "a", `{"b": 1}`, "--from", "c"}},
		"sudo -u proofmarket marketd start --home /x":        {{"start", "--home", "/x"}},
		"echo marketd is a program":                          nil,
		"ExecStart=/usr/local/bin/marketd start --a=b\nX=1":  {{"start", "--a=b"}},
	} {
		require.Equal(t, want, calls(text), text)
	}
}

// Every command that the pages name is there, takes that many arguments and has those
// flags.
func TestCommandsAreThere(t *testing.T) {
	root := commandTree(t)
	texts := make(map[string]string)
	for _, name := range markdown(t) {
		text := page(t, name)
		parts := blocks(text, "sh")
		if name == "upgrades.md" {
			parts = append(parts, blocks(text, "")...)
		}
		for _, m := range inline.FindAllStringSubmatch(withoutFences(text), -1) {
			parts = append(parts, m[1])
		}
		texts[name] = strings.Join(parts, "\n")
	}
	texts["marketd.service"] = page(t, "node/marketd.service")
	total := 0
	for name, text := range texts {
		for _, words := range calls(text) {
			require.NoError(t, checkCall(root, words), "%s: marketd %s", name, strings.Join(words, " "))
			total++
		}
	}
	require.Greater(t, total, 60)
}

// withoutFences takes the fenced blocks out.
func withoutFences(text string) string { return fence.ReplaceAllString(text, "") }

// commandTree is all of marketd's commands, with the flags that its main adds.
func commandTree(t *testing.T) *cobra.Command {
	t.Helper()
	root, err := cmd.NewRootCmd()
	require.NoError(t, err)
	root.PersistentFlags().String(flags.FlagHome, app.DefaultNodeHome, "")
	for _, name := range []string{flags.FlagLogLevel, flags.FlagLogFormat} {
		root.PersistentFlags().String(name, "", "")
	}
	root.PersistentFlags().Bool(flags.FlagLogNoColor, false, "")
	root.InitDefaultHelpFlag()
	root.InitDefaultHelpCmd()
	return root
}

// checkCall says what is wrong with a command; nothing if it could be run.
func checkCall(root *cobra.Command, words []string) error {
	found, rest, err := root.Find(words)
	if err != nil {
		return err
	}
	if len(rest) == 1 && rest[0] == "--help" {
		return nil
	}
	found.InitDefaultHelpFlag()
	if err := found.ParseFlags(rest); err != nil {
		return err
	}
	arguments := found.Flags().Args()
	if found.DisableFlagParsing { // groups of the SDK
		arguments = rest
	}
	if found == root || found.HasAvailableSubCommands() && (len(arguments) > 0 || !found.Runnable()) {
		return fmt.Errorf("%s has no command %q", found.CommandPath(), arguments)
	}
	// A command that is named in a sentence may leave its arguments out.
	if len(arguments) == 0 {
		return nil
	}
	return found.ValidateArgs(arguments)
}

// The test above fails for what is not there.
func TestCommandsThatAreNotThere(t *testing.T) {
	root := commandTree(t)
	for _, words := range [][]string{
		{"nothing"},
		{"tx", "gov", "propose"},
		{"query", "market", "everything", "--output", "json"},
		{"start", "--prunning", "x"},
		{"rollback", "--hard=maybe"},
		{"tx", "gov", "vote", "1"},
		{"genesis", "collect"},
	} {
		require.Error(t, checkCall(root, words), words)
	}
}

// Files that a page names exist beside it.
func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	for _, name := range markdown(t) {
		for _, m := range link.FindAllStringSubmatch(page(t, name), -1) {
			_, err := os.Stat(filepath.Join(pages, m[1]))
			require.NoError(t, err, "%s links to %s", name, m[1])
		}
	}
}
