package exec_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/exec"
	"github.com/proofmarket/proofmarket/prover/backend/gnark"
)

// The test binary is its own program: with this in its environment its first
// argument says what it does.
const (
	childEnv = "PROOFMARKET_TEST_EXEC_CHILD"
	pipeEnv  = "PROOFMARKET_TEST_EXEC_PIPE"

	modeHonest = "honest" // proves with gnark, speaks JSON
	modeCLI    = "cli"    // proves with gnark, has commands
	modeFaulty = "faulty" // does what its next argument says
	modeHolder = "holder" // holds the pipe until it is killed
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) == "" {
		os.Setenv(childEnv, "1")
		os.Exit(m.Run())
	}
	var err error
	switch os.Args[1] {
	case modeHonest:
		err = honest()
	case modeCLI:
		err = cli(os.Args[2], os.Args[3:])
	case modeHolder:
		err = hold()
	case modeFaulty:
		err = misbehave(os.Args[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func readJob() (line string, j exec.Job, err error) {
	if line, err = bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return line, j, err
	}
	return line, j, json.Unmarshal([]byte(line), &j)
}

func say(a exec.Answer) error {
	a.Version = exec.Version
	return json.NewEncoder(os.Stdout).Encode(a)
}

var codes = map[error]exec.Code{
	backend.ErrImage: exec.CodeImage, backend.ErrInput: exec.CodeInput, backend.ErrUnsatisfied: exec.CodeUnsatisfied,
}

func honest() error {
	_, j, err := readJob()
	if err != nil {
		return err
	}
	answer, err := work(j)
	for kind, code := range codes {
		if errors.Is(err, kind) {
			return say(exec.Answer{Error: &exec.Error{Code: code, Message: err.Error()}})
		}
	}
	if err != nil {
		return err
	}
	return say(answer)
}

// work does a job with gnark.
func work(j exec.Job) (a exec.Answer, err error) {
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

// cli is the prover that example/prove.sh is written for.
func cli(command string, args []string) error {
	var j exec.Job
	switch command {
	case "check":
		j = exec.Job{Kind: exec.KindRegister, Image: args[0]}
	case "run":
		j = exec.Job{Kind: exec.KindEstimate, Image: args[0], Input: args[1], PublicValues: args[2]}
	case "prove":
		j = exec.Job{Kind: exec.KindProve, Image: args[0], Input: args[1], Output: args[2], PublicValues: args[3]}
	}
	a, err := work(j)
	if err == nil && command == "run" {
		fmt.Println(a.Cost)
	}
	return err
}

// hold opens the pipe for writing, says so, and waits to be killed.
func hold() error {
	f, err := os.OpenFile(os.Getenv(pipeEnv), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteString("held\n"); err != nil {
		return err
	}
	select {}
}

// startHolder starts a process of the same group that outlives its parent, and
// keeps standard output open.
func startHolder() error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	holder := osexec.Command(exe, modeHolder)
	holder.Stdout = os.Stdout
	return holder.Start()
}

// misbehave registers anything, and then does what mode says.
func misbehave(mode string) error {
	line, j, err := readJob()
	if err != nil {
		return err
	}
	if j.Kind == exec.KindRegister {
		return say(exec.Answer{})
	}
	proof := func(n int) error { return os.WriteFile(j.Output, make([]byte, n), 0o600) }
	raw := func(text string) error { _, err := fmt.Print(text); return err }
	switch mode {
	case "crash":
		os.Exit(3)
	case "complains":
		return errors.New("out of luck")
	case "garbage":
		return raw("\x00\xff<html>")
	case "two answers":
		return raw(`{"version":1}{"version":1}`)
	case "unknown key":
		return raw(`{"version":1,"costs":3}`)
	case "other version":
		return raw(`{"version":2}`)
	case "silent":
		return nil
	case "endless":
		for {
			if err := raw(strings.Repeat("x", 1<<16)); err != nil {
				return err
			}
		}
	case "no proof":
		return say(exec.Answer{})
	case "empty proof":
		return errors.Join(proof(0), say(exec.Answer{}))
	case "large proof":
		return errors.Join(proof(1<<20), say(exec.Answer{}))
	case "large values":
		return errors.Join(proof(10), os.WriteFile(j.PublicValues, make([]byte, 1<<20), 0o600), say(exec.Answer{}))
	case "link":
		return errors.Join(os.Symlink("/etc/passwd", j.Output), say(exec.Answer{}))
	case "unknown code":
		return say(exec.Answer{Error: &exec.Error{Code: "strange"}})
	case "too large":
		return say(exec.Answer{Error: &exec.Error{Code: exec.CodeTooLarge, Message: "too many cycles"}})
	case "forgets":
		return say(exec.Answer{Error: &exec.Error{Code: exec.CodeUnknownProgram, Message: "I have forgotten"}})
	case "takes memory":
		held := make([][]byte, 0, 64)
		for range 64 {
			held = append(held, slices.Repeat([]byte{1}, 64<<20))
		}
		return fmt.Errorf("there is no limit: %d", len(held))
	case "takes all time":
		for n := uint64(0); ; n++ {
			if n == 1<<63 {
				return nil
			}
		}
	case "no cost":
		return say(exec.Answer{Digest: strings.Repeat("00", 32)})
	case "no digest":
		return say(exec.Answer{Cost: 1})
	case "bad digest":
		return say(exec.Answer{Cost: 1, Digest: "0xab"})
	case "digest only":
		return say(exec.Answer{Cost: 7, Digest: hex.EncodeToString(append([]byte{0xab}, make([]byte, 31)...))})
	case "hang":
		if err := startHolder(); err != nil {
			return err
		}
		time.Sleep(time.Hour)
	case "leave":
		return errors.Join(startHolder(), proof(10), say(exec.Answer{}))
	case "sleep":
		time.Sleep(time.Hour)
	case "looks around":
		seen := strings.Join(os.Environ(), "\n") + "\n" + line
		return errors.Join(proof(10), os.WriteFile(j.PublicValues, []byte(seen), 0o600), say(exec.Answer{}))
	}
	return fmt.Errorf("unknown mode %q", mode)
}
