package keeper_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// machineSources are where rewards come from; the first stands for the default.
var machineSources = []string{"", types.SourceMarket, types.SourceIncentive, "tips"}

func errorsIsRefused(err error) bool { return errors.Is(err, errRefused) }

// doCommission changes a rate (law S6).
func (m *machine) doCommission(t *rapid.T) {
	prover := m.name(m.prover(t, (*modelProver).inBusiness))
	sources := machineSources
	if rapid.IntRange(0, 2).Draw(t, "reset") == 2 {
		if own := slices.Sorted(maps.Keys(m.model.prover(prover).rates)); len(own) > 1 {
			sources = own
		}
		source := sources[len(sources)-1-rapid.IntRange(0, len(sources)-1).Draw(t, "source")]
		_, _ = send(m, t, m.msg.ResetCommission, &types.MsgResetCommission{Prover: prover, Source: source})
		return
	}
	source := rapid.SampledFrom(sources).Draw(t, "source")
	bps := rapid.Uint32Range(0, 10_001).Draw(t, "bps")
	_, _ = send(m, t, m.msg.SetCommission, &types.MsgSetCommission{Prover: prover, Source: source, Bps: bps})
}

// doBreaker changes a prover's own limits (law S8).
func (m *machine) doBreaker(t *rapid.T) {
	limit := rapid.SampledFrom([]int64{50 * proof, 0, 500 * proof, 1})
	name := m.name(m.prover(t, (*modelProver).inBusiness))
	p := m.model.prover(name)
	may := p.registered() && !p.retired
	_, err := send(m, t, m.msg.SetBreaker, &types.MsgSetBreaker{
		Prover: name, MaxExposure: math.NewInt(limit.Draw(t, "max exposure")), LossLimit: math.NewInt(limit.Draw(t, "loss limit")),
	})
	require.Equal(t, may, err == nil)
}

func (m *machine) doProfile(t *rapid.T) {
	name := m.name(m.prover(t, (*modelProver).inBusiness))
	p := m.model.prover(name)
	profile := types.Profile{Name: strings.Repeat("a", rapid.IntRange(0, types.MaxNameBytes+1).Draw(t, "length"))}
	may := p.registered() && !p.retired && len(profile.Name) <= types.MaxNameBytes
	_, err := send(m, t, m.msg.SetProfile, &types.MsgSetProfile{Prover: name, Profile: profile})
	require.Equal(t, may, err == nil)
	if !p.registered() {
		return
	}
	want := p.profile
	if may {
		want = profile
	}
	res, err := m.query.Prover(m.ctx, &types.QueryProverRequest{Prover: name})
	require.NoError(t, err)
	require.Equal(t, want, res.Prover.Profile)
}

// doSlashProver slashes by the authority's message, exactly (law S7).
func (m *machine) doSlashProver(t *rapid.T) {
	prover, asked := m.prover(t, (*modelProver).registered), amount(t, 300*proof)
	registered, want := m.model.prover(m.name(prover)).registered(), math.ZeroInt()
	if registered {
		want = math.MinInt(asked, m.slashable(t, prover))
	}
	res, err := send(m, t, m.msg.SlashProver, &types.MsgSlashProver{
		Authority: m.authority, Prover: m.name(prover), Amount: asked, Reason: "fraud",
	})
	require.Equal(t, registered, err == nil)
	if registered {
		require.Equal(t, want.String(), res.Slashed.String(), "law S7")
	}
}

// doAllowList changes who may register (law S9).
func (m *machine) doAllowList(t *rapid.T) {
	msg := &types.MsgUpdateAllowList{Authority: m.authority}
	for range rapid.IntRange(0, 3).Draw(t, "added") {
		msg.Add = append(msg.Add, m.name(m.prover(t, (*modelProver).any)))
	}
	for range rapid.IntRange(0, 2).Draw(t, "removed") {
		msg.Remove = append(msg.Remove, m.name(m.prover(t, (*modelProver).any)))
	}
	named := map[string]bool{}
	for _, addr := range append(append([]string{}, msg.Add...), msg.Remove...) {
		named[addr] = true
	}
	_, err := send(m, t, m.msg.UpdateAllowList, msg)
	require.Equal(t, len(named) > 0 && len(named) == len(msg.Add)+len(msg.Remove), err == nil, "each once")
	if err != nil {
		return
	}
	m.model.step(t, m)
	list := m.allowed(t)
	require.Len(t, list, len(m.model.allowed))
	for _, addr := range list {
		require.True(t, m.model.allowed[addr])
	}
	for _, addr := range msg.Add {
		require.True(t, m.model.allowed[addr])
	}
	for _, addr := range msg.Remove {
		require.False(t, m.model.allowed[addr])
	}
}

// machineTerms are values that parameters may have.
var machineTerms = []func(*rapid.T, *types.Params){
	func(t *rapid.T, p *types.Params) { p.MinSelfStake = oneAmount(t, 1000*proof, 1, proof, 100*proof) },
	func(t *rapid.T, p *types.Params) { p.MinStake = oneAmount(t, proof, 1) },
	func(t *rapid.T, p *types.Params) { p.MinUnstake = oneAmount(t, proof, 1, 10*proof) },
	func(t *rapid.T, p *types.Params) {
		p.UnstakeDelay = oneDuration(t, time.Nanosecond, 7*day, time.Hour, day, 30*day)
	},
	func(t *rapid.T, p *types.Params) { p.MaxUnstakes = oneNumber(t, 4, 1, 2, 10, 100) },
	func(t *rapid.T, p *types.Params) {
		p.RewardPeriod = oneDuration(t, 0, day, time.Hour, time.Nanosecond, time.Minute, 30*day)
	},
	func(t *rapid.T, p *types.Params) { p.MaxCommissionBps = oneNumber(t, 10_000, 2000, 0) },
	func(t *rapid.T, p *types.Params) { p.EndBlockCap = oneNumber(t, 3, 1, 2, 10, 100) },
	func(t *rapid.T, p *types.Params) { p.CommissionNotice = oneDuration(t, 0, 7*day, time.Hour, 90*day) },
	func(t *rapid.T, p *types.Params) { p.AllowList = rapid.Bool().Draw(t, "allow_list") },
	func(t *rapid.T, p *types.Params) { p.EpochLength = oneDuration(t, day, time.Minute, time.Hour, 7*day) },
	func(t *rapid.T, p *types.Params) { p.IncentiveBudget = oneAmount(t, 1000*proof, 0, 1, 10_000*proof) },
	func(t *rapid.T, p *types.Params) { p.IncentiveFeeBps = oneNumber(t, 5000, 0, 10_000, 3333) },
	func(t *rapid.T, p *types.Params) { p.IncentiveKappaBps = oneNumber(t, 5000, 0, 9999, 10_000) },
	func(t *rapid.T, p *types.Params) { p.MinStake = oneAmount(t, 0) }, // invalid
}

func oneAmount(t *rapid.T, of ...int64) math.Int {
	return math.NewInt(rapid.SampledFrom(of).Draw(t, "amount"))
}

func oneDuration(t *rapid.T, of ...time.Duration) time.Duration {
	return rapid.SampledFrom(of).Draw(t, "duration")
}

func oneNumber(t *rapid.T, of ...uint32) uint32 { return rapid.SampledFrom(of).Draw(t, "number") }

// doParams changes a few parameters, mostly within their ranges.
func (m *machine) doParams(t *rapid.T) {
	params := m.model.terms
	for range rapid.IntRange(1, 3).Draw(t, "changes") {
		rapid.SampledFrom(machineTerms).Draw(t, "term")(t, &params)
	}
	_, err := send(m, t, m.msg.UpdateParams, &types.MsgUpdateParams{Authority: m.authority, Params: params})
	require.Equal(t, params.Validate() == nil, err == nil)
	now, err := m.k.Params(m.ctx)
	require.NoError(t, err)
	if params.Validate() == nil {
		require.Equal(t, params, now)
	} else {
		require.Equal(t, m.model.terms, now)
	}
}

// machineMove is a message that changes a prover's state and nothing else: when
// it works, and what it does (law S1).
type machineMove struct {
	send func(*machine, *rapid.T, string) error
	may  func(*modelProver) bool
	then func(*modelProver)
}

var machineMoves = []machineMove{
	{
		func(m *machine, t *rapid.T, prover string) error {
			_, err := send(m, t, m.msg.Deactivate, &types.MsgDeactivate{Prover: prover})
			return err
		},
		func(p *modelProver) bool { return !p.retired && !p.own },
		func(p *modelProver) { p.own = true },
	},
	{
		func(m *machine, t *rapid.T, prover string) error {
			_, err := send(m, t, m.msg.Retire, &types.MsgRetire{Prover: prover})
			return err
		},
		func(p *modelProver) bool { return !p.retired && !p.jailed && len(p.work) == 0 },
		func(p *modelProver) { p.retired = true },
	},
	{
		func(m *machine, t *rapid.T, prover string) error {
			_, err := send(m, t, m.msg.Jail, &types.MsgJail{Authority: m.authority, Prover: prover})
			return err
		},
		func(p *modelProver) bool { return !p.jailed },
		func(p *modelProver) { p.jailed, p.faults = true, p.faults+1 },
	},
	{
		func(m *machine, t *rapid.T, prover string) error {
			_, err := send(m, t, m.msg.Unjail, &types.MsgUnjail{Authority: m.authority, Prover: prover})
			return err
		},
		func(p *modelProver) bool { return p.jailed },
		func(p *modelProver) { p.jailed = false },
	},
	{
		func(m *machine, t *rapid.T, prover string) error {
			_, err := send(m, t, m.msg.DeactivateProver, &types.MsgDeactivateProver{Authority: m.authority, Prover: prover})
			return err
		},
		func(p *modelProver) bool { return !p.judgment },
		func(p *modelProver) { p.judgment, p.faults = true, p.faults+1 },
	},
	{
		func(m *machine, t *rapid.T, prover string) error {
			_, err := send(m, t, m.msg.LiftDeactivation, &types.MsgLiftDeactivation{Authority: m.authority, Prover: prover})
			return err
		},
		func(p *modelProver) bool { return p.judgment },
		func(p *modelProver) { p.judgment = false },
	},
}

// doState sends a message that changes a prover's state, and most often one that
// brings it back to work.
func (m *machine) doState(t *rapid.T) {
	prover := m.prover(t, (*modelProver).registered)
	name := m.name(prover)
	p := m.model.prover(name)
	at := rapid.IntRange(0, 3*len(machineMoves)-1).Draw(t, "move")
	if at >= len(machineMoves) {
		switch {
		case p.jailed:
			at = 3
		case p.judgment:
			at = 5
		default:
			m.reactivate(t, prover, p)
			return
		}
	}
	move := machineMoves[at]
	may := p.registered() && move.may(p)
	require.Equal(t, may, move.send(m, t, name) == nil, "law S1")
	if may {
		move.then(p)
	}
}

// reactivate lifts what is the prover's to lift, once its own stake is enough.
func (m *machine) reactivate(t *rapid.T, prover []byte, p *modelProver) {
	if p.inBusiness() && !p.closed && rapid.Bool().Draw(t, "stake up") {
		_, _ = send(m, t, m.msg.Stake, &types.MsgStake{
			Staker: m.name(prover), Prover: m.name(prover), Amount: m.model.terms.MinSelfStake, MinSharesOut: math.ZeroInt(),
		})
		m.check(t)
	}
	may := p.registered() && !p.retired && (p.selfStake || p.own || p.breaker) &&
		m.ownStake(t, prover, p).GTE(m.model.terms.MinSelfStake)
	_, err := send(m, t, m.msg.Reactivate, &types.MsgReactivate{Prover: m.name(prover)})
	require.Equal(t, may, err == nil, "law S1")
	if !may {
		return
	}
	p.selfStake, p.own = false, false
	if p.breaker {
		p.forget()
	}
}
