package keeper

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/internal/isolate"
	"github.com/proofmarket/proofmarket/x/internal/ownaccount"
	"github.com/proofmarket/proofmarket/x/staking/incentive"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// FundIncentives moves amount uproof into the incentive pool and returns the pool
// (law S10). Anyone may. It fails with ErrInvalidAmount, or bank's error when the
// coins are missing.
func (k *Keeper) FundIncentives(ctx context.Context, funder sdk.AccAddress, amount math.Int) (math.Int, error) {
	if err := positive("amount", amount); err != nil {
		return math.Int{}, err
	}
	text, err := k.text(funder)
	if err != nil {
		return math.Int{}, err
	}
	if err := k.bk.SendCoins(ctx, funder, types.IncentiveAddress(), chain.Coins(amount)); err != nil {
		return math.Int{}, err
	}
	pool := k.incentivePool(ctx)
	return pool, events.Emit(ctx, &types.EventIncentivesFunded{Funder: text, Amount: amount, Pool: pool})
}

// incentivePool returns what the incentive account holds: all of it is the pool.
func (k *Keeper) incentivePool(ctx context.Context) math.Int {
	return k.bk.GetBalance(ctx, types.IncentiveAddress(), chain.Denom).Amount
}

// handleIncentives ends an epoch that is over and works off up to limit items of
// the payout that is under way. Statistics are no reason to stop the chain:
// whatever fails here changes nothing and is tried again in the next block.
func (k *Keeper) handleIncentives(ctx context.Context, limit int) error {
	err := isolate.Run(ctx, types.ErrItemPanicked, func(ctx context.Context) error {
		p, open, err := k.openPayout(ctx)
		if err != nil || !open {
			return err
		}
		for limit > 0 && p.Open() {
			tried, err := k.advance(ctx, &p, limit)
			if err != nil {
				return err
			}
			limit -= max(tried, 1)
		}
		return k.payouts.Set(ctx, p.Epoch, p)
	})
	if err != nil {
		logger(ctx).Error("incentives could not be handled", "error", err)
	}
	return nil
}

// openPayout returns the payout under way, if there is one: that of the last
// epoch, or of the running one when it is over. An epoch that is over goes on
// until the payout before it is done, so there are never two.
func (k *Keeper) openPayout(ctx context.Context) (p types.Payout, open bool, err error) {
	clock, err := k.epochClock.Get(ctx)
	if err != nil {
		return p, false, err
	}
	if clock.Last > 0 {
		if p, err = k.payouts.Get(ctx, clock.Last); err != nil || p.Open() {
			return p, err == nil, err
		}
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return p, false, err
	}
	if now(ctx).Before(clock.EndsAt(params.EpochLength)) || !now(ctx).After(clock.Start) {
		return p, false, nil
	}
	p, err = k.endEpoch(ctx, clock, params)
	return p, err == nil, err
}

// endEpoch freezes the running epoch, with what its payout depends on, and starts
// the next one. Epochs without any block are skipped, however many: what they
// might have paid stays in the pool.
func (k *Keeper) endEpoch(ctx context.Context, clock types.EpochClock, params types.Params) (types.Payout, error) {
	budget, byFees, err := incentive.Budget(params.IncentiveBudget, k.incentivePool(ctx), params.IncentiveFeeBps)
	if err != nil {
		return types.Payout{}, types.ErrIncentives.Wrap(err.Error())
	}
	end := now(ctx).UTC()
	p := types.Payout{
		Epoch: clock.Number, Start: clock.Start, End: end, Phase: types.PAYOUT_PHASE_SCORE,
		Budget: budget, FeeBudget: byFees, KappaBps: params.IncentiveKappaBps,
		ProtocolFees: math.ZeroInt(), StakeTime: math.ZeroInt(), Paid: math.ZeroInt(),
	}
	next := types.EpochClock{Number: clock.Next(end, params.EpochLength), Start: end, Last: clock.Number}
	if err := k.epochClock.Set(ctx, next); err != nil {
		return p, err
	}
	if err := k.payouts.Set(ctx, p.Epoch, p); err != nil {
		return p, err
	}
	return p, events.Emit(ctx, &types.EventEpochEnded{
		Epoch: p.Epoch, Start: p.Start, End: p.End, Next: next.Number, Budget: p.Budget, FeeBudget: p.FeeBudget, KappaBps: p.KappaBps,
	})
}

// advance works off up to limit items of the payout's phase, returns how many it
// tried, and moves on to the next phase when there are no more.
func (k *Keeper) advance(ctx context.Context, p *types.Payout, limit int) (tried int, err error) {
	switch p.Phase {
	case types.PAYOUT_PHASE_SCORE:
		tried, err = k.scorePage(ctx, p, limit)
	case types.PAYOUT_PHASE_PAY:
		tried, err = k.payPage(ctx, p, limit)
	default:
		tried, err = k.prunePage(ctx, p.Epoch, limit)
	}
	if err != nil || tried >= limit {
		return tried, err
	}
	p.Phase++
	p.Cursor = ""
	if p.Open() {
		return tried, nil
	}
	return tried, events.Emit(ctx, &types.EventEpochPaid{Epoch: p.Epoch, Provers: p.Scored, Budget: p.Budget, Paid: p.Paid})
}

// importIncentives writes what a genesis says of epochs. Without a clock, the
// first epoch starts now, for every prover in it.
func (k *Keeper) importIncentives(ctx context.Context, g *types.GenesisState) error {
	// Made now, so that nobody can make an account there that locks its coins.
	ownaccount.Open(ctx, k.ak, types.IncentiveAddress())
	tallies := g.RunningEpochs
	clock := types.EpochClock{Number: max(1, types.Epoch(now(ctx), g.Params.EpochLength)), Start: now(ctx).UTC()}
	if g.EpochClock != nil {
		clock = *g.EpochClock
	} else {
		for _, p := range g.Provers {
			tallies = append(tallies, types.NewRunningEpoch(p.Prover.Address, clock.Number, clock.Start))
		}
	}
	if err := k.epochClock.Set(ctx, clock); err != nil {
		return err
	}
	for _, t := range tallies {
		addr, err := k.address(t.Figures.Prover)
		if err != nil {
			return err
		}
		if err := k.running.Set(ctx, addr, t); err != nil {
			return err
		}
	}
	for _, e := range g.ProverEpochs {
		addr, err := k.address(e.Prover)
		if err != nil {
			return err
		}
		if err := k.proverEpochs.Set(ctx, collections.Join(e.Epoch, addr), e); err != nil {
			return err
		}
	}
	for _, p := range g.Payouts {
		if err := k.payouts.Set(ctx, p.Epoch, p); err != nil {
			return err
		}
	}
	return nil
}

// exportIncentives reads everything about epochs, each list in the order of its
// keys.
func (k *Keeper) exportIncentives(ctx context.Context, g *types.GenesisState) error {
	clock, err := k.epochClock.Get(ctx)
	if err != nil {
		return err
	}
	g.EpochClock = &clock
	if g.RunningEpochs, err = values(ctx, k.running); err != nil {
		return err
	}
	if g.ProverEpochs, err = values(ctx, k.proverEpochs); err != nil {
		return err
	}
	g.Payouts, err = values(ctx, k.payouts)
	return err
}
