//go:build !linux

package isolate

import "syscall"

// attributes: here a child learns from the end of its input that its parent
// has ended.
func attributes() *syscall.SysProcAttr { return nil }
