package exec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/proofmarket/proofmarket/prover/backend"
)

const (
	// maxAnswerBytes bounds what the program may print, stderrBytes what is kept of
	// its complaints.
	maxAnswerBytes = 64 << 10
	stderrBytes    = 1 << 10
	// waitDelay is how long output that somebody holds open is waited for once the
	// program has ended.
	waitDelay = time.Second
	// ownVariables start the names of what the program does not inherit: they may
	// hold a passphrase.
	ownVariables = "PROVERD_"
)

// run runs the program on one job. The error has the program's own kind where it
// gave one; all else is ErrFailed, or the context's error.
func (b *Backend) run(ctx context.Context, dir string, job Job) (Answer, error) {
	if deadline, ok := ctx.Deadline(); ok {
		job.TimeoutSeconds = max(1, int64(time.Until(deadline)/time.Second))
	}
	line, err := json.Marshal(job)
	if err != nil {
		return Answer{}, fmt.Errorf("%w: write the job: %w", backend.ErrFailed, err)
	}
	cmd := exec.CommandContext(ctx, b.command, b.cfg.Args...)
	cmd.Dir = dir
	cmd.Env = environment()
	cmd.SysProcAttr = attributes()
	cmd.Cancel = func() error { return kill(cmd) }
	cmd.WaitDelay = waitDelay
	stdout, stderr := &bounded{max: maxAnswerBytes}, &tail{max: stderrBytes}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", backend.ErrFailed, err)
	}
	if err := cmd.Start(); err != nil {
		if ctx.Err() != nil {
			return Answer{}, ctx.Err()
		}
		return Answer{}, fmt.Errorf("%w: start the program: %w", backend.ErrFailed, err)
	}
	// It learns of the files only now, with its limits in place.
	limited := setLimits(cmd.Process.Pid, b.cfg)
	if limited == nil {
		// A job is smaller than a pipe's buffer, so this does not wait; a program
		// that ended without reading it has its reasons.
		_, _ = stdin.Write(append(line, '\n'))
	} else {
		_ = kill(cmd) // Wait tells
	}
	stdin.Close()
	err = cmd.Wait()
	_ = kill(cmd) // what it left behind; often nothing
	switch {
	case ctx.Err() != nil:
		return Answer{}, ctx.Err()
	case limited != nil:
		return Answer{}, fmt.Errorf("%w: limit the program: %w", backend.ErrFailed, limited)
	case stdout.over:
		return Answer{}, fmt.Errorf("%w: the program prints more than %d bytes", backend.ErrFailed, maxAnswerBytes)
	case err != nil:
		return Answer{}, fmt.Errorf("%w: the program ended with %w; it said %q", backend.ErrFailed, err, stderr.kept)
	}
	return parseAnswer(stdout.buf.Bytes())
}

// environment is ours without what only the sidecar should know.
func environment() []string {
	var out []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, ownVariables) {
			out = append(out, v)
		}
	}
	return out
}

// readOutput reads a file that the program may have written, at most limit bytes;
// nil where there is none.
func readOutput(dir, name string, limit int64) ([]byte, error) {
	path := filepath.Join(dir, name)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%w: read the program's %s: %w", backend.ErrFailed, name, err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%w: the program's %s is not a regular file", backend.ErrFailed, name)
	case info.Size() > limit:
		return nil, fmt.Errorf("%w: the program's %s has %d bytes, the limit is %d", backend.ErrFailed, name, info.Size(), limit)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: read the program's %s: %w", backend.ErrFailed, name, err)
	}
	defer f.Close()
	out, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, fmt.Errorf("%w: read the program's %s: %w", backend.ErrFailed, name, err)
	}
	return out, nil
}

// bounded keeps what is written up to max bytes, and refuses more.
type bounded struct {
	buf  bytes.Buffer
	max  int
	over bool
}

var errTooMuch = errors.New("too much output")

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.buf.Len()+len(p) > b.max {
		b.over = true
		return 0, errTooMuch
	}
	return b.buf.Write(p)
}

// tail keeps the last max bytes of what is written.
type tail struct {
	kept []byte
	max  int
}

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p[max(0, len(p)-t.max):]...)
	t.kept = t.kept[max(0, len(t.kept)-t.max):]
	return len(p), nil
}
