// Package exec has a program of the operator's prove: any that reads a job in JSON
// and writes a proof. README.md beside this file is the contract.
//
// The program runs once for each job, without a shell, in a process group of its
// own that is killed when the job's time is over, and when it leaves processes
// behind. Image and input are files: it sees nothing of a stranger's before its
// limits hold. What it prints and writes is bounded, and checked by the caller like
// any proof.
package exec

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// DefaultMaxPrograms is the default of Config.MaxPrograms.
const DefaultMaxPrograms = 8

const (
	dirMode  = 0o700
	fileMode = 0o600

	// imagesDir and jobsDir are in the folder of this process.
	imagesDir = "images"
	jobsDir   = "jobs"

	imageFile        = "image"
	inputFile        = "input"
	proofFile        = "proof"
	publicValuesFile = "public_values"
)

// ErrConfig means that a configuration cannot be used on this machine.
var ErrConfig = errors.New("the exec backend cannot be used as configured")

// Config says what to run.
type Config struct {
	// Command is the program, with a path or found in PATH, and Args its arguments.
	Command string
	Args    []string
	// Dir is a folder for images, inputs and proofs. Several processes may share it.
	Dir string
	// MaxPrograms is the number of images kept; 0 for the default.
	MaxPrograms int
	// MemoryBytes bounds the memory that each process may write to, CPUSeconds the
	// processor time that each may use; 0 for no bound. Linux only.
	MemoryBytes uint64
	CPUSeconds  uint64
}

// Backend implements backend.Backend.
type Backend struct {
	cfg     Config
	command string // absolute
	folder  *folder

	mu     sync.Mutex
	recent []backend.Program // registered images, least recently used first
}

var _ backend.Backend = (*Backend)(nil)

// New returns a backend and clears what processes that ended left in cfg.Dir.
func New(cfg Config) (*Backend, error) {
	if cfg.MaxPrograms <= 0 {
		cfg.MaxPrograms = DefaultMaxPrograms
	}
	if (cfg.MemoryBytes > 0 || cfg.CPUSeconds > 0) && !canLimit {
		return nil, fmt.Errorf("%w: memory_bytes and cpu_seconds need Linux", ErrConfig)
	}
	command, err := exec.LookPath(cfg.Command)
	if err != nil {
		return nil, fmt.Errorf("%w: command: %w", ErrConfig, err)
	}
	if command, err = filepath.Abs(command); err != nil {
		return nil, fmt.Errorf("%w: command: %w", ErrConfig, err)
	}
	if cfg.Dir, err = filepath.Abs(cfg.Dir); err != nil {
		return nil, fmt.Errorf("%w: work_dir: %w", ErrConfig, err)
	}
	f, err := openFolder(cfg.Dir, imagesDir, jobsDir)
	if err != nil {
		return nil, fmt.Errorf("%w: work_dir: %w", ErrConfig, err)
	}
	return &Backend{cfg: cfg, command: command, folder: f}, nil
}

// Register implements backend.Backend.
func (b *Backend) Register(ctx context.Context, image []byte, st backend.Statement) (backend.Program, error) {
	id := backend.ProgramOf(image)
	if b.use(id) {
		return id, nil
	}
	_, err := withFolder(b, func(dir string) (struct{}, error) {
		path := filepath.Join(dir, imageFile)
		if err := os.WriteFile(path, image, fileMode); err != nil {
			return struct{}{}, fmt.Errorf("%w: write the image: %w", backend.ErrFailed, err)
		}
		job := newJob(KindRegister, st, dir)
		if _, err := b.run(ctx, dir, job); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, b.keep(id, path)
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

// Estimate implements backend.Backend.
func (b *Backend) Estimate(ctx context.Context, task backend.Task) (backend.Estimate, error) {
	return withFolder(b, func(dir string) (backend.Estimate, error) {
		answer, err := b.work(ctx, dir, KindEstimate, task)
		if err != nil {
			return backend.Estimate{}, err
		}
		if answer.Cost == 0 {
			return backend.Estimate{}, fmt.Errorf("%w: the program answers without a cost", backend.ErrFailed)
		}
		out := backend.Estimate{Cost: answer.Cost}
		if out.PublicValues, err = readOutput(dir, publicValuesFile, proof.MaxPublicValuesSize); err != nil {
			return backend.Estimate{}, err
		}
		if out.PublicValues == nil || answer.Digest != "" {
			out.Digest, err = answer.digest()
		}
		return out, err
	})
}

// Prove implements backend.Backend.
func (b *Backend) Prove(ctx context.Context, task backend.Task) (backend.Result, error) {
	return withFolder(b, func(dir string) (backend.Result, error) {
		if _, err := b.work(ctx, dir, KindProve, task); err != nil {
			return backend.Result{}, err
		}
		var out backend.Result
		var err error
		if out.Proof, err = readOutput(dir, proofFile, proof.MaxProofSize); err != nil {
			return backend.Result{}, err
		}
		if len(out.Proof) == 0 {
			return backend.Result{}, fmt.Errorf("%w: the program wrote no proof", backend.ErrFailed)
		}
		if out.PublicValues, err = readOutput(dir, publicValuesFile, proof.MaxPublicValuesSize); err != nil {
			return backend.Result{}, err
		}
		return out, nil
	})
}

// Health implements backend.Backend: the program and the folder are there.
func (b *Backend) Health(ctx context.Context) error {
	if _, err := exec.LookPath(b.command); err != nil {
		return fmt.Errorf("%w: %w", backend.ErrFailed, err)
	}
	if _, err := withFolder(b, func(string) (struct{}, error) { return struct{}{}, nil }); err != nil {
		return err
	}
	return ctx.Err()
}

// Close implements backend.Backend. Programs that run end with their context, which
// must have ended.
func (b *Backend) Close() error { return b.folder.close() }

// work runs a job on a registered image.
func (b *Backend) work(ctx context.Context, dir string, kind Kind, task backend.Task) (Answer, error) {
	if err := b.link(task.Program, filepath.Join(dir, imageFile)); err != nil {
		return Answer{}, err
	}
	if err := os.WriteFile(filepath.Join(dir, inputFile), task.Input, fileMode); err != nil {
		return Answer{}, fmt.Errorf("%w: write the input: %w", backend.ErrFailed, err)
	}
	job := newJob(kind, task.Statement, dir)
	job.ID = task.ID
	return b.run(ctx, dir, job)
}

func newJob(kind Kind, st backend.Statement, dir string) Job {
	j := Job{
		Version: Version, Kind: kind, Verifier: st.Verifier,
		Program: hex.EncodeToString(st.Program[:]), Digest: hex.EncodeToString(st.Digest[:]),
		Image: filepath.Join(dir, imageFile),
	}
	if kind != KindRegister {
		j.Input, j.PublicValues = filepath.Join(dir, inputFile), filepath.Join(dir, publicValuesFile)
	}
	if kind == KindProve {
		j.Output = filepath.Join(dir, proofFile)
	}
	return j
}

// withFolder gives work an empty folder, which is gone afterwards.
func withFolder[T any](b *Backend, work func(dir string) (T, error)) (T, error) {
	var none T
	dir, err := os.MkdirTemp(filepath.Join(b.folder.path, jobsDir), "job-")
	if err != nil {
		return none, fmt.Errorf("%w: make a folder for the job: %w", backend.ErrFailed, err)
	}
	out, err := work(dir)
	if removed := os.RemoveAll(dir); removed != nil && err == nil {
		err = fmt.Errorf("%w: clear the job's folder: %w", backend.ErrFailed, removed)
	}
	if err != nil {
		return none, err
	}
	return out, nil
}

// imagePath is where a registered image is; programs are hashes, never paths.
func (b *Backend) imagePath(id backend.Program) string {
	return filepath.Join(b.folder.path, imagesDir, string(id))
}

// use reports whether an image is registered, and notes that it was used.
func (b *Backend) use(id backend.Program) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.touch(id)
}

// touch is use, for a caller that holds the lock.
func (b *Backend) touch(id backend.Program) bool {
	at := slices.Index(b.recent, id)
	if at < 0 {
		return false
	}
	b.recent = append(slices.Delete(b.recent, at, at+1), id)
	return true
}

// link gives a job a link of its own to a registered image, which may be dropped
// while the program runs.
func (b *Backend) link(id backend.Program, path string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.touch(id) {
		return fmt.Errorf("program %.80q: %w", id, backend.ErrUnknownProgram)
	}
	switch err := os.Link(b.imagePath(id), path); {
	case errors.Is(err, fs.ErrNotExist): // somebody cleared the folder
		b.recent = b.recent[:len(b.recent)-1]
		return fmt.Errorf("program %s: %w", id, backend.ErrUnknownProgram)
	case err != nil:
		return fmt.Errorf("%w: link the image: %w", backend.ErrFailed, err)
	}
	return nil
}

// keep moves an image to where it stays, and drops the ones used least recently.
// One that is there already stays: replacing a file while it is linked would make
// the link fail, and both hold the same bytes.
func (b *Backend) keep(id backend.Program, path string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.touch(id) {
		return nil
	}
	if err := os.Rename(path, b.imagePath(id)); err != nil {
		return fmt.Errorf("%w: keep the image: %w", backend.ErrFailed, err)
	}
	b.recent = append(b.recent, id)
	for len(b.recent) > b.cfg.MaxPrograms {
		if err := os.Remove(b.imagePath(b.recent[0])); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: drop an image: %w", backend.ErrFailed, err)
		}
		b.recent = b.recent[1:]
	}
	return nil
}
