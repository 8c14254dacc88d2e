package prover

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fileFolders makes a folder that is allowed, one behind a link that is too, and one
// that is not.
func fileFolders(t *testing.T) (allowed, linked, secret string) {
	t.Helper()
	dir := t.TempDir()
	allowed, linked, secret = filepath.Join(dir, "images"), filepath.Join(dir, "linked"), filepath.Join(dir, "secret")
	behind := filepath.Join(dir, "behind")
	for _, d := range []string{filepath.Join(allowed, "deep"), behind, secret, allowed + "-not"} {
		require.NoError(t, os.MkdirAll(d, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(d, "a b.bin"), []byte("content"), 0o600))
	}
	links := map[string]string{
		linked:                            behind,
		filepath.Join(allowed, "inside"):  filepath.Join(allowed, "deep", "a b.bin"),
		filepath.Join(allowed, "across"):  filepath.Join(behind, "a b.bin"),
		filepath.Join(allowed, "out"):     filepath.Join(secret, "a b.bin"),
		filepath.Join(allowed, "out-dir"): secret,
		filepath.Join(allowed, "up"):      filepath.Join("..", "secret", "a b.bin"),
		filepath.Join(allowed, "loop"):    "loop",
		filepath.Join(secret, "in"):       filepath.Join(allowed, "deep", "a b.bin"),
	}
	for at, to := range links {
		require.NoError(t, os.Symlink(to, at))
	}
	require.NoError(t, syscall.Mkfifo(filepath.Join(allowed, "pipe"), 0o600))
	return allowed, linked, secret
}

// fileURL escapes a path.
func fileURL(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

func TestFileURLs(t *testing.T) {
	allowed, linked, secret := fileFolders(t)
	f := NewFetcher(time.Minute, false, allowed, linked)
	for _, address := range []string{
		fileURL(filepath.Join(allowed, "deep", "a b.bin")),
		"file://localhost" + filepath.Join(allowed, "inside"),
		fileURL(filepath.Join(allowed, "across")),
		fileURL(filepath.Join(linked, "a b.bin")),
		fileURL(allowed + "/deep/../inside"),
	} {
		got, err := fetched(f, address)
		require.NoError(t, err, address)
		require.Equal(t, "content", string(got))
	}
	for address, want := range map[string]error{
		fileURL(filepath.Join(secret, "a b.bin")):                  ErrAddress,
		fileURL(filepath.Join(secret, "none")):                     ErrAddress,
		fileURL(filepath.Join(secret, "in")):                       ErrAddress,
		fileURL(allowed + "/../secret/a b.bin"):                    ErrAddress,
		"file://" + allowed + "/%2e%2e/secret/a%20b.bin":           ErrAddress,
		fileURL(allowed + "-not/a b.bin"):                          ErrAddress,
		fileURL(filepath.Join(allowed, "out")):                     ErrAddress,
		fileURL(filepath.Join(allowed, "out-dir", "a b.bin")):      ErrAddress,
		fileURL(filepath.Join(allowed, "up")):                      ErrAddress,
		fileURL(allowed):                                           ErrAddress,
		fileURL(filepath.Join(allowed, "deep")):                    ErrAddress,
		fileURL(filepath.Join(allowed, "pipe")):                    ErrAddress,
		"file://elsewhere" + filepath.Join(allowed, "inside"):      ErrAddress,
		"file://me@localhost" + filepath.Join(allowed, "inside"):   ErrAddress,
		fileURL(filepath.Join(allowed, "inside")) + "?x=y":         ErrAddress,
		fileURL(filepath.Join(allowed, "inside")) + "#x":           ErrAddress,
		"file:" + filepath.Base(allowed):                           ErrAddress,
		"file://":                                                  ErrAddress,
		fileURL(filepath.Join(allowed, "none")):                    ErrFetch,
		fileURL(filepath.Join(allowed, "loop")):                    ErrFetch,
		fileURL(filepath.Join(allowed, "deep", "a b.bin", "none")): ErrFetch,
	} {
		_, err := fetched(f, address)
		require.ErrorIs(t, err, want, address)
	}
	_, err := fetched(NewFetcher(time.Minute, true), fileURL(filepath.Join(allowed, "inside")))
	require.ErrorIs(t, err, ErrAddress, "none is allowed unless it is named")
}

// Neither the limit nor the hash is another for a file of this machine.
func TestFileURLsAreBounded(t *testing.T) {
	allowed, _, _ := fileFolders(t)
	f := NewFetcher(time.Minute, false, allowed)
	b, err := OpenBlobs(t.TempDir())
	require.NoError(t, err)
	address := fileURL(filepath.Join(allowed, "inside"))
	store := func(f *Fetcher, content string, limit int64) error {
		return f.Fetch(context.Background(), address, func(r io.Reader) error { return b.Write(sum([]byte(content)), r, limit) })
	}
	require.ErrorIs(t, store(f, "content", 6), ErrTooLarge)
	require.ErrorIs(t, store(f, "other", 7), ErrHash)
	require.ErrorIs(t, store(NewFetcher(0, false, allowed), "content", 7), context.DeadlineExceeded)
	require.NoError(t, store(f, "content", 7))
	require.True(t, b.Has(sum([]byte("content"))))
}

// A server cannot send us to a file, wherever it is.
func TestNoServerRedirectsToAFile(t *testing.T) {
	allowed, _, _ := fileFolders(t)
	server := httptest.NewServer(http.RedirectHandler(fileURL(filepath.Join(allowed, "inside")), http.StatusFound))
	defer server.Close()
	_, err := fetched(NewFetcher(time.Minute, true, allowed), server.URL)
	require.ErrorIs(t, err, ErrAddress)
}
