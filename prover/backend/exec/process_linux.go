package exec

import (
	"errors"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// canLimit tells whether setLimits works here.
const canLimit = true

// attributes put the program into a process group of its own, and make it die with
// the sidecar, however that ends.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// kill ends the program's whole process group.
func kill(cmd *exec.Cmd) error {
	err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// setLimits bounds a process; those that it starts inherit it.
func setLimits(pid int, cfg Config) error {
	for _, l := range []struct {
		resource int
		value    uint64
	}{
		// Memory that can be written, not address space: drivers of GPUs and
		// garbage collectors reserve much more of that than they use.
		{unix.RLIMIT_DATA, cfg.MemoryBytes},
		{unix.RLIMIT_CPU, cfg.CPUSeconds},
	} {
		if l.value == 0 {
			continue
		}
		if err := unix.Prlimit(pid, l.resource, &unix.Rlimit{Cur: l.value, Max: l.value}, nil); err != nil {
			return err
		}
	}
	return nil
}
