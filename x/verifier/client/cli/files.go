package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/proofmarket/proofmarket/x/verifier/offline"
)

// readFile reads a whole file, at most offline.MaxFileSize bytes of it ("-" is
// standard input). An empty path is no file: nil.
func readFile(stdin io.Reader, path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	r := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	bz, err := io.ReadAll(io.LimitReader(r, offline.MaxFileSize+1))
	if err != nil {
		return nil, err
	}
	if len(bz) > offline.MaxFileSize {
		return nil, fmt.Errorf("%s has more than %d bytes", path, offline.MaxFileSize)
	}
	return bz, nil
}
