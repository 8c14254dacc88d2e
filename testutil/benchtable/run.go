package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// run is one call of go test.
type run struct {
	pkg, bench, benchtime string
	cpus                  int // 0 for all
	env                   []string
	once                  bool // whatever the count
}

// do runs the benchmarks so many times and adds what they report to found. Results of a
// run with one core are named "name@1".
func (r run) do(ctx context.Context, count int, found results, progress io.Writer) error {
	if r.once {
		count = 1
	}
	args := []string{"test", "-run", "^$", "-bench", r.bench, "-benchtime", r.benchtime, "-count", strconv.Itoa(count), "-timeout", "3h"}
	suffix := ""
	if r.cpus > 0 {
		args, suffix = append(args, "-cpu", strconv.Itoa(r.cpus)), fmt.Sprintf("@%d", r.cpus)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, r.pkg)...)
	cmd.Env, cmd.Stderr = append(os.Environ(), r.env...), progress
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	reading := found.read(io.TeeReader(out, progress), suffix)
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w", cmd, err)
	}
	return reading
}

// results are what benchmarks reported: by name and unit, one value for each run.
type results map[string]map[string][]float64

// read takes in the output of go test. It reads to the end also if a line is wrong.
func (r results) read(from io.Reader, suffix string) (wrong error) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if err := r.line(lines.Text(), suffix); err != nil && wrong == nil {
			wrong = err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return wrong
}

// line takes in a line such as "BenchmarkX/y-2  10  123 ns/op  4.5 things/s"; others
// are no results.
func (r results) line(text, suffix string) error {
	fields := strings.Fields(text)
	if len(fields) < 4 || len(fields)%2 != 0 || !strings.HasPrefix(fields[0], "Benchmark") {
		return nil
	}
	if !isNumber(fields[1]) {
		return nil
	}
	name := strings.TrimPrefix(fields[0], "Benchmark")
	if at := strings.LastIndex(name, "-"); at > 0 && isNumber(name[at+1:]) {
		name = name[:at] // the number of cores
	}
	name += suffix
	if r[name] == nil {
		r[name] = make(map[string][]float64)
	}
	for i := 2; i < len(fields); i += 2 {
		value, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return fmt.Errorf("%q: %w", text, err)
		}
		r[name][fields[i+1]] = append(r[name][fields[i+1]], value)
	}
	return nil
}

func isNumber(text string) bool {
	_, err := strconv.Atoi(text)
	return err == nil
}

// reader looks results up, and remembers the first that is missing.
type reader struct {
	results
	missing error
}

// median is the middle value of what a benchmark reported.
func (r *reader) median(name, unit string) float64 {
	values := slices.Sorted(slices.Values(r.results[name][unit]))
	if len(values) == 0 {
		if r.missing == nil {
			r.missing = fmt.Errorf("no benchmark %s reported %s", name, unit)
		}
		return 0
	}
	return values[len(values)/2]
}
