package exec_test

import (
	"bytes"
	"context"
	"io"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/backendtest"
	"github.com/proofmarket/proofmarket/prover/backend/exec"
)

func newBackend(t *testing.T, change func(*exec.Config), args ...string) *exec.Backend {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	cfg := exec.Config{Command: exe, Args: args, Dir: t.TempDir()}
	if change != nil {
		change(&cfg)
	}
	b, err := exec.New(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		left, err := filepath.Glob(filepath.Join(cfg.Dir, "run-*", "jobs", "*"))
		require.NoError(t, err)
		require.Empty(t, left, "no job leaves its folder behind")
		require.NoError(t, b.Close())
		left, err = filepath.Glob(filepath.Join(cfg.Dir, "run-*"))
		require.NoError(t, err)
		require.Empty(t, left)
	})
	return b
}

// The contract, with a program that speaks JSON itself.
func TestContract(t *testing.T) {
	backendtest.Run(t, func(t *testing.T) backendtest.Subject {
		s := backendtest.Circuit(t)
		s.Backend = newBackend(t, nil, modeHonest)
		return s
	})
}

// The contract, with the example script around a command line prover.
func TestContractOfTheExample(t *testing.T) {
	if _, err := osexec.LookPath("jq"); err != nil {
		t.Skip("the example needs jq, which is not on this machine")
	}
	exe, err := os.Executable()
	require.NoError(t, err)
	script, err := filepath.Abs("example/prove.sh")
	require.NoError(t, err)
	backendtest.Run(t, func(t *testing.T) backendtest.Subject {
		s := backendtest.Circuit(t)
		s.Backend = newBackend(t, func(c *exec.Config) { c.Command = script }, exe, modeCLI)
		return s
	})
}

// faulty returns a backend whose program registers well and then goes wrong.
func faulty(t *testing.T, change func(*exec.Config), mode string) (*exec.Backend, backend.Task) {
	t.Helper()
	s := backendtest.Circuit(t)
	b := newBackend(t, change, modeFaulty, mode)
	program, err := b.Register(t.Context(), s.Image, s.Statement)
	require.NoError(t, err)
	return b, backend.Task{ID: "task", Statement: s.Statement, Program: program, Input: s.Input}
}

func TestFaults(t *testing.T) {
	for mode, tc := range map[string]struct {
		says   string
		change func(*exec.Config)
		kind   error
	}{
		"crash":          {says: "exit status 3"},
		"complains":      {says: "out of luck"},
		"garbage":        {says: "is not the JSON object expected"},
		"two answers":    {says: "more than one JSON object"},
		"unknown key":    {says: "unknown field"},
		"other version":  {says: "version 2"},
		"silent":         {says: "is not the JSON object expected"},
		"endless":        {says: "prints more than"},
		"no proof":       {says: "wrote no proof"},
		"empty proof":    {says: "wrote no proof"},
		"large proof":    {says: "the program's proof has"},
		"large values":   {says: "the program's public_values has"},
		"link":           {says: "not a regular file"},
		"unknown code":   {says: "strange"},
		"too large":      {says: "too many cycles", kind: backend.ErrTooLarge},
		"forgets":        {says: "register", kind: backend.ErrUnknownProgram},
		"takes memory":   {says: "exit status 2", change: func(c *exec.Config) { c.MemoryBytes = 512 << 20 }},
		"takes all time": {says: "signal: killed", change: func(c *exec.Config) { c.CPUSeconds = 1 }},
	} {
		t.Run(mode, func(t *testing.T) {
			b, task := faulty(t, tc.change, mode)
			_, err := b.Prove(t.Context(), task)
			if tc.kind == nil {
				tc.kind = backend.ErrFailed
			}
			require.ErrorIs(t, err, tc.kind)
			require.ErrorContains(t, err, tc.says)
		})
	}
}

func TestEstimatesThatMakeNoSense(t *testing.T) {
	for mode, says := range map[string]string{
		"no cost":    "without a cost",
		"no digest":  "not 64 hex digits",
		"bad digest": "not 64 hex digits",
	} {
		b, task := faulty(t, nil, mode)
		_, err := b.Estimate(t.Context(), task)
		require.ErrorIs(t, err, backend.ErrFailed)
		require.ErrorContains(t, err, says)
	}
	b, task := faulty(t, nil, "digest only")
	est, err := b.Estimate(t.Context(), task)
	require.NoError(t, err)
	require.Equal(t, backend.Estimate{Cost: 7, Digest: [32]byte{0xab}}, est)
}

// A proof of another statement passes here: the caller holds it against the
// statement, with the chain's code.
func TestAProofOfAnotherStatement(t *testing.T) {
	s := backendtest.Circuit(t)
	b := newBackend(t, nil, modeHonest)
	program, err := b.Register(t.Context(), s.Image, s.Statement)
	require.NoError(t, err)
	st := s.Statement
	st.Digest[5] ^= 1
	res, err := b.Prove(t.Context(), backend.Task{Statement: st, Program: program, Input: s.Input})
	require.NoError(t, err)
	require.Error(t, s.Verify(st, res))
}

// When the time is over the program is killed, and whatever it started: the pipe
// that all of them hold ends.
func TestKillsTheWholeGroup(t *testing.T) {
	for _, mode := range []string{"hang", "leave"} {
		t.Run(mode, func(t *testing.T) {
			pipe := filepath.Join(t.TempDir(), "pipe")
			require.NoError(t, makePipe(pipe))
			t.Setenv(pipeEnv, pipe)
			b, task := faulty(t, nil, mode)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan error, 1)
			go func() {
				_, err := b.Prove(ctx, task)
				ended <- err
			}()
			held, err := os.Open(pipe) // returns once the grandchild holds it
			require.NoError(t, err)
			defer held.Close()
			said := make([]byte, 5)
			_, err = io.ReadFull(held, said)
			require.NoError(t, err)
			if mode == "hang" {
				cancel()
				require.ErrorIs(t, <-ended, context.Canceled)
			} else {
				require.ErrorIs(t, <-ended, backend.ErrFailed)
			}
			_, err = io.Copy(io.Discard, held) // ends when nobody holds it
			require.NoError(t, err)
		})
	}
}

func TestDeadline(t *testing.T) {
	b, task := faulty(t, nil, "sleep")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := b.Prove(ctx, task)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// Nothing of a stranger's is where a shell would read it, and nothing of the
// sidecar's secrets is passed on.
func TestWhatTheProgramSees(t *testing.T) {
	t.Setenv("PROVERD_KEYRING_PASSPHRASE", "secret")
	t.Setenv("CUDA_VISIBLE_DEVICES", "0")
	b, task := faulty(t, nil, "looks around")
	task.ID, task.Statement.Verifier = "$(reboot)", "x; reboot"
	res, err := b.Prove(t.Context(), task)
	require.NoError(t, err)
	seen := string(res.PublicValues)
	require.Contains(t, seen, "CUDA_VISIBLE_DEVICES=0")
	require.NotContains(t, seen, "secret")
	require.Contains(t, seen, `"id":"$(reboot)"`)
	require.Contains(t, seen, `"verifier":"x; reboot"`)
	require.Contains(t, seen, `"timeout_seconds":0`)
}

func TestForgetsTheLeastRecentlyUsedImage(t *testing.T) {
	var dir string
	b := newBackend(t, func(c *exec.Config) { c.MaxPrograms = 2; dir = c.Dir }, modeFaulty, "digest only")
	var programs []backend.Program
	for _, image := range []string{"one", "two", "three"} {
		p, err := b.Register(t.Context(), []byte(image), backend.Statement{})
		require.NoError(t, err)
		programs = append(programs, p)
	}
	_, err := b.Estimate(t.Context(), backend.Task{Program: programs[0]})
	require.ErrorIs(t, err, backend.ErrUnknownProgram)
	_, err = b.Estimate(t.Context(), backend.Task{Program: programs[2]})
	require.NoError(t, err)
	for _, odd := range []backend.Program{"../../etc/passwd", "", "."} {
		_, err = b.Estimate(t.Context(), backend.Task{Program: odd})
		require.ErrorIs(t, err, backend.ErrUnknownProgram)
	}
	left, err := filepath.Glob(filepath.Join(dir, "run-*", "images", "*"))
	require.NoError(t, err)
	require.Len(t, left, 2)
}

func TestNewRefuses(t *testing.T) {
	_, err := exec.New(exec.Config{Command: "/does/not/exist", Dir: t.TempDir()})
	require.ErrorIs(t, err, exec.ErrConfig)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = exec.New(exec.Config{Command: "sh", Dir: file})
	require.ErrorIs(t, err, exec.ErrConfig)
	_, err = exec.New(exec.Config{Command: file, Dir: t.TempDir()})
	require.ErrorIs(t, err, exec.ErrConfig, "it is not executable")
}

func TestHealth(t *testing.T) {
	var cfg exec.Config
	b := newBackend(t, func(c *exec.Config) { cfg = *c }, modeHonest)
	require.NoError(t, b.Health(t.Context()))
	jobs, err := filepath.Glob(filepath.Join(cfg.Dir, "run-*", "jobs"))
	require.NoError(t, err)
	require.NoError(t, os.Remove(jobs[0]))
	require.ErrorIs(t, b.Health(t.Context()), backend.ErrFailed)
}

// Another process may use the folder at the same time; what one that was killed
// left there goes.
func TestSharedFolder(t *testing.T) {
	s := backendtest.Circuit(t)
	var dir string
	b := newBackend(t, func(c *exec.Config) { dir = c.Dir }, modeHonest)
	program, err := b.Register(t.Context(), s.Image, s.Statement)
	require.NoError(t, err)
	dead := filepath.Join(dir, "run-dead", "jobs", "job-1")
	require.NoError(t, os.MkdirAll(dead, 0o700))
	other, err := exec.New(exec.Config{Command: "sh", Dir: dir})
	require.NoError(t, err)
	require.NoDirExists(t, filepath.Dir(dead))
	require.NoError(t, other.Close())
	_, err = b.Prove(t.Context(), backend.Task{Statement: s.Statement, Program: program, Input: s.Input})
	require.NoError(t, err)
}

// The job in README.md is one that the program gets.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	b, task := faulty(t, nil, "looks around")
	res, err := b.Prove(t.Context(), task)
	require.NoError(t, err)
	_, line, found := strings.Cut(string(res.PublicValues), "{")
	require.True(t, found)
	for _, part := range strings.Split(line, `,"`) {
		name, _, _ := strings.Cut(strings.TrimPrefix(part, `"`), `"`)
		require.True(t, bytes.Contains(readme, []byte("`"+name+"`")), "README.md does not explain %s", name)
	}
}
