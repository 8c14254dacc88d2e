package exec

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

const (
	// runPrefix starts the name of each process's folder.
	runPrefix = "run-"
	lockFile  = "lock"
)

// folder is this process's own in a folder that others may use too: `proverd quote`
// beside a running sidecar, say. It holds a lock, so that the next process knows
// what nobody needs any more.
type folder struct {
	path  string
	close func() error
}

// openFolder makes a folder with these subfolders in dir, and removes those of
// processes that ended.
func openFolder(dir string, subfolders ...string) (*folder, error) {
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, err
	}
	// Nobody else makes or removes folders meanwhile.
	turn, err := lock(filepath.Join(dir, lockFile), syscall.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer turn.Close()
	old, err := filepath.Glob(filepath.Join(dir, runPrefix+"*"))
	if err != nil {
		return nil, err
	}
	for _, path := range old {
		held, err := lock(filepath.Join(path, lockFile), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			continue // its process lives
		}
		if err != nil {
			return nil, err
		}
		if err := errors.Join(os.RemoveAll(path), held.Close()); err != nil {
			return nil, err
		}
	}
	path, err := os.MkdirTemp(dir, runPrefix)
	if err != nil {
		return nil, err
	}
	for _, sub := range subfolders {
		if err := os.Mkdir(filepath.Join(path, sub), dirMode); err != nil {
			return nil, err
		}
	}
	held, err := lock(filepath.Join(path, lockFile), syscall.LOCK_EX)
	if err != nil {
		return nil, err
	}
	return &folder{path: path, close: sync.OnceValue(func() error {
		return errors.Join(os.RemoveAll(path), held.Close())
	})}, nil
}

// lock opens a file and locks it until it is closed, or the process ends. Children
// do not inherit it.
func lock(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
