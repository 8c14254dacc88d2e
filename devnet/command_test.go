package devnet

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// lockedBuffer takes a process' output while it is read.
type lockedBuffer struct {
	mu  sync.Mutex
	out bytes.Buffer
}

// Write implements io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.Write(p)
}

// String is what came so far.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.String()
}

// The command that people type: it tells where everything runs, sells a proof, and an
// interrupt ends it in order, with nothing left of it.
func TestLocalnetCommand(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), localnetPatience)
	defer cancel()
	temporary := t.TempDir()
	c := exec.CommandContext(ctx, filepath.Join(binaries, "marketd"), "localnet", "--validators", "2", "--provers", "1", "--load", "0.5", "--output", "json")
	c.Env = append(os.Environ(), "TMPDIR="+temporary)
	var out, progress lockedBuffer
	c.Stdout, c.Stderr = &out, &progress
	require.NoError(t, c.Start())
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()

	settled := regexp.MustCompile(`[1-9][0-9]* settled`)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !settled.MatchString(progress.String()) {
		select {
		case err := <-ended:
			require.FailNow(t, "it ended", "%v: %s", err, &progress)
		case <-ctx.Done():
			_ = c.Process.Signal(os.Interrupt)
			require.FailNow(t, "nothing is settled", "%s", &progress)
		case <-tick.C:
		}
	}
	var info Info
	require.NoError(t, json.Unmarshal([]byte(out.String()), &info), "one object, and nothing else: %s", &out)
	require.Equal(t, ChainID, info.ChainID)
	require.Len(t, info.Nodes, 2)
	require.Len(t, info.Provers, 1)
	require.Equal(t, temporary, filepath.Dir(info.Home))
	require.DirExists(t, info.Home)
	children := []int{info.Nodes[0].PID, info.Nodes[1].PID, info.Provers[0].PID}
	for _, pid := range children {
		require.NoError(t, syscall.Kill(pid, 0), "process %d runs", pid)
	}

	require.NoError(t, c.Process.Signal(os.Interrupt))
	select {
	case err := <-ended:
		require.NoError(t, err, "%s", &progress)
	case <-ctx.Done():
		require.FailNow(t, "it does not end", "%s", &progress)
	}
	require.Contains(t, progress.String(), "difference 0 uproof", "what became of every coin")
	require.NoDirExists(t, info.Home)
	for _, pid := range children {
		require.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH, "process %d has ended", pid)
	}
}
