package ante

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/internal/chain"
)

// FeeCoinDecorator refuses a fee that is not exactly one coin of the chain's
// denomination. The SDK's own check asks only that one of several coins is
// enough, in CheckTx alone, so a block could carry fees in vault shares (law S3)
// or in coins that nobody values.
type FeeCoinDecorator struct{}

// NewFeeCoinDecorator returns the decorator.
func NewFeeCoinDecorator() FeeCoinDecorator { return FeeCoinDecorator{} }

// AnteHandle implements sdk.AnteDecorator. The rule holds in every mode, with
// two exceptions that can't move coins: a simulation may leave the fee out,
// because it runs to find out what the fee will be, and a genesis transaction
// must leave it out, because no block collects it.
func (FeeCoinDecorator) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	feeTx, ok := tx.(sdk.FeeTx)
	if !ok {
		return ctx, errorsmod.Wrapf(sdkerrors.ErrTxDecode, "transaction of type %T carries no fee field", tx)
	}
	fee := feeTx.GetFee()
	switch {
	case ctx.BlockHeight() == 0 && !simulate:
		if !fee.IsZero() {
			return ctx, errorsmod.Wrapf(ErrGenesisFee, "got %s; leave --fees and --gas-prices out", fee)
		}
	case simulate && len(fee) == 0:
	default:
		if err := checkFeeCoin(fee, simulate); err != nil {
			return ctx, err
		}
	}
	return next(ctx, tx, simulate)
}

func checkFeeCoin(fee sdk.Coins, simulate bool) error {
	if len(fee) != 1 {
		return errorsmod.Wrapf(ErrFeeCoin, "got %d coins (%s); pay in %s only, for example --fees 500%s",
			len(fee), fee, chain.Denom, chain.Denom)
	}
	if fee[0].Denom != chain.Denom {
		return errorsmod.Wrapf(ErrFeeCoin, "got %s; pay in %s instead, for example --fees 500%s",
			fee, chain.Denom, chain.Denom)
	}
	if amount := fee[0].Amount; amount.IsNil() || amount.IsNegative() || amount.IsZero() && !simulate {
		return errorsmod.Wrapf(ErrFeeCoin, "got %s; pay at least 1%s", fee, chain.Denom)
	}
	return nil
}
