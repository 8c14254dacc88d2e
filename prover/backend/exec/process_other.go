//go:build !linux

package exec

import (
	"os/exec"
	"syscall"
)

// canLimit tells whether setLimits works here.
const canLimit = false

func attributes() *syscall.SysProcAttr { return nil }

// kill ends the program; processes that it started are on their own here.
func kill(cmd *exec.Cmd) error { return cmd.Process.Kill() }

func setLimits(int, Config) error { return nil }
