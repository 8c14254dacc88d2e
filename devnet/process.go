package devnet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// stopGrace is how long a child may take to end after SIGTERM before it is
// killed.
const stopGrace = 10 * time.Second

// logTail is how much of a child's log an error message shows, in bytes.
const logTail = 2000

// Child is a supervised process whose output goes to a log file.
type Child struct {
	Name string
	Log  string // path of the log file

	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // how it ended, valid once done is closed
	stop sync.Once
}

// startChild starts program with args and the extra environment, and appends
// its output to logDir/name.log. The child dies with this process.
func startChild(name, logDir, program string, env []string, args ...string) (*Child, error) {
	if err := os.MkdirAll(logDir, 0o755); err != nil {
		return nil, err
	}
	c := &Child{Name: name, Log: filepath.Join(logDir, name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(c.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c.cmd = exec.Command(program, args...)
	c.cmd.Stdout, c.cmd.Stderr = log, log
	c.cmd.Env = append(os.Environ(), env...)
	c.cmd.SysProcAttr = childAttributes()
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", name, err)
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.done)
	}()
	return c, nil
}

// Done is closed when the process has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Failure describes how the process ended, with the end of its log. Call it
// only after Done.
func (c *Child) Failure() error {
	return fmt.Errorf("%s ended (%v); its log %s ends with:\n%s", c.Name, c.err, c.Log, tail(c.Log))
}

// Stop asks the process to end, kills it if it does not, and waits for it. It tells
// whether it had to kill it.
func (c *Child) Stop() (killed bool) {
	c.stop.Do(func() {
		_ = c.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-c.done:
		case <-time.After(stopGrace):
			c.Kill()
			killed = true
		}
	})
	return killed
}

// Kill ends the process at once, as a power cut would, and waits for it.
func (c *Child) Kill() {
	_ = c.cmd.Process.Kill()
	<-c.done
}

// waitFor polls ready until it succeeds, the child or its consensus ends, the chain
// forks, or ctx ends.
func (c *Child) waitFor(ctx context.Context, ready func(context.Context) error) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var last error
	for {
		if last = ready(ctx); last == nil || errors.Is(last, ErrConsensusFailed) || errors.Is(last, ErrFork) {
			return last
		}
		select {
		case <-c.done:
			return c.Failure()
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready (%w): last answer: %w", c.Name, ctx.Err(), last)
		case <-tick.C:
		}
	}
}

// run executes program to its end and returns what it wrote to standard output.
func run(ctx context.Context, program string, args ...string) ([]byte, error) {
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, fmt.Errorf("%s %s: %w\n%s", filepath.Base(program), firstArgs(args), err, bytes.TrimSpace(errs.Bytes()))
	}
	return out.Bytes(), nil
}

// firstArgs names a command without its flags.
func firstArgs(args []string) string {
	var b bytes.Buffer
	for _, a := range args {
		if len(a) > 0 && a[0] == '-' {
			break
		}
		fmt.Fprintf(&b, "%s ", a)
	}
	return b.String()
}

func tail(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > logTail {
		_, _ = f.Seek(-logTail, io.SeekEnd)
	}
	b, err := io.ReadAll(f)
	return string(bytes.TrimSpace(bytes.Join([][]byte{b, errText(err)}, nil)))
}

func errText(err error) []byte {
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	return []byte(err.Error())
}
