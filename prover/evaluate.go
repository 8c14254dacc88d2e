package prover

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"time"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/crashpoint"
	"github.com/proofmarket/proofmarket/prover/store"
	"github.com/proofmarket/proofmarket/prover/strategy"
	"github.com/proofmarket/proofmarket/x/market/auction"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// ErrDigest means that the program computes other public values than the
// request asks a proof of.
var ErrDigest = errors.New("the program's public values are not the ones requested")

// ErrKeyMismatch means that proofs made with the image's proving key do not pass
// under the verifying key that the request names.
var ErrKeyMismatch = errors.New("the image's proving key does not belong to the request's verifying key")

// inspection is what a closer look at a request found: image and input are on
// disk, the backend can prove it, and it proves what is asked.
type inspection struct {
	imageSHA256 string
	inputSHA256 string
	cost        uint64
	imageBytes  uint64
	inputBytes  uint64
	// trial is a proof that was made to see whether it can be; nil for none.
	trial *madeProof
}

// madeProof is a proof, and how long the backend took for it.
type madeProof struct {
	backend.Result
	took time.Duration
}

// decline says why there is no bid, and looks again only if that may change. What
// takes questions to the chain to find out is left alone for a while.
func (e *Engine) decline(id string, head chain.Head, d strategy.Decision) {
	e.mu.Lock()
	n := e.noteOf(id)
	n.refused, n.again = !d.Later, false
	again := n.skipped == d.Code()
	n.skipped = d.Code()
	e.mu.Unlock()
	asked := slices.ContainsFunc(d.Reasons, func(r strategy.Reason) bool {
		return r.Code == strategy.CodeChain || r.Code == strategy.CodeStake || r.Code == strategy.CodeLookFailed || r.Code == strategy.CodeStore
	})
	if d.Later && asked {
		e.failed(id, head.Height)
	}
	if !again {
		e.metrics.skip(d.Code())
	}
	e.say(id, slog.LevelInfo, "not bidding", "code", d.Code(), "reason", d.Reason())
}

// known is what a closer look at a request found before; nil for nothing.
func (e *Engine) known(id string) *inspection {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.noteOf(id).inspect
}

// decideOn inspects a request, prices it, and writes a job if we want it.
func (e *Engine) decideOn(ctx context.Context, head chain.Head, v *markettypes.RequestView, b backend.Named) {
	id := v.Request.Id
	defer e.hold(v.Request.Image.Sha256, v.Request.Input.Sha256)()
	found, err := e.inspect(ctx, v, b)
	if err != nil {
		e.decline(id, head, strategy.Refuse(inspectionReason(err)))
		return
	}

	// The chain is asked only where our own figures say yes.
	figures, err := e.figuresFor(ctx, head, b)
	if err == nil {
		if d := Quote(e.cfg.Policy, v, found.work(), figures); !d.Bid {
			e.decline(id, head, d)
			return
		}
	}
	may, mayErr := e.chain.MayBid(ctx, id, e.cfg.Prover)
	if err := errors.Join(err, mayErr); err != nil {
		e.failed(id, head.Height)
		e.say(id, slog.LevelWarn, "could not ask whether we may bid, will try again", "error", err)
		return
	}

	// From here to the end one request at a time, or two could take one place.
	e.decide.Lock()
	defer e.decide.Unlock()
	if figures, err = e.figuresFor(ctx, head, b); err != nil {
		e.failed(id, head.Height)
		e.say(id, slog.LevelWarn, "could not ask for our stake, will try again", "error", err)
		return
	}
	barredBy(&figures, may)
	d := Quote(e.cfg.Policy, v, found.work(), figures)
	if !d.Bid {
		e.decline(id, head, d)
		return
	}
	j, err := e.createJob(head, v, b, found, d)
	if err != nil {
		e.decline(id, head, strategy.Refuse(strategy.Reason{
			Code: strategy.CodeStore, Text: "the job cannot be written, so there is no bid: " + err.Error(), Later: true,
		}))
		return
	}
	crashpoint.At(crashpoint.DecidedWritten)
	e.machines.took(b.Name, id)
	e.metrics.moved(j)
	e.say(id, slog.LevelInfo, "decided to bid", "fee", d.Fee, "standby", d.Standby, "cost", found.cost, "reason", d.Reason())
}

// figuresFor is how we stand for a request on a backend, our stake included. The
// jobs are of the time of the stake's figures or earlier: one that was revealed since
// would be in neither.
func (e *Engine) figuresFor(ctx context.Context, head chain.Head, b backend.Named) (strategy.Figures, error) {
	for {
		before := e.stakes.generation()
		stake, err := e.stakes.get(ctx, e.chain, e.cfg.Prover, head.Height)
		if err != nil {
			return strategy.Figures{}, err
		}
		s, err := e.survey()
		if err != nil {
			return strategy.Figures{}, err
		}
		if e.stakes.generation() == before {
			s.stake = &strategy.Stake{Figures: stake.Figures, OvercommitBps: stake.OvercommitBps}
			return s.figures(b, true), nil
		}
	}
}

// createJob puts fee and salt on disk, before any transaction (law P1).
func (e *Engine) createJob(head chain.Head, v *markettypes.RequestView, b backend.Named, found *inspection, d strategy.Decision) (*store.Job, error) {
	salt, err := store.NewSalt()
	if err != nil {
		return nil, err
	}
	id, err := hex.DecodeString(v.Request.Id)
	if err != nil {
		return nil, fmt.Errorf("request id %q: %w", v.Request.Id, err)
	}
	commitment, err := auction.Commitment(e.chain.ChainID(), id, e.prover, d.Fee, d.Standby, salt)
	if err != nil {
		return nil, err
	}
	bond, err := auction.Bond(v.Request.MaxFee, v.Request.Terms.MinBidBond, v.Request.Terms.BidBondBps)
	if err != nil {
		return nil, fmt.Errorf("the request's bond: %w", err)
	}
	j := &store.Job{
		RequestID:   v.Request.Id,
		Prover:      e.cfg.Prover,
		Fee:         d.Fee,
		Salt:        salt,
		Standby:     d.Standby,
		Commitment:  commitment[:],
		State:       store.Decided,
		Backend:     b.Name,
		ImageSHA256: found.imageSHA256,
		InputSHA256: found.inputSHA256,
		Cost:        found.cost,
		TimeLimit:   v.Request.TimeLimit,
		MinStake:    v.Request.MinStake,
		Penalty:     v.Request.Terms.Penalty,
		Estimate:    d.Price.Cost,
		MaxBond:     bond,
		Paid:        math.ZeroInt(),
		Created:     head.Height,
	}
	if found.trial != nil {
		j.Proof, j.PublicValues, j.ProvingTime = found.trial.Proof, found.trial.PublicValues, found.trial.took
	}
	return j, e.store.Create(j)
}

// inspect fetches image and input, dry-runs them and compares the public values
// with the request (law P2). What it found is remembered while the request is
// open and its files are on disk.
func (e *Engine) inspect(ctx context.Context, v *markettypes.RequestView, b backend.Named) (*inspection, error) {
	e.mu.Lock()
	known := e.noteOf(v.Request.Id).inspect
	e.mu.Unlock()
	if known != nil && e.blobs.Has(known.imageSHA256) && e.blobs.Has(known.inputSHA256) {
		return known, nil
	}
	started := time.Now()
	r := v.Request
	if err := e.obtain(ctx, r.Image.Sha256, r.Image.Url, nil, e.cfg.MaxImageBytes); err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	var inline []byte
	if r.Input.Url == "" {
		_, got, err := e.chain.Request(ctx, r.Id)
		if err != nil {
			return nil, fmt.Errorf("inline input: %w", err)
		}
		inline = append([]byte{}, got...)
	}
	inputSHA256 := r.Input.Sha256
	if inputSHA256 == "" { // a request without any input
		sum := sha256.Sum256(inline)
		inputSHA256 = hex.EncodeToString(sum[:])
	}
	if err := e.obtain(ctx, inputSHA256, r.Input.Url, inline, e.cfg.MaxInputBytes); err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	image, input, err := e.files(r.Image.Sha256, inputSHA256)
	if err != nil {
		return nil, err
	}
	// The key is what the proof will be checked with (law P3).
	key, err := e.keys.get(ctx, e.chain, r.Statement)
	if err != nil {
		return nil, err
	}
	st, err := statementOf(r.Statement)
	if err != nil {
		return nil, err
	}
	program, err := b.Backend.Register(ctx, image, st)
	if err != nil {
		return nil, err
	}
	task := backend.Task{ID: e.trialID(r.Id), Statement: st, Program: program, Input: input}
	est, err := b.Backend.Estimate(ctx, task)
	if err != nil {
		return nil, err
	}
	digest := est.Digest
	if est.PublicValues != nil {
		digest = key.Digest(est.PublicValues)
	}
	if got := hex.EncodeToString(digest[:]); got != r.Statement.Digest {
		return nil, fmt.Errorf("%w: their digest is %s, the request has %s", ErrDigest, got, r.Statement.Digest)
	}
	found := &inspection{
		imageSHA256: r.Image.Sha256, inputSHA256: inputSHA256, cost: est.Cost,
		imageBytes: uint64(len(image)), inputBytes: uint64(len(input)),
	}
	if found.trial, err = e.tryProof(ctx, b, task, est.Cost, key, v); err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.noteOf(r.Id).inspect = found
	e.mu.Unlock()
	e.log.Debug("looked into the request", "request", r.Id, "cost", est.Cost, "took", time.Since(started))
	return found, nil
}

// trialID names the trial proof of a request for the backend: another one after
// each failure to look into the request.
func (e *Engine) trialID(id string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return fmt.Sprintf("%s-trial-%d", id, e.noteOf(id).failures)
}

// tryProof makes and checks a proof where the configuration asks for one before
// a bid, so that it is certain that image and verifying key belong together.
func (e *Engine) tryProof(ctx context.Context, b backend.Named, task backend.Task, cost uint64, key proof.Key, v *markettypes.RequestView) (*madeProof, error) {
	r := v.Request
	pair := r.Image.Sha256 + " " + r.Statement.Verifier + " " + r.Statement.Program
	switch b.Limits.TrialProofs {
	case TrialNever:
		return nil, nil
	case TrialAlways:
	default:
		if known, err := e.store.Proved(pair); err != nil || known {
			return nil, err
		}
	}
	started := time.Now()
	res, err := b.Backend.Prove(ctx, task)
	if err != nil {
		return nil, fmt.Errorf("trial proof: %w", err)
	}
	made := &madeProof{Result: res, took: time.Since(started)}
	if err := key.Verify(task.Statement.Program, task.Statement.Digest, res.PublicValues, res.Proof); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyMismatch, err)
	}
	e.metrics.proof(b.Name, true, made.took)
	e.machines.proved(b.Name, cost, made.took)
	e.say(r.Id, slog.LevelInfo, "trial proof passes", "took", rounded(made.took))
	return made, e.store.SetProved(pair)
}

// obtain makes sure that a file is on disk: it is there already, or comes
// inline, or is fetched.
func (e *Engine) obtain(ctx context.Context, hash, url string, inline []byte, limit int64) error {
	if _, err := e.blobs.Read(hash); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	write := func(r io.Reader) error { return e.blobs.Write(hash, r, limit) }
	if inline != nil {
		return write(strings.NewReader(string(inline)))
	}
	return e.fetcher.Fetch(ctx, url, write)
}

// files reads a job's image and input back from disk.
func (e *Engine) files(imageSHA256, inputSHA256 string) (image, input []byte, err error) {
	if image, err = e.blobs.Read(imageSHA256); err != nil {
		return nil, nil, fmt.Errorf("image: %w", err)
	}
	if input, err = e.blobs.Read(inputSHA256); err != nil {
		return nil, nil, fmt.Errorf("input: %w", err)
	}
	return image, input, nil
}

// permanent reports whether looking again would find the same.
func permanent(err error) bool {
	return backend.Permanent(err) || errors.Is(err, ErrHash) || errors.Is(err, ErrTooLarge) ||
		errors.Is(err, ErrAddress) || errors.Is(err, ErrDigest) || errors.Is(err, ErrKeyMismatch)
}
