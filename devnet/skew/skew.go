// Package skew builds a node whose clock is wrong, for tests: its consensus reads a
// time that is ahead or behind by what an environment variable says. Nothing of it is
// in a binary that was built without this package.
package skew

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/proofmarket/proofmarket/devnet"
)

// clockModule is the module whose function Now consensus reads the time with, and
// clockFile where that is.
const (
	clockModule = "github.com/cometbft/cometbft"
	clockFile   = "types/time/time.go"
)

// ErrOtherSource is returned if the file does not read the clock as this package
// expects: it must be adapted to the module's new version.
var ErrOtherSource = errors.New("the source of the clock has changed")

// reading is how the clock is read now, and patched how it is read then.
const (
	reading = "return Canonical(time.Now())"
	patched = "return Canonical(time.Now().Add(skew))"
)

// offset is added to the file: how far the clock is ahead. A wrong value must not go
// unnoticed.
const offset = `
var skew = func() time.Duration {
	text, ok := os.LookupEnv(%q)
	if !ok {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return d
}()
`

// Dir is the folder that builds share: where the compiler finds its work again.
func Dir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder to keep the node with a wrong clock in: %w", err)
	}
	dir := filepath.Join(cache, "proofmarket", "skew")
	return dir, os.MkdirAll(dir, 0o755)
}

// Build builds the node into the folder out, in dir, and returns the path of its binary.
// The first time takes minutes, since most of the node depends on the changed file; later
// times the compiler finds its work again, in the same dir only. out is the caller's own:
// the binary of another run may be running. It runs in the repository.
func Build(ctx context.Context, dir, out string) (program string, err error) {
	modules, err := replaceClock(ctx, dir)
	if err != nil {
		return "", err
	}
	// The name of the binary is the prefix of its environment variables.
	program = filepath.Join(out, "marketd")
	_, err = goTool(ctx, "build", "-modfile", modules, "-ldflags", "-s -w", "-o", program, "github.com/proofmarket/proofmarket/cmd/marketd")
	return program, err
}

// replaceClock copies the module into dir, changes the file there, and returns the
// path of a go.mod that has the copy in the module's place. The compiler's overlays
// can't do it: they leave the cache of modules alone.
func replaceClock(ctx context.Context, dir string) (string, error) {
	out, err := goTool(ctx, "list", "-m", "-f", "{{.Dir}}\n{{.Version}}", clockModule)
	if err != nil {
		return "", err
	}
	source, version, _ := strings.Cut(strings.TrimSpace(out), "\n")
	out, err = goTool(ctx, "env", "GOMOD")
	if err != nil {
		return "", err
	}
	own := strings.TrimSpace(out)
	module := filepath.Join(dir, "cometbft-"+version)
	if err := copyPatched(source, module); err != nil {
		return "", fmt.Errorf("%s %s: %w", clockModule, version, err)
	}
	for _, kind := range []string{".mod", ".sum"} {
		b, err := os.ReadFile(strings.TrimSuffix(own, ".mod") + kind)
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, "go"+kind), b, 0o600); err != nil {
			return "", err
		}
	}
	modules := filepath.Join(dir, "go.mod")
	_, err = goTool(ctx, "mod", "edit", "-replace", clockModule+"="+module, modules)
	return modules, err
}

// copyPatched copies the module with the file changed, unless an earlier build did.
func copyPatched(source, module string) error {
	text, err := os.ReadFile(filepath.Join(source, filepath.FromSlash(clockFile)))
	if err != nil {
		return err
	}
	if text, err = patch(text); err != nil {
		return fmt.Errorf("%s: %w", clockFile, err)
	}
	clock := filepath.Join(module, filepath.FromSlash(clockFile))
	if there, err := os.ReadFile(clock); err == nil && bytes.Equal(there, text) {
		return nil // it is written last, so the rest is there too
	}
	if err := os.RemoveAll(module); err != nil {
		return err
	}
	if err := os.CopyFS(module, os.DirFS(source)); err != nil {
		return err
	}
	// The copy of a read-only file is read-only.
	if err := os.Remove(clock); err != nil {
		return err
	}
	return os.WriteFile(clock, text, 0o600)
}

// patch adds the offset to the file that reads the clock.
func patch(text []byte) ([]byte, error) {
	const imports = "import (\n"
	if bytes.Count(text, []byte(reading)) != 1 || bytes.Count(text, []byte(imports)) != 1 {
		return nil, ErrOtherSource
	}
	text = bytes.Replace(text, []byte(reading), []byte(patched), 1)
	text = bytes.Replace(text, []byte(imports), []byte(imports+"\t\"os\"\n"), 1)
	return append(text, fmt.Sprintf(offset, devnet.SkewEnv)...), nil
}

// goTool runs a go command and returns its output.
func goTool(ctx context.Context, args ...string) (string, error) {
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, &errs)
	}
	return out.String(), nil
}
