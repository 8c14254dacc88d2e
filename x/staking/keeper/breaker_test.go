package keeper_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

func (f *fixture) setBreaker(prover sdk.AccAddress, maxExposure, lossLimit int64) error {
	return f.tx(func(ctx context.Context) error {
		_, err := f.msg.SetBreaker(ctx, &types.MsgSetBreaker{
			Prover: prover.String(), MaxExposure: math.NewInt(maxExposure), LossLimit: math.NewInt(lossLimit),
		})
		return err
	})
}

func (f *fixture) slashBy(authority string, prover sdk.AccAddress, amount int64) (slashed int64, err error) {
	err = f.tx(func(ctx context.Context) error {
		res, err := f.msg.SlashProver(ctx, &types.MsgSlashProver{
			Authority: authority, Prover: prover.String(), Amount: math.NewInt(amount), Reason: "fraud",
		})
		if err == nil {
			slashed = res.Slashed.Int64()
		}
		return err
	})
	return slashed, err
}

func (f *fixture) record(t require.TestingT, prover sdk.AccAddress) types.Prover {
	res, err := f.query.Prover(f.ctx, &types.QueryProverRequest{Prover: prover.String()})
	require.NoError(t, err)
	return res.Prover.Prover
}

// Law S8: no work past the exposure that the stake key allows, whoever asks.
func TestMaxExposure(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	require.True(t, f.standing(t, alice).MaxExposure.IsZero(), "no limit at first")
	require.NoError(t, f.setBreaker(alice, 10*proof, 0))
	require.EqualValues(t, 10*proof, f.standing(t, alice).MaxExposure.Int64())
	_, err := f.open(alice, proof, 10*proof+1)
	require.ErrorIs(t, err, types.ErrMaxExposure)
	first, err := f.open(alice, proof, 6*proof)
	require.NoError(t, err)
	_, err = f.open(alice, proof, 4*proof+1)
	require.ErrorIs(t, err, types.ErrMaxExposure)
	_, err = f.open(alice, proof, 4*proof)
	require.NoError(t, err, "up to the limit")
	_, err = f.open(alice, proof, 0)
	require.NoError(t, err, "what cannot cost anything is no exposure")

	require.NoError(t, f.setBreaker(alice, proof, 0), "below what is open: that goes on, nothing new comes")
	require.EqualValues(t, 3, f.standing(t, alice).OpenAssignments)
	_, err = f.open(alice, proof, 1)
	require.ErrorIs(t, err, types.ErrMaxExposure)
	require.NoError(t, f.closeWork(alice, first))
	_, err = f.open(alice, proof, 1)
	require.ErrorIs(t, err, types.ErrMaxExposure)
	require.NoError(t, f.setBreaker(alice, 0, 0))
	_, err = f.open(alice, proof, 900*proof)
	require.NoError(t, err)
	f.requireSound(t)
	requireSameAfterImport(t, f)
}

// Law S8: losses of an epoch beyond the limit deactivate the prover, until its
// stake key reactivates it.
func TestLossLimit(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 2000*proof, 0)
	causes := func() []types.DeactivationCause { return f.record(t, alice).Causes }
	require.NoError(t, f.setBreaker(alice, 0, 10*proof))
	f.slash(t, alice, 6*proof)
	f.slash(t, alice, 4*proof)
	require.Empty(t, causes(), "at the limit")
	f.slash(t, alice, 1)
	require.Equal(t, []types.DeactivationCause{types.DEACTIVATION_CAUSE_BREAKER}, causes(), "one uproof past it")
	require.Equal(t, types.PROVER_STATE_DEACTIVATED, f.standing(t, alice).State)
	_, err := f.open(alice, proof, proof)
	require.ErrorIs(t, err, types.ErrProverNotActive)
	f.endBlock(t, 30*day)
	require.NotEmpty(t, causes(), "no time lifts it")
	require.NoError(t, f.setBreaker(alice, 0, 100*proof))
	require.NotEmpty(t, causes(), "nor does a higher limit")
	require.ErrorIs(t, f.lift(alice), types.ErrNothingToLift, "nor the authority")
	require.NoError(t, f.setBreaker(alice, 0, 10*proof))

	require.NoError(t, f.reactivate(alice))
	require.Empty(t, causes())
	f.slash(t, alice, 10*proof)
	require.Empty(t, causes(), "counted anew since")
	f.endBlock(t, day)
	f.slash(t, alice, 10*proof)
	require.Empty(t, causes(), "a new epoch")
	require.EqualValues(t, 10*proof, f.record(t, alice).Breaker.Losses.Int64())
	require.EqualValues(t, types.Epoch(f.ctx.BlockTime(), day), f.record(t, alice).Breaker.Epoch)
	_, err = f.slashBy(f.authority, alice, 1)
	require.NoError(t, err)
	require.NotEmpty(t, causes(), "every slash counts")
	f.requireSound(t)
	requireSameAfterImport(t, f)

	// Reactivating needs the self-stake all the same, and lifts nobody else's cause.
	require.NoError(t, f.condemn(alice))
	require.NoError(t, f.reactivate(alice))
	require.Equal(t, []types.DeactivationCause{types.DEACTIVATION_CAUSE_AUTHORITY}, causes())
}

// What counts is what was lost, and without a limit nothing trips.
func TestLossesAreWhatWasTaken(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	bob := f.account(t, "bob", 500*proof)
	require.NoError(t, f.stake(bob, alice, 500*proof))
	f.slash(t, alice, 100*proof)
	require.Equal(t, []types.DeactivationCause{types.DEACTIVATION_CAUSE_SELF_STAKE}, f.record(t, alice).Causes)
	require.NoError(t, f.setBreaker(alice, 0, 1400*proof))
	f.fund(t, alice, 1100*proof)
	require.NoError(t, f.stake(alice, alice, 100*proof))
	require.NoError(t, f.reactivate(alice))
	number, err := f.open(alice, proof, proof)
	require.NoError(t, err)
	require.EqualValues(t, 1500*proof, f.slash(t, alice, 9000*proof))
	require.EqualValues(t, 1600*proof, f.record(t, alice).Breaker.Losses.Int64(), "not the 9000 that were asked for")
	require.Contains(t, f.record(t, alice).Causes, types.DEACTIVATION_CAUSE_BREAKER)
	f.slash(t, alice, proof)
	require.EqualValues(t, 1600*proof, f.record(t, alice).Breaker.Losses.Int64(), "nothing was left")
	require.NoError(t, f.closeWork(alice, number))
	require.NoError(t, f.tryRegister(alice, 1000*proof, 0))
	p := f.record(t, alice)
	require.Empty(t, p.Causes, "the stake key opened a new vault")
	require.True(t, p.Breaker.Losses.IsZero())
	require.EqualValues(t, 1400*proof, p.Breaker.LossLimit.Int64(), "its limits stay")
	f.requireSound(t)
}

func TestBreakerRefused(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	retired := f.register(t, "retired", 1000*proof, 0)
	require.NoError(t, f.retire(retired))
	stranger := f.account(t, "stranger", 1)
	most, past := types.MaxBreakerAmount, types.MaxBreakerAmount.AddRaw(1)
	zero := math.ZeroInt()
	for _, c := range []struct {
		name, prover        string
		exposure, lossLimit math.Int
		err                 error
	}{
		{"left out means none", alice.String(), math.Int{}, math.Int{}, nil},
		{"at the limit", alice.String(), most, most, nil},
		{"max_exposure past it", alice.String(), past, zero, types.ErrInvalidBreaker},
		{"loss_limit past it", alice.String(), zero, past, types.ErrInvalidBreaker},
		{"max_exposure negative", alice.String(), math.NewInt(-1), zero, types.ErrInvalidBreaker},
		{"loss_limit negative", alice.String(), zero, math.NewInt(-1), types.ErrInvalidBreaker},
		{"no signer", "", zero, zero, types.ErrInvalidAddress},
		{"not an address", "alice", zero, zero, types.ErrInvalidAddress},
		{"not a prover: a submitter's key, say", stranger.String(), zero, zero, types.ErrProverNotFound},
		{"retired", retired.String(), zero, zero, types.ErrProverRetired},
	} {
		send := func(ctx context.Context) error {
			_, err := f.msg.SetBreaker(ctx, &types.MsgSetBreaker{Prover: c.prover, MaxExposure: c.exposure, LossLimit: c.lossLimit})
			return err
		}
		if c.err != nil {
			f.requireRefused(t, c.name, c.err, send)
			continue
		}
		require.NoError(t, f.tx(send), c.name)
		f.requireSound(t)
	}
	require.NoError(t, f.jail(alice))
	require.NoError(t, f.setBreaker(alice, 1, 1), "in any state but none and retired")
	require.NoError(t, f.unjail(alice))
	require.NoError(t, f.deactivate(alice))
	require.NoError(t, f.setBreaker(alice, 2, 2))
}

// Reference defects 4 and 12, and peers' audits, by the authority's hand: exact,
// to the treasury and to nobody that a message could name, and a fault.
func TestDefect04SlashByTheAuthority(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1_000_000_000*proof, 0)
	slashed, err := f.slashBy(f.authority, alice, 1)
	require.NoError(t, err)
	require.EqualValues(t, 1, slashed)
	require.EqualValues(t, 1, f.standing(t, alice).Faults)
	slashed, err = f.slashBy(f.authority, alice, 2_000_000_000*proof)
	require.NoError(t, err)
	require.EqualValues(t, 1_000_000_000*proof-1, slashed)
	require.Equal(t, types.PROVER_STATE_RETIRED, f.standing(t, alice).State)
	f.endBlock(t, 0)
	require.EqualValues(t, 1_000_000_000*proof, f.pool(t), "the treasury has all")
	f.requireSound(t)

	// A retired prover's vault is slashable while its holders unstake.
	bob := f.register(t, "bob", 1000*proof, 0)
	_, err = f.unstake(bob, bob, 1000*proof)
	require.NoError(t, err)
	require.NoError(t, f.retire(bob))
	slashed, err = f.slashBy(f.authority, bob, 400*proof)
	require.NoError(t, err)
	require.EqualValues(t, 400*proof, slashed)
	f.endBlock(t, 8*day)
	f.endBlock(t, 0)
	require.EqualValues(t, 600*proof, f.balance(bob))
	f.requireSound(t)
}

func TestSlashProverRefused(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	for _, c := range []struct {
		name   string
		change func(*types.MsgSlashProver)
		err    error
	}{
		{"as it should be", func(*types.MsgSlashProver) {}, nil},
		{"no authority", func(m *types.MsgSlashProver) { m.Authority = "" }, types.ErrUnauthorized},
		{"not the authority", func(m *types.MsgSlashProver) { m.Authority = alice.String() }, types.ErrUnauthorized},
		{"no prover", func(m *types.MsgSlashProver) { m.Prover = "" }, types.ErrInvalidAddress},
		{"not an address", func(m *types.MsgSlashProver) { m.Prover = "x" }, types.ErrInvalidAddress},
		{"not a prover", func(m *types.MsgSlashProver) { m.Prover = f.authority }, types.ErrProverNotFound},
		{"no amount", func(m *types.MsgSlashProver) { m.Amount = math.Int{} }, types.ErrInvalidAmount},
		{"nothing", func(m *types.MsgSlashProver) { m.Amount = math.ZeroInt() }, types.ErrInvalidAmount},
		{"negative", func(m *types.MsgSlashProver) { m.Amount = math.NewInt(-1) }, types.ErrInvalidAmount},
		{"no reason", func(m *types.MsgSlashProver) { m.Reason = "" }, types.ErrInvalidReason},
		{"reason at its limit", func(m *types.MsgSlashProver) { m.Reason = strings.Repeat("r", types.MaxSourceBytes) }, nil},
		{"reason too long", func(m *types.MsgSlashProver) { m.Reason = strings.Repeat("r", types.MaxSourceBytes+1) }, types.ErrInvalidReason},
		{"reason not UTF-8", func(m *types.MsgSlashProver) { m.Reason = "\xff" }, types.ErrInvalidReason},
	} {
		msg := &types.MsgSlashProver{Authority: f.authority, Prover: alice.String(), Amount: math.NewInt(1), Reason: "fraud"}
		c.change(msg)
		send := func(ctx context.Context) error {
			_, err := f.msg.SlashProver(ctx, msg)
			return err
		}
		if c.err != nil {
			f.requireRefused(t, c.name, c.err, send)
		} else {
			require.NoError(t, f.tx(send), c.name)
		}
	}
	huge := math.NewIntFromUint64(1 << 63).MulRaw(1 << 62).MulRaw(1 << 62).MulRaw(1 << 62) // 2^249
	require.NoError(t, f.tx(func(ctx context.Context) error {
		_, err := f.msg.SlashProver(ctx, &types.MsgSlashProver{Authority: f.authority, Prover: alice.String(), Amount: huge, Reason: "all"})
		return err
	}))
	f.requireSound(t)
}
