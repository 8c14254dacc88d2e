package machine

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"

	"github.com/cosmos/gogoproto/proto"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// tally counts what happened, by name.
type tally struct {
	mu sync.Mutex
	n  map[string]int
}

func newTally() *tally { return &tally{n: map[string]int{}} }

func (t *tally) add(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n[name]++
}

// String lists the counts.
func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(t.n)) {
		fmt.Fprintf(&b, "%8d %s\n", t.n[name], name)
	}
	return b.String()
}

// weighted are the actions with their weights.
var weighted = func() (list []func(*machine)) {
	for _, a := range []struct {
		weight int
		do     func(*machine)
	}{
		{10, (*machine).request},
		{60, (*machine).natural},
		{4, (*machine).anyBid},
		{4, (*machine).anyReveal},
		{6, (*machine).anySubmit},
		{3, (*machine).cancel},
		{3, (*machine).raise},
		{6, (*machine).refund},
		{3, (*machine).claim},
		{2, (*machine).crowd},
		{3, (*machine).bidBatch},
		{3, (*machine).revealBatch},
		{6, (*machine).links},
		{4, (*machine).stake},
		{4, (*machine).unstake},
		{2, (*machine).complete},
		{2, (*machine).commission},
		{3, (*machine).register},
		{2, (*machine).changeState},
		{8, (*machine).heal},
		{2, (*machine).breaker},
		{2, (*machine).slash},
		{2, (*machine).suspendOrResume},
		{2, (*machine).marketParams},
		{1, (*machine).proversParams},
		{1, (*machine).setPause},
		{1, (*machine).gift},
		{2, (*machine).shutOrNot},
	} {
		for range a.weight {
			list = append(list, a.do)
		}
	}
	return list
}()

// act does one thing.
func (m *machine) act() { pick(m, weighted)(m) }

// pick chooses one of a list.
func pick[T any](m *machine, list []T) T { return list[m.rng.IntN(len(list))] }

// one is true once in n times.
func (m *machine) one(n int) bool { return m.rng.IntN(n) == 0 }

// between draws an amount, at times one of the bounds.
func (m *machine) between(least, most int64) int64 {
	switch m.rng.IntN(8) {
	case 0:
		return least
	case 1:
		return most
	default:
		return least + m.rng.Int64N(most-least+1)
	}
}

func (m *machine) addr(name string) string { return m.app.Account(name).String() }

func (m *machine) someone(groups ...[]string) string {
	return m.addr(pick(m, slices.Concat(groups...)))
}

// people tells the model who has what.
func (m *machine) people() {
	for _, name := range accountNames() {
		m.w.bal[testutil.NewAccount(name).String()] = startBalance
	}
	for name, key := range map[string]verifiertypes.Target{
		"groth16": verifiertypes.FamilyTarget("groth16"), "pico": verifiertypes.FamilyTarget("pico"),
		"verifier": verifiertypes.VerifierTarget(verifiertypes.PicoV122),
	} {
		m.w.targets[name] = &target{key: key}
	}
	for c := range circuitCount {
		m.w.targets[circuitName(c)] = &target{key: verifiertypes.Target{Kind: verifiertypes.TARGET_KIND_CIRCUIT, Id: m.pool.ids[c]}}
	}
}

func circuitName(c int) string { return fmt.Sprint("circuit", c) }

// targetList lists the targets in a fixed order.
func (w *model) targetList() (list []*target) {
	for _, name := range slices.Sorted(maps.Keys(w.targets)) {
		list = append(list, w.targets[name])
	}
	return list
}

// send delivers a message and holds the answer against the laws: it must succeed
// exactly if there is no reason why not, and else fail with one of them. It returns
// the response, nil for a failure.
func (m *machine) send(msg sdk.Msg, why reasons) proto.Message {
	messages.Add(1)
	name := strings.TrimPrefix(fmt.Sprintf("%T", msg), "*types.")
	m.note("  %s %.400v", name, msg)
	res, err := m.deliver(msg)
	if !why.allow(err) {
		m.Fatalf("%s: the laws give %v, the chain says: %v\n%v", name, []error(why), err, msg)
	}
	if err != nil {
		refusals.Add(1)
		seen.add(name + " refused")
		m.note("    refused: %v", err)
		return nil
	}
	seen.add(name)
	return res
}

// sendDo sends a message whose effect needs nothing of the response.
func (m *machine) sendDo(msg sdk.Msg, why reasons, do func()) bool {
	if m.send(msg, why) == nil {
		return false
	}
	do()
	return true
}

// same fails the run unless two things are equal.
func same[T comparable](m *machine, what string, chain, laws T) {
	if chain != laws {
		m.Fatalf("%s: the chain says %v, the laws %v", what, chain, laws)
	}
}

// gift sends coins by hand to the account of an open request: nobody's.
func (m *machine) gift() {
	r := m.someOpen()
	if r == nil {
		return
	}
	from, amount := m.someone(requesterNames, stakerNames), m.between(1, 1000)
	if m.w.bal[from] < amount {
		return
	}
	raw, err := markettypes.ParseID(r.id)
	m.ok(err)
	m.note("  gift of %d to %s", amount, r.id)
	sender, err := sdk.AccAddressFromBech32(from)
	m.ok(err)
	_, err = m.deliver(banktypes.NewMsgSend(sender, markettypes.RequestAccount(raw), coins(amount)))
	m.ok(err)
	m.w.add(from, -amount)
	r.gift += amount
}

func (m *machine) ok(err error) {
	if err != nil {
		m.Fatalf("%v", err)
	}
}

// shutOrNot keeps bank from paying somebody, or lets it again. Provers' stakers are
// always paid: what happens to them otherwise is the provers' own machine's business.
func (m *machine) shutOrNot() {
	if m.author != nil {
		return // no message does that
	}
	who := m.someone(requesterNames, workerNames)
	if m.w.shut[who] {
		delete(m.w.shut, who)
	} else if m.w.provers[who] == nil {
		m.w.shut[who] = true
	}
	m.note("  shut %s: %v", who, m.w.shut[who])
}

func coins(amount int64) sdk.Coins { return sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, amount)) }

func (m *machine) register() {
	who := m.someone(proverNames, proverNames, proverNames, workerNames)
	if m.w.shut[who] {
		return
	}
	m.registerWith(who, m.between(0, 10_000), m.between(m.w.stake.minSelf-1, 60*million))
}

func (m *machine) registerWith(who string, rate, stake int64) {
	why, do := m.w.register(who, rate, stake)
	m.sendDo(&proverstypes.MsgRegister{Prover: who, CommissionBps: uint32(rate), SelfStake: math.NewInt(stake)}, why, do)
}

// aProver names a prover, or now and then somebody who is none.
func (m *machine) aProver() string {
	if len(m.w.provingOrder) > 0 && !m.one(20) {
		return pick(m, m.w.provingOrder)
	}
	return m.someone(proverNames, stakerNames)
}

func (m *machine) stake() {
	prover := m.aProver()
	who := prover
	if m.one(2) {
		who = m.someone(stakerNames)
	}
	m.stakeWith(who, prover, m.between(m.w.stake.minStake-1, 30*million))
}

func (m *machine) stakeWith(who, prover string, amount int64) {
	why, do := m.w.stakeInto(who, prover, amount)
	m.sendDo(&proverstypes.MsgStake{Staker: who, Prover: prover, Amount: math.NewInt(amount), MinSharesOut: math.ZeroInt()}, why, do)
}

func (m *machine) unstake() {
	prover := m.aProver()
	who := prover
	if m.one(2) {
		who = m.someone(stakerNames)
	}
	msg := &proverstypes.MsgRequestUnstake{Staker: who, Prover: prover, Generation: 1, MinOut: math.ZeroInt(), Shares: math.ZeroInt()}
	shares := new(big.Int)
	if p := m.w.provers[prover]; p != nil {
		msg.Generation = 1 + m.rng.Uint64N(p.generation()+1)
		if msg.Generation <= p.generation() {
			v := p.vaults[msg.Generation-1]
			if holders := slices.Sorted(maps.Keys(v.holders)); !m.one(4) {
				msg.Staker = pick(m, holders)
			}
			who = msg.Staker
			shares.Set(v.held(who))
		}
	}
	if m.one(2) && shares.Sign() > 0 {
		if m.one(2) {
			shares.Div(shares, big.NewInt(m.between(1, 20)))
		} else {
			shares.Div(shares, big.NewInt(m.between(5, 2000)))
		}
		msg.Shares = math.NewIntFromBigInt(shares)
	} else {
		msg.All = true
	}
	why, do := m.w.unstake(who, prover, msg.Generation, shares)
	if res := m.send(msg, why); res != nil {
		do()
		v := m.w.provers[prover].vaults[msg.Generation-1]
		v.entries[len(v.entries)-1].id = res.(*proverstypes.MsgRequestUnstakeResponse).Id
	}
}

func (m *machine) complete() {
	prover := m.aProver()
	generation, id := uint64(1), uint64(1)
	if p := m.w.provers[prover]; p != nil {
		generation = 1 + m.rng.Uint64N(p.generation())
		if v := p.vaults[generation-1]; len(v.entries) > 0 {
			id = pick(m, v.entries).id
		} else if !m.one(8) {
			return
		}
	}
	why, do := m.w.completeUnstake(prover, generation, id)
	m.sendDo(&proverstypes.MsgCompleteUnstake{Signer: m.someone(stakerNames), Prover: prover, Generation: generation, Id: id}, why, do)
}

func (m *machine) commission() {
	prover := m.aProver()
	why, do := m.w.claimCommission(prover)
	m.sendDo(&proverstypes.MsgClaimCommission{Prover: prover}, why, do)
}

func (m *machine) breaker() {
	prover, exposure, limit := m.aProver(), int64(0), int64(0)
	if m.one(2) {
		exposure = m.between(1, 10*million)
	}
	if m.one(2) {
		limit = m.between(1, 20*million)
	}
	why, do := m.w.setBreaker(prover, exposure, limit)
	m.sendDo(&proverstypes.MsgSetBreaker{Prover: prover, MaxExposure: math.NewInt(exposure), LossLimit: math.NewInt(limit)}, why, do)
}

// heal brings a prover back to work that has stopped, so that there is somebody to.
func (m *machine) heal() {
	for _, name := range m.w.provingOrder {
		p := m.w.provers[name]
		switch {
		case m.one(2):
		case p.jailed:
			m.move("unjail", name)
		case p.retired:
			if stake := 40 * int64(million); m.w.bal[name] >= stake && !m.w.shut[name] {
				m.registerWith(name, 500, stake)
			}
		case p.causes&causeAuthority != 0:
			m.move("lift", name)
		case p.self() < m.w.stake.minSelf:
			m.stakeWith(name, name, 10*million)
		case p.causes != 0:
			m.move("reactivate", name)
		case p.maxExposure > 0 || p.limit > 0:
			why, do := m.w.setBreaker(name, 0, 0)
			m.sendDo(&proverstypes.MsgSetBreaker{Prover: name, MaxExposure: math.ZeroInt(), LossLimit: math.ZeroInt()}, why, do)
		}
	}
}

// changeState sends one of the messages that change a prover's state.
func (m *machine) changeState() {
	m.move(pick(m, []string{"deactivate", "reactivate", "retire", "jail", "unjail", "authority", "lift"}), m.aProver())
}

func (m *machine) move(what, prover string) {
	why, do := m.w.change(what, prover)
	var msg sdk.Msg
	switch what {
	case "deactivate":
		msg = &proverstypes.MsgDeactivate{Prover: prover}
	case "reactivate":
		msg = &proverstypes.MsgReactivate{Prover: prover}
	case "retire":
		msg = &proverstypes.MsgRetire{Prover: prover}
	case "jail":
		msg = &proverstypes.MsgJail{Authority: m.ruler, Prover: prover}
	case "unjail":
		msg = &proverstypes.MsgUnjail{Authority: m.ruler, Prover: prover}
	case "authority":
		msg = &proverstypes.MsgDeactivateProver{Authority: m.ruler, Prover: prover}
	default:
		msg = &proverstypes.MsgLiftDeactivation{Authority: m.ruler, Prover: prover}
	}
	m.sendDo(msg, why, do)
}

func (m *machine) slash() {
	prover := m.aProver()
	p := m.w.provers[prover]
	var why reasons
	why.when(p == nil, proverstypes.ErrProverNotFound)
	amount := m.between(1, 3*million)
	if p != nil && m.one(8) {
		amount = p.vault().assets + p.vault().pool + m.between(0, 1) // to nothing
	}
	if p != nil && amount == 0 {
		return
	}
	m.sendDo(&proverstypes.MsgSlashProver{Authority: m.ruler, Prover: prover, Amount: math.NewInt(amount), Reason: "drill"}, why,
		func() { m.w.slash(p, amount); p.faults++ })
}
