package pico

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/stats"
)

const (
	// maxTokenBytes bounds a bearer token, maxCABytes a file of certificates.
	maxTokenBytes = 4 << 10
	maxCABytes    = 1 << 20
	// pingAfter is how long a silent connection is trusted while a call waits: a
	// machine that vanished answers to nothing.
	pingAfter   = 30 * time.Second
	pingTimeout = 2 * time.Minute // it may be busy compiling a program
)

// ErrConfig means that a file that the configuration names cannot be used.
var ErrConfig = errors.New("the configuration of the Pico service cannot be used")

func dialOptions(cfg Config) ([]grpc.DialOption, error) {
	transport := insecure.NewCredentials()
	if cfg.TLS {
		c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: cfg.ServerName}
		if cfg.CAFile != "" {
			pem, err := readFile(cfg.CAFile, maxCABytes)
			if err != nil {
				return nil, fmt.Errorf("%w: ca_file: %w", ErrConfig, err)
			}
			c.RootCAs = x509.NewCertPool()
			if !c.RootCAs.AppendCertsFromPEM(pem) {
				return nil, fmt.Errorf("%w: ca_file %s holds no certificate in PEM", ErrConfig, cfg.CAFile)
			}
		}
		transport = credentials.NewTLS(c)
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(MaxRequestBytes), grpc.MaxCallRecvMsgSize(maxAnswerBytes)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingAfter, Timeout: pingTimeout}),
		grpc.WithDisableServiceConfig(),
		grpc.WithNoProxy(),
	}
	if cfg.TokenFile != "" {
		t := token{file: cfg.TokenFile}
		if _, err := t.read(); err != nil {
			return nil, err
		}
		options = append(options, grpc.WithPerRPCCredentials(t))
	}
	return options, nil
}

// connections counts those that ended, in place of statistics: gRPC makes another
// by itself, and tells nobody.
type connections struct{ ended *atomic.Uint64 }

// TagRPC implements stats.Handler.
func (connections) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC implements stats.Handler.
func (connections) HandleRPC(context.Context, stats.RPCStats) {}

// TagConn implements stats.Handler.
func (connections) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements stats.Handler.
func (c connections) HandleConn(_ context.Context, s stats.ConnStats) {
	if _, ok := s.(*stats.ConnEnd); ok {
		c.ended.Add(1)
	}
}

// token is a bearer token in a file. It may go over a plain connection: the service
// has no TLS of its own, and is often on the same machine or network.
type token struct{ file string }

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (t token) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	v, err := t.read()
	if err != nil {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + v}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials.
func (t token) RequireTransportSecurity() bool { return false }

func (t token) read() (string, error) {
	raw, err := readFile(t.file, maxTokenBytes)
	if err != nil {
		return "", fmt.Errorf("%w: token_file: %w", ErrConfig, err)
	}
	v := strings.TrimSpace(string(raw))
	bad := strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r > '~' })
	if v == "" || bad {
		return "", fmt.Errorf("%w: token_file %s must hold one token of printable characters", ErrConfig, t.file)
	}
	return v, nil
}

// readFile reads a file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return raw, err
}
