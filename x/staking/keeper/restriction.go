package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
	vestexported "github.com/cosmos/cosmos-sdk/x/auth/vesting/exported"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// SendRestriction holds every movement of vault shares, whatever its form, to
// law S3; the app gives it to bank. A prover's own shares go nowhere but to this
// module, to be burned: its stake leaves by unstaking only. Shares never enter a
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
		if vesting, ok := k.ak.GetAccount(ctx, to).(vestexported.VestingAccount); ok &&
			vesting.GetOriginalVesting().AmountOf(coin.Denom).IsPositive() {
			return nil, types.ErrSharesVesting.Wrapf("%s to %s", coin, to)
		}
	}
	return to, nil
}
