package types

import (
	"time"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/ownaccount"
	"github.com/proofmarket/proofmarket/x/staking/incentive"
)

const (
	// MaxEpochs is how many epochs that ended stay on record, by number.
	MaxEpochs = 30
	// SourceMarket is the source of rewards for fulfilled requests. Only its
	// protocol fees count for incentives (law S10).
	SourceMarket = "market"
	// SourceIncentive is the source of incentives. A prover may set a commission of
	// its own for it.
	SourceIncentive = "incentive"
	// incentiveKind separates the incentive account from others of this module.
	incentiveKind = "incentives"
)

// IncentiveAddress returns the account that holds the incentive pool (laws S10
// and S12). What it holds is the pool, whoever sent it there.
func IncentiveAddress() sdk.AccAddress { return ownaccount.Address(ModuleName, incentiveKind) }

// NewProverEpoch returns the figures of a prover that did nothing in an epoch.
func NewProverEpoch(prover string, epoch uint64) ProverEpoch {
	zero := math.ZeroInt()
	return ProverEpoch{
		Prover: prover, Epoch: epoch, Fees: zero, ProtocolFees: zero, Rewards: zero, Vested: zero,
		AssetTime: zero, StakeTime: zero, Incentive: zero,
	}
}

// NewRunningEpoch returns the tally of a prover in an epoch, from a block time on.
func NewRunningEpoch(prover string, epoch uint64, since time.Time) RunningEpoch {
	return RunningEpoch{Figures: NewProverEpoch(prover, epoch), Since: since.UTC()}
}

// figures returns all of them, for checks.
func (e ProverEpoch) figures() []math.Int {
	return []math.Int{e.Fees, e.ProtocolFees, e.Rewards, e.Vested, e.AssetTime, e.StakeTime, e.Incentive}
}

// Claim reports whether the figures count what this generation's vault does. They
// are those of the first one that does something in the epoch, and its incentive
// is paid to that vault: a prover that registers again in the middle of an epoch
// takes nothing of it along, and earns from the next epoch on (law S10).
func (e *ProverEpoch) Claim(generation uint64) bool {
	if e.Empty() {
		e.Generation = generation
	}
	return e.Generation == generation
}

// Empty reports whether the prover did nothing in the epoch.
func (e ProverEpoch) Empty() bool {
	for _, figure := range e.figures() {
		if !figure.IsZero() {
			return false
		}
	}
	return true
}

// Score returns the figures that incentives are shared by.
func (e ProverEpoch) Score() incentive.Score {
	return incentive.Score{ProtocolFees: e.ProtocolFees, StakeTime: e.StakeTime}
}

// Pot returns what the payout gives, and the sums that it is shared by.
func (p Payout) Pot() incentive.Pot {
	return incentive.Pot{
		Budget: p.Budget, FeeBudget: p.FeeBudget, KappaBps: p.KappaBps,
		ProtocolFees: p.ProtocolFees, StakeTime: p.StakeTime,
	}
}

// Open reports whether the payout is under way.
func (p Payout) Open() bool { return p.Phase != PAYOUT_PHASE_DONE }

// EndsAt returns the time from which a block ends the epoch, for epochs of this
// length: the end of the period of that length, counted from 1970, that the
// epoch began in.
func (c EpochClock) EndsAt(length time.Duration) time.Time {
	if length <= 0 {
		return c.Start
	}
	into := time.Duration(c.Start.UnixNano() % int64(length))
	if into < 0 {
		into += length
	}
	return c.Start.Add(length - into)
}

// Next returns the number of the epoch that begins at now. It only rises, also
// when the length changes, and skips the epochs in which there was no block.
func (c EpochClock) Next(now time.Time, length time.Duration) uint64 {
	return max(c.Number+1, Epoch(now, length))
}

// validateIncentives checks by itself what a genesis file says of epochs. It
// fails with ErrInvalidGenesis.
func (g GenesisState) validateIncentives() error {
	if g.EpochClock == nil {
		if len(g.RunningEpochs)+len(g.ProverEpochs)+len(g.Payouts) > 0 {
			return ErrInvalidGenesis.Wrap("epochs without an epoch_clock")
		}
		return nil
	}
	clock := *g.EpochClock
	if clock.Number == 0 || clock.Number > maxNumber || clock.Last >= clock.Number || !inQueue(clock.Start) {
		return ErrInvalidGenesis.Wrapf("epoch %d after %d, from %s", clock.Number, clock.Last, clock.Start)
	}
	type key struct {
		prover string
		epoch  uint64
	}
	tallies, epochs, payouts := map[string]bool{}, map[key]bool{}, map[uint64]bool{}
	for _, t := range g.RunningEpochs {
		if err := t.Figures.validate(clock.Number); err != nil {
			return err
		}
		if tallies[t.Figures.Prover] || !inQueue(t.Since) {
			return ErrInvalidGenesis.Wrapf("tally of %s twice, or since %s", t.Figures.Prover, t.Since)
		}
		tallies[t.Figures.Prover] = true
	}
	for _, e := range g.ProverEpochs {
		if err := e.validate(clock.Last); err != nil {
			return err
		}
		at := key{e.Prover, e.Epoch}
		if epochs[at] {
			return ErrInvalidGenesis.Wrapf("epoch %d of %s twice", e.Epoch, e.Prover)
		}
		epochs[at] = true
	}
	for _, p := range g.Payouts {
		if payouts[p.Epoch] || p.Epoch == 0 || p.Epoch > clock.Last {
			return ErrInvalidGenesis.Wrapf("payout of epoch %d twice, or after the last epoch", p.Epoch)
		}
		payouts[p.Epoch] = true
		if err := p.validate(clock.Last); err != nil {
			return err
		}
	}
	if clock.Last > 0 && !payouts[clock.Last] {
		return ErrInvalidGenesis.Wrapf("epoch %d has no payout", clock.Last)
	}
	return nil
}

func (e ProverEpoch) validate(latest uint64) error {
	if e.Epoch == 0 || e.Epoch > latest {
		return ErrInvalidGenesis.Wrapf("epoch %d of %s, the latest is %d", e.Epoch, e.Prover, latest)
	}
	for _, figure := range e.figures() {
		if !incentive.Valid(figure) {
			return ErrInvalidGenesis.Wrapf("epoch %d of %s has the figure %s", e.Epoch, e.Prover, figure)
		}
	}
	if e.Generation == 0 && !e.Empty() {
		return ErrInvalidGenesis.Wrapf("epoch %d of %s belongs to no generation", e.Epoch, e.Prover)
	}
	return nil
}

func (p Payout) validate(last uint64) error {
	_, known := PayoutPhase_name[int32(p.Phase)]
	switch {
	case !known || p.Phase == PAYOUT_PHASE_UNSPECIFIED:
		return ErrInvalidGenesis.Wrapf("payout of epoch %d is in the unknown phase %d", p.Epoch, p.Phase)
	case p.Open() && p.Epoch != last:
		return ErrInvalidGenesis.Wrapf("payout of epoch %d is %s, but epoch %d ended since", p.Epoch, p.Phase, last)
	case !inQueue(p.Start) || !inQueue(p.End) || p.End.Before(p.Start):
		return ErrInvalidGenesis.Wrapf("payout of epoch %d from %s to %s", p.Epoch, p.Start, p.End)
	case p.Handled > p.Scored:
		return ErrInvalidGenesis.Wrapf("payout of epoch %d handled %d of %d", p.Epoch, p.Handled, p.Scored)
	}
	if err := p.Pot().Check(); err != nil {
		return ErrInvalidGenesis.Wrapf("payout of epoch %d: %s", p.Epoch, err)
	}
	if p.Paid.IsNil() || p.Paid.IsNegative() || p.Paid.GT(p.Budget) {
		return ErrInvalidGenesis.Wrapf("payout of epoch %d paid %s of %s", p.Epoch, p.Paid, p.Budget)
	}
	return nil
}
