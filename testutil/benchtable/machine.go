package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
)

// machine describes where the figures come from, and how busy it was at the start.
func machine(ctx context.Context) string {
	commit := "unknown"
	if out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output(); err == nil {
		commit = strings.TrimSpace(string(out))
	}
	parts := []string{
		fmt.Sprintf("%d cores of %s", runtime.NumCPU(), orUnknown(field("/proc/cpuinfo", "model name"))),
		memory() + " of memory",
		fmt.Sprintf("%s/%s", runtime.GOOS, runtime.GOARCH), runtime.Version(), "commit " + commit,
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		parts = append(parts, "load at the start "+strings.Fields(string(load))[0])
	}
	return strings.Join(parts, ", ")
}

// memory is the machine's, in GiB.
func memory() string {
	kib, err := strconv.Atoi(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"))
	if err != nil {
		return "an unknown amount"
	}
	return fmt.Sprintf("%.0f GiB", float64(kib)/(1<<20))
}

// field is the first value of that name in a file of Linux; empty for none.
func field(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		key, value, found := strings.Cut(line, ":")
		if found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func orUnknown(text string) string {
	if text == "" {
		return "an unknown kind"
	}
	return text
}
