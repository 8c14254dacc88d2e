package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/proofmarket/proofmarket/prover"
)

const (
	// columns is how wide texts are at most.
	columns = 100
	// shownID is how much of a request's id a table shows: enough for the commands
	// that take one.
	shownID = 2 * prover.MinIDPrefix
)

// short is a request's id for a table.
func short(id string) string { return id[:min(shownID, len(id))] }

// clipped is the start of a text, in one line.
func clipped(text string, width int) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:max(0, width-1)]) + "…"
}

// writeWrapped writes a text in lines that fit, all but the first one indented.
func writeWrapped(w io.Writer, first, text string) {
	indent := strings.Repeat(" ", utf8.RuneCountInString(first))
	line, empty := first, true
	for _, word := range strings.Fields(text) {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > columns {
			fmt.Fprintln(w, line)
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	fmt.Fprintln(w, strings.TrimRight(line, " "))
}

// moment is a time for people.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// brief is a duration for people.
func brief(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	default:
		return d.Round(time.Microsecond).String()
	}
}

// bytesText is a size for people.
func bytesText(n uint64) string {
	const kibi = 1 << 10
	switch {
	case n >= kibi*kibi*kibi:
		return fmt.Sprintf("%.1f GiB", float64(n)/(kibi*kibi*kibi))
	case n >= kibi*kibi:
		return fmt.Sprintf("%.1f MiB", float64(n)/(kibi*kibi))
	case n >= kibi:
		return fmt.Sprintf("%.1f KiB", float64(n)/kibi)
	default:
		return fmt.Sprintf("%d bytes", n)
	}
}
