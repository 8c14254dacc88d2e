package prover

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCheckPublic(t *testing.T) {
	private := []string{
		"127.0.0.1:80", "127.8.8.8:80", "10.1.2.3:80", "172.16.0.1:80", "192.168.1.1:443", "169.254.169.254:80",
		"0.0.0.0:80", "100.64.0.1:80", "198.18.0.1:80", "224.0.0.1:80", "255.255.255.255:80", "[::1]:80", "[::]:80",
		"[fe80::1%eth0]:80", "[fc00::1]:80", "[::ffff:127.0.0.1]:80", "[::ffff:10.0.0.1]:80", "[64:ff9b::7f00:1]:80",
		"[2002:7f00:1::]:80", "[::7f00:1]:80", "[64:ff9b:1::7f00:1]:80", "[2001::7f00:1]:80", "[fec0::1]:80", "[2001:db8::1]:80",
		"203.0.113.7:80", "192.0.2.1:80", "198.51.100.1:80", "[::ffff:169.254.169.254]:80", "[fe80::1]:80", "[ff02::1]:80", "example.org:80", "nonsense",
	}
	for _, a := range private {
		require.ErrorIs(t, checkPublic(a), ErrAddress, a)
	}
	for _, a := range []string{"1.1.1.1:443", "93.184.216.34:80", "[2606:4700::1111]:443"} {
		require.NoError(t, checkPublic(a), a)
	}
}

func TestFetch(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("content")) })
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
	})
	hang := make(chan struct{})
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-hang:
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	defer close(hang)

	get := func(f *Fetcher, url string) (string, error) {
		var got bytes.Buffer
		err := f.Fetch(context.Background(), url, func(r io.Reader) error { _, err := io.Copy(&got, r); return err })
		return got.String(), err
	}
	open := NewFetcher(10*time.Second, true)
	got, err := get(open, server.URL+"/ok")
	require.NoError(t, err)
	require.Equal(t, "content", got)

	for url, want := range map[string]error{
		server.URL + "/none":   ErrFetch,
		server.URL + "/loop":   ErrFetch,
		server.URL + "/file":   ErrAddress,
		"ftp://example.org/x":  ErrAddress,
		"file:///etc/passwd":   ErrAddress,
		"http://":              ErrAddress,
		"no url":               ErrAddress,
		"http://127.0.0.1:1/x": ErrFetch,
		"http://%zz":           ErrAddress,
	} {
		_, err := get(open, url)
		require.ErrorIs(t, err, want, url)
	}

	_, err = get(NewFetcher(10*time.Second, false), server.URL+"/ok")
	require.ErrorIs(t, err, ErrAddress)
	_, err = get(NewFetcher(10*time.Second, false), strings.Replace(server.URL, "127.0.0.1", "localhost", 1)+"/ok")
	require.ErrorIs(t, err, ErrAddress, "a name does not get past the check")

	_, err = get(NewFetcher(20*time.Millisecond, true), server.URL+"/slow")
	require.ErrorIs(t, err, ErrFetch)
}

func TestBlobs(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, blobTemp+"left"), []byte("half"), 0o600))
	b, err := OpenBlobs(dir)
	require.NoError(t, err)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries, "half-written files are cleared")

	data := []byte("data")
	_, err = b.Read(sum(data))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorIs(t, b.Write(sum(data), strings.NewReader("other"), 10), ErrHash)
	require.ErrorIs(t, b.Write(sum(data), bytes.NewReader(data), 3), ErrTooLarge)
	broken := errors.New("broken")
	require.ErrorIs(t, b.Write(sum(data), io.MultiReader(strings.NewReader("da"), failing{broken}), 10), broken)
	require.NoError(t, b.Write(sum(data), bytes.NewReader(data), 4))
	got, err := b.Read(sum(data))
	require.NoError(t, err)
	require.Equal(t, data, got)

	for _, name := range []string{"", "..", "../../etc/passwd", strings.ToUpper(sum(data)), sum(data)[:63], sum(data) + "0"} {
		_, err := b.Read(name)
		require.ErrorContains(t, err, "is not a sha256")
		require.ErrorContains(t, b.Write(name, bytes.NewReader(data), 4), "is not a sha256")
	}

	require.NoError(t, os.WriteFile(filepath.Join(dir, sum(data)), []byte("dama"), 0o600))
	_, err = b.Read(sum(data))
	require.ErrorIs(t, err, fs.ErrNotExist)
	entries, err = os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries, "nothing half done or damaged stays")
}

func TestPruneKeepsWhatIsNeeded(t *testing.T) {
	dir := t.TempDir()
	b, err := OpenBlobs(dir)
	require.NoError(t, err)
	var names []string
	for i := range 4 {
		data := bytes.Repeat([]byte{byte(i)}, 10)
		require.NoError(t, b.Write(sum(data), bytes.NewReader(data), 10))
		at := time.Unix(int64(1000+i), 0)
		require.NoError(t, os.Chtimes(filepath.Join(dir, sum(data)), at, at))
		names = append(names, sum(data))
	}
	require.NoError(t, b.Prune(map[string]bool{names[0]: true}, 25))
	for i, left := range []bool{true, false, false, true} {
		_, err := b.Read(names[i])
		require.Equal(t, left, err == nil, i)
	}
	again := bytes.Repeat([]byte{9}, 10)
	require.NoError(t, b.Write(sum(again), bytes.NewReader(again), 10))
	late := time.Unix(2_000_000_000, 0)
	require.NoError(t, os.Chtimes(filepath.Join(dir, names[3]), time.Unix(1000, 0), time.Unix(1000, 0)))
	require.NoError(t, os.Chtimes(filepath.Join(dir, sum(again)), time.Unix(1001, 0), time.Unix(1001, 0)))
	_, err = b.Read(names[3])
	require.NoError(t, err)
	require.NoError(t, os.Chtimes(filepath.Join(dir, names[0]), late, late))
	require.NoError(t, b.Prune(map[string]bool{names[0]: true}, 20))
	require.True(t, b.Has(names[3]), "what was read last stays")
	require.False(t, b.Has(sum(again)))

	require.NoError(t, b.Prune(map[string]bool{names[0]: true}, 0))
	_, err = b.Read(names[0])
	require.NoError(t, err, "what a job needs stays, whatever the limit")
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func fetched(f *Fetcher, url string) ([]byte, error) {
	var got []byte
	err := f.Fetch(context.Background(), url, func(r io.Reader) (err error) { got, err = io.ReadAll(r); return err })
	return got, err
}

// A public address may redirect to a private one: the check is made for each
// connection.
func TestARedirectToAPrivateAddress(t *testing.T) {
	private := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was reached") }))
	defer private.Close()
	public := httptest.NewServer(http.RedirectHandler(private.URL, http.StatusFound))
	defer public.Close()
	f := newFetcher(10*time.Second, func(address string) error {
		if address == public.Listener.Addr().String() {
			return nil
		}
		return checkPublic(address)
	})
	_, err := fetched(f, public.URL)
	require.ErrorIs(t, err, ErrAddress)
}

// A server that sends a byte now and then does not hold us past the timeout.
func TestASlowServer(t *testing.T) {
	stop := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := w.Write([]byte("x")); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-stop:
				return
			case <-r.Context().Done():
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}))
	defer server.Close()
	defer close(stop)
	_, err := fetched(NewFetcher(50*time.Millisecond, true), server.URL)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// Streams without an end stop at the limit, and nothing is unpacked.
func TestBombs(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(make([]byte, 10<<20))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	mux := http.NewServeMux()
	mux.HandleFunc("/gzip", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "" {
			t.Error("we ask for packed content")
		}
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		for chunk := make([]byte, 64<<10); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/header", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 2*maxHeaderBytes))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	f := NewFetcher(30*time.Second, true)
	got, err := fetched(f, server.URL+"/gzip")
	require.NoError(t, err)
	require.Equal(t, packed.Bytes(), got)
	_, err = fetched(f, server.URL+"/header")
	require.ErrorIs(t, err, ErrFetch)

	b, err := OpenBlobs(t.TempDir())
	require.NoError(t, err)
	err = f.Fetch(context.Background(), server.URL+"/endless", func(r io.Reader) error { return b.Write(sum(nil), r, 1<<20) })
	require.ErrorIs(t, err, ErrTooLarge)
}
