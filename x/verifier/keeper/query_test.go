package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/verifier/keeper"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

func TestQueryCircuitsByPageAndOwner(t *testing.T) {
	s := setup(t)
	byOwner := map[string]int{}
	fs := groth16test.All(t)
	for i, f := range fs {
		owner := []sdk.AccAddress{alice, bob}[i%2]
		s.register(t, owner, f)
		byOwner[owner.String()]++
	}
	byOwner[""] = len(fs)
	for owner, want := range byOwner {
		seen := map[string]bool{}
		page := &query.PageRequest{Limit: 1}
		for {
			res, err := s.qry.Circuits(s.Ctx, &types.QueryCircuitsRequest{Owner: owner, Pagination: page})
			require.NoError(t, err)
			require.Len(t, res.Circuits, 1)
			c := res.Circuits[0]
			require.False(t, seen[c.Id])
			seen[c.Id] = true
			require.Contains(t, []string{c.Owner, ""}, owner)
			if len(res.Pagination.NextKey) == 0 {
				break
			}
			page = &query.PageRequest{Limit: 1, Key: res.Pagination.NextKey}
		}
		require.Len(t, seen, want, "owner %q", owner)
	}
	res, err := s.qry.Circuits(s.Ctx, &types.QueryCircuitsRequest{Owner: s.Authority})
	require.NoError(t, err)
	require.Empty(t, res.Circuits)
}

func TestQueryVerifiers(t *testing.T) {
	s := setup(t)
	_, err := s.msg.AddVerifier(s.Ctx, addPico(t, s.Authority))
	require.NoError(t, err)
	for _, page := range []*query.PageRequest{nil, {}, {Limit: keeper.MaxPage + 1}, {Limit: 2}} {
		res, err := s.qry.Verifiers(s.Ctx, &types.QueryVerifiersRequest{Pagination: page})
		require.NoError(t, err)
		require.Len(t, res.Verifiers, 2)
		require.Equal(t, "pico/next", res.Verifiers[0].Id)
		require.Equal(t, types.PicoV122, res.Verifiers[1].Id)
	}
}

func TestBadQueries(t *testing.T) {
	s := setup(t)
	code := func(_ any, err error) codes.Code { return status.Code(err) }
	require.Equal(t, codes.NotFound, code(s.qry.Verifier(s.Ctx, &types.QueryVerifierRequest{Id: "nobody"})))
	require.Equal(t, codes.InvalidArgument, code(s.qry.Verifier(s.Ctx, nil)))
	require.Equal(t, codes.InvalidArgument, code(s.qry.Verifier(s.Ctx, &types.QueryVerifierRequest{Id: string(make([]byte, 1000))})))
	require.Equal(t, codes.InvalidArgument, code(s.qry.Verifiers(s.Ctx, nil)))
	require.Equal(t, codes.InvalidArgument, code(s.qry.Verifiers(s.Ctx, &types.QueryVerifiersRequest{Pagination: &query.PageRequest{Offset: 1, Key: []byte{1}}})))
	require.Equal(t, codes.InvalidArgument, code(s.qry.Circuit(s.Ctx, nil)))
	require.Equal(t, codes.InvalidArgument, code(s.qry.Circuit(s.Ctx, &types.QueryCircuitRequest{Id: "0x12"})))
	require.Equal(t, codes.NotFound, code(s.qry.Circuit(s.Ctx, &types.QueryCircuitRequest{Id: zeros})))
	require.Equal(t, codes.InvalidArgument, code(s.qry.Circuits(s.Ctx, nil)))
	require.Equal(t, codes.InvalidArgument, code(s.qry.Circuits(s.Ctx, &types.QueryCircuitsRequest{Owner: "x"})))
	_, err := s.msg.WithdrawCircuit(s.Ctx, &types.MsgWithdrawCircuit{Owner: alice.String(), CircuitId: "x"})
	require.ErrorIs(t, err, types.ErrInvalidStatement)
}

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"
