package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// Errors of ResolveProgram.
var (
	// ErrProgramForm means that a text is neither hex nor publisher/name.
	ErrProgramForm = errors.New("malformed program")
	// ErrUnknownPublisher means that a publisher is neither an address nor the name
	// of a local key.
	ErrUnknownPublisher = errors.New("unknown publisher")
	// ErrUnknownProgram means that the publisher has no program of that name.
	ErrUnknownProgram = errors.New("unknown program")
	// ErrNameOffline means that a name was given where no node can be asked.
	ErrNameOffline = errors.New("names of programs are looked up on the chain")
)

// Program is a program that a user named.
type Program struct {
	// ID is the program in statements: 64 lower-case hex digits.
	ID string
	// Name is publisher/name, with the publisher's address; empty for a program
	// that was given as hex.
	Name string
	// Info is what its publisher says of it; nil for one that was given as hex.
	Info *types.ProgramInfo
}

// ResolveProgram reads a program: 64 hex digits, with or without 0x, or
// publisher/name, where publisher is an address or the name of a key in keys. query
// looks names up; it may be nil, offline. Errors: ErrProgramForm,
// ErrUnknownPublisher, ErrUnknownProgram, ErrNameOffline, or the node's.
func ResolveProgram(ctx context.Context, query types.QueryClient, keys keyring.Keyring, s string) (Program, error) {
	s = strings.TrimSpace(s)
	publisher, name, named := strings.Cut(s, "/")
	if !named {
		digits := strings.TrimPrefix(strings.ToLower(s), "0x")
		if bz, err := hex.DecodeString(digits); err != nil || len(bz) != types.IDSize {
			return Program{}, fmt.Errorf("%w: give %d hex digits, with or without 0x, or publisher/name such as alice/fibonacci, got %.80q", ErrProgramForm, 2*types.IDSize, s)
		}
		return Program{ID: digits}, nil
	}
	if publisher == "" || name == "" || strings.Contains(name, "/") {
		return Program{}, fmt.Errorf("%w: a name reads publisher/name, such as alice/fibonacci, got %.80q", ErrProgramForm, s)
	}
	address, err := ResolveAddress(keys, publisher)
	if err != nil {
		return Program{}, err
	}
	if query == nil {
		return Program{}, fmt.Errorf("%w: offline, give %q as %d hex digits", ErrNameOffline, s, 2*types.IDSize)
	}
	response, err := query.ProgramByName(ctx, &types.QueryProgramByNameRequest{Publisher: address, Name: name})
	switch {
	case status.Code(err) == codes.NotFound:
		return Program{}, fmt.Errorf("%w: %s has published none named %q; list theirs with: marketd query verifier programs --publisher %s", ErrUnknownProgram, address, name, address)
	case err != nil:
		return Program{}, fmt.Errorf("look up program %s/%s: %w", address, name, err)
	}
	record := response.Program
	if _, err := types.DecodeID("program", record.Program); err != nil {
		return Program{}, fmt.Errorf("look up program %s/%s: the node answered: %w", address, name, err)
	}
	return Program{ID: record.Program, Name: address + "/" + name, Info: &record.Info}, nil
}

// ResolveAddress reads an address, or the name of a key in keys, which may be nil.
// Error: ErrUnknownPublisher.
func ResolveAddress(keys keyring.Keyring, s string) (string, error) {
	if _, err := sdk.AccAddressFromBech32(s); err == nil {
		return s, nil
	}
	if keys != nil {
		if record, err := keys.Key(s); err == nil {
			address, err := record.GetAddress()
			if err != nil {
				return "", err
			}
			return address.String(), nil
		}
	}
	return "", fmt.Errorf("%w: %.80q is neither an address nor a key of the local keyring; list those with: marketd keys list", ErrUnknownPublisher, s)
}
