//go:build !linux

package devnet

import "syscall"

// childAttributes keeps a terminal's Ctrl-C from reaching a child before the
// parent stops it in order.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
