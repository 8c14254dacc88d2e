// Package pico has a Pico proving service prove, over its gRPC interface.
//
// What that service is like decides how this client works:
//
//   - A program's id there is its program key, 64 hex digits without 0x. Registering
//     it a second time is refused, with the id in the refusal.
//   - It never says that a task failed: one that waits, that failed, that was lost in
//     a restart (its queue is in memory) and that never was look alike. So a task
//     is waited for as long as the caller's context lets it; the caller's next
//     attempt has another Task.ID. A connection that broke means that the queue may
//     be gone: the task is put in again, under the same id. A service that is back
//     before it is asked again is noticed by the end of its connection; behind a
//     proxy, which ends connections as it likes, only by a call that fails.
//   - Finished proofs are on its disk: a sidecar that was restarted asks for the same
//     Task.ID and finds them.
//   - It proves one task at a time and does not notice that it was given one twice.
//   - A proof is eight words and the two public inputs. The chain takes the eight
//     words; the inputs must be the statement's.
//   - It tells the digest of the public values only; the chain needs no more.
package pico

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/pico/api"
)

const (
	// DefaultPort is where the service listens.
	DefaultPort = 50052
	// DefaultPollInterval is how often the service is asked for a proof.
	DefaultPollInterval = 2 * time.Second
	// MaxRequestBytes is the largest message that the service takes.
	MaxRequestBytes = 1 << 30
	// maxAnswerBytes bounds what it may answer: a proof has 320 bytes.
	maxAnswerBytes = 64 << 10
	// messageOverhead is more than what a request holds besides image or input.
	messageOverhead = 4 << 10

	// wordSize is the length of a field element on the wire.
	wordSize = 32
	// proofSize and answerSize are the lengths of a proof without and with its two
	// public inputs.
	proofSize  = 8 * wordSize
	answerSize = proofSize + 2*wordSize

	// callTimeout bounds one question to the service, apart from those that run a
	// program.
	callTimeout = 30 * time.Second
)

// Config says where the service is. Zero values mean the defaults.
type Config struct {
	// Address is host:port.
	Address string
	// TLS encrypts the connection. CAFile holds the certificates to trust, in PEM;
	// empty for the system's. ServerName is the name in the service's certificate;
	// empty for the host of Address.
	TLS        bool
	CAFile     string
	ServerName string
	// TokenFile holds the bearer token; empty for none. It is read at each call, so
	// that it can be replaced.
	TokenFile string
	// UseGPU asks the service to prove on its GPU.
	UseGPU bool
	// PollInterval is how often the service is asked for a proof.
	PollInterval time.Duration
}

// Backend implements backend.Backend.
type Backend struct {
	cfg    Config
	conn   *grpc.ClientConn
	client api.ProverNetworkClient
	// ended counts connections that are no more.
	ended *atomic.Uint64
}

var _ backend.Backend = (*Backend)(nil)

// New returns a backend. It reads the files of cfg, but asks the service nothing:
// see Health.
func New(cfg Config) (*Backend, error) {
	if cfg.PollInterval <= 0 {
		cfg.PollInterval = DefaultPollInterval
	}
	options, err := dialOptions(cfg)
	if err != nil {
		return nil, err
	}
	ended := &atomic.Uint64{}
	options = append(options, grpc.WithStatsHandler(connections{ended}))
	conn, err := grpc.NewClient("passthrough:///"+cfg.Address, options...)
	if err != nil {
		return nil, fmt.Errorf("the Pico service at %q: %w", cfg.Address, err)
	}
	return &Backend{cfg: cfg, conn: conn, client: api.NewProverNetworkClient(conn), ended: ended}, nil
}

// appExists finds the id in the refusal to register a program twice.
var appExists = regexp.MustCompile(`app already exists(?: (?:0x)?([0-9a-fA-F]{64}))?`)

// Register implements backend.Backend. The Program that it returns is the
// service's id.
func (b *Backend) Register(ctx context.Context, image []byte, st backend.Statement) (backend.Program, error) {
	if err := checkSize("an image", image); err != nil {
		return "", err
	}
	want := hex.EncodeToString(st.Program[:])
	res, err := b.client.RegisterApp(ctx, &api.RegisterAppRequest{Elf: image})
	if err == nil {
		err = answered(res.GetErr())
	}
	id := res.GetAppId()
	if err != nil {
		found := appExists.FindStringSubmatch(err.Error())
		if found == nil {
			return "", fmt.Errorf("register the program: %w", b.failure(ctx, err))
		}
		// Where the refusal does not say which program it is, the request does. A
		// request that lies gets the estimate and the proof of the one it names.
		if id = found[1]; id == "" {
			id = want
		}
	}
	id = strings.TrimPrefix(strings.ToLower(id), "0x")
	if raw, err := hex.DecodeString(id); err != nil || len(raw) != wordSize {
		return "", fmt.Errorf("%w: the Pico service calls the program %.80q, which is not 64 hex digits", backend.ErrFailed, id)
	}
	if id != want {
		return "", fmt.Errorf("%w: it is program %s, the request says %s", backend.ErrImage, id, want)
	}
	return backend.Program(id), nil
}

// Estimate implements backend.Backend. The cost is the service's own estimate.
func (b *Backend) Estimate(ctx context.Context, task backend.Task) (backend.Estimate, error) {
	if err := checkTask(task); err != nil {
		return backend.Estimate{}, err
	}
	res, err := b.client.EstimateCost(ctx, &api.EstimateCostRequest{AppId: string(task.Program), Inputs: task.Input})
	if err != nil {
		return backend.Estimate{}, fmt.Errorf("estimate the cost: %w", b.failure(ctx, err))
	}
	if err := answered(res.GetErr()); err != nil {
		return backend.Estimate{}, estimateError(err)
	}
	digest := res.GetPvDigest()
	if len(digest) != wordSize {
		return backend.Estimate{}, fmt.Errorf("%w: the Pico service answers with a digest of %d bytes, not %d", backend.ErrFailed, len(digest), wordSize)
	}
	out := backend.Estimate{Cost: res.GetCost()}
	copy(out.Digest[:], digest)
	out.Digest[0] &= 0x1f // the service does it too
	return out, nil
}

// estimateError sorts the errors of a dry run. The service reports a program that
// panics on its input, or that cannot read it, as an internal error.
func estimateError(err error) error {
	var e serviceError
	if !errors.As(err, &e) {
		return err
	}
	switch e.code {
	case api.ErrCode_INPUT_EXCEEDED:
		return fmt.Errorf("%w: %w", backend.ErrTooLarge, err)
	case api.ErrCode_INVAL:
		return fmt.Errorf("%w: %w", backend.ErrInput, err)
	case api.ErrCode_INTERNAL:
		return fmt.Errorf("%w: %w", backend.ErrUnsatisfied, err)
	default:
		return fmt.Errorf("%w: %w", backend.ErrFailed, err)
	}
}

// Health implements backend.Backend: it asks for a task that never was, which
// needs nothing but the service, its database and a token that it takes.
func (b *Backend) Health(ctx context.Context) error {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := b.client.GetProvingResult(call, &api.GetProvingResultRequest{AppId: strings.Repeat("0", 2*wordSize), TaskId: "health"})
	if err != nil {
		return b.failure(ctx, err)
	}
	return nil
}

// Close implements backend.Backend.
func (b *Backend) Close() error { return b.conn.Close() }

func checkSize(what string, data []byte) error {
	if len(data) > MaxRequestBytes-messageOverhead {
		return fmt.Errorf("%w: %s of %d bytes, a message to the Pico service takes %d", backend.ErrTooLarge, what, len(data), MaxRequestBytes)
	}
	return nil
}

// checkTask refuses what is no task of this backend.
func checkTask(task backend.Task) error {
	if task.Program != backend.Program(hex.EncodeToString(task.Statement.Program[:])) {
		return fmt.Errorf("program %.80q: %w", task.Program, backend.ErrUnknownProgram)
	}
	return checkSize("an input", task.Input)
}
