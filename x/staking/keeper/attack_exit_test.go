package keeper_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// Attacks by getting out in time, each with its figures before and after.

// A slash is seen coming: whoever unstakes, hands on its shares, or takes an
// unstaking back just before it, loses the same part as whoever stays.
func TestAttackSlashFrontRun(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 4000*proof, 0)
	accomplice := f.account(t, "accomplice", 0)
	stayer, leaver, returner := f.account(t, "stayer", 1000*proof), f.account(t, "leaver", 1000*proof), f.account(t, "returner", 1000*proof)
	seller, buyer := f.account(t, "seller", 1000*proof), f.account(t, "buyer", 0)
	for _, staker := range []sdk.AccAddress{stayer, leaver, returner, seller} {
		require.NoError(t, f.stake(staker, alice, 1000*proof))
	}
	back, err := f.unstake(returner, alice, 1000*proof)
	require.NoError(t, err)

	require.NoError(t, f.unstakeAll(leaver, alice))
	f.sendShares(t, seller, buyer, alice, 1000*proof)
	_, err = f.transferAll(alice, accomplice)
	require.NoError(t, err)
	require.NoError(t, f.reactivateWith(t, alice, 1000*proof))
	_, _, err = f.cancel(returner, alice, back)
	require.NoError(t, err)

	// 9000 PROOF in all, a third of them gone.
	require.EqualValues(t, 3000*proof, f.slash(t, alice, 3000*proof))
	for name, who := range map[string]struct {
		addr sdk.AccAddress
		left int64
	}{
		"stayed": {stayer, 666_666_666}, "unstaked": {leaver, 666_666_666}, "took it back": {returner, 666_666_666},
		"bought": {buyer, 666_666_666}, "given the prover's own": {accomplice, 2_666_666_666}, "the prover": {alice, 666_666_666},
	} {
		require.InDelta(t, who.left, f.wealthIn(t, who.addr, nil), 1, name)
	}
	require.EqualValues(t, 0, f.wealthIn(t, seller, nil))
	f.requireSound(t)
}

// reactivateWith stakes and reactivates.
func (f *fixture) reactivateWith(t require.TestingT, prover sdk.AccAddress, amount int64) error {
	f.fund(t, prover, amount)
	require.NoError(t, f.stake(prover, prover, amount))
	return f.reactivate(prover)
}

// Win work, then unstake so that nothing is left when the deadline is missed: the
// exit waits for the work, and bears the penalty.
func TestAttackWinThenUnstake(t *testing.T) {
	for _, by := range []string{"unstake", "transfer"} {
		f := newFixture(t)
		alice := f.register(t, "alice", 1000*proof, 0)
		friend := f.account(t, "friend", 0)
		work, err := f.open(alice, 1000*proof, 400*proof)
		require.NoError(t, err)
		leaver := alice
		if by == "transfer" {
			_, err := f.transferAll(alice, friend)
			require.NoError(t, err)
			leaver = friend
		}
		require.NoError(t, f.unstakeAll(leaver, alice))
		id := f.unstakes(t, leaver)[0].Unstake.Id
		for range 20 { // twenty weeks later
			f.endBlock(t, 7*day)
		}
		require.EqualValues(t, 0, f.balance(leaver), by)
		require.ErrorIs(t, f.complete(alice, 1, id), types.ErrUnstakeObligations)
		require.EqualValues(t, 400*proof, f.slash(t, alice, 400*proof), "the penalty is there in full")
		require.NoError(t, f.closeWork(alice, work))
		f.endBlock(t, time.Second)
		require.EqualValues(t, 600*proof, f.balance(leaver), by)
		f.requireSound(t)
	}
}

// A prover keeps work open without end, with requests of its own, to hold its
// delegators' coins: an unstaking waits for the work that was open when it was
// requested, and for nothing after that.
func TestAttackHostageBySelfRequests(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 2000*proof, 0)
	bob := f.account(t, "bob", 500*proof)
	require.NoError(t, f.stake(bob, alice, 500*proof))
	open := make([]uint64, 0, 4)
	step := func() { // a new one every day, each open for three
		number, err := f.open(alice, proof, proof)
		require.NoError(t, err)
		if open = append(open, number); len(open) > 3 {
			require.NoError(t, f.closeWork(alice, open[0]))
			open = open[1:]
		}
		f.endBlock(t, day)
	}
	for range 5 {
		step()
	}
	require.NoError(t, f.unstakeAll(bob, alice))
	days := 0
	for ; f.balance(bob) == 0; days++ {
		require.Less(t, days, 30)
		step()
		require.NotZero(t, f.standing(t, alice).OpenAssignments, "never idle")
	}
	require.Equal(t, 8, days, "the delay of 7 days, and the block in which it is over")
	require.EqualValues(t, 500*proof, f.balance(bob))
	f.requireSound(t)
}

// A prover gets rid of its own stake and stays ACTIVE: every form of a bank send
// of its own shares fails, in one piece or in many, and what messages allow leaves
// none or enough.
func TestAttackSelfStakeDodge(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1500*proof, 0)
	bob, carol := f.account(t, "bob", 0), f.account(t, "carol", 0)
	escrow := authtypes.NewModuleAddress("escrow")
	shares := func(n int64) sdk.Coins { return sdk.NewCoins(sdk.NewInt64Coin(types.ShareDenom(alice.String(), 1), n)) }
	bank := bankkeeper.NewMsgServerImpl(f.bk)
	slices := make([]banktypes.Output, 100)
	for i := range slices {
		slices[i] = banktypes.NewOutput(bob, shares(10*proof))
	}
	for name, send := range map[string]func(ctx context.Context) error{
		"send, as authz and governance dispatch it": func(ctx context.Context) error {
			_, err := bank.Send(ctx, banktypes.NewMsgSend(alice, bob, shares(1)))
			return err
		},
		"multi-send in slices": func(ctx context.Context) error {
			_, err := bank.MultiSend(ctx, banktypes.NewMsgMultiSend(banktypes.NewInput(alice, shares(1000*proof)), slices))
			return err
		},
		"hidden beside other coins": func(ctx context.Context) error {
			_, err := bank.Send(ctx, banktypes.NewMsgSend(alice, bob, shares(1).Add(sdk.NewInt64Coin(chain.Denom, 1))))
			return err
		},
		"to an escrow account, as IBC does": func(ctx context.Context) error {
			return f.bk.SendCoins(ctx, alice, escrow, shares(1500*proof))
		},
		"to a module": func(ctx context.Context) error {
			return f.bk.SendCoinsFromAccountToModule(ctx, alice, faucet, shares(1))
		},
		"as a fee": func(ctx context.Context) error {
			return f.bk.SendCoinsFromAccountToModuleVirtual(ctx, alice, faucet, shares(1))
		},
		"in two messages, the second too far": func(ctx context.Context) error {
			for range 2 {
				if _, err := f.msg.TransferShares(ctx, &types.MsgTransferShares{
					Prover: alice.String(), Recipient: carol.String(), Shares: math.NewInt(400 * proof),
				}); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		f.fund(t, alice, 1)
		err := f.tx(send)
		require.True(t, errors.Is(err, types.ErrSharesLocked) || errors.Is(err, types.ErrSelfStakeRange), "%s: %v", name, err)
		require.EqualValues(t, 1500*proof, f.shares(alice, alice, 1), name)
	}
	require.NoError(t, f.transfer(alice, bob, 500*proof))
	require.ErrorIs(t, f.transfer(alice, bob, 1), types.ErrSelfStakeRange)
	_, err := f.unstake(alice, alice, 1)
	require.ErrorIs(t, err, types.ErrAmountTooSmall)
	_, err = f.unstake(alice, alice, proof)
	require.ErrorIs(t, err, types.ErrSelfStakeRange)
	require.EqualValues(t, 1000*proof, f.standing(t, alice).SelfStake.Int64())
	_, err = f.transferAll(alice, bob)
	require.NoError(t, err)
	require.Equal(t, types.PROVER_STATE_DEACTIVATED, f.standing(t, alice).State, "the only way to none")
	_, err = f.open(alice, proof, proof)
	require.ErrorIs(t, err, types.ErrProverNotActive)
	f.requireSound(t)
}

// Nobody gets out of jail but by the authority: not by leaving the vault, not by
// retiring, not by being slashed to zero and not by registering again.
func TestAttackJailEscape(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 2000*proof, 0)
	bob := f.account(t, "bob", 0)
	require.NoError(t, f.jail(alice))
	jailed := func(how string) {
		require.Equal(t, types.PROVER_STATE_JAILED, f.standing(t, alice).State, how)
		f.fund(t, alice, 1000*proof)
		require.ErrorIs(t, f.tryRegister(alice, 1000*proof, 0), types.ErrProverJailed, how)
		require.Error(t, f.retire(alice), how)
		_, err := f.open(alice, proof, proof)
		require.ErrorIs(t, err, types.ErrProverNotActive, how)
		f.requireSound(t)
	}
	jailed("at once")
	require.NoError(t, f.transfer(alice, bob, 500*proof), "shares may move: they stay slashable")
	jailed("by transfer")
	require.NoError(t, f.unstakeAll(alice, alice))
	jailed("by exit")
	require.NoError(t, f.stake(alice, alice, 1000*proof))
	require.NoError(t, f.reactivate(alice), "lifts its own cause")
	jailed("by reactivation")
	require.EqualValues(t, 3000*proof, f.slash(t, alice, 9000*proof), "the unstaking too")
	jailed("by a vault slashed to zero")
	require.NoError(t, f.unjail(alice))
	require.Equal(t, types.PROVER_STATE_RETIRED, f.standing(t, alice).State)

	// A retired one that is jailed does not come back either.
	require.NoError(t, f.jail(alice))
	jailed("by re-registration")
	f.requireSound(t)
}

// A vault slashed to zero and opened again: what others held of the old one takes
// nothing out of the new one, whatever they do with it.
func TestAttackVaultReopened(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	mallory := f.account(t, "mallory", 1000*proof)
	require.NoError(t, f.stake(mallory, alice, 1000*proof))
	id, err := f.unstake(mallory, alice, 400*proof)
	require.NoError(t, err)
	require.EqualValues(t, 2000*proof, f.slash(t, alice, 2000*proof))
	f.fund(t, alice, 1000*proof)
	require.ErrorIs(t, f.stake(alice, alice, 1000*proof), types.ErrProverRetired, "not by staking into the old one")
	require.NoError(t, f.tryRegister(alice, 1000*proof, 0))
	bob := f.account(t, "bob", 1000*proof)
	require.NoError(t, f.stake(bob, alice, 1000*proof))

	require.EqualValues(t, 600*proof, f.shares(mallory, alice, 1), "still there, void")
	require.EqualValues(t, 0, f.wealthIn(t, mallory, nil))
	for _, generation := range []uint64{0, 2} {
		_, err = f.unstakeFrom(mallory, alice, 600*proof, generation)
		require.ErrorIs(t, err, types.ErrTooFewShares)
	}
	_, err = f.unstakeFrom(mallory, alice, 600*proof, 1)
	require.ErrorIs(t, err, types.ErrVaultClosed)
	require.ErrorIs(t, f.complete(alice, 1, id), types.ErrUnstakeNotFound)
	require.ErrorIs(t, f.complete(alice, 2, id), types.ErrUnstakeNotFound)
	_, _, err = f.cancel(mallory, alice, id)
	require.ErrorIs(t, err, types.ErrUnstakeNotFound)
	f.sendShares(t, mallory, bob, alice, 600*proof)
	f.endBlock(t, 8*day)
	f.endBlock(t, 0)
	require.EqualValues(t, 2000*proof, f.vault(t, alice, 2).Assets.Int64())
	require.EqualValues(t, 1000*proof, f.wealthIn(t, bob, nil))
	require.EqualValues(t, 0, f.balance(mallory))
	f.requireSound(t)
}

// An unstaking pool slashed to zero: its entries are void at once, by every way
// that could pay them, and later entries share nothing with them.
func TestAttackPoolWiped(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.MaxUnstakes = 2 })
	alice := f.register(t, "alice", 1000*proof, 0)
	mallory := f.account(t, "mallory", 1000*proof)
	require.NoError(t, f.stake(mallory, alice, 1000*proof))
	first, err := f.unstake(mallory, alice, 500*proof)
	require.NoError(t, err)
	second, err := f.unstake(mallory, alice, 500*proof)
	require.NoError(t, err)
	require.NoError(t, f.unstakeAll(alice, alice))
	require.EqualValues(t, 2000*proof, f.slash(t, alice, 2000*proof), "all of it was in the pool")

	require.NoError(t, f.reactivateWith(t, alice, 1000*proof))
	bob := f.account(t, "bob", 1000*proof)
	require.NoError(t, f.stake(bob, alice, 1000*proof))
	require.NoError(t, f.unstakeAll(bob, alice))
	f.fund(t, mallory, 100*proof)
	require.NoError(t, f.stake(mallory, alice, 100*proof))
	require.NoError(t, f.unstakeAll(mallory, alice), "void entries take no room")

	_, _, err = f.cancel(mallory, alice, first)
	require.ErrorIs(t, err, types.ErrUnstakeNotFound)
	results, err := f.completes(alice, first, second)
	require.NoError(t, err)
	for _, r := range results {
		require.Contains(t, r.Error, types.ErrUnstakeNotFound.Error())
	}
	f.endBlock(t, 8*day)
	f.endBlock(t, 0)
	require.EqualValues(t, 100*proof, f.balance(mallory), "what it put in later")
	require.EqualValues(t, 1000*proof, f.balance(bob))
	require.EqualValues(t, 1000*proof, f.standing(t, alice).Assets.Int64())
	f.requireSound(t)
}
