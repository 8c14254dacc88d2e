package prover

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// memoryEvery is how often the children's memory is looked at: what lives for less
// may be missed.
const memoryEvery = 100 * time.Millisecond

// watchMemory looks at the memory of this process's children until peak is called,
// which returns the most that they held at a time, in bytes; 0 where the system
// does not tell, or there were none.
func watchMemory() (peak func() uint64) {
	stop, done := make(chan struct{}), make(chan uint64, 1)
	go func() {
		tick := time.NewTicker(memoryEvery)
		defer tick.Stop()
		most := childrenMemory(procDir, os.Getpid())
		for {
			select {
			case <-stop:
				done <- max(most, childrenMemory(procDir, os.Getpid()))
				return
			case <-tick.C:
				most = max(most, childrenMemory(procDir, os.Getpid()))
			}
		}
	}()
	return sync.OnceValue(func() uint64 {
		close(stop)
		return <-done
	})
}

// procDir is where Linux tells of processes.
const procDir = "/proc"

// childrenMemory sums the resident memory of a process's descendants, in bytes.
func childrenMemory(proc string, of int) (sum uint64) {
	stats, err := filepath.Glob(filepath.Join(proc, "[0-9]*", "stat"))
	if err != nil {
		return 0
	}
	type process struct {
		parent int
		memory uint64
	}
	all := make(map[int]process, len(stats))
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			continue
		}
		// pid (name) state parent ...; the 24th field is the resident pages. The name
		// may hold anything, so fields count from its last parenthesis.
		const parentField, residentField = 1, 21
		fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
		if len(fields) <= residentField {
			continue
		}
		parent, err := strconv.Atoi(fields[parentField])
		pages, err2 := strconv.ParseUint(fields[residentField], 10, 64)
		if err == nil && err2 == nil {
			all[pid] = process{parent: parent, memory: pages * uint64(os.Getpagesize())}
		}
	}
	for pid, p := range all {
		// A loop of parents is never longer than there are processes.
		for at, steps := p.parent, 0; at > 1 && steps < len(all); at, steps = all[at].parent, steps+1 {
			if at == of && pid != of {
				sum += p.memory
				break
			}
		}
	}
	return sum
}
