package keeper_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

func (f *fixture) deactivate(prover sdk.AccAddress) error {
	return f.tx(func(ctx context.Context) error {
		_, err := f.msg.Deactivate(ctx, &types.MsgDeactivate{Prover: prover.String()})
		return err
	})
}

func (f *fixture) condemn(prover sdk.AccAddress) error {
	return f.tx(func(ctx context.Context) error {
		_, err := f.msg.DeactivateProver(ctx, &types.MsgDeactivateProver{Authority: f.authority, Prover: prover.String()})
		return err
	})
}

func (f *fixture) lift(prover sdk.AccAddress) error {
	return f.tx(func(ctx context.Context) error {
		_, err := f.msg.LiftDeactivation(ctx, &types.MsgLiftDeactivation{Authority: f.authority, Prover: prover.String()})
		return err
	})
}

// Law S1, step by step: causes add up, only the authority lifts its own, a jail
// outranks them, and the state is what they leave.
func TestStates(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 3000*proof, 0)
	state := func() types.ProverState { return f.standing(t, alice).State }
	require.ErrorIs(t, f.reactivate(alice), types.ErrNothingToLift)
	require.ErrorIs(t, f.unjail(alice), types.ErrNothingToLift)
	require.ErrorIs(t, f.lift(alice), types.ErrNothingToLift)

	require.NoError(t, f.deactivate(alice))
	require.ErrorIs(t, f.deactivate(alice), types.ErrAlreadyInState)
	require.Equal(t, types.PROVER_STATE_DEACTIVATED, state())
	require.NoError(t, f.condemn(alice))
	require.ErrorIs(t, f.condemn(alice), types.ErrAlreadyInState)
	require.NoError(t, f.reactivate(alice), "lifts its own wish")
	require.Equal(t, types.PROVER_STATE_DEACTIVATED, state(), "the authority's cause stands")
	require.ErrorIs(t, f.reactivate(alice), types.ErrNothingToLift)

	require.NoError(t, f.jail(alice))
	require.ErrorIs(t, f.jail(alice), types.ErrAlreadyInState)
	require.Equal(t, types.PROVER_STATE_JAILED, state())
	require.ErrorIs(t, f.retire(alice), types.ErrProverJailed)
	require.NoError(t, f.unjail(alice))
	require.Equal(t, types.PROVER_STATE_DEACTIVATED, state(), "the remaining causes decide")
	require.NoError(t, f.lift(alice))
	require.Equal(t, types.PROVER_STATE_ACTIVE, state())
	require.EqualValues(t, 2, f.standing(t, alice).Faults, "a jail and a deactivation by the authority")

	// Self-stake under the minimum after a slash; topped up, it reactivates.
	f.slash(t, alice, 2500*proof)
	require.Equal(t, types.PROVER_STATE_DEACTIVATED, state())
	require.ErrorIs(t, f.reactivate(alice), types.ErrSelfStakeTooLow)
	f.fund(t, alice, 600*proof)
	require.NoError(t, f.stake(alice, alice, 600*proof))
	require.NoError(t, f.reactivate(alice))
	require.Equal(t, types.PROVER_STATE_ACTIVE, state())
	require.EqualValues(t, 2, f.standing(t, alice).Faults, "a slash by the market is none")
	f.requireSound(t)
}

func TestOnlyTheAuthorityJudges(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	for name, send := range map[string]func(context.Context) error{
		"jail": func(ctx context.Context) error {
			_, err := f.msg.Jail(ctx, &types.MsgJail{Authority: alice.String(), Prover: alice.String()})
			return err
		},
		"unjail": func(ctx context.Context) error {
			_, err := f.msg.Unjail(ctx, &types.MsgUnjail{Authority: alice.String(), Prover: alice.String()})
			return err
		},
		"deactivate": func(ctx context.Context) error {
			_, err := f.msg.DeactivateProver(ctx, &types.MsgDeactivateProver{Authority: alice.String(), Prover: alice.String()})
			return err
		},
		"lift": func(ctx context.Context) error {
			_, err := f.msg.LiftDeactivation(ctx, &types.MsgLiftDeactivation{Authority: alice.String(), Prover: alice.String()})
			return err
		},
		"params": func(ctx context.Context) error {
			_, err := f.msg.UpdateParams(ctx, &types.MsgUpdateParams{Authority: alice.String(), Params: types.DefaultParams()})
			return err
		},
	} {
		require.ErrorIs(t, f.tx(send), types.ErrUnauthorized, name)
	}
	require.NoError(t, f.tx(func(ctx context.Context) error {
		_, err := f.msg.UpdateParams(ctx, &types.MsgUpdateParams{Authority: f.authority, Params: types.DefaultParams()})
		return err
	}))
	require.ErrorIs(t, f.tx(func(ctx context.Context) error {
		_, err := f.msg.UpdateParams(ctx, &types.MsgUpdateParams{Authority: f.authority})
		return err
	}), types.ErrInvalidParams)
}

// Law S2: only the prover stakes into a vault that is not ACTIVE; nobody into
// that of a retired one.
func TestWhoMayStake(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	bob := f.account(t, "bob", 100*proof)
	f.fund(t, alice, 100*proof)
	both := func(name string, byBob error) {
		if byBob == nil {
			require.NoError(t, f.stake(bob, alice, proof), name)
		} else {
			require.ErrorIs(t, f.stake(bob, alice, proof), byBob, name)
		}
		require.NoError(t, f.stake(alice, alice, proof), name)
	}
	both("active", nil)
	require.NoError(t, f.deactivate(alice))
	both("deactivated", types.ErrProverNotActive)
	require.NoError(t, f.jail(alice))
	both("jailed", types.ErrProverNotActive)
	require.NoError(t, f.unjail(alice))
	require.NoError(t, f.retire(alice))
	require.ErrorIs(t, f.stake(bob, alice, proof), types.ErrProverRetired)
	require.ErrorIs(t, f.stake(alice, alice, proof), types.ErrProverRetired)
	f.requireSound(t)
}

// Law S1: retiring, and the next generation beside the old one.
func TestRetireAndRegisterAgain(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 5000)
	bob := f.account(t, "bob", 500*proof)
	require.NoError(t, f.stake(bob, alice, 500*proof))
	number, err := f.open(alice, proof, proof)
	require.NoError(t, err)
	require.ErrorIs(t, f.retire(alice), types.ErrOpenAssignments)
	require.NoError(t, f.closeWork(alice, number))
	f.reward(t, alice, 100*proof)
	require.NoError(t, f.condemn(alice))
	require.NoError(t, f.retire(alice))
	require.ErrorIs(t, f.retire(alice), types.ErrProverRetired)
	require.ErrorIs(t, f.deactivate(alice), types.ErrProverRetired)
	require.ErrorIs(t, f.reactivate(alice), types.ErrProverRetired)
	_, is, err := f.k.Find(f.ctx, alice)
	require.NoError(t, err)
	require.False(t, is)

	// The authority may keep a retired prover from coming back.
	require.NoError(t, f.jail(alice))
	f.fund(t, alice, 2000*proof)
	require.ErrorIs(t, f.tryRegister(alice, 1000*proof, 0), types.ErrProverJailed)
	require.NoError(t, f.unjail(alice))

	require.NoError(t, f.tryRegister(alice, 2000*proof, 0))
	s := f.standing(t, alice)
	require.EqualValues(t, 2, s.Generation)
	require.EqualValues(t, 2, s.Faults, "faults pass on")
	require.Equal(t, types.PROVER_STATE_DEACTIVATED, s.State, "the authority's cause passes on")
	require.NoError(t, f.lift(alice))
	require.EqualValues(t, 2000*proof, f.standing(t, alice).Assets.Int64(), "vaults are isolated")
	f.requireSound(t)

	// A slash of the new vault does not touch the old one.
	require.EqualValues(t, 2000*proof, f.slash(t, alice, 9000*proof))
	require.EqualValues(t, 1500*proof, f.vault(t, alice, 1).Assets.Int64())
	_, err = f.unstakeFrom(bob, alice, 500*proof, 1)
	require.NoError(t, err)
	_, err = f.unstakeFrom(alice, alice, 1000*proof, 1)
	require.NoError(t, err)
	f.endBlock(t, 8*day)
	f.endBlock(t, 0)
	require.EqualValues(t, 500*proof, f.balance(bob))
	// The reward's other half had not vested when the last share left.
	paid, err := f.claim(alice, 1)
	require.NoError(t, err)
	require.EqualValues(t, 100*proof, paid)
	require.True(t, f.vault(t, alice, 1).Ended)
	require.Nil(t, f.ak.GetAccount(f.ctx, types.VaultAddress(alice, 1)), "law S12: the account goes with the vault")
	f.requireSound(t)
}

// Law S5 and reference defect 6: win, unstake, leave, miss. The delay is shorter
// than the work, and the stake is still there when the work is missed.
func TestDefect06NoExitPastObligations(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.UnstakeDelay = time.Second })
	alice := f.register(t, "alice", 1000*proof, 0)
	first, err := f.open(alice, 1000*proof, 500*proof)
	require.NoError(t, err)
	id, err := f.unstake(alice, alice, 1000*proof)
	require.NoError(t, err)
	f.endBlock(t, 30*day)
	require.ErrorIs(t, f.complete(alice, 1, id), types.ErrUnstakeObligations)
	f.endBlock(t, 30*day)
	require.Equal(t, types.UNSTAKE_STATUS_PARKED, f.unstakes(t, alice)[0].Unstake.Status)
	require.ErrorIs(t, f.complete(alice, 1, id), types.ErrUnstakeObligations)
	f.requireSound(t)

	require.EqualValues(t, 500*proof, f.slash(t, alice, 500*proof), "all of the penalty, out of the pool")
	require.NoError(t, f.closeWork(alice, first))
	require.ErrorIs(t, f.closeWork(alice, first), types.ErrAssignmentUnknown)
	f.requireSound(t)
	f.endBlock(t, 0)
	require.EqualValues(t, 500*proof, f.balance(alice), "the last obligation ended, it completes by itself")
	require.EqualValues(t, 500*proof, f.pool(t), "the treasury has the rest")
	f.requireSound(t)
}

// Law S5: an entry waits for what was open when it was requested, not for later
// work; and for the oldest, whatever the order in which work ends.
func TestObligationsOfAnEntry(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	bob := f.account(t, "bob", 100*proof)
	require.NoError(t, f.stake(bob, alice, 100*proof))
	free, err := f.unstake(bob, alice, 10*proof)
	require.NoError(t, err)
	first, err := f.open(alice, proof, proof)
	require.NoError(t, err)
	second, err := f.open(alice, proof, proof)
	require.NoError(t, err)
	bound, err := f.unstake(bob, alice, 20*proof)
	require.NoError(t, err)
	third, err := f.open(alice, proof, proof)
	require.NoError(t, err)
	require.Equal(t, []uint64{1, 2, 3}, []uint64{first, second, third})

	f.endBlock(t, 8*day)
	require.NoError(t, f.complete(alice, 1, free), "opened later")
	f.endBlock(t, 0)
	require.NoError(t, f.closeWork(alice, second))
	f.endBlock(t, 0)
	require.ErrorIs(t, f.complete(alice, 0, bound), types.ErrUnstakeObligations)
	require.EqualValues(t, 10*proof, f.balance(bob))
	require.NoError(t, f.closeWork(alice, first))
	require.NoError(t, f.complete(alice, 0, bound), "parked, and by message in the same block")
	require.EqualValues(t, 30*proof, f.balance(bob))
	f.requireSound(t)
	f.endBlock(t, 0)
	f.requireSound(t)
}

// The cap holds for parked entries too, and none is left behind.
func TestParkedEntriesComeInPages(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.EndBlockCap = 2 })
	alice := f.register(t, "alice", 1000*proof, 0)
	bob := f.account(t, "bob", 100*proof)
	require.NoError(t, f.stake(bob, alice, 100*proof))
	number, err := f.open(alice, proof, proof)
	require.NoError(t, err)
	for range 5 {
		_, err := f.unstake(bob, alice, proof)
		require.NoError(t, err)
	}
	f.endBlock(t, 8*day)
	for range 3 {
		f.endBlock(t, time.Second)
	}
	require.NoError(t, f.closeWork(alice, number))
	for _, want := range []int64{2, 4, 5, 5} {
		f.requireSound(t)
		f.endBlock(t, time.Second)
		require.EqualValues(t, want*proof, f.balance(bob))
	}
}

func TestOpenAssignmentRefused(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	bob := f.account(t, "bob", 0)
	try := func(prover sdk.AccAddress, stake, penalty int64) error {
		_, err := f.open(prover, stake, penalty)
		return err
	}
	require.ErrorIs(t, try(bob, 1, 1), types.ErrProverNotFound)
	require.ErrorIs(t, try(alice, 0, 1), types.ErrInvalidAmount)
	require.ErrorIs(t, try(alice, 1, -1), types.ErrInvalidAmount)
	require.ErrorIs(t, try(alice, 1, 1000*proof+1), types.ErrExposure)
	require.NoError(t, try(alice, 1, 1000*proof), "invariant 4: up to the assets")
	require.ErrorIs(t, try(alice, 1, 1), types.ErrExposure)
	require.NoError(t, try(alice, 1, 0))
	require.NoError(t, f.deactivate(alice))
	require.ErrorIs(t, try(alice, 1, 0), types.ErrProverNotActive)
	s := f.standing(t, alice)
	require.EqualValues(t, 2, s.OpenAssignments)
	require.EqualValues(t, 1000*proof, s.Exposure.Int64())
	require.EqualValues(t, 2, s.AssignedStake.Int64())
	_, err := f.k.Standing(f.ctx, bob)
	require.ErrorIs(t, err, types.ErrProverNotFound)
}
