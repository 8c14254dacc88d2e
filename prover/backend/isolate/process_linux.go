package isolate

import "syscall"

// attributes make a child die with its parent, however that ends. The end of
// its input tells it too; this holds where the child is too busy to read.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
