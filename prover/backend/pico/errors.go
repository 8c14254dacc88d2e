package pico

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/pico/api"
)

// errLost means that the connection broke, and with it perhaps the service's queue.
var errLost = errors.New("the Pico service cannot be reached")

func lost(err error) bool { return errors.Is(err, errLost) }

// serviceError is an error inside of an answer.
type serviceError struct {
	code api.ErrCode
	text string
}

func (e serviceError) Error() string {
	return fmt.Sprintf("the Pico service says %s: %.500q", e.code, e.text)
}

func answered(e *api.ErrMsg) error {
	if e == nil || (e.Code == api.ErrCode_OK && e.Msg == "") {
		return nil
	}
	return serviceError{code: e.Code, text: e.Msg}
}

// failure gives an error of a call its place among backend's errors.
func (b *Backend) failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var e serviceError
	if errors.As(err, &e) {
		return fmt.Errorf("%w: %w", backend.ErrFailed, err)
	}
	text := status.Convert(err).Message()
	if _, limited := ctx.Deadline(); limited && status.Code(err) == codes.DeadlineExceeded {
		// The service knows the caller's deadline too, and may be the first to act.
		return fmt.Errorf("%w: the Pico service: %.500s", context.DeadlineExceeded, text)
	}
	switch status.Code(err) {
	case codes.NotFound:
		return fmt.Errorf("%w: %.500s", backend.ErrUnknownProgram, text)
	case codes.Unavailable:
		return fmt.Errorf("%w: %w at %s: %.500s", backend.ErrFailed, errLost, b.cfg.Address, text)
	case codes.Unauthenticated, codes.PermissionDenied:
		return fmt.Errorf("%w: the Pico service does not take our token, see token_file: %.500s", backend.ErrFailed, text)
	case codes.OutOfRange: // what the service calls a message above its limit
		return fmt.Errorf("%w: %.500s", backend.ErrTooLarge, text)
	default:
		return fmt.Errorf("%w: the Pico service answers %s: %.500s", backend.ErrFailed, status.Code(err), text)
	}
}
