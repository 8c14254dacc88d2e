package keeper_test

import (
	"context"
	"slices"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// machineActions are what a step may do; what is named more often comes more
// often.
var machineActions = []func(*machine, *rapid.T){
	(*machine).doBlock, (*machine).doStake, (*machine).doUnstake, (*machine).doReward, (*machine).doOpen, (*machine).doClose,
	(*machine).doCancel, (*machine).doSend, (*machine).doState, (*machine).doSlash, (*machine).doRegister, (*machine).doComplete,
	(*machine).doTransfer, (*machine).doClaim, (*machine).doCommission, (*machine).doBreaker, (*machine).doParams,
	(*machine).doDonate, (*machine).doFund, (*machine).doAllowList, (*machine).doProfile, (*machine).doRefuse,
	(*machine).doRestart, (*machine).doCompletes, (*machine).doSlashProver,
	(*machine).doBlock, (*machine).doStake, (*machine).doUnstake, (*machine).doState, (*machine).doReward, (*machine).doBlock,
	(*machine).doStake,
}

// pick draws one of the accounts.
func (m *machine) pick(t *rapid.T, what string) sdk.AccAddress {
	return m.accs[rapid.IntRange(0, len(m.accs)-1).Draw(t, what)]
}

// prover draws one of the accounts that are provers or become it: mostly one that
// fits, if there is any.
func (m *machine) prover(t *rapid.T, fits func(*modelProver) bool) sdk.AccAddress {
	var list []sdk.AccAddress
	for _, a := range m.accs[:machineProvers] {
		if fits(m.proverNow(a)) {
			list = append(list, a)
		}
	}
	if len(list) == 0 || rapid.IntRange(0, 9).Draw(t, "other") == 9 {
		list = m.accs[:machineProvers]
	}
	return list[rapid.IntRange(0, len(list)-1).Draw(t, "prover")]
}

// proverNow is what the model knows of a prover; it changes nothing.
func (m *machine) proverNow(addr sdk.AccAddress) *modelProver {
	if p, known := m.model.provers[m.name(addr)]; known {
		return p
	}
	return &modelProver{}
}

// vault draws a vault of any generation: mostly one that fits, if there is any.
func (m *machine) vault(t *rapid.T, fits func(*modelVault) bool) *modelVault {
	var list []*modelVault
	for _, v := range m.model.order {
		if fits(v) {
			list = append(list, v)
		}
	}
	if len(list) == 0 || rapid.IntRange(0, 9).Draw(t, "other") == 9 {
		list = m.model.order
	}
	return list[rapid.IntRange(0, len(list)-1).Draw(t, "vault")]
}

// due: something may be paid.
func (m *machine) due(v *modelVault) bool {
	for id := range v.entries {
		if m.dueEntry(v, id) {
			return true
		}
	}
	return false
}

func (m *machine) dueEntry(v *modelVault, id uint64) bool {
	u, work := v.entries[id], m.model.provers[v.prover].work
	if u == nil || u.ready.After(m.model.now) {
		return false
	}
	return !slices.ContainsFunc(u.bound, func(number uint64) bool { _, open := work[number]; return open })
}

// generation names a vault's generation, or 0 for one that is current.
func (m *machine) generation(t *rapid.T, v *modelVault) uint64 {
	if m.model.provers[v.prover].generation == v.generation && rapid.Bool().Draw(t, "current") {
		return 0
	}
	return v.generation
}

// holder draws somebody who has shares of a vault, or anybody if nobody has.
func (m *machine) holder(t *rapid.T, v *modelVault) sdk.AccAddress {
	var list []sdk.AccAddress
	for _, a := range m.accs {
		if m.holding(v.denom(), a).IsPositive() {
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		return m.pick(t, "nobody")
	}
	return list[rapid.IntRange(0, len(list)-1).Draw(t, "holder")]
}

// amount draws uproof up to a limit, often of few and often of round figures.
func amount(t *rapid.T, limit int64) math.Int {
	if rapid.Bool().Draw(t, "round") {
		return math.NewInt(rapid.Int64Range(1, max(limit/proof, 1)).Draw(t, "proof") * proof)
	}
	return math.NewInt(rapid.Int64Range(1, limit).Draw(t, "uproof"))
}

// part draws a part of what somebody has: a few, some sixteenths, or one too many.
func part(t *rapid.T, of math.Int) math.Int {
	switch k := rapid.Int64Range(0, 18).Draw(t, "part"); k {
	case 0:
		return math.NewInt(rapid.Int64Range(1, 100).Draw(t, "few"))
	case 17:
		return of.SubRaw(rapid.Int64Range(0, 2).Draw(t, "but"))
	case 18:
		return of.AddRaw(1)
	default:
		return of.MulRaw(k).QuoRaw(16)
	}
}

func (m *machine) doRegister(t *rapid.T) {
	stake := m.model.terms.MinSelfStake.Add(amount(t, 500*proof))
	if rapid.IntRange(0, 7).Draw(t, "least") == 7 {
		stake = m.model.terms.MinSelfStake.SubRaw(rapid.Int64Range(0, 1).Draw(t, "less"))
	}
	m.register(t, m.prover(t, (*modelProver).candidate), stake.Int64(), rapid.Uint32Range(0, 10_001).Draw(t, "bps"))
}

func (m *machine) register(t *rapid.T, prover sdk.AccAddress, stake int64, bps uint32) {
	profile := types.Profile{Name: "prover"}
	_, err := send(m, t, m.msg.Register, &types.MsgRegister{
		Prover: m.name(prover), Profile: profile, CommissionBps: bps, SelfStake: math.NewInt(stake),
	})
	if err == nil {
		m.model.prover(m.name(prover)).profile = profile
	}
}

func (m *machine) doStake(t *rapid.T) {
	_, _ = send(m, t, m.msg.Stake, &types.MsgStake{
		Staker: m.name(m.pick(t, "staker")), Prover: m.name(m.prover(t, (*modelProver).active)), Amount: amount(t, 2000*proof), MinSharesOut: math.ZeroInt(),
	})
}

func (m *machine) doUnstake(t *rapid.T) {
	v := m.vault(t, (*modelVault).staked)
	staker := m.holder(t, v)
	msg := &types.MsgRequestUnstake{
		Staker: m.name(staker), Prover: v.prover, Generation: m.generation(t, v), Shares: math.ZeroInt(), MinOut: math.ZeroInt(),
	}
	if msg.All = rapid.Bool().Draw(t, "all"); !msg.All {
		msg.Shares = part(t, m.holding(v.denom(), staker))
	}
	if _, err := send(m, t, m.msg.RequestUnstake, msg); err == nil && msg.Staker == v.prover {
		m.requireSelfStake(t, v)
	}
}

// requireSelfStake: a prover keeps none of its own shares or at least
// min_self_stake of them (law S3).
func (m *machine) requireSelfStake(t *rapid.T, v *modelVault) {
	prover := m.addrs[v.prover]
	now, err := m.k.VaultOf(m.ctx, prover, v.generation)
	require.NoError(t, err)
	own := m.bk.GetBalance(m.ctx, prover, v.denom()).Amount
	value, err := now.Figures().Value(own)
	require.NoError(t, err)
	require.True(t, own.IsZero() || value.GTE(m.model.terms.MinSelfStake), "law S3: %s uproof left", value)
}

// someID draws the number of an entry: mostly of one that fits, if there is any.
func (m *machine) someID(t *rapid.T, v *modelVault, fits func(*modelVault, uint64) bool) uint64 {
	var ids []uint64
	for id := range v.entries {
		if fits(v, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	if at := rapid.IntRange(0, 9).Draw(t, "entry"); len(ids) > 0 && at < 9 {
		return ids[at%len(ids)]
	}
	return rapid.Uint64Range(1, 12).Draw(t, "id")
}

func (m *machine) doComplete(t *rapid.T) {
	v := m.vault(t, m.due)
	_, _ = send(m, t, m.msg.CompleteUnstake, &types.MsgCompleteUnstake{
		Signer: m.name(m.pick(t, "signer")), Prover: v.prover, Generation: m.generation(t, v), Id: m.someID(t, v, m.dueEntry),
	})
}

func (m *machine) doCompletes(t *rapid.T) {
	v := m.vault(t, m.due)
	var ids []uint64
	for range rapid.IntRange(0, 6).Draw(t, "entries") {
		ids = append(ids, m.someID(t, v, m.dueEntry))
	}
	_, _ = send(m, t, m.msg.CompleteUnstakes, &types.MsgCompleteUnstakes{
		Signer: m.name(m.pick(t, "signer")), Prover: v.prover, Generation: m.generation(t, v), Ids: ids,
	})
}

// doCancel takes back some entries of one staker.
func (m *machine) doCancel(t *rapid.T) {
	v := m.vault(t, func(v *modelVault) bool {
		p := m.model.provers[v.prover]
		return v.leaving() && p.active() && p.generation == v.generation
	})
	first := m.someID(t, v, (*modelVault).waits)
	staker, ids := m.name(m.pick(t, "staker")), []uint64{first}
	if u := v.entries[first]; u != nil {
		staker = u.staker
		for id := first + 1; id < first+20; id++ {
			if u := v.entries[id]; u != nil && u.staker == staker && rapid.Bool().Draw(t, "this") {
				ids = append(ids, id)
			}
		}
	}
	_, _ = send(m, t, m.msg.CancelUnstake, &types.MsgCancelUnstake{
		Staker: staker, Prover: v.prover, Generation: m.generation(t, v), Ids: ids, MinSharesOut: math.ZeroInt(),
	})
}

// doSend sends shares as any coin is sent. A prover's own go nowhere (law S3).
func (m *machine) doSend(t *rapid.T) {
	v := m.vault(t, (*modelVault).staked)
	from, to := m.holder(t, v), m.pick(t, "to")
	shares := part(t, m.holding(v.denom(), from))
	_, err := send(m, t, m.bankMsg.Send, &banktypes.MsgSend{
		FromAddress: m.name(from), ToAddress: m.name(to), Amount: sdk.Coins{{Denom: v.denom(), Amount: shares}},
	})
	if err == nil {
		require.True(t, m.name(from) != v.prover || from.Equals(to), "law S3")
		m.model.transfer(v, m.name(from), m.name(to), shares)
	}
}

// doDonate sends coins to a vault's account, to the incentive pool or to somebody.
func (m *machine) doDonate(t *rapid.T) {
	from, sum := m.pick(t, "from"), amount(t, 100*proof)
	to := []sdk.AccAddress{m.pick(t, "to"), types.IncentiveAddress()}
	v := m.vault(t, (*modelVault).any)
	at := rapid.IntRange(0, 2).Draw(t, "whom")
	to = append([]sdk.AccAddress{types.VaultAddress(m.addrs[v.prover], v.generation)}, to...)
	_, err := send(m, t, m.bankMsg.Send, &banktypes.MsgSend{
		FromAddress: m.name(from), ToAddress: m.name(to[at]), Amount: sdk.Coins{{Denom: chain.Denom, Amount: sum}},
	})
	if err != nil {
		return
	}
	m.model.pays(m.name(from), sum)
	switch at {
	case 0:
		v.donated = v.donated.Add(sum)
		m.model.touched[v] = true
	case 1:
		m.model.cash[m.name(to[at])] += sum.Int64()
	}
}

// doTransfer gives a prover's own shares away, by message.
func (m *machine) doTransfer(t *rapid.T) {
	v := m.vault(t, (*modelVault).staked)
	msg := &types.MsgTransferShares{
		Prover: v.prover, Recipient: m.name(m.pick(t, "to")), Generation: m.generation(t, v), Shares: math.ZeroInt(),
	}
	if msg.All = rapid.IntRange(0, 3).Draw(t, "all") == 3; !msg.All {
		msg.Shares = part(t, m.holding(v.denom(), m.addrs[v.prover]))
	}
	if _, err := send(m, t, m.msg.TransferShares, msg); err == nil {
		m.requireSelfStake(t, v)
	}
}

func (m *machine) doClaim(t *rapid.T) {
	v := m.vault(t, (*modelVault).earning)
	_, _ = send(m, t, m.msg.ClaimCommission, &types.MsgClaimCommission{Prover: v.prover, Generation: m.generation(t, v)})
}

// doFund gives to the pool from which epochs pay incentives (law S10).
func (m *machine) doFund(t *rapid.T) {
	_, err := send(m, t, m.msg.FundIncentives, &types.MsgFundIncentives{Funder: m.name(m.pick(t, "funder")), Amount: amount(t, 500*proof)})
	require.NoError(t, err)
}

// doOpen is the market's: a prover took work.
func (m *machine) doOpen(t *rapid.T) {
	prover, stake := m.prover(t, (*modelProver).active), amount(t, 500*proof)
	penalty := part(t, stake)
	_ = m.call(t, "OpenAssignment", func(ctx context.Context) error {
		_, err := m.k.OpenAssignment(ctx, prover, stake, penalty)
		return err
	})
}

// doClose is the market's: work ended, perhaps without a proof.
func (m *machine) doClose(t *rapid.T) {
	prover := m.prover(t, (*modelProver).busy)
	p := m.model.prover(m.name(prover))
	open := p.open()
	if len(open) == 0 {
		err := m.call(t, "CloseAssignment", func(ctx context.Context) error { return m.k.CloseAssignment(ctx, prover, 1) })
		require.Error(t, err)
		return
	}
	number := open[rapid.IntRange(0, len(open)-1).Draw(t, "which")]
	if penalty := p.work[number].penalty; rapid.Bool().Draw(t, "missed") {
		m.slashed(t, prover, penalty)
	}
	require.NoError(t, m.call(t, "CloseAssignment", func(ctx context.Context) error { return m.k.CloseAssignment(ctx, prover, number) }),
		"law S5: work can always end")
}

// doReward is the market's, or whoever's.
func (m *machine) doReward(t *rapid.T) {
	prover, from := m.prover(t, (*modelProver).registered), m.pick(t, "payer")
	source := rapid.SampledFrom(machineSources[1:]).Draw(t, "source")
	value := amount(t, 50*proof)
	err := m.call(t, "AddRewards", func(ctx context.Context) error {
		return m.k.AddRewards(ctx, prover, from, source, value, value.QuoRaw(20))
	})
	if m.model.prover(m.name(prover)).registered() && !errorsIsRefused(err) {
		require.NoError(t, err, "law S6: in any state but none")
	}
}

// doSlash is the market's, of any amount.
func (m *machine) doSlash(t *rapid.T) {
	prover, limit := m.prover(t, (*modelProver).inBusiness), int64(3000*proof)
	if rapid.Bool().Draw(t, "little") {
		limit = 100 * proof
	}
	if m.model.prover(m.name(prover)).registered() {
		m.slashed(t, prover, amount(t, limit))
	}
}

// marketReason is the reason of a slash by the market.
const marketReason = "missed"

// slashed checks law S7 from outside: exact, and never failing.
func (m *machine) slashed(t *rapid.T, prover sdk.AccAddress, amount math.Int) {
	want := m.slashable(t, prover)
	var slashed math.Int
	require.NoError(t, m.call(t, "Slash", func(ctx context.Context) (err error) {
		slashed, err = m.k.Slash(ctx, prover, marketReason, amount)
		return err
	}))
	require.Equal(t, math.MinInt(amount, want).String(), slashed.String(), "law S7")
}

func (m *machine) slashable(t *rapid.T, prover sdk.AccAddress) math.Int {
	v, err := m.k.VaultOf(m.ctx, prover, m.model.prover(m.name(prover)).generation)
	require.NoError(t, err)
	return v.Assets.Add(v.PoolAssets)
}
