package prover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
)

// readFile calls read with the content of a regular file of this machine that lies
// below one of the folders, before symbolic links are resolved and after. Reads end
// with ctx and with the fetcher's timeout, but for one that a file system that hangs
// holds up.
func (f *Fetcher) readFile(ctx context.Context, u *url.URL, read func(io.Reader) error) error {
	path := filepath.Clean(filepath.FromSlash(u.Path))
	if (u.Host != "" && u.Host != "localhost") || u.User != nil || u.RawQuery != "" || u.Fragment != "" || !filepath.IsAbs(path) {
		return fmt.Errorf("%w: %q: write file:///folder/file", ErrAddress, u.Redacted())
	}
	// Before anything else, so that nobody learns what there is elsewhere.
	if _, _, ok := below(f.folders, path); !ok {
		return fmt.Errorf("%w: %s is in no folder that fetch.file_dirs names", ErrAddress, path)
	}
	file, err := f.open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	return read(&untilDone{ctx: ctx, r: file})
}

// open opens a regular file whose path is below a folder once all symbolic links are
// resolved. What is moved meanwhile does not lead out of the folder.
func (f *Fetcher) open(path string) (*os.File, error) {
	resolvedPath, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFetch, err)
	}
	var folders []string
	for _, folder := range f.folders {
		if resolved, err := filepath.EvalSymlinks(folder); err == nil {
			folders = append(folders, resolved)
		}
	}
	folder, name, ok := below(folders, resolvedPath)
	if !ok {
		return nil, fmt.Errorf("%w: %s leads out of the folders that fetch.file_dirs names", ErrAddress, path)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFetch, err)
	}
	defer root.Close()
	// Opening a pipe or a device may wait, or do something: look first.
	info, err := root.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is no regular file", ErrAddress, path)
	}
	if err != nil {
		return nil, rootError(err)
	}
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, rootError(err)
	}
	if info, err = file.Stat(); err == nil && info.Mode().IsRegular() {
		return file, nil
	}
	file.Close()
	return nil, fmt.Errorf("%w: %s changed while it was opened", ErrFetch, path)
}

// rootError tells what the system answers from a path that leads out of its folder.
func rootError(err error) error {
	var system syscall.Errno
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.As(err, &system) {
		return fmt.Errorf("%w: %w", ErrFetch, err)
	}
	return fmt.Errorf("%w: %w", ErrAddress, err)
}

// below returns the folder that a path lies in, and its name there.
func below(folders []string, path string) (folder, name string, ok bool) {
	for _, folder := range folders {
		name, err := filepath.Rel(folder, path)
		if err == nil && name != "." && filepath.IsLocal(name) {
			return folder, name, true
		}
	}
	return "", "", false
}

// untilDone reads until ctx ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u *untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
