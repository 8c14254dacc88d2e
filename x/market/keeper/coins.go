package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/internal/ownaccount"
	"github.com/proofmarket/proofmarket/x/internal/treasury"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// escrow moves amount from payer to the request's account. It returns ErrFunds.
func (k *Keeper) escrow(ctx context.Context, e *entry, payer sdk.AccAddress, what string, amount math.Int) error {
	if amount.IsZero() {
		return nil
	}
	return fundsError(what, amount, k.bank.SendCoins(ctx, payer, e.account(), chain.Coins(amount)))
}

// fundsError turns bank's "insufficient funds" into ErrFunds with the figure.
func fundsError(what string, amount math.Int, err error) error {
	if errors.Is(err, sdkerrors.ErrInsufficientFunds) {
		return errorsmod.Wrapf(types.ErrFunds, "%s of %s%s: %s", what, amount, chain.Denom, err)
	}
	return err
}

// collect moves amount from the account towards the treasury (law M18).
func (k *Keeper) collect(ctx context.Context, from sdk.AccAddress, amount math.Int) error {
	return treasury.Collect(ctx, k.bank, from, types.ModuleName, chain.Denom, amount)
}

// payOut pays amount from the request's account to owner. A payout that fails
// becomes claimable and stops nothing (law M12).
func (k *Keeper) payOut(ctx context.Context, e *entry, owner string, amount math.Int) error {
	if amount.IsZero() {
		return nil
	}
	to, err := k.address("owner", owner)
	if err != nil {
		return err
	}
	return k.orClaim(ctx, e, to, amount, func(ctx context.Context) error {
		return k.bank.SendCoins(ctx, e.account(), to, chain.Coins(amount))
	})
}

// orClaim tries a payment from the request's account, and makes the amount
// claimable by owner if the payment fails.
func (k *Keeper) orClaim(ctx context.Context, e *entry, owner sdk.AccAddress, amount math.Int, pay func(context.Context) error) error {
	branch, write := sdk.UnwrapSDKContext(ctx).CacheContext()
	failure := pay(branch)
	if failure == nil {
		write()
		return nil
	}
	ownaccount.Open(ctx, k.accounts, types.ClaimsAccount())
	if err := k.bank.SendCoins(ctx, e.account(), types.ClaimsAccount(), chain.Coins(amount)); err != nil {
		return err
	}
	if err := k.addClaim(ctx, owner, amount); err != nil {
		return err
	}
	name, err := k.format(owner)
	if err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventClaimable{
		RequestId: e.request.Id, Owner: name, Amount: amount, Error: errorText(ctx, e.request.Id, failure),
	})
}

// addClaim adds to what owner may claim.
func (k *Keeper) addClaim(ctx context.Context, owner sdk.AccAddress, amount math.Int) error {
	claim, err := k.getClaim(ctx, owner)
	if err != nil {
		return err
	}
	return k.claims.Set(ctx, owner, claim.Add(amount))
}

// getClaim gives what owner may claim; zero for nothing.
func (k *Keeper) getClaim(ctx context.Context, owner sdk.AccAddress) (math.Int, error) {
	claim, err := k.claims.Get(ctx, owner)
	if errors.Is(err, collections.ErrNotFound) {
		return math.ZeroInt(), nil
	}
	return claim, err
}

// closeAccount ends the request's account: what is left there was sent by hand,
// is nobody's, and goes to the treasury.
func (k *Keeper) closeAccount(ctx context.Context, e *entry) error {
	surplus := ownaccount.Surplus(ctx, k.bank, e.account(), chain.Denom)
	if err := k.collect(ctx, e.account(), surplus); err != nil {
		return err
	}
	ownaccount.Close(ctx, k.accounts, e.account())
	return nil
}
