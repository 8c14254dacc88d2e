package ante

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
)

// FeeBankKeeper is what fee collection needs of x/bank.
type FeeBankKeeper interface {
	authtypes.BankKeeper
	SendCoinsFromAccountToModuleVirtual(ctx context.Context, from sdk.AccAddress, module string, amt sdk.Coins) error
}

// virtualFees collects fees without touching the fee collector's balance: bank
// notes the credit per transaction and adds all of them up in its EndBlock, so
// it must be the first EndBlocker. With the ordinary send every transaction of a
// block writes the same balance, and parallel execution gains nothing.
type virtualFees struct{ FeeBankKeeper }

// SendCoinsFromAccountToModule debits the payer now and credits the module at
// the end of the block.
func (b virtualFees) SendCoinsFromAccountToModule(ctx context.Context, from sdk.AccAddress, module string, amt sdk.Coins) error {
	return b.SendCoinsFromAccountToModuleVirtual(ctx, from, module, amt)
}
