package prover

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"syscall"
	"time"
)

const (
	// dialTimeout bounds connecting to the socket, which is on this machine.
	dialTimeout = 2 * time.Second
	// maxAnswerBytes bounds an answer: MaxJobsListed jobs, or a status with all open
	// ones.
	maxAnswerBytes = 64 << 20
)

// controlClient gives orders to a running sidecar.
type controlClient struct{ http *http.Client }

var _ Jobs = (*controlClient)(nil)

// dialControl returns a client of the sidecar that runs on a home folder; nil if
// nobody listens there.
func dialControl(ctx context.Context, home string) (*controlClient, error) {
	path := socketOf(home)
	dial := func(ctx context.Context) (net.Conn, error) {
		d := net.Dialer{Timeout: dialTimeout}
		return d.DialContext(ctx, "unix", path)
	}
	first, err := dial(ctx)
	switch {
	case err == nil:
		first.Close()
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), len(path) > maxSocketPath:
		return nil, nil // none, or one that a killed sidecar left
	default:
		return nil, fmt.Errorf("reach the running sidecar: %w", err)
	}
	return &controlClient{http: &http.Client{
		Timeout: 2 * orderTimeout,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		},
	}}, nil
}

// Running implements Jobs.
func (*controlClient) Running() bool { return true }

// List implements Jobs.
func (c *controlClient) List(ctx context.Context, f JobFilter) (out JobList, err error) {
	return out, c.call(ctx, "list", order{Filter: f}, &out)
}

// Show implements Jobs.
func (c *controlClient) Show(ctx context.Context, id string) (out JobDetails, err error) {
	return out, c.call(ctx, "show", order{ID: id}, &out)
}

// Retry implements Jobs.
func (c *controlClient) Retry(ctx context.Context, id string) (out RetryReport, err error) {
	return out, c.call(ctx, "retry", order{ID: id}, &out)
}

// Abandon implements Jobs.
func (c *controlClient) Abandon(ctx context.Context, id string, sure bool) (out AbandonReport, err error) {
	return out, c.call(ctx, "abandon", order{ID: id, Sure: sure}, &out)
}

// status asks how the sidecar stands.
func (c *controlClient) status(ctx context.Context) (out Status, err error) {
	return out, c.call(ctx, "status", order{}, &out)
}

// call sends an order and reads the answer into out.
func (c *controlClient) call(ctx context.Context, path string, o order, out any) error {
	raw, err := json.Marshal(o)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://proverd/v1/"+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("reach the running sidecar: %w", err)
	}
	defer res.Body.Close()
	raw, err = io.ReadAll(io.LimitReader(res.Body, maxAnswerBytes))
	if err != nil {
		return fmt.Errorf("read the running sidecar's answer: %w", err)
	}
	if res.StatusCode == http.StatusOK {
		if err := json.Unmarshal(raw, out); err != nil {
			return fmt.Errorf("read the running sidecar's answer: %w", err)
		}
		return nil
	}
	var failed orderError
	if err := json.Unmarshal(raw, &failed); err != nil || failed.Error == "" {
		return fmt.Errorf("the running sidecar answers %s: is it of another version?", res.Status)
	}
	return saidError{text: failed.Error, is: orderErrors[failed.Code]}
}

// saidError is an error of the running sidecar.
type saidError struct {
	text string
	is   error
}

func (e saidError) Error() string { return e.text }
func (e saidError) Unwrap() error { return e.is }
