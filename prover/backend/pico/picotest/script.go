package picotest

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The things that a scripted task may come to.
const (
	// StepProve hands out the proof that was made elsewhere.
	StepProve = "prove"
	// StepOther hands out a proof of another statement.
	StepOther = "other"
	// StepForged hands out words that are no proof, with the right public inputs.
	StepForged = "forged"
	// StepGarbage hands out bytes that are nothing.
	StepGarbage = "garbage"
	// StepFail fails, which nobody is told.
	StepFail = "fail"
	// StepCrash ends the process, and the queue with it.
	StepCrash = "crash"
)

// Steps are all of them.
var Steps = []string{StepProve, StepOther, StepForged, StepGarbage, StepFail, StepCrash}

// Script says what comes of tasks, in the order in which they are worked on. After
// its end all are proved.
type Script struct {
	Steps []string
	// ProveTime is how long each task takes.
	ProveTime time.Duration
	// Programs are those of the service.
	Programs []Replay
	// Crash ends the process; it does not return.
	Crash func()
	// Say is told of each task before it is worked on, and what will come of it.
	Say func(t Task, step string)

	done int
}

// Check reports what a script asks for and cannot have.
func (s *Script) Check() error {
	for _, step := range s.Steps {
		if !slices.Contains(Steps, step) {
			return fmt.Errorf("a task cannot come to %q: use %q", step, Steps)
		}
		if step == StepOther && len(s.Programs) < 2 {
			return fmt.Errorf("%q needs a second published proof to hand out", step)
		}
	}
	return nil
}

// OnTask is for Config.OnTask.
func (s *Script) OnTask(ctx context.Context, t Task) ([]byte, error) {
	step := StepProve
	if s.done < len(s.Steps) {
		step = s.Steps[s.done]
	}
	s.done++
	s.Say(t, step)
	select {
	case <-time.After(s.ProveTime):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	switch step {
	case StepOther, StepForged:
		at := slices.IndexFunc(s.Programs, func(r Replay) bool { return (r.appID() == t.AppID) == (step == StepForged) })
		if at < 0 {
			return nil, errors.New("no proof to hand out")
		}
		answer := s.Programs[at].answer()
		if step == StepForged {
			answer[0] ^= 1
		}
		return answer, nil
	case StepGarbage:
		return []byte("not a proof"), nil
	case StepFail:
		return nil, errors.New("the task fails")
	case StepCrash:
		s.Crash()
	}
	return nil, nil
}

// maxReplaysBytes bounds the list of proofs, which has a few kilobytes.
const maxReplaysBytes = 1 << 20

// replay is a Replay in a file: hex digits, and files beside it.
type replay struct {
	ELF     string `json:"elf"`
	Input   string `json:"input"`
	Program string `json:"program"`
	Digest  string `json:"digest"`
	Proof   string `json:"proof"`
	Cost    uint64 `json:"cost"`
}

// WriteReplays writes a list that ReadReplays reads, with ELF files and inputs beside
// it.
func WriteReplays(file string, list []Replay) error {
	out := make([]replay, len(list))
	for i, r := range list {
		out[i] = replay{
			ELF: fmt.Sprintf("program-%d.elf", i), Input: fmt.Sprintf("input-%d.bin", i),
			Program: r.appID(), Digest: hex.EncodeToString(r.Digest[:]), Proof: hex.EncodeToString(r.Proof), Cost: r.Cost,
		}
		for name, content := range map[string][]byte{out[i].ELF: r.ELF, out[i].Input: r.Input} {
			if err := os.WriteFile(filepath.Join(filepath.Dir(file), name), content, 0o600); err != nil {
				return err
			}
		}
	}
	raw, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(raw, '\n'), 0o600)
}

// ReadReplays reads the proofs that a service is to hand out.
func ReadReplays(file string) ([]Replay, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if len(raw) > maxReplaysBytes {
		return nil, fmt.Errorf("%s has %d bytes, a list of proofs at most %d", file, len(raw), maxReplaysBytes)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var list []replay
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s lists no proof", file)
	}
	out := make([]Replay, len(list))
	for i, r := range list {
		if out[i], err = r.read(filepath.Dir(file)); err != nil {
			return nil, fmt.Errorf("%s: entry %d: %w", file, i, err)
		}
	}
	return out, nil
}

func (r replay) read(dir string) (out Replay, err error) {
	out.Cost = r.Cost
	for _, f := range []struct {
		name, hex string
		size      int
		to        func([]byte)
	}{
		{"program", r.Program, 32, func(b []byte) { out.Program = [32]byte(b) }},
		{"digest", r.Digest, 32, func(b []byte) { out.Digest = [32]byte(b) }},
		{"proof", r.Proof, 256, func(b []byte) { out.Proof = b }},
	} {
		b, err := hex.DecodeString(f.hex)
		if err != nil || len(b) != f.size {
			return out, fmt.Errorf("%s: want %d hex digits, got %.80q", f.name, 2*f.size, f.hex)
		}
		f.to(b)
	}
	if out.ELF, err = os.ReadFile(filepath.Join(dir, r.ELF)); err != nil {
		return out, fmt.Errorf("elf: %w", err)
	}
	if out.Input, err = os.ReadFile(filepath.Join(dir, r.Input)); err != nil {
		return out, fmt.Errorf("input: %w", err)
	}
	return out, nil
}
