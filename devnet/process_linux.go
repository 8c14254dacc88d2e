package devnet

import "syscall"

// childAttributes makes a child die with its parent, however the parent ends,
// and keeps a terminal's Ctrl-C from reaching it before the parent stops it in
// order.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
