package cmd

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/proofmarket/proofmarket/internal/chain"
)

// rewrites are the commands of AutoCLI whose arguments are completed before it
// reads them.
var rewrites = []struct {
	path    string
	rewrite func(args []string) []string
}{
	{"tx market update-params", takeDurations},
	{"tx provers update-params", takeDurations},
	{"tx verifier update-params-proposal", takeDurations},
	{"tx provers request-unstake", withShares},
	{"tx provers transfer-shares", withShares},
	{"tx provers register", amountsAt(0)},
	{"tx provers stake", amountsAt(1)},
	{"tx provers set-breaker", amountsAt(0, 1)},
	{"tx provers fund-incentives", amountsAt(0)},
	{"tx provers slash-prover", amountsAt(1)},
	{"tx market raise-fee", amountsAt(1)},
}

// rewriteArguments puts the rewrites before their commands.
func rewriteArguments(root *cobra.Command) error {
	for _, r := range rewrites {
		c, rest, err := root.Find(strings.Fields(r.path))
		if err != nil || len(rest) > 0 || c.RunE == nil {
			return fmt.Errorf("no command %q to complete the arguments of", r.path)
		}
		run := c.RunE
		c.RunE = func(cmd *cobra.Command, args []string) error { return run(cmd, r.rewrite(args)) }
	}
	return nil
}

// withShares writes out the number of shares that --all makes needless: left out,
// it would be no number, which amino JSON signs in another form than the chain
// reads it.
func withShares(args []string) []string {
	if len(args) == 1 {
		return append(args, "0")
	}
	return args
}

// amountsAt lets the arguments at these places be amounts with their unit, such as
// 1.5PROOF. What is no amount stays as it is, for the command to refuse.
func amountsAt(places ...int) func([]string) []string {
	return func(args []string) []string {
		args = slices.Clone(args)
		for _, i := range places {
			if i >= len(args) {
				continue
			}
			if n, err := chain.ParseAmount(args[i]); err == nil {
				args[i] = n.String()
			}
		}
		return args
	}
}

// takeDurations makes a proposal take parameters as their query printed them: it
// writes a week as 168h0m0s, and AutoCLI reads it as 604800s only.
func takeDurations(args []string) []string {
	for i := range args {
		args[i] = inSeconds(args[i])
	}
	return args
}

// inSeconds rewrites the durations among the fields of a JSON object. What is no
// object stays as it is, for the command to refuse.
func inSeconds(object string) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(object), &fields) != nil {
		return object
	}
	changed := false
	for name, value := range fields {
		var text string
		if json.Unmarshal(value, &text) != nil || !strings.HasSuffix(text, "s") {
			continue
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			continue
		}
		fields[name], changed = json.RawMessage(seconds(d)), true
	}
	out, err := json.Marshal(fields)
	if err != nil || !changed {
		return object
	}
	return string(out)
}

// seconds returns a duration as protobuf's JSON has it, in quotes.
func seconds(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign = "-"
	}
	whole, rest := d/time.Second, d%time.Second
	return fmt.Sprintf(`"%s%d.%09ds"`, sign, max(whole, -whole), max(rest, -rest))
}
