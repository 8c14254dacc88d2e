package keeper_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// machine drives the whole module with random messages, calls and blocks.
type machine struct {
	*fixture
	supply  string
	accs    []sdk.AccAddress
	work    map[string][]uint64 // open assignments by prover
	entries []tracked           // unstakings that were requested
	refused bool                // somebody's coins are refused at the moment
	model   *model
}

// tracked is an unstaking with the work that was open when it was requested.
type tracked struct {
	prover         sdk.AccAddress
	generation, id uint64
	open           []uint64
}

// pick draws one of the accounts; the first three become provers.
func (m *machine) pick(t *rapid.T, what string) sdk.AccAddress {
	return m.accs[rapid.IntRange(0, len(m.accs)-1).Draw(t, what)]
}

func (m *machine) prover(t *rapid.T) sdk.AccAddress {
	return m.accs[rapid.IntRange(0, 2).Draw(t, "prover")]
}

func amount(t *rapid.T, limit int64) int64 {
	if rapid.Bool().Draw(t, "round") {
		return rapid.Int64Range(1, max(limit/proof, 1)).Draw(t, "proof") * proof
	}
	return rapid.Int64Range(1, limit).Draw(t, "uproof")
}

func (m *machine) register(t *rapid.T) {
	_ = m.tryRegister(m.prover(t), 1000*proof+amount(t, 500*proof), rapid.Uint32Range(0, 10_000).Draw(t, "bps"))
}

func (m *machine) doStake(t *rapid.T) {
	_ = m.stake(m.pick(t, "staker"), m.prover(t), amount(t, 2000*proof))
}

func (m *machine) doUnstake(t *rapid.T) {
	staker, prover := m.pick(t, "staker"), m.prover(t)
	p, err := m.k.Standing(m.ctx, prover)
	if err != nil {
		return
	}
	generation := rapid.Uint64Range(1, p.Generation).Draw(t, "generation")
	own := m.shares(staker, prover, generation)
	if own == 0 {
		return
	}
	shares := own
	if rapid.Bool().Draw(t, "part") {
		shares = rapid.Int64Range(1, own).Draw(t, "shares")
	}
	if id, err := m.unstakeFrom(staker, prover, shares, generation); err == nil {
		m.entries = append(m.entries, tracked{prover, generation, id, append([]uint64{}, m.work[prover.String()]...)})
	}
}

func (m *machine) doComplete(t *rapid.T) {
	_ = m.complete(m.prover(t), rapid.Uint64Range(0, 3).Draw(t, "generation"), rapid.Uint64Range(1, 12).Draw(t, "id"))
}

func (m *machine) doCompletes(t *rapid.T) {
	ids := rapid.SliceOfNDistinct(rapid.Uint64Range(1, 12), 1, 6, rapid.ID).Draw(t, "ids")
	_, _ = m.completes(m.prover(t), ids...)
}

// doCancel takes back some entries of one staker. What is kept of them holds the
// last one to the obligations of all.
func (m *machine) doCancel(t *rapid.T) {
	staker, prover := m.pick(t, "staker"), m.prover(t)
	res, err := m.query.Unstakes(m.ctx, &types.QueryUnstakesRequest{Staker: staker.String(), Prover: prover.String()})
	require.NoError(t, err)
	s, err := m.k.Standing(m.ctx, prover)
	if err != nil {
		return
	}
	var ids []uint64
	for _, u := range res.Unstakes {
		if u.Unstake.Generation == s.Generation && rapid.Bool().Draw(t, "this") {
			ids = append(ids, u.Unstake.Id)
		}
	}
	if len(ids) == 0 {
		return
	}
	if _, _, err := m.cancel(staker, prover, ids...); err != nil {
		return
	}
	kept := tracked{prover: prover, generation: s.Generation, id: slices.Max(ids)}
	rest := m.entries[:0:0]
	for _, e := range m.entries {
		if e.prover.Equals(prover) && e.generation == s.Generation && slices.Contains(ids, e.id) {
			kept.open = append(kept.open, e.open...)
			continue
		}
		rest = append(rest, e)
	}
	m.entries = rest
	res, err = m.query.Unstakes(m.ctx, &types.QueryUnstakesRequest{Staker: staker.String(), Prover: prover.String()})
	require.NoError(t, err)
	if slices.ContainsFunc(res.Unstakes, func(u types.UnstakeView) bool {
		return u.Unstake.Generation == s.Generation && u.Unstake.Id == kept.id
	}) {
		m.entries = append(m.entries, kept)
	}
}

// doTransfer moves shares: a prover's by message, anybody's by a bank send.
func (m *machine) doTransfer(t *rapid.T) {
	from, to, prover := m.pick(t, "from"), m.pick(t, "to"), m.prover(t)
	own := m.shares(from, prover, 1)
	if own == 0 {
		return
	}
	shares := rapid.Int64Range(1, own).Draw(t, "shares")
	if !from.Equals(prover) {
		coins := sdk.NewCoins(sdk.NewInt64Coin(types.ShareDenom(prover.String(), 1), shares))
		err := m.tx(func(ctx context.Context) error { return m.bk.SendCoins(ctx, from, to, coins) })
		if err == nil { // its coins may be refused
			m.model.transfer(m.model.vault(prover.String(), 1), from.String(), to.String(), coins[0].Amount)
		}
		return
	}
	if rapid.Bool().Draw(t, "all") {
		_, _ = m.transferAll(from, to)
		return
	}
	_ = m.transfer(from, to, shares)
}

func (m *machine) doClaim(t *rapid.T) {
	_, _ = m.claim(m.prover(t), rapid.Uint64Range(0, 3).Draw(t, "generation"))
}

func (m *machine) doState(t *rapid.T) {
	change := rapid.SampledFrom([]func(sdk.AccAddress) error{
		m.deactivate, m.reactivate, m.reactivate, m.retire, m.jail, m.unjail, m.unjail, m.condemn, m.lift, m.lift,
	}).Draw(t, "change")
	_ = change(m.prover(t))
}

func (m *machine) doOpen(t *rapid.T) {
	prover := m.prover(t)
	stake := amount(t, 500*proof)
	number, err := m.open(prover, stake, rapid.Int64Range(0, stake).Draw(t, "penalty"))
	if err == nil {
		m.work[prover.String()] = append(m.work[prover.String()], number)
	}
}

func (m *machine) doClose(t *rapid.T) {
	prover := m.prover(t)
	open := m.work[prover.String()]
	if len(open) == 0 {
		return
	}
	at := rapid.IntRange(0, len(open)-1).Draw(t, "which")
	if rapid.Bool().Draw(t, "missed") {
		m.doSlashOf(t, prover, amount(t, 200*proof))
	}
	require.NoError(t, m.closeWork(prover, open[at]), "law S5: work can always end")
	m.work[prover.String()] = append(append([]uint64{}, open[:at]...), open[at+1:]...)
}

func (m *machine) doSlash(t *rapid.T) { m.doSlashOf(t, m.prover(t), amount(t, 3000*proof)) }

// doSlashOf checks law S7 from outside: exact, and never failing.
func (m *machine) doSlashOf(t *rapid.T, prover sdk.AccAddress, amount int64) {
	if _, err := m.k.Standing(m.ctx, prover); err != nil {
		return
	}
	v := m.vault(t, prover, 0)
	want := math.MinInt(math.NewInt(amount), v.Assets.Add(v.PoolAssets))
	require.EqualValues(t, want.Int64(), m.slash(t, prover, amount))
}

func (m *machine) doReward(t *rapid.T) {
	prover := m.prover(t)
	if _, err := m.k.Standing(m.ctx, prover); err != nil {
		return
	}
	from := m.accs[len(m.accs)-1]
	value := math.NewInt(amount(t, 50*proof))
	fee := value.QuoRaw(20)
	require.NoError(t, m.k.AddRewards(m.ctx, prover, from, "market", value, fee), "law S6: in any state but none")
}

// doFund gives to the pool from which epochs pay incentives (law S10).
func (m *machine) doFund(t *rapid.T) {
	funder, value := m.accs[len(m.accs)-1].String(), math.NewInt(amount(t, 500*proof))
	require.NoError(t, m.tx(func(ctx context.Context) error {
		_, err := m.msg.FundIncentives(ctx, &types.MsgFundIncentives{Funder: funder, Amount: value})
		return err
	}))
}

func (m *machine) doBlock(t *rapid.T) {
	step := rapid.SampledFrom([]time.Duration{0, time.Second, time.Hour, day, 8 * day}).Draw(t, "time")
	m.endBlock(t, step)
}

// doRefuse makes payments to one account fail for a while.
func (m *machine) doRefuse(*rapid.T) {
	m.refused = !m.refused
	m.refuses[m.accs[3].String()] = m.refused
}

// check runs after every step.
func (m *machine) check(t *rapid.T) {
	steps.Add(1)
	m.compare(t, m.requireSound(t))
	m.checkObligations(t)
	require.Equal(t, m.supply, m.bk.GetSupply(m.ctx, chain.Denom).String(), "invariant 6: no uproof is made or lost")
	for _, prover := range m.accs[:3] {
		if s, err := m.k.Standing(m.ctx, prover); err == nil {
			require.EqualValues(t, len(m.work[prover.String()]), s.OpenAssignments)
		}
	}
}

// checkObligations holds law S5 to a model of its own: an entry that was paid
// has none of the work open that was when it was requested.
func (m *machine) checkObligations(t *rapid.T) {
	waiting := m.entries[:0:0]
	for _, e := range m.entries {
		if m.vault(t, e.prover, e.generation).Void(e.id) {
			continue
		}
		res, err := m.query.Unstakes(m.ctx, &types.QueryUnstakesRequest{Prover: e.prover.String()})
		require.NoError(t, err)
		if slices.ContainsFunc(res.Unstakes, func(u types.UnstakeView) bool {
			return u.Unstake.Generation == e.generation && u.Unstake.Id == e.id
		}) {
			waiting = append(waiting, e)
			continue
		}
		for _, number := range e.open {
			require.NotContains(t, m.work[e.prover.String()], number, "law S5: paid before its obligations ended")
		}
	}
	m.entries = waiting
}

// steps counts what all machines did.
var steps atomic.Int64

// run is the module under random use: the invariants of docs/design.md, section
// 7, hold after every step, everybody's holdings are worth what the model says,
// and nobody gains by moving (law S2).
func run(t *rapid.T) {
	m := &machine{fixture: newFixture(t), work: map[string][]uint64{}}
	m.setParams(t, func(p *types.Params) { p.EndBlockCap, p.MaxUnstakes = 3, 4 })
	for _, name := range []string{"alice", "bob", "carol", "dave", "erin", "purse"} {
		m.accs = append(m.accs, m.account(t, name, 1_000_000*proof))
	}
	m.model = newModel(t, m)
	for _, prover := range m.accs[:2] {
		require.NoError(t, m.tryRegister(prover, 1000*proof, 1000))
	}
	m.supply = m.bk.GetSupply(m.ctx, chain.Denom).String()
	t.Repeat(map[string]func(*rapid.T){
		"register": m.register, "stake": m.doStake, "stake2": m.doStake, "unstake": m.doUnstake, "unstake2": m.doUnstake,
		"complete": m.doComplete, "completes": m.doCompletes, "cancel": m.doCancel, "cancel2": m.doCancel, "transfer": m.doTransfer,
		"claim": m.doClaim, "state": m.doState, "open": m.doOpen, "close": m.doClose, "slash": m.doSlash, "reward": m.doReward,
		"reward2": m.doReward, "fund": m.doFund, "block": m.doBlock, "block2": m.doBlock, "refuse": m.doRefuse,
		"commission": m.doCommission, "breaker": m.doBreaker, "slash_prover": m.doSlashProver,
		"": m.check,
	})
	requireSameAfterImport(t, m.fixture)
}

// More steps: make soak-provers.
func TestMachine(t *testing.T) {
	rapid.Check(t, run)
	t.Logf("%d steps", steps.Load())
}

// The same, led by what code the inputs reach.
func FuzzMachine(f *testing.F) {
	for seed := range byte(4) {
		input := make([]byte, 64<<10)
		_, _ = rand.NewChaCha8([32]byte{seed}).Read(input) // never fails
		f.Add(input)
	}
	f.Fuzz(rapid.MakeFuzz(run))
}

// requireSameAfterImport exports, imports into a fresh module over the same bank
// and accounts, and exports again: invariant 7.
func requireSameAfterImport(t require.TestingT, f *fixture) {
	first, err := f.k.ExportGenesis(f.ctx)
	require.NoError(t, err)
	one, err := json.Marshal(first)
	require.NoError(t, err)
	fresh := f.withEmptyStore(t)
	require.NoError(t, fresh.k.InitGenesis(fresh.ctx, first))
	second, err := fresh.k.ExportGenesis(fresh.ctx)
	require.NoError(t, err)
	two, err := json.Marshal(second)
	require.NoError(t, err)
	require.True(t, bytes.Equal(one, two), "export, import, export differ:\n%s\n%s", one, two)
}
