// Command benchtable runs the benchmarks that say how fast the chain is, and prints one
// table: each figure with what it is to be compared with, from the same run on the same
// machine. `make bench` runs it in the repository's root.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := bench(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "benchtable:", err)
		os.Exit(1)
	}
}

// bench runs the benchmarks that the arguments ask for and writes the table to out, and
// what they print on the way to progress.
func bench(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("benchtable", flag.ContinueOnError)
	flags.SetOutput(progress)
	requests := flags.Int("requests", 100_000, "open requests of the market's largest world; 0 leaves the worlds out")
	worlds := flags.String("worlds", "", "absolute path of a folder that keeps the market's worlds for later runs")
	rounds := flags.Int("rounds", 5, "rounds of lifecycles in each run")
	count := flags.Int("count", 3, "how often each benchmark runs; the table has the medians")
	if err := flags.Parse(args); err != nil {
		return err
	}
	about := machine(ctx)
	fmt.Fprintln(progress, about)
	var rows []row
	for _, s := range sections(*rounds, *requests, *worlds) {
		found := make(results)
		for _, r := range s.runs {
			if err := r.do(ctx, *count, found, progress); err != nil {
				return err
			}
		}
		list, err := s.rows(found)
		if err != nil {
			return err
		}
		rows = append(rows, list...)
	}
	_, err := fmt.Fprintf(out, "%s\n\n%s", about, table(rows))
	return err
}
