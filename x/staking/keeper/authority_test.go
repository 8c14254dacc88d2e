package keeper_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// judgements are the authority's messages on one prover, with the error that each
// gives for one that is active, and so in the wrong state for some.
func (f *fixture) judgements() map[string]struct {
	send   func(ctx context.Context, authority, prover string) error
	active error
} {
	type judgement = struct {
		send   func(ctx context.Context, authority, prover string) error
		active error
	}
	return map[string]judgement{
		"jail": {func(ctx context.Context, authority, prover string) error {
			_, err := f.msg.Jail(ctx, &types.MsgJail{Authority: authority, Prover: prover})
			return err
		}, nil},
		"unjail": {func(ctx context.Context, authority, prover string) error {
			_, err := f.msg.Unjail(ctx, &types.MsgUnjail{Authority: authority, Prover: prover})
			return err
		}, types.ErrNothingToLift},
		"deactivate": {func(ctx context.Context, authority, prover string) error {
			_, err := f.msg.DeactivateProver(ctx, &types.MsgDeactivateProver{Authority: authority, Prover: prover})
			return err
		}, nil},
		"lift": {func(ctx context.Context, authority, prover string) error {
			_, err := f.msg.LiftDeactivation(ctx, &types.MsgLiftDeactivation{Authority: authority, Prover: prover})
			return err
		}, types.ErrNothingToLift},
		"slash": {func(ctx context.Context, authority, prover string) error {
			_, err := f.msg.SlashProver(ctx, &types.MsgSlashProver{
				Authority: authority, Prover: prover, Amount: math.OneInt(), Reason: "fraud",
			})
			return err
		}, nil},
	}
}

// Bad inputs of every message of the authority: who signs is looked at first,
// then the address, then the state.
func TestJudgementsRefused(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 2000*proof, 0)
	stranger := f.account(t, "stranger", 1)
	for name, j := range f.judgements() {
		for _, c := range []struct {
			name, authority, prover string
			err                     error
		}{
			{"no authority", "", alice.String(), types.ErrUnauthorized},
			{"the prover itself", alice.String(), alice.String(), types.ErrUnauthorized},
			{"no prover", f.authority, "", types.ErrInvalidAddress},
			{"not an address", f.authority, "proof1xyz", types.ErrInvalidAddress},
			{"not a prover", f.authority, stranger.String(), types.ErrProverNotFound},
			{"active", f.authority, alice.String(), j.active},
		} {
			send := func(ctx context.Context) error { return j.send(ctx, c.authority, c.prover) }
			if c.err != nil {
				f.requireRefused(t, name+"/"+c.name, c.err, send)
				continue
			}
			branch := *f
			branch.ctx, _ = f.ctx.CacheContext()
			before := f.standing(t, alice).Faults
			require.NoError(t, branch.tx(send), name)
			require.Equal(t, before+1, branch.standing(t, alice).Faults, "%s is a fault", name)
			branch.requireSound(t)
		}
	}
	require.NoError(t, f.jail(alice))
	require.NoError(t, f.condemn(alice))
	for _, name := range []string{"jail", "deactivate"} {
		f.requireRefused(t, name+"/already so", types.ErrAlreadyInState, func(ctx context.Context) error {
			return f.judgements()[name].send(ctx, f.authority, alice.String())
		})
	}
	bad := types.DefaultParams()
	bad.CommissionNotice = types.MaxCommissionNotice + 1
	for name, c := range map[string]struct {
		msg types.MsgUpdateParams
		err error
	}{
		"no authority":      {types.MsgUpdateParams{Params: types.DefaultParams()}, types.ErrUnauthorized},
		"not the authority": {types.MsgUpdateParams{Authority: alice.String(), Params: types.DefaultParams()}, types.ErrUnauthorized},
		"no params":         {types.MsgUpdateParams{Authority: f.authority}, types.ErrInvalidParams},
		"out of range":      {types.MsgUpdateParams{Authority: f.authority, Params: bad}, types.ErrInvalidParams},
	} {
		f.requireRefused(t, "params/"+name, c.err, func(ctx context.Context) error {
			_, err := f.msg.UpdateParams(ctx, &c.msg)
			return err
		})
	}
}

// Reference defect 2, for the rates: a prover whose breaker tripped while it
// worked, or that was jailed, is paid for what it delivered at the rate of the
// source, and it may not sell that rate up meanwhile.
func TestDefect02RateOfASourceInAnyState(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 2000*proof, 1000)
	_, err := f.setCommission(alice, "market", 100)
	require.NoError(t, err)
	require.NoError(t, f.setBreaker(alice, 0, 1))
	for _, bring := range []struct {
		state types.ProverState
		to    func(sdk.AccAddress) error
	}{
		{types.PROVER_STATE_ACTIVE, func(sdk.AccAddress) error { return nil }},
		{types.PROVER_STATE_DEACTIVATED, func(p sdk.AccAddress) error { _, err := f.slashBy(f.authority, p, 2); return err }},
		{types.PROVER_STATE_JAILED, f.jail},
		{types.PROVER_STATE_DEACTIVATED, f.unjail},
		{types.PROVER_STATE_RETIRED, f.retire},
	} {
		require.NoError(t, bring.to(alice))
		require.Equal(t, bring.state, f.standing(t, alice).State)
		require.EqualValues(t, 100, f.charged(t, alice, "market"), bring.state)
		require.EqualValues(t, 1000, f.charged(t, alice, "other"), bring.state)
		_, _ = f.setCommission(alice, "market", 10_000)
		require.EqualValues(t, 100, f.charged(t, alice, "market"), bring.state)
	}
	f.requireSound(t)
}
