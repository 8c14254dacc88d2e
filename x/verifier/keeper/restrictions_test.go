package keeper_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/x/verifier/keeper"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// order sends the message of that name as the authority.
func (s *suite) order(name string, target types.Target) (err error) {
	switch name {
	case "suspend":
		_, err = s.msg.Suspend(s.Ctx, &types.MsgSuspend{Signer: s.Authority, Target: target, Reason: "a test"})
	case "resume":
		_, err = s.msg.Resume(s.Ctx, &types.MsgResume{Authority: s.Authority, Target: target})
	case "revoke":
		_, err = s.msg.Revoke(s.Ctx, &types.MsgRevoke{Authority: s.Authority, Target: target})
	case "deprecate":
		_, err = s.msg.Deprecate(s.Ctx, &types.MsgDeprecate{Authority: s.Authority, Id: target.Id})
	default:
		panic(name)
	}
	return err
}

// after lets time pass.
func (s *suite) after(d time.Duration) {
	s.Ctx = s.Ctx.WithBlockTime(s.Ctx.BlockTime().Add(d))
}

// orders are sequences of messages, the error of the last one and what status
// the target has then; those before succeed.
var orders = []struct {
	names  string
	err    error
	status types.VerifierStatus
}{
	{"", nil, types.VERIFIER_STATUS_ACTIVE},
	{"suspend", nil, types.VERIFIER_STATUS_SUSPENDED},
	{"suspend suspend", types.ErrInvalidStatus, types.VERIFIER_STATUS_SUSPENDED},
	{"resume", types.ErrInvalidStatus, types.VERIFIER_STATUS_ACTIVE},
	{"suspend resume", nil, types.VERIFIER_STATUS_ACTIVE},
	{"suspend resume resume", types.ErrInvalidStatus, types.VERIFIER_STATUS_ACTIVE},
	{"suspend resume suspend", nil, types.VERIFIER_STATUS_SUSPENDED},
	{"revoke", nil, types.VERIFIER_STATUS_REVOKED},
	{"revoke suspend", types.ErrRevoked, types.VERIFIER_STATUS_REVOKED},
	{"revoke resume", types.ErrRevoked, types.VERIFIER_STATUS_REVOKED},
	{"revoke revoke", types.ErrRevoked, types.VERIFIER_STATUS_REVOKED},
	{"suspend revoke", nil, types.VERIFIER_STATUS_REVOKED},
	{"suspend revoke resume", types.ErrRevoked, types.VERIFIER_STATUS_REVOKED},
	// Of a verifier only.
	{"deprecate", nil, types.VERIFIER_STATUS_DEPRECATED},
	{"deprecate deprecate", types.ErrInvalidStatus, types.VERIFIER_STATUS_DEPRECATED},
	{"deprecate resume", nil, types.VERIFIER_STATUS_ACTIVE},
	{"deprecate resume resume", types.ErrInvalidStatus, types.VERIFIER_STATUS_ACTIVE},
	{"deprecate suspend", nil, types.VERIFIER_STATUS_SUSPENDED},
	{"deprecate suspend resume", nil, types.VERIFIER_STATUS_DEPRECATED},
	{"suspend deprecate", nil, types.VERIFIER_STATUS_SUSPENDED},
	{"suspend deprecate resume", nil, types.VERIFIER_STATUS_DEPRECATED},
	{"suspend deprecate resume resume", nil, types.VERIFIER_STATUS_ACTIVE},
	{"deprecate revoke", nil, types.VERIFIER_STATUS_REVOKED},
	{"revoke deprecate", types.ErrRevoked, types.VERIFIER_STATUS_REVOKED},
	{"deprecate suspend revoke", nil, types.VERIFIER_STATUS_REVOKED},
}

// law V1: what each message does in each status, what each status allows, and
// that each change is told.
func TestStatusesAndOrders(t *testing.T) {
	s := setup(t)
	f := groth16test.All(t)[1]
	s.register(t, alice, f)
	pico, picoBz := picoProof(t)
	circuit := statement(f)
	start := s.Ctx
	for _, on := range []struct {
		target     types.Target
		st         types.Statement
		values, bz []byte
	}{
		{types.VerifierTarget(pico.Verifier), pico, nil, picoBz},
		{types.FamilyTarget("pico"), pico, nil, picoBz},
		{types.CircuitTarget(circuit.Program), circuit, f.PublicValues(), f.RawProof},
		{types.FamilyTarget("groth16"), circuit, f.PublicValues(), f.RawProof},
	} {
		for _, tc := range orders {
			if strings.Contains(tc.names, "deprecate") && on.target.Kind != types.TARGET_KIND_VERIFIER {
				continue
			}
			s.Ctx, _ = start.CacheContext()
			name := on.target.Describe() + ": " + tc.names
			was := types.VERIFIER_STATUS_ACTIVE
			names := strings.Fields(tc.names)
			for i, order := range names {
				s.after(time.Minute)
				s.Ctx = s.Ctx.WithEventManager(sdk.NewEventManager())
				err := s.order(order, on.target)
				if i == len(names)-1 && tc.err != nil {
					require.ErrorIs(t, err, tc.err, name)
					require.Empty(t, s.Ctx.EventManager().Events(), name)
					break
				}
				require.NoError(t, err, name)
				was = requireStatusChanged(t, s, order, on.target, was)
			}
			require.Equal(t, tc.status, was, name)
			standing, err := s.k.Standing(s.Ctx, on.st)
			require.NoError(t, err)
			require.Equal(t, tc.status, standing.Status, name)
			require.Len(t, standing.Suspensions, strings.Count(tc.names, "suspend")-suspendsThatFail(tc.names, tc.err), name)
			checked, verified := s.k.CheckStatement(s.Ctx, on.st), s.k.Verify(s.Ctx, on.st, on.values, on.bz)
			for _, err := range []error{checked, verified} {
				if err != nil {
					require.Contains(t, err.Error(), on.target.Describe()+" is "+tc.status.Name(), "the cause is named")
				}
			}
			switch tc.status {
			case types.VERIFIER_STATUS_ACTIVE:
				require.NoError(t, checked, name)
				require.NoError(t, verified, name)
			case types.VERIFIER_STATUS_DEPRECATED:
				require.ErrorIs(t, checked, types.ErrVerifierNotActive, name)
				require.NoError(t, verified, name)
			default:
				require.ErrorIs(t, checked, types.ErrVerifierNotActive, name)
				require.ErrorIs(t, verified, types.ErrVerifierDisabled, name)
			}
			require.NoError(t, s.k.CheckInvariants(s.Ctx), name)
		}
	}
}

// suspendsThatFail is 1 if the sequence ends in a suspension that is refused.
func suspendsThatFail(names string, err error) int {
	if err != nil && strings.HasSuffix(names, "suspend") {
		return 1
	}
	return 0
}

// requireStatusChanged requires exactly one event, of a change from that status,
// and returns the new one.
func requireStatusChanged(t *testing.T, s *suite, order string, target types.Target, was types.VerifierStatus) types.VerifierStatus {
	t.Helper()
	events := s.Ctx.EventManager().Events()
	require.Len(t, events, 1)
	msg, err := sdk.ParseTypedEvent(events.ToABCIEvents()[0])
	require.NoError(t, err)
	event, ok := msg.(*types.EventStatusChanged)
	require.True(t, ok)
	want := &types.EventStatusChanged{Target: target, OldStatus: was, NewStatus: event.NewStatus, By: s.Authority}
	if order == "suspend" {
		want.Reason = "a test"
	}
	require.Equal(t, want, event)
	return event.NewStatus
}

// law V1: the guardian suspends and does nothing else; nobody else does.
func TestGuardian(t *testing.T) {
	s := setup(t)
	target := types.VerifierTarget(types.PicoV122)
	suspend := func(signer string) error {
		_, err := s.msg.Suspend(s.Ctx, &types.MsgSuspend{Signer: signer, Target: target, Reason: "forged"})
		return err
	}
	guard := func(guardian string) {
		params := types.DefaultParams()
		params.Guardian = guardian
		_, err := s.msg.UpdateParams(s.Ctx, &types.MsgUpdateParams{Authority: s.Authority, Params: params})
		require.NoError(t, err)
	}
	require.ErrorIs(t, suspend(alice.String()), sdkerrors.ErrUnauthorized, "there is no guardian")
	require.ErrorIs(t, suspend(""), sdkerrors.ErrInvalidAddress)
	guard(alice.String())
	require.ErrorIs(t, suspend(bob.String()), sdkerrors.ErrUnauthorized)
	require.ErrorIs(t, suspend(""), sdkerrors.ErrInvalidAddress)
	require.NoError(t, suspend(strings.ToUpper(alice.String())), "the same address")
	res, err := s.qry.Restrictions(s.Ctx, &types.QueryRestrictionsRequest{})
	require.NoError(t, err)
	require.Equal(t, []types.Restriction{{
		Target:      target,
		Suspensions: []types.Suspension{{Began: s.Ctx.BlockTime(), By: alice.String(), Reason: "forged"}},
	}}, res.Restrictions)

	me := alice.String()
	for name, f := range map[string]func() error{
		"resume": func() error {
			_, err := s.msg.Resume(s.Ctx, &types.MsgResume{Authority: me, Target: target})
			return err
		},
		"revoke": func() error {
			_, err := s.msg.Revoke(s.Ctx, &types.MsgRevoke{Authority: me, Target: target})
			return err
		},
		"deprecate": func() error {
			_, err := s.msg.Deprecate(s.Ctx, &types.MsgDeprecate{Authority: me, Id: target.Id})
			return err
		},
		"add": func() error {
			_, err := s.msg.AddVerifier(s.Ctx, addPico(t, me))
			return err
		},
	} {
		require.ErrorIs(t, f(), sdkerrors.ErrUnauthorized, name)
	}
	require.NoError(t, s.order("resume", target))
	guard(bob.String())
	require.ErrorIs(t, suspend(alice.String()), sdkerrors.ErrUnauthorized, "not any more")
	require.NoError(t, suspend(bob.String()))
}

func TestOrdersRefuse(t *testing.T) {
	s := setup(t)
	circuit := statement(groth16test.All(t)[0]).Program
	for name, tc := range map[string]struct {
		target types.Target
		err    error
	}{
		"unknown verifier":       {types.VerifierTarget("pico/v9"), types.ErrVerifierNotFound},
		"the reserved id":        {types.VerifierTarget(types.CircuitVerifier), types.ErrInvalidTarget},
		"no verifier":            {types.VerifierTarget(""), types.ErrInvalidTarget},
		"unknown circuit":        {types.CircuitTarget(circuit), types.ErrCircuitNotFound},
		"short circuit id":       {types.CircuitTarget(circuit[2:]), types.ErrInvalidTarget},
		"circuit id in capitals": {types.CircuitTarget(strings.Repeat("A", 64)), types.ErrInvalidTarget},
		"unknown family":         {types.FamilyTarget("stark"), types.ErrUnknownFamily},
		"no kind":                {types.Target{Id: types.PicoV122}, types.ErrInvalidTarget},
		"unknown kind":           {types.Target{Kind: 4, Id: types.PicoV122}, types.ErrInvalidTarget},
	} {
		for _, order := range []string{"suspend", "resume", "revoke"} {
			require.ErrorIs(t, s.order(order, tc.target), tc.err, "%s %s", order, name)
		}
		if tc.target.Kind == types.TARGET_KIND_VERIFIER {
			require.ErrorIs(t, s.order("deprecate", tc.target), tc.err, name)
		}
	}
	suspend := func(reason string) error {
		ctx, _ := s.Ctx.CacheContext()
		_, err := s.msg.Suspend(ctx, &types.MsgSuspend{Signer: s.Authority, Target: types.FamilyTarget("pico"), Reason: reason})
		return err
	}
	require.NoError(t, suspend(""))
	require.NoError(t, suspend(strings.Repeat("x", types.MaxReasonSize)))
	require.ErrorIs(t, suspend(strings.Repeat("x", types.MaxReasonSize+1)), types.ErrInvalidReason)
	require.ErrorIs(t, suspend("\xff"), types.ErrInvalidReason)
	res, err := s.qry.Restrictions(s.Ctx, &types.QueryRestrictionsRequest{})
	require.NoError(t, err)
	require.Empty(t, res.Restrictions)
}

// law V1: what is laid on a circuit outlives its withdrawal, so that nobody
// sheds a suspension by registering the same key again.
func TestRestrictionOutlivesTheCircuit(t *testing.T) {
	s := setup(t)
	f := groth16test.All(t)[1]
	st := statement(f)
	target := types.CircuitTarget(st.Program)
	withdraw := func() {
		_, err := s.msg.WithdrawCircuit(s.Ctx, &types.MsgWithdrawCircuit{Owner: alice.String(), CircuitId: st.Program})
		require.NoError(t, err)
		require.NoError(t, s.k.CheckInvariants(s.Ctx))
	}
	status := func() types.VerifierStatus {
		standing, err := s.k.Standing(s.Ctx, st)
		require.NoError(t, err)
		return standing.Status
	}
	register := func() error {
		_, err := s.msg.RegisterCircuit(s.Ctx, &types.MsgRegisterCircuit{Owner: alice.String(), Family: "groth16", Curve: "bn254", Key: f.Raw})
		return err
	}
	require.NoError(t, register())
	require.NoError(t, s.order("suspend", target))
	withdraw()
	require.Equal(t, types.VERIFIER_STATUS_SUSPENDED, status())
	require.NoError(t, register())
	require.Equal(t, types.VERIFIER_STATUS_SUSPENDED, status())
	require.ErrorIs(t, s.k.Verify(s.Ctx, st, f.PublicValues(), f.RawProof), types.ErrVerifierDisabled)
	withdraw()
	require.NoError(t, s.order("resume", target), "it is there while something is laid on it")
	require.NoError(t, register())
	require.Equal(t, types.VERIFIER_STATUS_ACTIVE, status())
	require.NoError(t, s.k.Verify(s.Ctx, st, f.PublicValues(), f.RawProof))
	withdraw()
	require.NoError(t, s.order("suspend", target), "and once something was")
	require.NoError(t, s.order("revoke", target))
	before := s.Balance(alice)
	require.ErrorIs(t, register(), types.ErrRevoked)
	require.Equal(t, before, s.Balance(alice))
	require.Equal(t, types.VERIFIER_STATUS_REVOKED, status())
}

// law V1: a suspended family may still grow, a revoked one may not.
func TestAddToRestrictedFamily(t *testing.T) {
	s := setup(t)
	f := groth16test.All(t)[0]
	circuit := &types.MsgRegisterCircuit{Owner: alice.String(), Family: "groth16", Curve: "bn254", Key: f.Raw}
	for _, family := range []string{"pico", "groth16"} {
		require.NoError(t, s.order("suspend", types.FamilyTarget(family)))
	}
	ctx, _ := s.Ctx.CacheContext()
	_, err := s.msg.AddVerifier(ctx, addPico(t, s.Authority))
	require.NoError(t, err)
	standing, err := s.k.Standing(ctx, types.Statement{Verifier: "pico/next", Program: zeros, Digest: zeros})
	require.NoError(t, err)
	require.Equal(t, types.VERIFIER_STATUS_SUSPENDED, standing.Status)
	_, err = s.msg.RegisterCircuit(ctx, circuit)
	require.NoError(t, err)
	for _, family := range []string{"pico", "groth16"} {
		require.NoError(t, s.order("revoke", types.FamilyTarget(family)))
	}
	_, err = s.msg.AddVerifier(s.Ctx, addPico(t, s.Authority))
	require.ErrorIs(t, err, types.ErrRevoked)
	_, err = s.msg.RegisterCircuit(s.Ctx, circuit)
	require.ErrorIs(t, err, types.ErrRevoked)
}

// The number of revoked targets rises with each revocation, once, and an import counts
// them again.
func TestRevocationsAreCounted(t *testing.T) {
	s := setup(t)
	f := groth16test.All(t)[1]
	circuit := s.register(t, alice, f)
	pico, _ := picoProof(t)
	count := func(k *keeper.Keeper) uint64 {
		n, err := k.Revocations(s.Ctx)
		require.NoError(t, err)
		return n
	}
	for i, target := range []types.Target{types.CircuitTarget(circuit), types.VerifierTarget(pico.Verifier), types.FamilyTarget("pico")} {
		require.Equal(t, uint64(i), count(s.k))
		require.NoError(t, s.order("suspend", target))
		require.NoError(t, s.order("revoke", target))
		require.ErrorIs(t, s.order("revoke", target), types.ErrRevoked)
		require.Equal(t, uint64(i+1), count(s.k))
		require.NoError(t, s.k.CheckInvariants(s.Ctx))
	}
	_, err := s.msg.WithdrawCircuit(s.Ctx, &types.MsgWithdrawCircuit{Owner: alice.String(), CircuitId: circuit})
	require.NoError(t, err)
	require.Equal(t, uint64(3), count(s.k), "it never falls")
	g, err := s.k.ExportGenesis(s.Ctx)
	require.NoError(t, err)
	next := setup(t)
	require.NoError(t, next.k.InitGenesis(next.Ctx, g))
	n, err := next.k.Revocations(next.Ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(3), n)
}
