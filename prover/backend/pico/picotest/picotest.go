// Package picotest stands in for the Pico proving service in tests, within one or
// as a process of its own (cmd/pico-stand-in). It proves nothing: it hands out
// proofs that it was given before, over a real socket and with the real service's
// interface and habits, which are
//
//   - a second registration is refused as an internal error that holds the id;
//   - the queue is in memory, proves one task at a time, and takes a task twice;
//   - a task that waits, that failed, that was lost or that never was all look
//     alike; only a proof ends the waiting;
//   - programs and finished proofs survive a restart, the queue does not;
//   - unknown programs are a NotFound, a bad token is Unauthenticated, a program
//     that panics in a dry run is an INTERNAL error inside of the answer.
package picotest

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/proofmarket/proofmarket/prover/backend/pico/api"
)

// Replay is a program with one input and a proof that was made elsewhere.
type Replay struct {
	// ELF stands for the program; it may be any bytes.
	ELF []byte
	// Program is the program key, Digest that of the public values.
	Program, Digest [32]byte
	// Input is the only input that the program does not panic on.
	Input []byte
	// Cost is what a dry run reports.
	Cost uint64
	// Proof is the eight words.
	Proof []byte
}

func (r Replay) appID() string { return hex.EncodeToString(r.Program[:]) }

// answer is the proof as the service sends it, with its public inputs.
func (r Replay) answer() []byte { return slices.Concat(r.Proof, r.Program[:], r.Digest[:]) }

// Config says how the service behaves.
type Config struct {
	// Address to listen at; empty for a free port of 127.0.0.1.
	Address string
	// Token is the bearer token; empty for none.
	Token string
	// TLS is the server's certificate; nil for a plain connection.
	TLS *tls.Config
	// MaxMessageBytes bounds requests; 0 for 1 GiB.
	MaxMessageBytes int
	// Programs are those that it can "prove".
	Programs []Replay
	// Disk is the file that keeps programs and finished proofs; empty to keep them in
	// memory, where they survive Restart only.
	Disk string
	// OnTask is called before a task is worked on, outside of locks. It may wait,
	// as a proof takes time, until ctx ends with the service. A non-nil answer
	// replaces the proof as it would be sent; an error fails the task, silently.
	OnTask func(ctx context.Context, t Task) ([]byte, error)
	// OnCall is called before each call, with the method's name. An error is sent
	// instead of an answer.
	OnCall func(ctx context.Context, method string) error
}

// Task is what ProveTask was given.
type Task struct {
	AppID, TaskID string
	Input         []byte
	UseGPU        bool
}

// Service is a running stand-in.
type Service struct {
	cfg Config

	mu      sync.Mutex
	disk    disk
	tasks   []Task // all that were ever submitted
	address string
	run     *run
}

// run is one life of the process.
type run struct {
	server *grpc.Server
	cancel context.CancelFunc
	queue  chan Task
	ended  sync.WaitGroup
}

// queueSize is far above what any test submits.
const queueSize = 4096

// Start returns a running service.
func Start(cfg Config) (*Service, error) {
	kept, err := load(cfg.Disk)
	if err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, disk: kept, address: cfg.Address}
	if s.address == "" {
		s.address = "127.0.0.1:0"
	}
	return s, s.start()
}

// Address is where it listens.
func (s *Service) Address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address
}

// Tasks returns all tasks that were ever submitted, in order.
func (s *Service) Tasks() []Task {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Task{}, s.tasks...)
}

// Stop ends the service at once; its disk stays.
func (s *Service) Stop() { s.end((*grpc.Server).Stop) }

// end ends the service in that way.
func (s *Service) end(stop func(*grpc.Server)) {
	s.mu.Lock()
	r := s.run
	s.run = nil
	s.mu.Unlock()
	if r == nil {
		return
	}
	r.cancel()
	stop(r.server)
	r.ended.Wait()
}

// Restart ends the service and starts it at the same address. Its queue is lost.
func (s *Service) Restart() error {
	s.Stop()
	return s.start()
}

// RestartBetweenCalls is Restart once the calls under way are answered, so that no
// caller sees an error.
func (s *Service) RestartBetweenCalls() error {
	s.end((*grpc.Server).GracefulStop)
	return s.start()
}

func (s *Service) start() error {
	listener, err := net.Listen("tcp", s.Address())
	if err != nil {
		return fmt.Errorf("the stand-in Pico service: %w", err)
	}
	limit := s.cfg.MaxMessageBytes
	if limit == 0 {
		limit = 1 << 30
	}
	options := []grpc.ServerOption{grpc.MaxRecvMsgSize(limit), grpc.UnaryInterceptor(s.intercept)}
	if s.cfg.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(s.cfg.TLS)))
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &run{server: grpc.NewServer(options...), cancel: cancel, queue: make(chan Task, queueSize)}
	api.RegisterProverNetworkServer(r.server, s)
	s.mu.Lock()
	s.address, s.run = listener.Addr().String(), r
	s.mu.Unlock()
	r.ended.Add(2)
	go func() {
		defer r.ended.Done()
		_ = r.server.Serve(listener) // Stop ends it
	}()
	go func() {
		defer r.ended.Done()
		for {
			select {
			case <-ctx.Done():
				return
			case t := <-r.queue:
				s.work(ctx, t)
			}
		}
	}()
	return nil
}

// work "proves" a task; one that fails leaves no trace.
func (s *Service) work(ctx context.Context, t Task) {
	var answer []byte
	if s.cfg.OnTask != nil {
		var err error
		if answer, err = s.cfg.OnTask(ctx, t); err != nil {
			return
		}
	}
	if answer == nil {
		p, ok := s.program(t.AppID)
		if !ok || string(p.Input) != string(t.Input) {
			return
		}
		answer = p.answer()
	}
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disk.keep(t, answer)
	_ = s.disk.save(s.cfg.Disk) // a task that fails is not reported
}

// intercept checks the token before all else.
func (s *Service) intercept(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if s.cfg.Token != "" {
		md, _ := metadata.FromIncomingContext(ctx)
		if got := md.Get("authorization"); len(got) != 1 || got[0] != "Bearer "+s.cfg.Token {
			return nil, status.Error(codes.Unauthenticated, "Invalid or missing auth token")
		}
	}
	if s.cfg.OnCall != nil {
		if err := s.cfg.OnCall(ctx, info.FullMethod[strings.LastIndex(info.FullMethod, "/")+1:]); err != nil {
			return nil, err
		}
	}
	return next(ctx, req)
}

func (s *Service) program(appID string) (Replay, bool) {
	for _, p := range s.cfg.Programs {
		if p.appID() == strings.TrimPrefix(appID, "0x") {
			return p, true
		}
	}
	return Replay{}, false
}

func (s *Service) registered(appID string) (Replay, error) {
	p, ok := s.program(appID)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !ok || !s.disk.Apps[p.appID()] {
		return Replay{}, status.Errorf(codes.NotFound, "cannot find app %s", appID)
	}
	return p, nil
}

// errNotELF is what comes of bytes that the real service panics on: the call
// breaks off.
var errNotELF = errors.New("h2 protocol error: error reading a body from connection")

// RegisterApp implements the service.
func (s *Service) RegisterApp(_ context.Context, req *api.RegisterAppRequest) (*api.RegisterAppResponse, error) {
	for _, p := range s.cfg.Programs {
		if string(p.ELF) != string(req.Elf) {
			continue
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.disk.Apps[p.appID()] {
			return nil, status.Errorf(codes.Internal, "failed to register app: app already exists %s", p.appID())
		}
		s.disk.Apps[p.appID()] = true
		if err := s.disk.save(s.cfg.Disk); err != nil {
			return nil, status.Errorf(codes.Internal, "failed to register app: %s", err)
		}
		return &api.RegisterAppResponse{AppId: p.appID()}, nil
	}
	return nil, status.Error(codes.Internal, errNotELF.Error())
}

// EstimateCost implements the service.
func (s *Service) EstimateCost(_ context.Context, req *api.EstimateCostRequest) (*api.EstimateCostResponse, error) {
	p, err := s.registered(req.AppId)
	if err != nil {
		return nil, err
	}
	if string(p.Input) != string(req.Inputs) {
		return &api.EstimateCostResponse{Err: &api.ErrMsg{Code: api.ErrCode_INTERNAL, Msg: "internal error: panic during cost estimation"}}, nil
	}
	return &api.EstimateCostResponse{Cost: p.Cost, PvDigest: p.Digest[:]}, nil
}

// ProveTask implements the service.
func (s *Service) ProveTask(_ context.Context, req *api.ProveTaskRequest) (*api.ProveTaskResponse, error) {
	if _, err := s.registered(req.AppId); err != nil {
		return nil, err
	}
	t := Task{AppID: req.AppId, TaskID: req.TaskId, Input: req.Inputs, UseGPU: req.UseGpu}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run == nil {
		return nil, status.Error(codes.Internal, "failed to send a proving task")
	}
	select {
	case s.run.queue <- t:
		s.tasks = append(s.tasks, t)
		return &api.ProveTaskResponse{}, nil
	default:
		return nil, status.Error(codes.Internal, "failed to send a proving task")
	}
}

// GetProvingResult implements the service.
func (s *Service) GetProvingResult(_ context.Context, req *api.GetProvingResultRequest) (*api.GetProvingResultResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &api.GetProvingResultResponse{Proof: s.disk.Proofs[req.AppId][req.TaskId]}, nil
}
