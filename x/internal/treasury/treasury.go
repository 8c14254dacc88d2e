// Package treasury carries what the treasury is owed (protocol fees, request
// fees, slashes, lost bonds) to the community pool without a hot key (law M18).
//
// Within a transaction the module account is credited virtually: bank keeps the
// credit per transaction and adds it up in its EndBlock, so parallel
// transactions do not meet. Outside transactions a virtual credit would be lost,
// so the ordinary send is used. After bank's EndBlock each module sweeps its
// account to the community pool, once per block.
package treasury

import (
	"context"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
)

// BankKeeper is what this package needs of x/bank.
type BankKeeper interface {
	GetBalance(ctx context.Context, addr sdk.AccAddress, denom string) sdk.Coin
	SendCoinsFromAccountToModule(ctx context.Context, from sdk.AccAddress, module string, amt sdk.Coins) error
	SendCoinsFromAccountToModuleVirtual(ctx context.Context, from sdk.AccAddress, module string, amt sdk.Coins) error
}

// PoolKeeper is what this package needs of x/distribution.
type PoolKeeper interface {
	FundCommunityPool(ctx context.Context, amount sdk.Coins, sender sdk.AccAddress) error
}

// Collect moves amount of denom from the account to the module's account, on
// its way to the treasury. Nothing moves when amount is zero. It returns ErrInvalidCoins
// for a negative one, which a virtual send would take: it would mint.
func Collect(ctx context.Context, bk BankKeeper, from sdk.AccAddress, module, denom string, amount math.Int) error {
	if amount.IsZero() {
		return nil
	}
	if amount.IsNegative() {
		return errorsmod.Wrapf(sdkerrors.ErrInvalidCoins, "%s%s for the treasury", amount, denom)
	}
	coins := sdk.Coins{{Denom: denom, Amount: amount}}
	if inTransaction(ctx) {
		return bk.SendCoinsFromAccountToModuleVirtual(ctx, from, module, coins)
	}
	return bk.SendCoinsFromAccountToModule(ctx, from, module, coins)
}

// Sweep moves the module account's whole balance of denom to the community
// pool. Call it in EndBlock, after bank's. moduleAddr is the module's account.
func Sweep(ctx context.Context, bk BankKeeper, pool PoolKeeper, moduleAddr sdk.AccAddress, denom string) error {
	balance := bk.GetBalance(ctx, moduleAddr, denom)
	if balance.IsZero() {
		return nil
	}
	return pool.FundCommunityPool(ctx, sdk.NewCoins(balance), moduleAddr)
}

// inTransaction reports whether ctx belongs to a transaction. Only then does it
// carry the transaction's bytes; BeginBlock, EndBlock and messages that
// governance executes there carry none.
func inTransaction(ctx context.Context) bool {
	return len(sdk.UnwrapSDKContext(ctx).TxBytes()) > 0
}
