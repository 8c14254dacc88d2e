package devnet

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/exec"
	"github.com/proofmarket/proofmarket/prover/backend/gnark"
)

// unreliable is the first argument with which the test binary is a program of the exec
// backend that fails as a folder, its second argument, says.
const unreliable = "unreliable-prover"

// Files of that folder.
const (
	planFile  = "plan"  // faults of the next proofs, one a line
	doneFile  = "done"  // those that came about
	otherFile = "other" // an input that is not the request's
)

// backendFaults are what a backend can do to a job, besides its work.
var backendFaults = []string{"hangs", "crashes", "answers garbage", "proves another statement"}

// runUnreliable does one job.
func runUnreliable(dir string) int {
	err := work(dir)
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func work(dir string) error {
	line, err := bufio.NewReader(os.Stdin).ReadBytes('\n')
	if err != nil {
		return err
	}
	var j exec.Job
	if err := json.Unmarshal(line, &j); err != nil {
		return err
	}
	fault := ""
	if j.Kind == exec.KindProve {
		if fault, err = nextFault(dir); err != nil {
			return err
		}
	}
	switch fault {
	case "hangs":
		select {}
	case "crashes":
		panic("this is the crash that the plan wants")
	case "answers garbage":
		fmt.Println("no JSON at all")
		return nil
	case "proves another statement":
		j.Input = filepath.Join(dir, otherFile)
	}
	a, err := prove(j)
	if err != nil {
		return err
	}
	a.Version = exec.Version
	return json.NewEncoder(os.Stdout).Encode(a)
}

// nextFault takes the first line of the plan; empty for none.
func nextFault(dir string) (string, error) {
	plan := filepath.Join(dir, planFile)
	raw, err := os.ReadFile(plan)
	if err != nil || len(raw) == 0 {
		return "", err
	}
	fault, rest, _ := strings.Cut(string(raw), "\n")
	if err := os.WriteFile(plan, []byte(rest), 0o600); err != nil {
		return "", err
	}
	done, err := os.OpenFile(filepath.Join(dir, doneFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = fmt.Fprintln(done, fault)
	return fault, errors.Join(err, done.Close())
}

// prove does a job as it should be done.
func prove(j exec.Job) (a exec.Answer, err error) {
	ctx := context.Background()
	image, err := os.ReadFile(j.Image)
	if err != nil {
		return a, err
	}
	b := gnark.New(gnark.Config{})
	program, err := b.Register(ctx, image, backend.Statement{})
	if err != nil || j.Kind == exec.KindRegister {
		return a, err
	}
	input, err := os.ReadFile(j.Input)
	if err != nil {
		return a, err
	}
	task := backend.Task{Program: program, Input: input}
	if j.Kind == exec.KindEstimate {
		est, err := b.Estimate(ctx, task)
		if err != nil {
			return a, err
		}
		return exec.Answer{Cost: est.Cost}, os.WriteFile(j.PublicValues, est.PublicValues, 0o600)
	}
	res, err := b.Prove(ctx, task)
	if err != nil {
		return a, err
	}
	return a, errors.Join(os.WriteFile(j.Output, res.Proof, 0o600), os.WriteFile(j.PublicValues, res.PublicValues, 0o600))
}

// publisher serves files as a requester's server does, good and bad. Faults that may
// pass last until they are lifted.
type publisher struct {
	mu     sync.Mutex
	files  map[string]string // path → file
	lifted map[string]chan struct{}
	hits   map[string]int // answers that were not the file
}

// The faults of a server, which are paths: what follows them is the file.
const (
	tooSlow   = "/slow"
	notThere  = "/gone"
	tooLarge  = "/large"
	notTheOne = "/wrong"
)

func newPublisher() *publisher {
	return &publisher{
		files: make(map[string]string), hits: make(map[string]int),
		lifted: map[string]chan struct{}{tooSlow: make(chan struct{}), notThere: make(chan struct{})},
	}
}

// lift ends a fault, until fail has it come again.
func (p *publisher) lift(fault string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.lifted[fault])
}

func (p *publisher) fail(fault string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lifted[fault] = make(chan struct{})
}

// hit is how often a fault came about.
func (p *publisher) hit(fault string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hits[fault]
}

func (p *publisher) count(fault string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hits[fault]++
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault, path := "", r.URL.Path
	for _, f := range []string{tooSlow, notThere, tooLarge, notTheOne} {
		if rest, ok := strings.CutPrefix(path, f); ok {
			fault, path = f, rest
		}
	}
	p.mu.Lock()
	file, lifted := p.files[path], p.lifted[fault]
	p.mu.Unlock()
	select {
	case <-lifted: // nil for those that cannot be
		fault = ""
	default:
	}
	switch fault {
	case tooSlow: // it begins, and then nothing more comes
		_, _ = io.WriteString(w, "x")
		w.(http.Flusher).Flush()
		<-r.Context().Done() // the sidecar has had enough
		p.count(fault)
	case notThere:
		http.NotFound(w, r)
		p.count(fault)
	case tooLarge:
		p.count(fault)
		for chunk := make([]byte, 64<<10); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	case notTheOne:
		_, _ = io.WriteString(w, "another file")
		p.count(fault)
	default:
		http.ServeFile(w, r, file)
	}
}
