package types_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// What a query refuses is the caller's error, not the server's: REST answers 404 or
// 400 instead of 500.
func TestQueriesTellWhoseFaultItIs(t *testing.T) {
	for err, want := range map[error]codes.Code{
		types.ErrProverNotFound.Wrap("somebody"):  codes.NotFound,
		types.ErrVaultNotFound.Wrap("somebody/7"): codes.NotFound,
		types.ErrInvalidAddress.Wrap("bad"):       codes.InvalidArgument,
		types.ErrInvalidQuery.Wrap("too much"):    codes.InvalidArgument,
		types.ErrInvariant.Wrap("broken"):         codes.Unknown,
	} {
		require.Equal(t, want, status.Code(err), err)
	}
}
