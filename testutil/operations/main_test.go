// Package operations holds tests that do what docs/operations tells operators to do:
// its commands, run by a shell, against processes of their own.
package operations

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/cosmos/cosmos-sdk/version"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/cmd/marketd/cmd"
	"github.com/proofmarket/proofmarket/internal/chain"
)

// pages is the folder of the documentation that is tested.
const pages = "../../docs/operations"

// watched is the environment variable that ties a process to the pipe on its
// standard input: it ends when the pipe is closed, and so with the test.
const watched = "PROOFMARKET_TEST_WATCHED"

// binaries is the folder that holds marketd.
var binaries string

// TestMain runs the tests, or marketd where this binary is called by that name: the
// tests need its command tree in any case, and a second binary would cost as much
// again to link.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == app.Name {
		os.Exit(marketd())
	}
	os.Exit(func() int {
		var err error
		if binaries, err = os.MkdirTemp("", "operations-test-"); err == nil {
			defer os.RemoveAll(binaries)
			err = copyBinary(filepath.Join(binaries, app.Name))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		chain.ConfigureBech32()
		return m.Run()
	}())
}

// marketd is the main function of the node binary.
func marketd() int {
	if os.Getenv(watched) != "" {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(1)
		}()
	}
	version.Name, version.AppName = "proofmarket", app.Name
	chain.ConfigureBech32().Seal()
	return cmd.Execute()
}

// copyBinary puts this binary at path. The file's name matters: the SDK makes the
// prefix of environment variables from it.
func copyBinary(path string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if os.Link(self, path) == nil {
		return nil
	}
	in, err := os.Open(self)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}
