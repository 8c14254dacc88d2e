package ante

import (
	"math"
	"math/big"
	"strings"

	errorsmod "cosmossdk.io/errors"
	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/internal/chain"
)

// priorityScale keeps six decimals of the gas price in a priority, since usual
// prices are below one uproof per unit of gas.
const priorityScale = 1_000_000

// CheckMinGasPrice returns the transaction's fee and its priority, which is the
// gas price in millionths of uproof. In CheckTx the fee must reach this node's
// minimum gas price in uproof; prices that the node's configuration names in
// other coins are ignored, since no other coin can pay a fee.
func CheckMinGasPrice(ctx sdk.Context, tx sdk.Tx) (sdk.Coins, int64, error) {
	feeTx, ok := tx.(sdk.FeeTx)
	if !ok {
		return nil, 0, errorsmod.Wrapf(sdkerrors.ErrTxDecode, "transaction of type %T carries no fee field", tx)
	}
	fee, gas := feeTx.GetFee(), feeTx.GetGas()
	paid := fee.AmountOf(chain.Denom)
	if ctx.IsCheckTx() {
		price := ctx.MinGasPrices().AmountOf(chain.Denom)
		required := price.MulInt(sdkmath.NewIntFromUint64(gas)).Ceil().TruncateInt()
		if paid.LT(required) {
			return nil, 0, errorsmod.Wrapf(ErrFeeTooLow,
				"got %s%s for %d gas, this node asks for %s%s; raise --fees or use --gas-prices %s%s",
				paid, chain.Denom, gas, required, chain.Denom, strings.TrimRight(price.String(), "0"), chain.Denom)
		}
	}
	return fee, priority(paid, gas), nil
}

// priority returns floor(paid × priorityScale / gas), at most the largest int64;
// zero gas gives zero.
func priority(paid sdkmath.Int, gas uint64) int64 {
	if gas == 0 || !paid.IsPositive() {
		return 0
	}
	p := new(big.Int).Mul(paid.BigInt(), big.NewInt(priorityScale))
	p.Quo(p, new(big.Int).SetUint64(gas))
	if !p.IsInt64() {
		return math.MaxInt64
	}
	return p.Int64()
}
