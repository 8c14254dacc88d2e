package trial

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// row is what happened with one kind of fault.
type row struct {
	name               string
	injected, survived int
	halts              []int64       // heights at which the chain stood
	pause              time.Duration // the longest between two blocks, by their headers
	recovery           []int64       // blocks until the network was whole again
}

func newRows() (list []*row) {
	for _, f := range faults {
		list = append(list, &row{name: f.name})
	}
	return list
}

func (c *chaos) row(name string) *row {
	return c.rows[slices.IndexFunc(c.rows, func(r *row) bool { return r.name == name })]
}

// report gives the table, also of a run that failed.
func (c *chaos) report() {
	c.t.Helper()
	var b strings.Builder
	b.WriteString("| fault | injected | survived | halted at heights | longest pause between blocks | blocks until whole again, median and most |\n|---|---|---|---|---|---|\n")
	injected, survived, halts, pause := 0, 0, 0, time.Duration(0)
	for _, r := range c.rows {
		at := "none"
		if len(r.halts) > 0 {
			at = strings.Trim(strings.ReplaceAll(fmt.Sprint(r.halts), " ", ", "), "[]")
		}
		blocks := "–"
		if len(r.recovery) > 0 {
			sorted := slices.Sorted(slices.Values(r.recovery))
			blocks = fmt.Sprintf("%d, %d", sorted[(len(sorted)-1)/2], sorted[len(sorted)-1])
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %s | %.1f s | %s |\n", r.name, r.injected, r.survived, at, r.pause.Seconds(), blocks)
		injected, survived, halts, pause = injected+r.injected, survived+r.survived, halts+len(r.halts), max(pause, r.pause)
	}
	fmt.Fprintf(&b, "| **all** | %d | %d | %d halts | %.1f s | |\n", injected, survived, halts, pause.Seconds())
	b.WriteString(c.books.summary())
	fmt.Fprintf(&b, "%d times a process did not end at SIGTERM and was killed.\n", c.Killed())
	fmt.Fprintf(&b, "Seed %d.\n", *seed)
	c.t.Log("\n" + b.String())
	writeTable(c.t, b.String())
}

// requireTable checks that every kind was injected and survived, and that each partition
// halted the chain. That nothing else did is checked as blocks are read.
func (c *chaos) requireTable() {
	c.t.Helper()
	for _, r := range c.rows {
		require.Positive(c.t, r.injected, r.name)
		require.Equal(c.t, r.injected, r.survived, r.name)
		require.Len(c.t, r.recovery, r.injected, r.name)
		if r.name == partitionName {
			require.Len(c.t, r.halts, r.injected, r.name)
		}
	}
}

// writeTable writes what the make target shows last.
func writeTable(t require.TestingT, text string) {
	if *table != "" {
		require.NoError(t, os.WriteFile(*table, []byte(text), 0o600))
	}
}
