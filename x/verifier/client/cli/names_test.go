package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// fakeQuery knows the programs of one publisher by name.
type fakeQuery struct {
	types.QueryClient
	publisher string
	programs  map[string]types.Program
	err       error
}

func (q fakeQuery) ProgramByName(_ context.Context, req *types.QueryProgramByNameRequest, _ ...grpc.CallOption) (*types.QueryProgramByNameResponse, error) {
	if q.err != nil {
		return nil, q.err
	}
	p, ok := q.programs[req.Name]
	if !ok || req.Publisher != q.publisher {
		return nil, status.Error(codes.NotFound, "no such record")
	}
	return &types.QueryProgramByNameResponse{Program: p}, nil
}

func TestResolveProgram(t *testing.T) {
	registry := codectypes.NewInterfaceRegistry()
	cryptocodec.RegisterInterfaces(registry)
	keys := keyring.NewInMemory(codec.NewProtoCodec(registry))
	record, _, err := keys.NewMnemonic("alice", keyring.English, sdk.FullFundraiserPath, keyring.DefaultBIP39Passphrase, hd.Secp256k1)
	require.NoError(t, err)
	address, err := record.GetAddress()
	require.NoError(t, err)
	alice := address.String()
	stranger := sdk.AccAddress(bytes.Repeat([]byte{7}, 20)).String()

	id := strings.Repeat("ab", 32)
	info := types.ProgramInfo{Name: "fib", Verifiers: []string{"pico/v1.2.2"}}
	query := fakeQuery{publisher: alice, programs: map[string]types.Program{
		"fib": {Publisher: alice, Program: id, Info: info},
		"bad": {Publisher: alice, Program: "0x" + id},
	}}

	for _, s := range []string{id, "0x" + id, "0X" + strings.ToUpper(id), " " + id + "\n"} {
		p, err := ResolveProgram(t.Context(), nil, nil, s)
		require.NoError(t, err, s)
		require.Equal(t, Program{ID: id}, p)
	}
	for _, s := range []string{alice + "/fib", "alice/fib", " alice/fib "} {
		p, err := ResolveProgram(t.Context(), query, keys, s)
		require.NoError(t, err, s)
		require.Equal(t, Program{ID: id, Name: alice + "/fib", Info: &info}, p)
	}

	for name, tc := range map[string]struct {
		s     string
		query types.QueryClient
		keys  keyring.Keyring
		err   error
		says  string
	}{
		"empty":                {"", query, keys, ErrProgramForm, "publisher/name"},
		"short":                {"0xab", query, keys, ErrProgramForm, "64 hex digits"},
		"long":                 {id + "00", query, keys, ErrProgramForm, "64 hex digits"},
		"a name alone":         {"fib", query, keys, ErrProgramForm, "alice/fibonacci"},
		"no name":              {"alice/", query, keys, ErrProgramForm, "publisher/name"},
		"no publisher":         {"/fib", query, keys, ErrProgramForm, "publisher/name"},
		"a verifier's id":      {"alice/fib/v1", query, keys, ErrProgramForm, "publisher/name"},
		"unknown key":          {"bob/fib", query, keys, ErrUnknownPublisher, "marketd keys list"},
		"no keyring":           {"alice/fib", query, nil, ErrUnknownPublisher, "marketd keys list"},
		"damaged address":      {alice[:len(alice)-1] + "/fib", query, keys, ErrUnknownPublisher, "neither an address"},
		"another chain's":      {"cosmos1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqnrql8a/fib", query, keys, ErrUnknownPublisher, "neither an address"},
		"unknown name":         {"alice/nothing", query, keys, ErrUnknownProgram, "--publisher " + alice},
		"another's name":       {stranger + "/fib", query, keys, ErrUnknownProgram, stranger},
		"offline":              {"alice/fib", nil, keys, ErrNameOffline, "64 hex digits"},
		"node down":            {"alice/fib", fakeQuery{err: status.Error(codes.Unavailable, "down")}, keys, status.Error(codes.Unavailable, "down"), "look up program"},
		"node answers wrongly": {"alice/bad", query, keys, types.ErrInvalidStatement, "the node answered"},
	} {
		_, err := ResolveProgram(t.Context(), tc.query, tc.keys, tc.s)
		require.ErrorIs(t, err, tc.err, name)
		require.ErrorContains(t, err, tc.says, name)
	}
}
