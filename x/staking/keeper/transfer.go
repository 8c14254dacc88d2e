package keeper

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// quantity is a number of shares as a message names it: a figure, or all that
// the account holds by the time that the message runs. The second form cannot be
// spoiled by somebody who sends dust a moment earlier.
type quantity struct {
	shares math.Int
	all    bool
}

// of resolves the quantity against what the account holds of denom. It fails
// with ErrInvalidAmount, also for both forms at once, and ErrTooFewShares.
func (q quantity) of(own math.Int, denom string) (math.Int, error) {
	if q.all {
		if !q.shares.IsNil() && !q.shares.IsZero() {
			return math.Int{}, types.ErrInvalidAmount.Wrapf("%s shares and all of them; name one", q.shares)
		}
		if !own.IsPositive() {
			return math.Int{}, types.ErrTooFewShares.Wrapf("there are none of %s", denom)
		}
		return own, nil
	}
	if err := positive("shares", q.shares); err != nil {
		return math.Int{}, err
	}
	if q.shares.GT(own) {
		return math.Int{}, types.ErrTooFewShares.Wrapf("%s of %s, asked for %s", own, denom, q.shares)
	}
	return q.shares, nil
}

// TransferShares moves shares of the prover's own vault, generation 0 for the
// current one, to recipient, and returns how many: the one way but unstaking for
// them to leave (law S3). What is left is none or worth min_self_stake; a prover
// that keeps none is deactivated as by a full exit (law S1).
//
// It works in any state, with work open and while jailed: the shares stay in the
// vault, where every slash reaches them as before, their new holder waits for
// obligations like any other (law S5), and own stake is looked at again at each
// bid and reveal (law M4). It fails with ErrProverNotFound, ErrVaultNotFound,
// ErrVaultClosed, ErrInvalidRecipient, ErrInvalidAmount, ErrTooFewShares,
// ErrSelfStakeRange, ErrSharesVesting.
func (k *Keeper) TransferShares(
	ctx context.Context, prover, recipient sdk.AccAddress, shares quantity, generation uint64,
) (math.Int, error) {
	fail := func(err error) (math.Int, error) { return math.Int{}, err }
	p, v, err := k.vaultOf(ctx, prover, generation)
	if err != nil {
		return fail(err)
	}
	to, err := k.text(recipient)
	if err != nil {
		return fail(err)
	}
	switch {
	case recipient.Equals(prover):
		return fail(types.ErrInvalidRecipient.Wrap("the prover itself"))
	case k.bk.BlockedAddr(recipient):
		return fail(types.ErrInvalidRecipient.Wrapf("%s takes no coins", to))
	case v.Closed:
		return fail(types.ErrVaultClosed.Wrapf("%s/%d", v.Prover, v.Generation))
	}
	own := k.ownShares(ctx, prover, v)
	moved, err := shares.of(own, v.Denom())
	if err != nil {
		return fail(err)
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return fail(err)
	}
	if err := k.mayHold(ctx, recipient, v.Denom()); err != nil {
		return fail(err)
	}
	if err := k.selfExit(ctx, prover, p, v, own.Sub(moved), params.MinSelfStake); err != nil {
		return fail(err)
	}
	// By way of the module account: the send restriction lets them go nowhere
	// else.
	coins := sdk.NewCoins(sdk.NewCoin(v.Denom(), moved))
	if err := k.bk.SendCoinsFromAccountToModule(ctx, prover, types.ModuleName, coins); err != nil {
		return fail(err)
	}
	if err := k.bk.SendCoinsFromModuleToAccount(ctx, types.ModuleName, recipient, coins); err != nil {
		return fail(err)
	}
	return moved, events.Emit(ctx, &types.EventSharesTransferred{
		Prover: p.Address, Generation: v.Generation, Recipient: to, Shares: moved,
	})
}
