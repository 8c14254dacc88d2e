package devnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// smallDisk is what the sidecar on a disk of its own has, in bytes.
const smallDisk = "12m"

// onDisk starts a program with a folder on a disk of its own: a tmpfs in its own
// namespace, which takes no rights where the system lets users make namespaces.
const onDisk = `set -eu
home=$1; shift
cp -a "$home" "$home.before"
mount -t tmpfs -o size=` + smallDisk + ` tmpfs "$home"
cp -a "$home.before/." "$home"
exec "$@"`

var unshare = []string{"--user", "--map-root-user", "--mount", "sh", "-c"}

// mayMakeDisks tells why this machine does not let us give a process a disk.
func mayMakeDisks(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "unshare", append(unshare, "mount -t tmpfs -o size=64k tmpfs /mnt")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// startOnDisk starts a program whose folder is on a disk of its own.
func startOnDisk(name, logs, folder, program string, args ...string) (*Child, error) {
	all := append(append([]string{}, unshare...), onDisk, "on-disk", folder, program)
	return startChild(name, logs, "unshare", nil, append(all, args...)...)
}

// filler is the file that takes what is left of that disk, seen from outside.
func filler(c *Child, folder string) string {
	return filepath.Join("/proc", fmt.Sprint(c.cmd.Process.Pid), "root", folder, "filler")
}

// fillDisk writes to a file until the disk has no room left.
func fillDisk(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	for _, size := range []int{1 << 20, 4 << 10, 1} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			return errors.Join(err, f.Close())
		}
	}
	return f.Close()
}
