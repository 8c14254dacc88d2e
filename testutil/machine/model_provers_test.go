package machine

import (
	"cmp"
	"math/big"
	"slices"
	"time"

	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// cause is why a prover is deactivated (law S1).
type cause uint8

const (
	causeSelfStake cause = 1 << iota
	causeWish
	causeBreaker
	causeAuthority
)

// prover is how a prover stands (laws S1 to S8).
type prover struct {
	addr               string
	retired, jailed    bool
	causes             cause
	faults             uint64
	rate               int64
	vaults             []*vault // one for each generation
	duties             map[uint64]duty0
	nextDuty           uint64
	maxExposure, limit int64
	lossEpoch          int64
	losses             int64
	figures            proverFigures
}

// duty0 is what an open assignment weighs.
type duty0 struct{ stake, penalty int64 }

func (w *model) setStake(p proverstypes.Params) {
	w.stake = stakeTerms{
		minSelf: p.MinSelfStake.Int64(), minStake: p.MinStake.Int64(), minUnstake: p.MinUnstake.Int64(),
		delay: p.UnstakeDelay, period: p.RewardPeriod, maxUnstakes: int(p.MaxUnstakes),
	}
}

func (p *prover) generation() uint64 { return uint64(len(p.vaults)) }
func (p *prover) vault() *vault      { return p.vaults[len(p.vaults)-1] }
func (p *prover) self() int64        { return p.vault().worth(p.vault().held(p.addr)) }

// assigned and exposure are sums over what the prover leads or is assigned (law M4).
func (p *prover) assigned() (n int64) {
	for _, d := range p.duties {
		n += d.stake
	}
	return n
}

func (p *prover) exposure() (n int64) {
	for _, d := range p.duties {
		n += d.penalty
	}
	return n
}

func (p *prover) state() proverstypes.ProverState {
	switch {
	case p.jailed:
		return proverstypes.PROVER_STATE_JAILED
	case p.retired:
		return proverstypes.PROVER_STATE_RETIRED
	case p.causes != 0:
		return proverstypes.PROVER_STATE_DEACTIVATED
	default:
		return proverstypes.PROVER_STATE_ACTIVE
	}
}

func (p *prover) active() bool { return p.state() == proverstypes.PROVER_STATE_ACTIVE }

// isProver: a prover in any state but none and retired.
func (w *model) isProver(who string) bool {
	p := w.provers[who]
	return p != nil && p.state() != proverstypes.PROVER_STATE_RETIRED
}

// obliged tells whether an assignment numbered below mark is open (law S5).
func (p *prover) obliged(mark uint64) bool {
	for number := range p.duties {
		if number < mark {
			return true
		}
	}
	return false
}

func (p *prover) openDuty(stake, penalty int64) uint64 {
	number := p.nextDuty
	p.nextDuty++
	p.duties[number] = duty0{stake: stake, penalty: penalty}
	return number
}

// closeDuty ends an assignment; the last one retires the prover of a closed vault.
func (p *prover) closeDuty(number uint64) {
	delete(p.duties, number)
	p.settleClosed()
}

func (p *prover) settleClosed() {
	if p.vault().closed && len(p.duties) == 0 {
		p.retired = true
	}
}

// slash punishes a prover (law S7) and tells what it took. Nothing asked, nothing done.
func (w *model) slash(p *prover, amount int64) int64 {
	if amount == 0 {
		return 0
	}
	took := p.vault().slash(amount)
	w.treasury += took
	if p.self() < w.stake.minSelf && !p.retired {
		p.causes |= causeSelfStake
	}
	w.lose(p, took)
	p.settleClosed()
	return took
}

// lose counts a loss against the breaker (law S8).
func (w *model) lose(p *prover, took int64) {
	if took == 0 {
		return
	}
	if epoch := w.now.UnixNano() / int64(epochLength); epoch != p.lossEpoch {
		p.lossEpoch, p.losses = epoch, 0
	}
	p.losses += took
	if p.limit > 0 && p.losses > p.limit && !p.retired {
		p.causes |= causeBreaker
	}
}

func (w *model) register(who string, rate, stake int64) (why reasons, do func()) {
	p := w.provers[who]
	why.when(stake < w.stake.minSelf, proverstypes.ErrSelfStakeTooLow)
	why.when(p != nil && p.jailed, proverstypes.ErrProverJailed)
	why.when(p != nil && !p.jailed && !p.retired, proverstypes.ErrAlreadyProver)
	why.when(w.bal[who] < stake, sdkerrors.ErrInsufficientFunds)
	return why, func() {
		if p == nil {
			p = &prover{addr: who, duties: map[uint64]duty0{}, nextDuty: 1}
			w.provers[who] = p
			w.provingOrder = append(w.provingOrder, who)
		}
		p.retired, p.rate = false, rate
		p.causes &= causeAuthority
		p.losses, p.lossEpoch = 0, 0
		p.vaults = append(p.vaults, newVault())
		p.vault().put(who, big.NewInt(stake), stake)
		w.add(who, -stake)
	}
}

func (w *model) stakeInto(who, prover string, amount int64) (why reasons, do func()) {
	p := w.provers[prover]
	why.when(amount < w.stake.minStake, proverstypes.ErrAmountTooSmall)
	if p == nil {
		why.when(true, proverstypes.ErrProverNotFound)
		return why, nil
	}
	why.when(p.retired, proverstypes.ErrProverRetired)
	why.when(!p.active() && who != prover, proverstypes.ErrProverNotActive)
	why.when(p.vault().closed, proverstypes.ErrVaultClosed)
	shares, pays := p.vault().quote(amount)
	why.when(shares.Sign() == 0, proverstypes.ErrAmountTooSmall)
	why.when(w.bal[who] < pays, sdkerrors.ErrInsufficientFunds)
	return why, func() {
		w.add(who, -pays)
		p.vault().put(who, shares, pays)
	}
}

func (w *model) unstake(who, prover string, generation uint64, shares *big.Int) (why reasons, do func()) {
	p := w.provers[prover]
	if p == nil {
		why.when(true, proverstypes.ErrProverNotFound)
		return why, nil
	}
	if generation > p.generation() {
		why.when(true, proverstypes.ErrVaultNotFound)
		return why, nil
	}
	v := p.vaults[generation-1]
	open := 0
	for _, other := range p.vaults {
		open += other.open(who)
	}
	own := v.held(who)
	rest := new(big.Int).Sub(own, shares)
	why.when(shares.Sign() == 0 || rest.Sign() < 0, proverstypes.ErrTooFewShares, proverstypes.ErrInvalidAmount)
	why.when(open >= w.stake.maxUnstakes, proverstypes.ErrTooManyUnstakes)
	why.when(v.closed, proverstypes.ErrVaultClosed)
	if len(why) > 0 {
		return why, nil
	}
	value := v.worth(shares)
	why.when(value == 0, proverstypes.ErrAmountTooSmall)
	why.when(value < w.stake.minUnstake && rest.Sign() > 0, proverstypes.ErrAmountTooSmall)
	if who == prover && rest.Sign() > 0 {
		left := bigMulDiv(rest, big.NewInt(v.assets-value), new(big.Int).Sub(v.shares, shares), false).Int64()
		why.when(left < w.stake.minSelf, proverstypes.ErrSelfStakeRange)
	}
	if v.poolShares.Sign() > 0 && bigMulDiv(big.NewInt(value), v.poolShares, big.NewInt(v.pool), false).Sign() == 0 {
		why.when(true, proverstypes.ErrAmountTooSmall)
	}
	return why, func() {
		v.leave(who, shares, w.now.Add(w.stake.delay), p.nextDuty)
		if who == prover && rest.Sign() == 0 && v == p.vault() && !p.retired {
			p.causes |= causeSelfStake
		}
	}
}

func (w *model) completeUnstake(prover string, generation, id uint64) (why reasons, do func()) {
	p := w.provers[prover]
	if p == nil {
		why.when(true, proverstypes.ErrProverNotFound, proverstypes.ErrUnstakeNotFound)
		return why, nil
	}
	v := p.vaults[generation-1]
	i := slices.IndexFunc(v.entries, func(e *entry) bool { return e.id == id })
	if i < 0 {
		why.when(true, proverstypes.ErrUnstakeNotFound)
		return why, nil
	}
	e := v.entries[i]
	why.when(e.ready.After(w.now), proverstypes.ErrUnstakeNotReady)
	why.when(p.obliged(e.mark), proverstypes.ErrUnstakeObligations)
	return why, func() { w.add(e.staker, v.complete(e)) }
}

// endProvers completes unstakings that are due (laws S4, S5): by age, and those that
// waited for obligations after those whose delay has just ended.
func (w *model) endProvers() {
	type item struct {
		p *prover
		v *vault
		g int
		e *entry
	}
	var due, parked []item
	for _, name := range w.provingOrder {
		p := w.provers[name]
		for g, v := range p.vaults {
			for _, e := range v.entries {
				switch {
				case e.parked:
					parked = append(parked, item{p, v, g, e})
				case !e.ready.After(w.now):
					due = append(due, item{p, v, g, e})
				}
			}
		}
	}
	slices.SortStableFunc(due, func(a, b item) int {
		return cmp.Or(a.e.ready.Compare(b.e.ready), cmp.Compare(a.g, b.g), cmp.Compare(a.e.id, b.e.id))
	})
	slices.SortStableFunc(parked, func(a, b item) int {
		return cmp.Or(cmp.Compare(a.e.mark, b.e.mark), cmp.Compare(a.g, b.g), cmp.Compare(a.e.id, b.e.id))
	})
	for _, i := range append(due, parked...) {
		if i.p.obliged(i.e.mark) {
			i.e.parked = true
			continue
		}
		w.add(i.e.staker, i.v.complete(i.e))
	}
}

func (w *model) claimCommission(prover string) (why reasons, do func()) {
	p := w.provers[prover]
	if p == nil {
		why.when(true, proverstypes.ErrProverNotFound)
		return why, nil
	}
	v := p.vault()
	why.when(v.commission == 0, proverstypes.ErrNoCommission)
	return why, func() {
		w.add(prover, v.commission)
		v.commission = 0
	}
}

func (w *model) setBreaker(prover string, maxExposure, limit int64) (why reasons, do func()) {
	p := w.provers[prover]
	if p == nil {
		why.when(true, proverstypes.ErrProverNotFound)
		return why, nil
	}
	why.when(p.retired, proverstypes.ErrProverRetired)
	return why, func() { p.maxExposure, p.limit = maxExposure, limit }
}

// change is a message that only changes a prover's state (law S1).
func (w *model) change(what, who string) (why reasons, do func()) {
	p := w.provers[who]
	if p == nil {
		why.when(true, proverstypes.ErrProverNotFound)
		return why, nil
	}
	switch what {
	case "deactivate":
		why.when(p.retired, proverstypes.ErrProverRetired)
		why.when(p.causes&causeWish != 0, proverstypes.ErrAlreadyInState)
		do = func() { p.causes |= causeWish }
	case "reactivate":
		why.when(p.retired, proverstypes.ErrProverRetired)
		why.when(p.causes&^causeAuthority == 0, proverstypes.ErrNothingToLift)
		why.when(p.self() < w.stake.minSelf, proverstypes.ErrSelfStakeTooLow)
		do = func() {
			if p.causes&causeBreaker != 0 {
				p.losses, p.lossEpoch = 0, 0
			}
			p.causes &= causeAuthority
		}
	case "retire":
		why.when(p.retired, proverstypes.ErrProverRetired)
		why.when(p.jailed, proverstypes.ErrProverJailed)
		why.when(len(p.duties) > 0, proverstypes.ErrOpenAssignments)
		do = func() { p.retired = true }
	case "jail":
		why.when(p.jailed, proverstypes.ErrAlreadyInState)
		do = func() { p.jailed = true; p.faults++ }
	case "unjail":
		why.when(!p.jailed, proverstypes.ErrNothingToLift)
		do = func() { p.jailed = false }
	case "authority":
		why.when(p.causes&causeAuthority != 0, proverstypes.ErrAlreadyInState)
		do = func() { p.causes |= causeAuthority; p.faults++ }
	case "lift":
		why.when(p.causes&causeAuthority == 0, proverstypes.ErrNothingToLift)
		do = func() { p.causes &^= causeAuthority }
	}
	return why, do
}

// reward pays a prover for its proof, whatever its state (law S6).
func (w *model) reward(p *prover, amount int64) {
	p.vault().reward(amount, p.rate, w.stake.minSelf, w.stake.period, w.now)
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
