package keeper_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/staking/keeper"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

func TestFundIncentives(t *testing.T) {
	f := newFixture(t)
	funder := f.account(t, "funder", 1000)
	send := func(ctx context.Context, from string, amount math.Int) error {
		_, err := f.msg.FundIncentives(ctx, &types.MsgFundIncentives{Funder: from, Amount: amount})
		return err
	}
	for _, c := range []struct {
		name, from string
		amount     math.Int
		want       error
	}{
		{"no funder", "", math.OneInt(), types.ErrInvalidAddress},
		{"not an address", "proof1xyz", math.OneInt(), types.ErrInvalidAddress},
		{"another chain's address", "cosmos1qqqsyqcyq5rqwzqfys8f67", math.OneInt(), types.ErrInvalidAddress},
		{"no amount", funder.String(), math.Int{}, types.ErrInvalidAmount},
		{"nothing", funder.String(), math.ZeroInt(), types.ErrInvalidAmount},
		{"negative", funder.String(), math.NewInt(-1), types.ErrInvalidAmount},
		{"more than it has", funder.String(), math.NewInt(1001), sdkerrors.ErrInsufficientFunds},
		{"absurd", funder.String(), keeper.Owed(types.NewVault("x", 1)).AddRaw(1).MulRaw(1 << 62).MulRaw(1 << 62), sdkerrors.ErrInsufficientFunds},
	} {
		f.requireRefused(t, c.name, c.want, func(ctx context.Context) error { return send(ctx, c.from, c.amount) })
	}
	require.NoError(t, send(f.ctx, funder.String(), math.NewInt(1000)))
	require.EqualValues(t, 1000, f.pooled())
	// Coins sent by hand belong to the pool as well.
	other := f.account(t, "other", 5)
	require.NoError(t, f.bk.SendCoins(f.ctx, other, types.IncentiveAddress(), sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 5))))
	require.EqualValues(t, 1005, f.incentives(t).Pool.Int64())
	f.requireSound(t)
}

func TestIncentiveQueries(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, incentiveParams)
	f.setParams(t, func(p *types.Params) { p.RewardPeriod = 0 })
	alice := f.register(t, "alice", 1000*proof, 2500)
	stranger := f.account(t, "stranger", 1)

	_, err := f.query.Incentives(f.ctx, nil)
	require.ErrorIs(t, err, types.ErrInvalidQuery)
	_, err = f.query.ProverEpochs(f.ctx, nil)
	require.ErrorIs(t, err, types.ErrInvalidQuery)
	_, err = f.query.APR(f.ctx, nil)
	require.ErrorIs(t, err, types.ErrInvalidQuery)
	for _, c := range []struct {
		prover string
		epochs uint32
		want   error
	}{
		{"", 0, types.ErrInvalidAddress},
		{"alice", 0, types.ErrInvalidAddress},
		{stranger.String(), 0, types.ErrProverNotFound},
		{alice.String(), 31, types.ErrInvalidQuery},
	} {
		_, err = f.query.ProverEpochs(f.ctx, &types.QueryProverEpochsRequest{Prover: c.prover, Epochs: c.epochs})
		require.ErrorIs(t, err, c.want)
		_, err = f.query.APR(f.ctx, &types.QueryAPRRequest{Prover: c.prover, Epochs: c.epochs})
		require.ErrorIs(t, err, c.want)
	}

	apr := func(epochs uint32) *types.QueryAPRResponse {
		res, err := f.query.APR(f.ctx, &types.QueryAPRRequest{Prover: alice.String(), Epochs: epochs})
		require.NoError(t, err)
		return res
	}
	require.Zero(t, apr(0).AprBps)
	require.Zero(t, apr(0).Epochs)
	require.Equal(t, f.ctx.BlockTime().Add(day), f.incentives(t).EndsAt)
	require.Nil(t, f.incentives(t).Payout)

	// One PROOF for the holders of 1000, at the end of a day: 0.1 % in a day.
	f.endBlock(t, day)
	f.deliver(t, alice, f.account(t, "payer", 2*proof), proof*4/3, 0)
	f.endBlock(t, day)
	res := apr(1)
	require.EqualValues(t, 3650, res.AprBps)
	require.EqualValues(t, proof, res.Vested.Int64())
	require.EqualValues(t, 1, res.Epochs)
	// Over two days it is half of that, by the larger vault a little less.
	f.endBlock(t, time.Second)
	require.EqualValues(t, 1824, apr(0).AprBps)
	require.EqualValues(t, 0, apr(1).AprBps)
	require.EqualValues(t, 2, apr(30).Epochs)
	// Asking changed nothing.
	before := f.dump(f.ctx)
	apr(0)
	f.epochs(t, alice)
	require.True(t, before == f.dump(f.ctx))
}

// Figures are kept for 30 epochs, then deleted, in pages, of provers that are gone
// as well; a prover that is gone costs later payouts nothing.
func TestFiguresAreForgotten(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, incentiveParams)
	f.setParams(t, func(p *types.Params) { p.EndBlockCap = 4 })
	alice := f.register(t, "alice", 1000*proof, 0)
	gone := f.register(t, "gone", 1000*proof, 0)
	f.endBlock(t, day)
	f.slash(t, gone, 1000*proof)
	for range 45 {
		f.endBlock(t, 12*time.Hour)
		f.endBlock(t, 12*time.Hour)
		g, err := f.k.ExportGenesis(f.ctx)
		require.NoError(t, err)
		require.LessOrEqual(t, len(g.ProverEpochs), types.MaxEpochs+1)
		require.LessOrEqual(t, len(g.Payouts), types.MaxEpochs+1)
		f.requireSound(t)
	}
	g, err := f.k.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.Len(t, g.RunningEpochs, 1)
	require.Len(t, g.ProverEpochs, types.MaxEpochs)
	require.Len(t, f.epochs(t, alice).Epochs, types.MaxEpochs)
	require.Empty(t, f.epochs(t, gone).Epochs)
	requireSameAfterImport(t, f)
	f.endBlock(t, 400*day)
	f.endBlock(t, day)
	f.endBlock(t, day)
	for range 20 {
		f.endBlock(t, time.Second)
	}
	require.LessOrEqual(t, len(f.epochs(t, alice).Epochs), 3)
	f.requireSound(t)
}

// Another length of the epochs counts at once, and numbers never go back.
func TestEpochLengthChanges(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, incentiveParams)
	alice := f.register(t, "alice", 1000*proof, 0)
	last := f.incentives(t).Clock.Number
	for _, length := range []time.Duration{day, 7 * day, time.Hour, 365 * day, time.Minute, day} {
		f.setParams(t, func(p *types.Params) { p.EpochLength = length })
		require.False(t, f.incentives(t).EndsAt.Before(f.incentives(t).Clock.Start))
		for range 3 {
			f.endBlock(t, length)
			f.requireSound(t)
			number := f.incentives(t).Clock.Number
			require.GreaterOrEqual(t, number, last)
			last = number
		}
		requireSameAfterImport(t, f)
	}
	require.NotEmpty(t, f.epochs(t, alice).Epochs)
}

// statsModel keeps the figures of one prover the plain way: block by block.
type statsModel struct{ assetTime, stakeTime, vested, fees, protocol, rewards math.Int }

// Stake-time kept lazily is the same as stake-time summed in every block, over
// any sequence of messages, states, slashes and halts, and whenever the payouts'
// pages come. Rewards vest at once here, so that the sums are exact.
func TestLazyFiguresMatchAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t)
		f.setParams(t, incentiveParams)
		f.setParams(t, func(p *types.Params) { p.RewardPeriod, p.EndBlockCap = 0, 1 })
		f.fundIncentives(t, 10_000_000)
		provers := []sdk.AccAddress{f.register(t, "alice", 1000*proof, 1000), f.register(t, "bob", 2000*proof, 0)}
		staker := f.account(t, "staker", 1_000_000*proof)
		models := make([]statsModel, len(provers))
		for i := range models {
			zero := math.ZeroInt()
			models[i] = statsModel{zero, zero, zero, zero, zero, zero}
		}
		clock := f.incentives(t).Clock
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			i := rapid.IntRange(0, 1).Draw(t, "prover")
			prover, m := provers[i], &models[i]
			switch rapid.IntRange(0, 8).Draw(t, "step") {
			case 0:
				_ = f.stake(staker, prover, rapid.Int64Range(1, 100).Draw(t, "stake")*proof)
			case 1:
				_, _ = f.unstake(staker, prover, rapid.Int64Range(1, 100).Draw(t, "unstake")*proof)
			case 2:
				change := rapid.SampledFrom([]func(sdk.AccAddress) error{
					f.deactivate, f.reactivate, f.jail, f.unjail, f.condemn, f.lift,
				}).Draw(t, "change")
				_ = change(prover)
			case 3:
				f.slash(t, prover, rapid.Int64Range(1, 50).Draw(t, "slash")*proof)
			case 4, 5:
				rest, fee := rapid.Int64Range(1, 1_000_000).Draw(t, "rest"), rapid.Int64Range(0, 50_000).Draw(t, "fee")
				before := f.vault(t, prover, 0).Assets
				f.deliver(t, prover, staker, rest, fee)
				m.vested = m.vested.Add(f.vault(t, prover, 0).Assets.Sub(before))
				m.fees, m.protocol, m.rewards = m.fees.AddRaw(rest+fee), m.protocol.AddRaw(fee), m.rewards.AddRaw(rest)
			default:
				later := rapid.SampledFrom([]time.Duration{1, time.Second, time.Hour, 9 * time.Hour, 3 * day}).Draw(t, "later")
				clock = modelBlock(t, f, provers, models, clock, later)
			}
			for i, prover := range provers {
				models[i].require(t, f.epochs(t, prover).Running)
			}
		}
		for range 12 {
			clock = modelBlock(t, f, provers, models, clock, time.Second)
		}
		f.requireSound(t)
		requireSameAfterImport(t, f)
	})
}

// modelBlock ends a block and lets time pass, in the chain and in the models. An
// epoch that ended leaves its figures behind; incentives paid in the block count
// in the running one.
func modelBlock(
	t *rapid.T, f *fixture, provers []sdk.AccAddress, models []statsModel, clock types.EpochClock, later time.Duration,
) types.EpochClock {
	ended := append([]statsModel{}, models...)
	var assets []math.Int
	for _, prover := range provers {
		assets = append(assets, f.vault(t, prover, 0).Assets)
	}
	f.endBlock(t, 0)
	next := f.incentives(t).Clock
	for i, prover := range provers {
		m := &models[i]
		if next.Number != clock.Number {
			zero := math.ZeroInt()
			*m = statsModel{zero, zero, zero, zero, zero, zero}
			if len(f.epochs(t, prover).Epochs) > 0 && f.epochs(t, prover).Epochs[0].Epoch == next.Last {
				ended[i].require(t, f.epochs(t, prover).Epochs[0])
			}
		}
		// What the end of the block paid is rewards, and vested at once.
		got := f.vault(t, prover, 0).Assets
		m.vested = m.vested.Add(got.Sub(assets[i]))
		m.rewards = f.epochs(t, prover).Running.Rewards
		sum := got.MulRaw(int64(later))
		m.assetTime = m.assetTime.Add(sum)
		if f.standing(t, prover).State == types.PROVER_STATE_ACTIVE {
			m.stakeTime = m.stakeTime.Add(sum)
		}
	}
	f.ctx = f.ctx.WithBlockTime(f.ctx.BlockTime().Add(later))
	return next
}

func (m statsModel) require(t require.TestingT, e types.ProverEpoch) {
	require.Equal(t, fmt.Sprint(m.assetTime, m.stakeTime, m.vested, m.fees, m.protocol, m.rewards),
		fmt.Sprint(e.AssetTime, e.StakeTime, e.Vested, e.Fees, e.ProtocolFees, e.Rewards))
}

func TestGenesisOfIncentivesRefused(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, incentiveParams)
	f.setParams(t, func(p *types.Params) { p.EndBlockCap = 3 })
	f.fundIncentives(t, 5000)
	payer := f.account(t, "payer", proof)
	for _, name := range []string{"alice", "bob"} {
		f.deliver(t, f.register(t, name, 1000*proof, 0), payer, 100, 10)
	}
	f.endBlock(t, day)
	f.endBlock(t, day) // one epoch scored and paid in part
	f.setParams(t, func(p *types.Params) { p.EndBlockCap = 1 })
	require.Equal(t, types.PAYOUT_PHASE_PAY, f.incentives(t).Payout.Phase)
	f.requireSound(t)
	set := math.NewInt
	cases := []struct {
		name    string
		malform func(*types.GenesisState)
		err     error
	}{
		{"no clock", func(g *types.GenesisState) { g.EpochClock = nil }, types.ErrInvalidGenesis},
		{"no epoch", func(g *types.GenesisState) { g.EpochClock.Number = 0 }, types.ErrInvalidGenesis},
		{"the last epoch is to come", func(g *types.GenesisState) { g.EpochClock.Last = g.EpochClock.Number }, types.ErrInvalidGenesis},
		{"start out of range", func(g *types.GenesisState) { g.EpochClock.Start = time.Time{} }, types.ErrInvalidGenesis},
		{"running twice", func(g *types.GenesisState) { g.RunningEpochs = append(g.RunningEpochs, g.RunningEpochs[0]) }, types.ErrInvalidGenesis},
		{"running since never", func(g *types.GenesisState) { g.RunningEpochs[0].Since = time.Time{} }, types.ErrInvalidGenesis},
		{"running of the future", func(g *types.GenesisState) { g.RunningEpochs[0].Figures.Epoch++ }, types.ErrInvalidGenesis},
		{"a figure is missing", func(g *types.GenesisState) { g.RunningEpochs[0].Figures.Fees = math.Int{} }, types.ErrInvalidGenesis},
		{"a figure is negative", func(g *types.GenesisState) { g.ProverEpochs[0].Vested = set(-1) }, types.ErrInvalidGenesis},
		{"epoch twice", func(g *types.GenesisState) { g.ProverEpochs = append(g.ProverEpochs, g.ProverEpochs[0]) }, types.ErrInvalidGenesis},
		{"epoch of the future", func(g *types.GenesisState) { g.ProverEpochs[0].Epoch = g.EpochClock.Number }, types.ErrInvalidGenesis},
		{"payout twice", func(g *types.GenesisState) { g.Payouts = append(g.Payouts, g.Payouts[0]) }, types.ErrInvalidGenesis},
		{"payout without a phase", func(g *types.GenesisState) { g.Payouts[0].Phase = 0 }, types.ErrInvalidGenesis},
		{"unknown phase", func(g *types.GenesisState) { g.Payouts[0].Phase = 9 }, types.ErrInvalidGenesis},
		{"payout backwards", func(g *types.GenesisState) { g.Payouts[0].End = g.Payouts[0].Start.Add(-1) }, types.ErrInvalidGenesis},
		{"more handled than scored", func(g *types.GenesisState) { g.Payouts[0].Handled = 9 }, types.ErrInvalidGenesis},
		{"more paid than there is", func(g *types.GenesisState) { g.Payouts[0].Paid = set(1001) }, types.ErrInvalidGenesis},
		{"κ of one", func(g *types.GenesisState) { g.Payouts[0].KappaBps = 10_000 }, types.ErrInvalidGenesis},
		{"no payout", func(g *types.GenesisState) { g.Payouts = nil }, types.ErrInvalidGenesis},
		{"another payout is open", func(g *types.GenesisState) {
			p := g.Payouts[0]
			p.Epoch--
			g.Payouts = append(g.Payouts, p)
		}, types.ErrInvalidGenesis},
		{"nobody's figures", func(g *types.GenesisState) { g.RunningEpochs[0].Figures.Prover = "alice" }, types.ErrInvalidAddress},
		{"cursor", func(g *types.GenesisState) { g.Payouts[0].Cursor = "alice" }, types.ErrInvalidAddress},

		{"figures of a stranger", func(g *types.GenesisState) { g.RunningEpochs[0].Figures.Prover = payer.String() }, types.ErrInvariant},
		{"an active prover has none", func(g *types.GenesisState) { g.RunningEpochs = g.RunningEpochs[1:] }, types.ErrInvariant},
		{"stale figures", func(g *types.GenesisState) { g.RunningEpochs[0].Figures.Epoch-- }, types.ErrInvariant},
		{"since before the epoch", func(g *types.GenesisState) { g.RunningEpochs[0].Since = genesisTime }, types.ErrInvariant},
		{"since tomorrow", func(g *types.GenesisState) { g.RunningEpochs[0].Since = f.ctx.BlockTime().Add(1) }, types.ErrInvariant},
		{"protocol fees above fees", func(g *types.GenesisState) { g.RunningEpochs[0].Figures.ProtocolFees = set(1 << 40) }, types.ErrInvariant},
		{"sum of fees", func(g *types.GenesisState) { g.Payouts[0].ProtocolFees = set(21) }, types.ErrInvariant},
		{"sum of stake", func(g *types.GenesisState) { g.Payouts[0].StakeTime = set(21) }, types.ErrInvariant},
		{"sum of payments", func(g *types.GenesisState) { g.Payouts[0].Paid = set(21) }, types.ErrInvariant},
		{"number of provers", func(g *types.GenesisState) { g.Payouts[0].Scored++ }, types.ErrInvariant},
		{"the pool does not cover it", func(g *types.GenesisState) { g.Payouts[0].Budget = set(5001) }, types.ErrInvariant},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g, err := f.k.ExportGenesis(f.ctx)
			require.NoError(t, err)
			c.malform(g)
			fresh := f.withEmptyStore(t)
			require.ErrorIs(t, fresh.k.InitGenesis(fresh.ctx, g), c.err)
		})
	}
	// A genesis made by hand needs no clock: its provers start with the chain.
	g, err := f.k.ExportGenesis(f.ctx)
	require.NoError(t, err)
	g.EpochClock, g.RunningEpochs, g.ProverEpochs, g.Payouts = nil, nil, nil, nil
	fresh := f.withEmptyStore(t)
	require.NoError(t, fresh.k.InitGenesis(fresh.ctx, g))
	pooled := fresh.pooled()
	fresh.endBlock(t, day)
	for range 6 {
		fresh.endBlock(t, time.Second)
	}
	require.Less(t, fresh.pooled(), pooled)
}
