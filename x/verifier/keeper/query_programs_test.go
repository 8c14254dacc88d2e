package keeper_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/verifier/keeper"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

func TestQueryProgramsByPageAndFilter(t *testing.T) {
	s := setup(t)
	for n := range byte(4) {
		s.publish(t, alice, program(n), info(fmt.Sprintf("n%d", n)))
	}
	s.publish(t, bob, program(1), info("bobs"))
	for name, tc := range map[string]struct {
		req  types.QueryProgramsRequest
		want []string
	}{
		"all":        {types.QueryProgramsRequest{}, []string{"n0", "n1", "n2", "n3", "bobs"}},
		"alice's":    {types.QueryProgramsRequest{Publisher: alice.String()}, []string{"n0", "n1", "n2", "n3"}},
		"bob's":      {types.QueryProgramsRequest{Publisher: bob.String()}, []string{"bobs"}},
		"nobody's":   {types.QueryProgramsRequest{Publisher: s.Authority}, nil},
		"of one":     {types.QueryProgramsRequest{Program: program(1)}, []string{"n1", "bobs"}},
		"of another": {types.QueryProgramsRequest{Program: program(3)}, []string{"n3"}},
		"of none":    {types.QueryProgramsRequest{Program: program(9)}, nil},
	} {
		var got []string
		page := &query.PageRequest{Limit: 1}
		for range 10 {
			tc.req.Pagination = page
			res, err := s.qry.Programs(s.Ctx, &tc.req)
			require.NoError(t, err, name)
			require.LessOrEqual(t, len(res.Programs), 1)
			for _, p := range res.Programs {
				got = append(got, p.Info.Name)
			}
			if len(res.Pagination.NextKey) == 0 {
				break
			}
			page = &query.PageRequest{Limit: 1, Key: res.Pagination.NextKey}
		}
		require.Equal(t, tc.want, got, name)
	}
}

// A page never has more than MaxPage records, whatever is asked for.
func TestQueryProgramsIsBounded(t *testing.T) {
	s := setup(t)
	for n := range byte(keeper.MaxPage + 1) {
		s.publish(t, alice, program(n), info(fmt.Sprintf("n%d", n)))
		other := sdk.AccAddress(fmt.Sprintf("publisher %010d", n))
		s.Fund(t, other, types.DefaultProgramDeposit)
		s.publish(t, other, program(0), info("zero"))
	}
	for _, page := range []*query.PageRequest{nil, {}, {Limit: keeper.MaxPage}, {Limit: keeper.MaxPage + 1}, {Limit: 1 << 63}} {
		for _, req := range []types.QueryProgramsRequest{{}, {Publisher: alice.String()}, {Program: program(0)}} {
			req.Pagination = page
			res, err := s.qry.Programs(s.Ctx, &req)
			require.NoError(t, err)
			require.Len(t, res.Programs, keeper.MaxPage)
			require.NotEmpty(t, res.Pagination.NextKey)
		}
	}
}

func TestBadProgramQueries(t *testing.T) {
	s := setup(t)
	code := func(_ any, err error) codes.Code { return status.Code(err) }
	me := alice.String()
	require.Equal(t, codes.InvalidArgument, code(s.qry.Programs(s.Ctx, nil)))
	require.Equal(t, codes.InvalidArgument, code(s.qry.Programs(s.Ctx, &types.QueryProgramsRequest{Publisher: me, Program: program(1)})))
	require.Equal(t, codes.InvalidArgument, code(s.qry.Programs(s.Ctx, &types.QueryProgramsRequest{Publisher: "x"})))
	require.Equal(t, codes.InvalidArgument, code(s.qry.Programs(s.Ctx, &types.QueryProgramsRequest{Program: "x"})))
	require.Equal(t, codes.InvalidArgument, code(s.qry.Programs(s.Ctx, &types.QueryProgramsRequest{Pagination: &query.PageRequest{Offset: 1, Key: []byte{1}}})))
	require.Equal(t, codes.InvalidArgument, code(s.qry.Program(s.Ctx, nil)))
	require.Equal(t, codes.InvalidArgument, code(s.qry.Program(s.Ctx, &types.QueryProgramRequest{Publisher: me, Program: "x"})))
	require.Equal(t, codes.InvalidArgument, code(s.qry.Program(s.Ctx, &types.QueryProgramRequest{Publisher: "x", Program: program(1)})))
	require.Equal(t, codes.NotFound, code(s.qry.Program(s.Ctx, &types.QueryProgramRequest{Publisher: me, Program: program(1)})))
	require.Equal(t, codes.InvalidArgument, code(s.qry.ProgramByName(s.Ctx, nil)))
	require.Equal(t, codes.InvalidArgument, code(s.qry.ProgramByName(s.Ctx, &types.QueryProgramByNameRequest{Publisher: me, Name: "A"})))
	require.Equal(t, codes.InvalidArgument, code(s.qry.ProgramByName(s.Ctx, &types.QueryProgramByNameRequest{Publisher: "x", Name: "a"})))
	require.Equal(t, codes.NotFound, code(s.qry.ProgramByName(s.Ctx, &types.QueryProgramByNameRequest{Publisher: me, Name: "a"})))
}
