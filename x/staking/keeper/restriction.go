package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
	vestexported "github.com/cosmos/cosmos-sdk/x/auth/vesting/exported"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// SendRestriction holds every movement of vault shares, whatever its form, to
// law S3; the app gives it to bank. A prover's own shares go nowhere but to this
// module, to be burned or handed on by MsgTransferShares. Shares never enter a
// vesting account's locked balance. Other coins, and sends to oneself, are none
// of its business. It only reads. It fails with ErrSharesLocked,
// ErrSharesVesting, ErrInvalidDenom.
func (k *Keeper) SendRestriction(ctx context.Context, from, to sdk.AccAddress, coins sdk.Coins) (sdk.AccAddress, error) {
	if from.Equals(to) {
		return to, nil
	}
	for _, coin := range coins {
		if !types.IsShareDenom(coin.Denom) {
			continue
		}
		text, _, err := types.ParseShareDenom(coin.Denom)
		if err != nil {
			return nil, err
		}
		prover, err := k.address(text)
		if err != nil {
			return nil, err
		}
		if from.Equals(prover) && !to.Equals(k.ak.GetModuleAddress(types.ModuleName)) {
			return nil, types.ErrSharesLocked.Wrapf("%s by %s", coin, from)
		}
		if err := k.mayHold(ctx, to, coin.Denom); err != nil {
			return nil, err
		}
	}
	return to, nil
}

// mayHold returns ErrSharesVesting for an account in which shares of denom would
// vest.
func (k *Keeper) mayHold(ctx context.Context, addr sdk.AccAddress, denom string) error {
	vesting, ok := k.ak.GetAccount(ctx, addr).(vestexported.VestingAccount)
	if ok && vesting.GetOriginalVesting().AmountOf(denom).IsPositive() {
		return types.ErrSharesVesting.Wrapf("%s to %s", denom, addr)
	}
	return nil
}
