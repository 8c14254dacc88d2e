package isolate_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// law P6: a sidecar that is killed leaves no child behind, be the child busy or
// not even able to run.
func TestNoChildOutlivesItsParent(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		t.Run("stopped "+strconv.FormatBool(stopped), func(t *testing.T) {
			exe, err := os.Executable()
			require.NoError(t, err)
			parent := exec.Command(exe)
			parent.Env = append(os.Environ(), parentEnv+"=1", childEnv+"=")
			stderr, err := parent.StderrPipe()
			require.NoError(t, err)
			require.NoError(t, parent.Start())
			said := bufio.NewReader(stderr)
			line, err := said.ReadString('\n')
			require.NoError(t, err)
			child, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(line), "hanging "))
			require.NoError(t, err, line)
			if stopped {
				require.NoError(t, syscall.Kill(child, syscall.SIGSTOP))
			}
			require.NoError(t, parent.Process.Kill())
			// Both hold the other end: it ends when both are gone.
			_, err = io.Copy(io.Discard, said)
			require.NoError(t, err)
			require.Error(t, parent.Wait())
		})
	}
}
