// Package ownaccount manages accounts that belong to one record of a module: a
// request's escrow, a vault generation's stake (laws S12 and M18). Coins of two
// records never meet in one balance, so anyone can see that they are isolated
// and two transactions on different records share no key.
package ownaccount

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/address"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
)

// AccountKeeper is what this package needs of x/auth.
type AccountKeeper interface {
	GetAccount(ctx context.Context, addr sdk.AccAddress) sdk.AccountI
	NewAccount(ctx context.Context, acc sdk.AccountI) sdk.AccountI
	SetAccount(ctx context.Context, acc sdk.AccountI)
	RemoveAccount(ctx context.Context, acc sdk.AccountI)
}

// BankKeeper is what this package needs of x/bank.
type BankKeeper interface {
	GetBalance(ctx context.Context, addr sdk.AccAddress, denom string) sdk.Coin
}

// Address derives the account of the record that kind and key name within
// module, as ADR-028 derives sub-accounts of a module. Nobody holds its key.
func Address(module, kind string, key ...[]byte) sdk.AccAddress {
	return address.Module(module, append([][]byte{[]byte(kind)}, key...)...)
}

// Open makes addr a plain account without a key. An account that somebody
// prepared there, such as a vesting account that would lock coins, is replaced:
// its coins become a surplus, which is nobody's.
func Open(ctx context.Context, ak AccountKeeper, addr sdk.AccAddress) {
	if old := ak.GetAccount(ctx, addr); old != nil {
		if base, ok := old.(*authtypes.BaseAccount); ok && base.GetPubKey() == nil {
			return
		}
		ak.RemoveAccount(ctx, old)
	}
	ak.SetAccount(ctx, ak.NewAccount(ctx, authtypes.NewBaseAccountWithAddress(addr)))
}

// Surplus returns what is left at addr in denom. The caller has paid out every
// recorded amount by now, so the rest was sent there by hand; it goes to the
// treasury before Close.
func Surplus(ctx context.Context, bk BankKeeper, addr sdk.AccAddress, denom string) math.Int {
	return bk.GetBalance(ctx, addr, denom).Amount
}

// Close removes the account record once its coins are gone. Coins of other
// denominations that somebody sent there stay where they are: clearing them
// would let a stranger make this call as long as they please.
func Close(ctx context.Context, ak AccountKeeper, addr sdk.AccAddress) {
	if acc := ak.GetAccount(ctx, addr); acc != nil {
		ak.RemoveAccount(ctx, acc)
	}
}
