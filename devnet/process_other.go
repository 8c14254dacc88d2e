//go:build !linux

package devnet

import (
	"errors"
	"syscall"
	"time"
)

// childAttributes keeps a terminal's Ctrl-C from reaching a child before the
// parent stops it in order.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// processUsage is known on Linux only.
func processUsage(int) (memory int64, cpu time.Duration, err error) {
	return 0, 0, errors.ErrUnsupported
}
