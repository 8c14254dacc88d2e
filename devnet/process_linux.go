package devnet

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// childAttributes makes a child die with its parent, however the parent ends,
// and keeps a terminal's Ctrl-C from reaching it before the parent stops it in
// order.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// Fields of /proc/<pid>/stat behind the name, counted from 0: time in user mode and
// in the kernel, in ticks, and resident pages (proc_pid_stat(5), fields 14, 15, 24).
const (
	statUser     = 11
	statSystem   = 12
	statResident = 21
)

// tick is the unit of times in /proc, which Linux fixes for programs (USER_HZ).
const tick = time.Second / 100

// processUsage returns a process' resident memory in bytes and the processor time
// that it used.
func processUsage(pid int) (memory int64, cpu time.Duration, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	// The name is in parentheses and may hold anything.
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) <= statResident {
		return 0, 0, fmt.Errorf("unreadable state of process %d: %q", pid, b)
	}
	var n [3]int64
	for i, at := range []int{statUser, statSystem, statResident} {
		if n[i], err = strconv.ParseInt(string(fields[at]), 10, 64); err != nil {
			return 0, 0, err
		}
	}
	return n[2] * int64(os.Getpagesize()), time.Duration(n[0]+n[1]) * tick, nil
}
