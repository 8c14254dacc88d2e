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
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
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
	SendCoins(ctx context.Context, from, to sdk.AccAddress, amt sdk.Coins) error
}

// Address derives the account of the record that kind and key name within
// module, as ADR-028 derives sub-accounts of a module. Nobody holds its key.
func Address(module, kind string, key ...[]byte) sdk.AccAddress {
	return address.Module(module, append([][]byte{[]byte(kind)}, key...)...)
}

// depositKey is that under which Deposit names the receiver in a context.
type depositKey struct{}

// Deposit moves coins into an own account that comes and goes with its record, such as a
// request's: it has a balance and no record in x/auth, which would be two keys more to
// write and to remove. Bank's keeper must have been made over ForBank, or it adds that
// record.
func Deposit(ctx context.Context, bk BankKeeper, from, to sdk.AccAddress, coins sdk.Coins) error {
	return bk.SendCoins(sdk.UnwrapSDKContext(ctx).WithValue(depositKey{}, to), from, to, coins)
}

// payerKey is that under which Payer names who pays in a context.
type payerKey struct{}

// Payer lets bank pay out of an own account that Deposit has paid into without looking for
// a record of it in x/auth. Whoever made a record there, such as a vesting account, locks
// none of its coins.
func Payer(ctx context.Context, own sdk.AccAddress) context.Context {
	return sdk.UnwrapSDKContext(ctx).WithValue(payerKey{}, own)
}

// ForBank is x/auth as x/bank is to see it: whoever Deposit sends coins to counts as an
// account that exists, and the Payer of a context as one without a record.
func ForBank(ak banktypes.AccountKeeper) banktypes.AccountKeeper { return forBank{ak} }

type forBank struct{ banktypes.AccountKeeper }

// HasAccount implements AccountKeeper. Bank asks about whoever has just received coins.
func (b forBank) HasAccount(ctx context.Context, addr sdk.AccAddress) bool {
	return names(ctx, depositKey{}, addr) || b.AccountKeeper.HasAccount(ctx, addr)
}

// GetAccount implements AccountKeeper. Bank asks what is locked of what somebody pays from.
func (b forBank) GetAccount(ctx context.Context, addr sdk.AccAddress) sdk.AccountI {
	if names(ctx, payerKey{}, addr) {
		return nil
	}
	return b.AccountKeeper.GetAccount(ctx, addr)
}

// names tells whether the context has the address under the key.
func names(ctx context.Context, key any, addr sdk.AccAddress) bool {
	named, some := ctx.Value(key).(sdk.AccAddress)
	return some && named.Equals(addr)
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
// recorded amount by now, so the rest was sent there by hand, and goes to the treasury.
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
