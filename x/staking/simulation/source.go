package simulation

import (
	"context"
	"slices"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/internal/simop"
	"github.com/proofmarket/proofmarket/x/staking/keeper"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// Source makes the module's messages by what it finds on the chain.
type Source struct {
	k *keeper.Keeper
	q types.QueryServer
}

// NewSource returns a source over the module's keeper.
func NewSource(k *keeper.Keeper) Source { return Source{k: k, q: keeper.NewQueryServer(k)} }

// operation is a builder whose signer pays a small fee. The refusals are no failures.
func operation[T sdk.Msg](build simop.Builder[T], refusals ...error) simsx.SimMsgFactoryX {
	return simop.New(build, refusals...)
}

// spend takes between least and half of what the account has. It skips when that is
// not there.
func spend(data *simsx.ChainDataSource, reporter simsx.SimulationReporter, acc simsx.SimAccount, least math.Int) math.Int {
	return simop.Spend(data, reporter, acc, least)
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
