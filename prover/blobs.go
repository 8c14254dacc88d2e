package prover

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

const (
	blobDirMode  = 0o700
	blobFileMode = 0o600
	// blobTemp starts the names of files that are being written.
	blobTemp = ".new-"
)

// ErrHash means that a file is not what its hash says.
var ErrHash = errors.New("the content does not have the promised sha256")

// Blobs keeps images and inputs on disk under their sha256, so that a job can
// be finished even if its files vanish from the network (law P1).
type Blobs struct {
	dir string
}

// OpenBlobs opens the folder, makes it if need be, and clears what an earlier
// process left half written.
func OpenBlobs(dir string) (*Blobs, error) {
	if err := os.MkdirAll(dir, blobDirMode); err != nil {
		return nil, fmt.Errorf("make the folder for images and inputs: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the folder for images and inputs: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), blobTemp) {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return nil, fmt.Errorf("clear a half-written file: %w", err)
			}
		}
	}
	return &Blobs{dir: dir}, nil
}

// Read returns the blob of that hash (64 lower-case hex digits), or
// fs.ErrNotExist. One that was damaged on disk is removed and reported so too.
func (b *Blobs) Read(hash string) ([]byte, error) {
	path, err := b.path(hash)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != hash {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s was damaged on disk: %w", hash, fs.ErrNotExist)
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // only the order of Prune hangs on it
	return data, nil
}

// Has reports whether a blob of that hash is on disk, without reading it.
func (b *Blobs) Has(hash string) bool {
	path, err := b.path(hash)
	if err != nil {
		return false
	}
	_, err = os.Stat(path)
	return err == nil
}

// Write stores what r holds, at most limit bytes, if it has that hash; it is on
// disk when Write returns. Errors: ErrHash, ErrTooLarge, those of r.
func (b *Blobs) Write(hash string, r io.Reader, limit int64) error {
	path, err := b.path(hash)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(b.dir, blobTemp)
	if err != nil {
		return fmt.Errorf("store a file: %w", err)
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()

	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(tmp, h), io.LimitReader(r, limit+1))
	if err != nil {
		return fmt.Errorf("after %d bytes: %w", n, err)
	}
	if n > limit {
		return fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != hash {
		return fmt.Errorf("%w: %s expected, %s found", ErrHash, hash, got)
	}
	if err := tmp.Chmod(blobFileMode); err != nil {
		return fmt.Errorf("store a file: %w", err)
	}
	if err := tmp.Sync(); err != nil {
		return fmt.Errorf("store a file: %w", err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("store a file: %w", err)
	}
	return syncDir(b.dir)
}

// Prune removes blobs that keep does not name, the least recently used first,
// until the rest takes at most limit bytes.
func (b *Blobs) Prune(keep map[string]bool, limit int64) error {
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return err
	}
	var infos []fs.FileInfo
	var total int64
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || strings.HasPrefix(e.Name(), blobTemp) {
			continue // it is gone, or not finished
		}
		total += info.Size()
		if !keep[e.Name()] {
			infos = append(infos, info)
		}
	}
	sort.Slice(infos, func(i, j int) bool { return infos[i].ModTime().Before(infos[j].ModTime()) })
	for _, info := range infos {
		if total <= limit {
			return nil
		}
		if err := os.Remove(filepath.Join(b.dir, info.Name())); err != nil {
			return err
		}
		total -= info.Size()
	}
	return nil
}

// path refuses names that are no hashes: they come from the network.
func (b *Blobs) path(hash string) (string, error) {
	raw, err := hex.DecodeString(hash)
	if err != nil || len(raw) != sha256.Size || hex.EncodeToString(raw) != hash {
		return "", fmt.Errorf("%q is not a sha256 of 64 lower-case hex digits", hash)
	}
	return filepath.Join(b.dir, hash), nil
}

// syncDir makes a rename durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
