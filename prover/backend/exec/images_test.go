package exec

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover/backend"
)

func newImages(t *testing.T) *Backend {
	t.Helper()
	b, err := New(Config{Command: "sh", Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

// keepOne registers an image as Register does once the program took it.
func keepOne(b *Backend, image string) (backend.Program, error) {
	id := backend.ProgramOf([]byte(image))
	_, err := withFolder(b, func(dir string) (struct{}, error) {
		path := filepath.Join(dir, imageFile)
		if err := os.WriteFile(path, []byte(image), fileMode); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, b.keep(id, path)
	})
	return id, err
}

// Callers that register one image side by side disturb nobody who works on it: the
// second one once replaced the file while a third linked it, and the kernel links no
// file that has just lost its last name.
func TestRegisteringAgainDisturbsNobody(t *testing.T) {
	b := newImages(t)
	id, err := keepOne(b, "image")
	require.NoError(t, err)
	const callers, rounds = 4, 500
	errs := make([]error, 2*callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for range rounds {
				if _, errs[2*i] = keepOne(b, "image"); errs[2*i] != nil {
					return
				}
			}
		})
		all.Go(func() {
			for round := range rounds {
				path := filepath.Join(b.folder.path, jobsDir, fmt.Sprintf("link-%d-%d", i, round))
				if errs[2*i+1] = b.link(id, path); errs[2*i+1] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}

// An image that somebody deleted is registered anew when it is asked for again.
func TestADeletedImageIsForgotten(t *testing.T) {
	b := newImages(t)
	id, err := keepOne(b, "image")
	require.NoError(t, err)
	require.NoError(t, os.Remove(b.imagePath(id)))
	to := filepath.Join(b.folder.path, jobsDir, "link")
	require.ErrorIs(t, b.link(id, to), backend.ErrUnknownProgram)
	require.False(t, b.use(id), "so Register runs the program again")
	_, err = keepOne(b, "image")
	require.NoError(t, err)
	require.NoError(t, b.link(id, to))
}
