package types

import (
	"context"

	"cosmossdk.io/core/address"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/ownaccount"
	"github.com/proofmarket/proofmarket/x/internal/treasury"
)

// AccountKeeper is what the module needs of x/auth.
type AccountKeeper interface {
	ownaccount.AccountKeeper
	AddressCodec() address.Codec
	GetModuleAddress(name string) sdk.AccAddress
}

// BankKeeper is what the module needs of x/bank.
type BankKeeper interface {
	treasury.BankKeeper
	SendCoins(ctx context.Context, from, to sdk.AccAddress, amt sdk.Coins) error
}

// PoolKeeper is what the module needs of x/distribution: the treasury.
type PoolKeeper = treasury.PoolKeeper
