package cmd

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proofmarket/proofmarket/internal/chain"
)

// pageFlags explains the flags of every list, which AutoCLI leaves without a text.
var pageFlags = map[string]string{
	"page-key":         "next_key of the page before, to go on from there",
	"page-offset":      "leave out so many records first; --page-key is cheaper",
	"page-limit":       "list so many records at most (default 100)",
	"page-count-total": "count all records; lists that grow without bound refuse it",
	"page-reverse":     "list backwards",
}

// explain completes what AutoCLI's commands say: texts of the flags that pages
// have, and names instead of numbers for arguments that cannot be read.
func explain(c *cobra.Command) {
	for _, sub := range c.Commands() {
		explain(sub)
	}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Usage == "" {
			f.Usage = pageFlags[f.Name]
		}
	})
	run := c.RunE
	if run == nil {
		return
	}
	c.RunE = func(cmd *cobra.Command, args []string) error { return nameArgument(cmd.Use, run(cmd, args)) }
}

// nameArgument replaces the number of an argument that AutoCLI could not read by
// its name in the command's use.
func nameArgument(use string, err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	at, notNumber := strconv.Atoi(invalid.GetFlag().Name)
	names := strings.Fields(use)[1:]
	if notNumber != nil || at < 0 || at >= len(names) {
		return err
	}
	return fmt.Errorf("%s: %.60q: %w", names[at], invalid.GetValue(), invalid.Unwrap())
}

var (
	// wrapping is what client, server and the SDK put around an error on its way:
	// of no use to who reads it, and some of it names files of the build.
	wrapping = regexp.MustCompile(`rpc error: code = \w+ desc = ` +
		`|failed to execute message; message index: 0: ` +
		`| \[[^\s\]]+\.go:\d+\]` +
		`| with gas used: '\d+'`)
	// unknownRequest is how a node ends whatever it answers to a query.
	unknownRequest = ": unknown request"
	// notAnAmount is what becomes of an amount that is no whole number.
	notAnAmount = regexp.MustCompile(`math/big: cannot unmarshal ("(?:[^"\\]|\\.)*") into a \*big\.Int(: tx parse error)*`)
	// notAnAddress is what becomes of a name that is no key's.
	notAnAddress = regexp.MustCompile(`invalid account address or key name: `)
)

// plain returns an error's text as people want to read it.
func plain(text string) string {
	if short := wrapping.ReplaceAllString(text, ""); short != text {
		text = strings.TrimSuffix(short, unknownRequest)
	}
	text = notAnAmount.ReplaceAllString(text, "$1 is no whole number of "+chain.Denom)
	return notAnAddress.ReplaceAllString(text, "neither an address nor a key that `marketd keys list` shows: ")
}
