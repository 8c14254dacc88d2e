package load

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/internal/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// maxJobBytes bounds a job file.
const maxJobBytes = 64 << 10

// Job describes what ModeBuy requests. What is zero is taken from Options, and from
// the chain's parameters.
type Job struct {
	Statement     verifiertypes.Statement
	Image         markettypes.Image
	Input         markettypes.Input
	MaxFee        math.Int // uproof
	MinStake      math.Int // uproof
	TimeLimit     time.Duration
	StandbyWindow time.Duration
	BiddingBlocks uint64
	RevealBlocks  uint64
}

// ReadJob reads a job file as `marketd tx market request --job` takes it: a JSON object
// of flag names and texts. The digest must be given, and programs as hex.
func ReadJob(path string) (*Job, error) {
	f, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if f.Size() > maxJobBytes {
		return nil, fmt.Errorf("job %s has %d bytes, at most %d are read", path, f.Size(), maxJobBytes)
	}
	bz, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var texts map[string]string
	if err := json.Unmarshal(bz, &texts); err != nil {
		return nil, fmt.Errorf("job %s: want one JSON object of texts, such as {\"program\": \"9a…\"}: %w", path, err)
	}
	job := &Job{Statement: verifiertypes.Statement{Verifier: verifiertypes.CircuitVerifier}, MaxFee: math.ZeroInt(), MinStake: math.ZeroInt()}
	for name, text := range texts {
		if err := job.set(filepath.Dir(path), name, text); err != nil {
			return nil, fmt.Errorf("job %s: %s: %w", path, name, err)
		}
	}
	for name, text := range map[string]string{"program": job.Statement.Program, "digest": job.Statement.Digest, "image-url": job.Image.Url, "image-sha256": job.Image.Sha256} {
		if text == "" {
			return nil, fmt.Errorf("job %s names no %s", path, name)
		}
	}
	return job, nil
}

// set sets what a flag of that name would.
func (j *Job) set(folder, name, text string) (err error) {
	switch name {
	case "verifier":
		j.Statement.Verifier = text
	case "program":
		j.Statement.Program, err = hash(text)
	case "digest":
		j.Statement.Digest, err = hash(text)
	case "image-url":
		j.Image.Url = text
	case "image-sha256":
		j.Image.Sha256, err = hash(text)
	case "input-url":
		j.Input.Url = text
	case "input-sha256":
		j.Input.Sha256, err = hash(text)
	case "input":
		j.Input.Inline, err = readInput(folder, text)
	case "max-fee":
		j.MaxFee, err = amount(text)
	case "min-stake":
		j.MinStake, err = amount(text)
	case "time-limit":
		j.TimeLimit, err = time.ParseDuration(text)
	case "standby-window":
		j.StandbyWindow, err = time.ParseDuration(text)
	case "bidding-blocks":
		j.BiddingBlocks, err = strconv.ParseUint(text, 10, 64)
	case "reveal-blocks":
		j.RevealBlocks, err = strconv.ParseUint(text, 10, 64)
	case "public-values":
		err = errors.New("give the digest instead, which needs no file")
	case "nonce":
		err = errors.New("leave it out: every request has its own")
	default:
		err = errors.New("not a flag of marketd tx market request")
	}
	return err
}

// hash reads 32 bytes of hex, with or without 0x, in either case.
func hash(text string) (string, error) {
	digits := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(text)), "0x")
	if bz, err := hex.DecodeString(digits); err != nil || len(bz) != 32 {
		return "", fmt.Errorf("%.80q is not 64 hex digits", text)
	}
	return digits, nil
}

func amount(text string) (math.Int, error) {
	n, err := chain.ParseAmount(text)
	if err == nil && !n.IsPositive() {
		err = fmt.Errorf("%s is not more than 0", text)
	}
	return n, err
}

// readInput reads an inline input; a relative path counts from the job's folder.
func readInput(folder, path string) ([]byte, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(folder, path)
	}
	f, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if f.Size() > markettypes.MaxInlineInputBytes {
		return nil, fmt.Errorf("%s has %d bytes, at most %d fit inline; publish it as a file", path, f.Size(), markettypes.MaxInlineInputBytes)
	}
	return os.ReadFile(path)
}

// fill takes from options and parameters what the job leaves out. It returns max_fee.
func (j *Job) fill(g *generator) (int64, error) {
	full := *j
	for _, v := range []struct {
		of   *math.Int
		with math.Int
	}{{&full.MaxFee, g.o.MaxFee}, {&full.MinStake, g.minStake}} {
		if v.of.IsNil() || v.of.IsZero() {
			*v.of = v.with
		}
	}
	if full.MaxFee.GT(math.NewInt(maxMaxFee)) {
		return 0, fmt.Errorf("max fee %suproof is more than the generator handles: at most %duproof", full.MaxFee, int64(maxMaxFee))
	}
	setDefault(&full.TimeLimit, g.o.TimeLimit)
	setDefault(&full.BiddingBlocks, g.o.BiddingBlocks)
	setDefault(&full.RevealBlocks, g.o.RevealBlocks)
	g.o.Job = &full // the caller's stays as it is
	return clamp(full.MaxFee), nil
}

// apply writes the job into a request.
func (j *Job) apply(m *markettypes.MsgRequest) {
	m.Statement, m.Image, m.Input = j.Statement, j.Image, j.Input
	m.MaxFee, m.MinStake, m.TimeLimit, m.StandbyWindow = j.MaxFee, j.MinStake, j.TimeLimit, j.StandbyWindow
	m.BiddingBlocks, m.RevealBlocks = j.BiddingBlocks, j.RevealBlocks
}
