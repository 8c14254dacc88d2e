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
	return fundsError(what, amount, ownaccount.Deposit(ctx, k.bank, payer, e.account(), chain.Coins(amount)))
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

// collectFrom moves amount from the request's account towards the treasury.
func (k *Keeper) collectFrom(ctx context.Context, e *entry, amount math.Int) error {
	own := e.account()
	return k.collect(ownaccount.Payer(ctx, own), own, amount)
}

// payOut pays amount from the request's account to owner. A payout that fails
// becomes claimable and stops nothing (law M12).
func (k *Keeper) payOut(ctx context.Context, e *entry, owner string, amount math.Int) error {
	if amount.IsZero() {
		return nil
	}
	own := e.account()
	ctx = ownaccount.Payer(ctx, own)
	to, err := k.address("owner", owner)
	if err != nil {
		return err
	}
	// Bank refuses before it writes, so that this needs no branch of the state.
	if failure := k.bank.SendCoins(ctx, own, to, chain.Coins(amount)); failure != nil {
		return k.makeClaimable(ctx, e, to, amount, failure)
	}
	return nil
}

// makeClaimable moves what could not be paid from the request's account to owner to where
// owner may claim it. failure says why.
func (k *Keeper) makeClaimable(ctx context.Context, e *entry, owner sdk.AccAddress, amount math.Int, failure error) error {
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

// closeAccount ends the request's account: what is left there was sent by hand, is
// nobody's, and goes to the treasury, with the record in x/auth that it made. Without any
// there is no record, or one that a stranger made and that says nothing: it is not looked
// for, which would be a search in the database.
func (k *Keeper) closeAccount(ctx context.Context, e *entry) error {
	surplus := ownaccount.Surplus(ctx, k.bank, e.account(), chain.Denom)
	if surplus.IsZero() {
		return nil
	}
	ownaccount.Close(ctx, k.accounts, e.account())
	return k.collectFrom(ctx, e, surplus)
}
