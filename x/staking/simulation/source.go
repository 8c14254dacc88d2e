package simulation

import (
	"context"
	"errors"
	"slices"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/staking/keeper"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// maxFee bounds the random fee of an operation, so that accounts do not spend all
// that they have on fees.
const maxFee = 10_000

// Source makes the module's messages by what it finds on the chain.
type Source struct {
	k *keeper.Keeper
	q types.QueryServer
}

// NewSource returns a source over the module's keeper.
func NewSource(k *keeper.Keeper) Source { return Source{k: k, q: keeper.NewQueryServer(k)} }

// builder makes one message and names who signs it. It skips when it finds
// nothing to do.
type builder[T sdk.Msg] func(context.Context, *simsx.ChainDataSource, simsx.SimulationReporter) (simsx.SimAccount, T)

// operation is a builder whose signer pays a small fee in the chain's coin, the
// only one that the chain takes. The refusals are no failures.
func operation[T sdk.Msg](build builder[T], refusals ...error) simsx.SimMsgFactoryX {
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

// spend takes between least and half of what the account has, so that a fee is
// left. It skips when that is not there.
func spend(data *simsx.ChainDataSource, reporter simsx.SimulationReporter, acc simsx.SimAccount, least math.Int) math.Int {
	half := acc.LiquidBalance().AmountOf(chain.Denom).QuoRaw(2)
	if half.LTE(least) || !half.IsPositive() {
		reporter.Skip("too poor")
		return math.ZeroInt()
	}
	amount, err := data.Rand().PositiveSDKIntInRange(least, half)
	if err != nil || !acc.LiquidBalance().BlockAmount(sdk.NewCoin(chain.Denom, amount)) {
		reporter.Skip("too poor")
		return math.ZeroInt()
	}
	return amount
}

func (s Source) params(ctx context.Context, reporter simsx.SimulationReporter) types.Params {
	params, err := s.k.Params(ctx)
	if err != nil {
		reporter.Fail(err, "parameters")
	}
	return params
}

// prover returns a random prover that wanted accepts. It skips when there is none.
func (s Source) prover(
	ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter, wanted func(types.ProverView) bool,
) types.ProverView {
	res, err := s.q.Provers(ctx, &types.QueryProversRequest{Pagination: &query.PageRequest{Limit: keeper.MaxPageLimit}})
	if err != nil {
		reporter.Fail(err, "provers")
		return types.ProverView{}
	}
	all := slices.DeleteFunc(res.Provers, func(p types.ProverView) bool { return !wanted(p) })
	if len(all) == 0 {
		reporter.Skip("no such prover")
		return types.ProverView{}
	}
	return all[data.Rand().Intn(len(all))]
}

// operator returns a random prover that wanted accepts, with its account.
func (s Source) operator(
	ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter, wanted func(types.ProverView) bool,
) (types.ProverView, simsx.SimAccount) {
	p := s.prover(ctx, data, reporter, func(p types.ProverView) bool { return data.HasAccount(p.Prover.Address) && wanted(p) })
	if reporter.IsSkipped() {
		return p, simsx.SimAccount{}
	}
	return p, data.GetAccount(reporter, p.Prover.Address)
}

// position returns a random account with shares of some vault, whose holders
// wanted accepts. It skips when it finds none soon.
func (s Source) position(
	data *simsx.ChainDataSource, reporter simsx.SimulationReporter, wanted func(holder, prover string) bool,
) (acc simsx.SimAccount, prover string, generation uint64, shares math.Int) {
	held := func(a simsx.SimAccount) (coins []sdk.Coin) {
		for _, coin := range a.LiquidBalance().Coins {
			prover, _, err := types.ParseShareDenom(coin.Denom)
			if err == nil && wanted(a.AddressBech32, prover) {
				coins = append(coins, coin)
			}
		}
		return coins
	}
	acc = data.AnyAccountN(50, reporter, simsx.SimAccountFilterFn(func(a simsx.SimAccount) bool { return len(held(a)) > 0 }))
	if reporter.IsSkipped() {
		return acc, "", 0, math.Int{}
	}
	coins := held(acc)
	coin := coins[data.Rand().Intn(len(coins))]
	prover, generation, _ = types.ParseShareDenom(coin.Denom)
	return acc, prover, generation, coin.Amount
}

// entry returns a random unstaking of a random prover, with its staker. It skips
// when there is none.
func (s Source) entry(
	ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter,
) (types.Unstake, simsx.SimAccount) {
	p := s.prover(ctx, data, reporter, func(types.ProverView) bool { return true })
	if reporter.IsSkipped() {
		return types.Unstake{}, simsx.SimAccount{}
	}
	res, err := s.q.Unstakes(ctx, &types.QueryUnstakesRequest{Prover: p.Prover.Address})
	if err != nil {
		reporter.Fail(err, "unstakings")
		return types.Unstake{}, simsx.SimAccount{}
	}
	if len(res.Unstakes) == 0 {
		reporter.Skip("no unstaking")
		return types.Unstake{}, simsx.SimAccount{}
	}
	u := res.Unstakes[data.Rand().Intn(len(res.Unstakes))].Unstake
	return u, data.GetAccount(reporter, u.Staker)
}
