package keeper_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

const (
	selfStake = types.DEACTIVATION_CAUSE_SELF_STAKE
	ownWish   = types.DEACTIVATION_CAUSE_OWN_WISH
	tripped   = types.DEACTIVATION_CAUSE_BREAKER
	condemned = types.DEACTIVATION_CAUSE_AUTHORITY
)

// flags are what decides a prover's state, as law S1 has it.
type flags struct {
	jailed, retired bool
	causes          []types.DeactivationCause
	generation      uint64
}

func (s flags) has(c types.DeactivationCause) bool { return slices.Contains(s.causes, c) }

func (s flags) with(cs ...types.DeactivationCause) flags {
	s.causes = append([]types.DeactivationCause{}, s.causes...)
	for _, c := range cs {
		if !s.has(c) {
			s.causes = append(s.causes, c)
		}
	}
	slices.Sort(s.causes)
	return s
}

func (s flags) without(cs ...types.DeactivationCause) flags {
	s.causes = slices.DeleteFunc(slices.Clone(s.causes), func(c types.DeactivationCause) bool { return slices.Contains(cs, c) })
	return s
}

func (s flags) state() types.ProverState {
	switch {
	case s.jailed:
		return types.PROVER_STATE_JAILED
	case s.retired:
		return types.PROVER_STATE_RETIRED
	case len(s.causes) > 0:
		return types.PROVER_STATE_DEACTIVATED
	default:
		return types.PROVER_STATE_ACTIVE
	}
}

func (f *fixture) flags(t *testing.T, prover sdk.AccAddress) flags {
	res, err := f.query.Prover(f.ctx, &types.QueryProverRequest{Prover: prover.String()})
	require.NoError(t, err)
	p := res.Prover.Prover
	s := flags{p.Jailed, p.Retired, p.Causes, p.Generation}
	require.Equal(t, s.state(), res.Prover.State)
	_, is, err := f.k.Find(f.ctx, prover)
	require.NoError(t, err)
	require.Equal(t, s.state() != types.PROVER_STATE_RETIRED, is)
	return s
}

// inState makes a prover for which exactly these flags stand, with a staker who
// has shares and an unstaking, unclaimed commission and losses just within its limit.
func inState(t *testing.T, want flags) (f *fixture, alice, bob sdk.AccAddress) {
	f = newFixture(t)
	f.setParams(t, func(p *types.Params) { p.EpochLength = types.MaxEpochLength })
	alice, bob = f.register(t, "alice", 4000*proof, 5000), f.account(t, "bob", 200*proof)
	require.NoError(t, f.stake(bob, alice, 100*proof))
	for _, staker := range []sdk.AccAddress{alice, bob} {
		_, err := f.unstake(staker, alice, 10*proof) // entries 1 and 2
		require.NoError(t, err)
	}
	f.reward(t, alice, proof)
	require.NoError(t, f.setBreaker(alice, 0, 10))
	f.slash(t, alice, 9)
	if want.has(tripped) {
		f.slash(t, alice, 2)
	}
	f.fund(t, alice, 8000*proof)
	if want.has(selfStake) {
		_, err := f.transferAll(alice, f.account(t, "friend", 0))
		require.NoError(t, err)
		require.NoError(t, f.stake(alice, alice, 2000*proof))
	}
	if want.has(ownWish) {
		require.NoError(t, f.deactivate(alice))
	}
	if want.has(condemned) {
		require.NoError(t, f.condemn(alice))
	}
	if want.retired {
		require.NoError(t, f.retire(alice))
	}
	if want.jailed {
		require.NoError(t, f.jail(alice))
	}
	require.Equal(t, want.with(), f.flags(t, alice).with())
	return f, alice, bob
}

// outcome is what a message makes of the flags, or why it is refused.
type outcome struct {
	after flags
	err   error
}

func refused(err error) outcome { return outcome{err: err} }
func leaves(s flags) outcome    { return outcome{after: s} }
func (o outcome) unless(no bool, err error) outcome {
	if no {
		return refused(err)
	}
	return o
}

// expected is law S1 for every message, from any state.
func expected(s flags) map[string]outcome {
	jailed, unjailed, retired, next := s, s, s, s.without(selfStake, ownWish, tripped)
	jailed.jailed, unjailed.jailed, retired.retired = true, false, true
	next.retired, next.generation = false, s.generation+1
	exit, wiped := s, s
	if !s.retired {
		exit = s.with(selfStake)
		wiped = s.with(selfStake, tripped)
		wiped.retired = true
	}
	own := s.has(selfStake) || s.has(ownWish) || s.has(tripped)
	others := leaves(s).unless(s.state() != types.PROVER_STATE_ACTIVE, types.ErrProverNotActive).unless(s.retired, types.ErrProverRetired)
	business := leaves(s).unless(s.retired, types.ErrProverRetired)
	return map[string]outcome{
		"deactivate": leaves(s.with(ownWish)).unless(s.has(ownWish), types.ErrAlreadyInState).unless(s.retired, types.ErrProverRetired),
		"reactivate": leaves(s.without(selfStake, ownWish, tripped)).unless(!own, types.ErrNothingToLift).unless(s.retired, types.ErrProverRetired),
		"retire":     leaves(retired).unless(s.jailed, types.ErrProverJailed).unless(s.retired, types.ErrProverRetired),
		"register":   leaves(next).unless(!s.retired, types.ErrAlreadyProver).unless(s.jailed, types.ErrProverJailed),
		"jail":       leaves(jailed).unless(s.jailed, types.ErrAlreadyInState),
		"unjail":     leaves(unjailed).unless(!s.jailed, types.ErrNothingToLift),
		"condemn":    leaves(s.with(condemned)).unless(s.has(condemned), types.ErrAlreadyInState),
		"lift":       leaves(s.without(condemned)).unless(!s.has(condemned), types.ErrNothingToLift),
		"slash one":  leaves(s), "slash all": leaves(wiped),
		"stake by the prover": business, "stake by another": others, "cancel by the prover": business, "cancel by another": others,
		"unstake by another": leaves(s), "exit": leaves(exit), "transfer all": leaves(exit),
		"complete": leaves(s), "claim": leaves(s), "reward": leaves(s),
		"commission": business, "profile": business, "breaker": business,
		"work": leaves(s).unless(s.state() != types.PROVER_STATE_ACTIVE, types.ErrProverNotActive),
	}
}

// Law S1, exhaustively: each state, with each set of causes, meets each message.
func TestReviewEveryStateAndCauseMeetsEveryMessage(t *testing.T) {
	for bits := range 64 {
		s := flags{jailed: bits&1 > 0, retired: bits&2 > 0, generation: 1}
		for i, cause := range []types.DeactivationCause{selfStake, ownWish, tripped, condemned} {
			if bits&(4<<i) > 0 {
				s = s.with(cause)
			}
		}
		t.Run(fmt.Sprintf("%s retired=%t %v", s.state(), s.retired, s.causes), func(t *testing.T) {
			world, alice, bob := inState(t, s)
			for name, want := range expected(s) {
				f := *world
				f.ctx, _ = world.ctx.CacheContext()
				faults, before := f.standing(t, alice).Faults, f.dump(f.ctx)
				err := f.act(t, name, alice, bob)
				if want.err != nil {
					require.ErrorIs(t, err, want.err, name)
					require.True(t, before == f.dump(f.ctx), "%s: the state changed", name)
					continue
				}
				require.NoError(t, err, name)
				require.Equal(t, want.after.with(), f.flags(t, alice).with(), name)
				if slices.Contains([]string{"jail", "condemn"}, name) {
					faults++
				}
				require.Equal(t, faults, f.standing(t, alice).Faults, "%s: faults", name)
				f.requireSound(t)
			}
		})
	}
}

// act sends the message of that name.
func (f *fixture) act(t *testing.T, name string, alice, bob sdk.AccAddress) error {
	switch name {
	case "deactivate":
		return f.deactivate(alice)
	case "reactivate":
		return f.reactivate(alice)
	case "retire":
		return f.retire(alice)
	case "register":
		return f.tryRegister(alice, 2000*proof, 0)
	case "jail":
		return f.jail(alice)
	case "unjail":
		return f.unjail(alice)
	case "condemn":
		return f.condemn(alice)
	case "lift":
		return f.lift(alice)
	case "slash one":
		f.slash(t, alice, 1)
		return nil
	case "slash all":
		f.slash(t, alice, 99_999*proof)
		return nil
	case "stake by the prover":
		return f.stake(alice, alice, proof)
	case "stake by another":
		return f.stake(bob, alice, proof)
	case "cancel by the prover":
		_, _, err := f.cancel(alice, alice, 1)
		return err
	case "cancel by another":
		_, _, err := f.cancel(bob, alice, 2)
		return err
	case "unstake by another":
		return f.unstakeAll(bob, alice)
	case "exit":
		return f.unstakeAll(alice, alice)
	case "transfer all":
		_, err := f.transferAll(alice, bob)
		return err
	case "complete", "complete first":
		f.ctx = f.ctx.WithBlockTime(f.ctx.BlockTime().Add(8 * day))
		return f.complete(alice, 1, map[string]uint64{"complete": 2, "complete first": 1}[name])
	case "claim":
		_, err := f.claim(alice, 0)
		return err
	case "reward":
		f.reward(t, alice, proof)
		return nil
	case "commission":
		_, err := f.setCommission(alice, "market", 1)
		return err
	case "profile":
		return f.tx(func(ctx context.Context) error {
			_, err := f.msg.SetProfile(ctx, &types.MsgSetProfile{Prover: alice.String(), Profile: types.Profile{Name: "new"}})
			return err
		})
	case "breaker":
		return f.setBreaker(alice, 1, 1)
	case "work":
		return f.tx(func(ctx context.Context) error {
			_, err := f.k.OpenAssignment(ctx, alice, math.OneInt(), math.OneInt())
			return err
		})
	}
	t.Fatalf("no message %q", name)
	return nil
}
