// Package simop is what our modules' random messages have in common.
package simop

import (
	"context"
	"errors"
	"slices"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
)

// maxFee bounds the random fee of an operation, so that accounts do not spend all
// that they have on fees.
const maxFee = 10_000

// Builder makes one message and names who signs it. It skips when it finds
// nothing to do.
type Builder[T sdk.Msg] func(context.Context, *simsx.ChainDataSource, simsx.SimulationReporter) (simsx.SimAccount, T)

// New is a builder whose signer pays a small fee in the chain's coin, the only one
// that the chain takes. The refusals are no failures.
func New[T sdk.Msg](build Builder[T], refusals ...error) simsx.SimMsgFactoryX {
	return simsx.NewSimMsgFactoryWithDeliveryResultHandler(func(
		ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, T, simsx.SimDeliveryResultHandler) {
		var none T
		signer, msg := build(ctx, data, reporter)
		if reporter.IsSkipped() {
			return nil, none, nil
		}
		rest := signer.LiquidBalance().AmountOf(chain.Denom)
		if rest.LT(math.NewInt(2)) {
			reporter.Skip("nothing left for the fee")
			return nil, none, nil
		}
		signer.LiquidBalance().Coins = sdk.NewCoins(sdk.NewCoin(chain.Denom, math.MinInt(rest, math.NewInt(maxFee))))
		return []simsx.SimAccount{signer}, msg, func(err error) error {
			if slices.ContainsFunc(refusals, func(refusal error) bool { return errors.Is(err, refusal) }) {
				return nil
			}
			return err
		}
	})
}

// Spend takes between least and half of what the account has, so that a fee is
// left. It skips when that is not there.
func Spend(data *simsx.ChainDataSource, reporter simsx.SimulationReporter, acc simsx.SimAccount, least math.Int) math.Int {
	half := acc.LiquidBalance().AmountOf(chain.Denom).QuoRaw(2)
	if half.LTE(least) || !half.IsPositive() {
		reporter.Skip("too poor")
		return math.ZeroInt()
	}
	amount, err := data.Rand().PositiveSDKIntInRange(least, half)
	if err != nil || !Take(acc, amount) {
		reporter.Skip("too poor")
		return math.ZeroInt()
	}
	return amount
}

// Take takes the amount of what the account has; false when that is not there.
func Take(acc simsx.SimAccount, amount math.Int) bool {
	return amount.IsZero() || acc.LiquidBalance().BlockAmount(sdk.NewCoin(chain.Denom, amount))
}
