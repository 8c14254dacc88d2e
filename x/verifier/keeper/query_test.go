package keeper_test

import (
	"slices"
	"strings"
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
	want, err := types.DefaultVerifiers()
	require.NoError(t, err)
	m := addPico(t, s.Authority)
	_, err = s.msg.AddVerifier(s.Ctx, m)
	require.NoError(t, err)
	want = append(want, types.Verifier{
		Id: m.Id, Family: m.Family, Curve: m.Curve, Key: m.Key, Status: types.VERIFIER_STATUS_ACTIVE, AddedHeight: s.Ctx.BlockHeight(),
	})
	slices.SortFunc(want, func(a, b types.Verifier) int { return strings.Compare(a.Id, b.Id) })
	for _, page := range []*query.PageRequest{nil, {}, {Limit: keeper.MaxPage + 1}, {Limit: uint64(len(want))}} {
		res, err := s.qry.Verifiers(s.Ctx, &types.QueryVerifiersRequest{Pagination: page})
		require.NoError(t, err)
		require.Equal(t, want, res.Verifiers, "keys included")
	}
}

// Answers show the status with all that restricts it; genesis only a verifier's own.
func TestQueriesShowTheEffectiveStatus(t *testing.T) {
	s := setup(t)
	f := groth16test.All(t)[1]
	id := s.register(t, alice, f)
	shown := func() [3]types.VerifierStatus {
		one, err := s.qry.Verifier(s.Ctx, &types.QueryVerifierRequest{Id: types.PicoV122})
		require.NoError(t, err)
		list, err := s.qry.Verifiers(s.Ctx, &types.QueryVerifiersRequest{})
		require.NoError(t, err)
		i := slices.IndexFunc(list.Verifiers, func(v types.Verifier) bool { return v.Id == types.PicoV122 })
		require.Equal(t, one.Verifier, list.Verifiers[i])
		circuit, err := s.qry.Circuit(s.Ctx, &types.QueryCircuitRequest{Id: id})
		require.NoError(t, err)
		return [3]types.VerifierStatus{one.Verifier.Status, list.Verifiers[i].Status, circuit.Status}
	}
	const active, suspended, revoked = types.VERIFIER_STATUS_ACTIVE, types.VERIFIER_STATUS_SUSPENDED, types.VERIFIER_STATUS_REVOKED
	require.Equal(t, [3]types.VerifierStatus{active, active, active}, shown())
	require.NoError(t, s.order("suspend", types.VerifierTarget(types.PicoV122)))
	require.Equal(t, [3]types.VerifierStatus{suspended, suspended, active}, shown())
	require.NoError(t, s.order("resume", types.VerifierTarget(types.PicoV122)))
	require.NoError(t, s.order("suspend", types.FamilyTarget("pico")))
	require.NoError(t, s.order("suspend", types.FamilyTarget("groth16")))
	require.Equal(t, [3]types.VerifierStatus{suspended, suspended, suspended}, shown())
	require.NoError(t, s.order("revoke", types.FamilyTarget("pico")))
	require.NoError(t, s.order("revoke", types.CircuitTarget(id)))
	require.Equal(t, [3]types.VerifierStatus{revoked, revoked, revoked}, shown())

	g, err := s.k.ExportGenesis(s.Ctx)
	require.NoError(t, err)
	i := slices.IndexFunc(g.Verifiers, func(v types.Verifier) bool { return v.Id == types.PicoV122 })
	require.Equal(t, active, g.Verifiers[i].Status)
}

func TestQueryRestrictions(t *testing.T) {
	s := setup(t)
	id := s.register(t, alice, groth16test.All(t)[0])
	targets := []types.Target{ // in the order of state
		types.VerifierTarget(types.PicoV122), types.CircuitTarget(id), types.FamilyTarget("groth16"), types.FamilyTarget("pico"),
	}
	for i := range targets {
		require.NoError(t, s.order("suspend", targets[len(targets)-1-i]))
	}
	for kind, want := range map[types.TargetKind][]types.Target{
		types.TARGET_KIND_UNSPECIFIED: targets,
		types.TARGET_KIND_VERIFIER:    targets[:1],
		types.TARGET_KIND_CIRCUIT:     targets[1:2],
		types.TARGET_KIND_FAMILY:      targets[2:],
	} {
		var got []types.Target
		page := &query.PageRequest{Limit: 1}
		for page != nil {
			res, err := s.qry.Restrictions(s.Ctx, &types.QueryRestrictionsRequest{Kind: kind, Pagination: page})
			require.NoError(t, err)
			require.Len(t, res.Restrictions, 1)
			require.True(t, res.Restrictions[0].Suspended())
			got = append(got, res.Restrictions[0].Target)
			if page = nil; len(res.Pagination.NextKey) > 0 {
				page = &query.PageRequest{Limit: 1, Key: res.Pagination.NextKey}
			}
		}
		require.Equal(t, want, got, "%s", kind)
	}
	for _, req := range []*types.QueryRestrictionsRequest{nil, {Kind: 4}, {Kind: -1}, {Pagination: &query.PageRequest{Offset: 1, Key: []byte{1}}}} {
		_, err := s.qry.Restrictions(s.Ctx, req)
		require.Equal(t, codes.InvalidArgument, status.Code(err), "%v", req)
	}
}

// No query reads more than a page and what it skips.
func TestPagesAreBounded(t *testing.T) {
	s := setup(t)
	for name, ask := range map[string]func(p *query.PageRequest) error{
		"verifiers": func(p *query.PageRequest) error {
			_, err := s.qry.Verifiers(s.Ctx, &types.QueryVerifiersRequest{Pagination: p})
			return err
		},
		"circuits": func(p *query.PageRequest) error {
			_, err := s.qry.Circuits(s.Ctx, &types.QueryCircuitsRequest{Pagination: p})
			return err
		},
		"circuits of owner": func(p *query.PageRequest) error {
			_, err := s.qry.Circuits(s.Ctx, &types.QueryCircuitsRequest{Owner: alice.String(), Pagination: p})
			return err
		},
		"restrictions": func(p *query.PageRequest) error {
			_, err := s.qry.Restrictions(s.Ctx, &types.QueryRestrictionsRequest{Pagination: p})
			return err
		},
		"programs": func(p *query.PageRequest) error {
			_, err := s.qry.Programs(s.Ctx, &types.QueryProgramsRequest{Pagination: p})
			return err
		},
	} {
		require.NoError(t, ask(nil), name)
		require.NoError(t, ask(&query.PageRequest{Offset: keeper.MaxPageOffset}), name)
		require.Equal(t, codes.InvalidArgument, status.Code(ask(&query.PageRequest{Offset: keeper.MaxPageOffset + 1})), name)
		require.Equal(t, codes.InvalidArgument, status.Code(ask(&query.PageRequest{CountTotal: true})), name)
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
