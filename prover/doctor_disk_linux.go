package prover

import "golang.org/x/sys/unix"

// freeBytes is what users may still write to the file system that holds path.
func freeBytes(path string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, err
	}
	return st.Bavail * uint64(st.Bsize), nil
}
