package keeper_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/x/staking/types"
	"github.com/proofmarket/proofmarket/x/staking/vault"
)

// Bad inputs of the messages about a prover's life: each has its own error and
// changes not a byte.

// company is a prover in each state that these messages can meet.
type company struct {
	*fixture
	active, idle, jailed, retired, condemned, working, poor, stranger sdk.AccAddress
}

func newCompany(t *testing.T) company {
	f := newFixture(t)
	register := func(name string) sdk.AccAddress { return f.register(t, name, 1000*proof, 0) }
	c := company{
		fixture: f, active: register("active"), idle: register("idle"), jailed: register("jailed"), retired: register("retired"),
		condemned: register("condemned"), working: register("working"), poor: register("poor"),
		stranger: f.account(t, "stranger", 2000*proof),
	}
	require.NoError(t, f.deactivate(c.idle))
	require.NoError(t, f.jail(c.jailed))
	require.NoError(t, f.retire(c.retired))
	require.NoError(t, f.condemn(c.condemned))
	_, err := f.open(c.working, proof, proof)
	require.NoError(t, err)
	f.slash(t, c.poor, 1) // it stays active, one short of min_self_stake
	for _, prover := range []sdk.AccAddress{c.active, c.idle, c.jailed, c.retired} {
		f.fund(t, prover, 1000*proof)
	}
	return c
}

// badAddresses are texts that name nobody.
func badAddresses() map[string]string {
	return map[string]string{
		"empty": "", "malformed": "proof1xyz", "too long": strings.Repeat("proof1", 100), "not printable": "proof1\x00",
		"another chain's": "cosmos1qqqsyqcyq5rqwzqfys8f67", "an operator's": sdk.ValAddress("active______________").String(),
	}
}

func TestBadRegistrations(t *testing.T) {
	c := newCompany(t)
	c.setParams(t, func(p *types.Params) { p.MaxCommissionBps = 9000 })
	good := types.MsgRegister{
		Prover: c.stranger.String(), Profile: types.Profile{Name: "prover"}, CommissionBps: 100, SelfStake: math.NewInt(1000 * proof),
	}
	try := func(name string, want error, change func(*types.MsgRegister)) {
		msg := good
		change(&msg)
		t.Run(name, func(t *testing.T) {
			send := func(ctx context.Context) error {
				_, err := c.msg.Register(ctx, &msg)
				return err
			}
			if want != nil {
				c.requireRefusedAsTx(t, want, send)
				return
			}
			branch := *c.fixture
			branch.ctx, _ = c.ctx.CacheContext()
			require.NoError(t, branch.tx(send))
			branch.requireSound(t)
		})
	}
	for name, text := range badAddresses() {
		try("prover "+name, types.ErrInvalidAddress, func(m *types.MsgRegister) { m.Prover = text })
	}
	for _, b := range []struct {
		name   string
		want   error
		change func(*types.MsgRegister)
	}{
		{"as it should be", nil, func(*types.MsgRegister) {}},
		{"no profile", nil, func(m *types.MsgRegister) { m.Profile = types.Profile{} }},
		{"name at the limit", nil, func(m *types.MsgRegister) { m.Profile.Name = strings.Repeat("n", types.MaxNameBytes) }},
		{"name one past", types.ErrInvalidProfile, func(m *types.MsgRegister) { m.Profile.Name = strings.Repeat("n", types.MaxNameBytes+1) }},
		{"name not UTF-8", types.ErrInvalidProfile, func(m *types.MsgRegister) { m.Profile.Name = "\xff" }},
		{"icon at the limit", nil, func(m *types.MsgRegister) { m.Profile.IconUrl = strings.Repeat("u", types.MaxIconURLBytes) }},
		{"icon one past", types.ErrInvalidProfile, func(m *types.MsgRegister) { m.Profile.IconUrl = strings.Repeat("u", types.MaxIconURLBytes+1) }},
		{"icon not UTF-8", types.ErrInvalidProfile, func(m *types.MsgRegister) { m.Profile.IconUrl = "\xff" }},
		{"no commission", nil, func(m *types.MsgRegister) { m.CommissionBps = 0 }},
		{"commission at the limit", nil, func(m *types.MsgRegister) { m.CommissionBps = 9000 }},
		{"commission one past", types.ErrInvalidCommission, func(m *types.MsgRegister) { m.CommissionBps = 9001 }},
		{"commission at the end of its type", types.ErrInvalidCommission, func(m *types.MsgRegister) { m.CommissionBps = 1<<32 - 1 }},
		{"no stake", types.ErrInvalidAmount, func(m *types.MsgRegister) { m.SelfStake = math.Int{} }},
		{"stake of zero", types.ErrInvalidAmount, func(m *types.MsgRegister) { m.SelfStake = math.ZeroInt() }},
		{"negative stake", types.ErrInvalidAmount, func(m *types.MsgRegister) { m.SelfStake = math.NewInt(-1) }},
		{"stake one under the minimum", types.ErrSelfStakeTooLow, func(m *types.MsgRegister) { m.SelfStake = math.NewInt(1000*proof - 1) }},
		{"all that it has", nil, func(m *types.MsgRegister) { m.SelfStake = math.NewInt(2000 * proof) }},
		{"one more than it has", sdkerrors.ErrInsufficientFunds, func(m *types.MsgRegister) { m.SelfStake = math.NewInt(2000*proof + 1) }},
		{"the most shares", sdkerrors.ErrInsufficientFunds, func(m *types.MsgRegister) { m.SelfStake = vault.MaxShares() }},
		{"one past the most shares", types.ErrInvalidAmount, func(m *types.MsgRegister) { m.SelfStake = vault.MaxShares().AddRaw(1) }},
		{"2^256 - 64", types.ErrInvalidAmount, func(m *types.MsgRegister) { m.SelfStake = vault.MaxAssets().SubRaw(1).MulRaw(64) }},
		{"active", types.ErrAlreadyProver, func(m *types.MsgRegister) { m.Prover = c.active.String() }},
		{"deactivated", types.ErrAlreadyProver, func(m *types.MsgRegister) { m.Prover = c.idle.String() }},
		{"jailed", types.ErrProverJailed, func(m *types.MsgRegister) { m.Prover = c.jailed.String() }},
		{"retired", nil, func(m *types.MsgRegister) { m.Prover = c.retired.String() }},
	} {
		try(b.name, b.want, b.change)
	}
	c.setParams(t, func(p *types.Params) { p.AllowList = true })
	try("not on the list", types.ErrNotAllowed, func(*types.MsgRegister) {})
}

// requireRefusedAsTx is requireRefused for a message that moves coins after its
// own checks: what it wrote before bank refused goes with its transaction.
func (f *fixture) requireRefusedAsTx(t *testing.T, want error, send func(context.Context) error) {
	t.Helper()
	before := f.dump(f.ctx)
	require.ErrorIs(t, f.tx(send), want)
	require.True(t, before == f.dump(f.ctx), "the state changed")
}

// The messages that a prover sends about its own state have one field, their
// signer: it names somebody else's business or none at all, or one in a state
// which the message does not fit.
func TestBadChangesOfState(t *testing.T) {
	c := newCompany(t)
	sends := map[string]func(ctx context.Context, prover string) error{
		"deactivate": func(ctx context.Context, prover string) error {
			_, err := c.msg.Deactivate(ctx, &types.MsgDeactivate{Prover: prover})
			return err
		},
		"reactivate": func(ctx context.Context, prover string) error {
			_, err := c.msg.Reactivate(ctx, &types.MsgReactivate{Prover: prover})
			return err
		},
		"retire": func(ctx context.Context, prover string) error {
			_, err := c.msg.Retire(ctx, &types.MsgRetire{Prover: prover})
			return err
		},
	}
	require.NoError(t, c.deactivate(c.poor))
	for _, b := range []struct {
		name                           string
		prover                         sdk.AccAddress
		deactivate, reactivate, retire error
	}{
		{"a stranger", c.stranger, types.ErrProverNotFound, types.ErrProverNotFound, types.ErrProverNotFound},
		{"the authority", sdk.MustAccAddressFromBech32(c.authority), types.ErrProverNotFound, types.ErrProverNotFound, types.ErrProverNotFound},
		{"active", c.active, nil, types.ErrNothingToLift, nil},
		{"idle", c.idle, types.ErrAlreadyInState, nil, nil},
		{"jailed", c.jailed, nil, types.ErrNothingToLift, types.ErrProverJailed},
		{"retired", c.retired, types.ErrProverRetired, types.ErrProverRetired, types.ErrProverRetired},
		{"condemned", c.condemned, nil, types.ErrNothingToLift, nil},
		{"working", c.working, nil, types.ErrNothingToLift, types.ErrOpenAssignments},
		{"poor", c.poor, types.ErrAlreadyInState, types.ErrSelfStakeTooLow, nil},
	} {
		for name, want := range map[string]error{"deactivate": b.deactivate, "reactivate": b.reactivate, "retire": b.retire} {
			send := func(ctx context.Context) error { return sends[name](ctx, b.prover.String()) }
			if want != nil {
				c.requireRefused(t, name+"/"+b.name, want, send)
				continue
			}
			branch := *c.fixture
			branch.ctx, _ = c.ctx.CacheContext()
			require.NoError(t, branch.tx(send), "%s/%s", name, b.name)
			branch.requireSound(t)
		}
	}
	for name, text := range badAddresses() {
		for message, send := range sends {
			c.requireRefused(t, message+"/"+name, types.ErrInvalidAddress, func(ctx context.Context) error { return send(ctx, text) })
		}
	}
}

func TestBadClaims(t *testing.T) {
	c := newCompany(t)
	earner := c.register(t, "earner", 1000*proof, 1000)
	c.reward(t, earner, 100*proof)
	claim := func(name string, want error, prover string, generation uint64) {
		c.requireRefused(t, name, want, func(ctx context.Context) error {
			_, err := c.msg.ClaimCommission(ctx, &types.MsgClaimCommission{Prover: prover, Generation: generation})
			return err
		})
	}
	for name, text := range badAddresses() {
		claim("prover "+name, types.ErrInvalidAddress, text, 0)
	}
	claim("a stranger", types.ErrProverNotFound, c.stranger.String(), 0)
	claim("a stranger's generation", types.ErrProverNotFound, c.stranger.String(), 1)
	claim("generation to come", types.ErrVaultNotFound, earner.String(), 2)
	claim("the last generation", types.ErrVaultNotFound, earner.String(), 1<<64-1)
	for name, prover := range map[string]sdk.AccAddress{"active": c.active, "jailed": c.jailed, "retired": c.retired} {
		claim(name+" without any", types.ErrNoCommission, prover.String(), 0)
	}
	paid, err := c.claim(earner, 1)
	require.NoError(t, err)
	require.EqualValues(t, 10*proof, paid)
	claim("twice", types.ErrNoCommission, earner.String(), 1)
	c.requireSound(t)
}

// The authority's messages meet each state; their other fields are in
// TestJudgementsRefused.
func TestBadJudgementsByState(t *testing.T) {
	c := newCompany(t)
	for name, want := range map[string]map[string]error{
		"active":    {"unjail": types.ErrNothingToLift, "lift": types.ErrNothingToLift},
		"idle":      {"unjail": types.ErrNothingToLift, "lift": types.ErrNothingToLift},
		"jailed":    {"jail": types.ErrAlreadyInState, "lift": types.ErrNothingToLift},
		"retired":   {"unjail": types.ErrNothingToLift, "lift": types.ErrNothingToLift},
		"condemned": {"deactivate": types.ErrAlreadyInState, "unjail": types.ErrNothingToLift},
	} {
		prover := map[string]sdk.AccAddress{
			"active": c.active, "idle": c.idle, "jailed": c.jailed, "retired": c.retired, "condemned": c.condemned,
		}[name]
		for message, j := range c.judgements() {
			send := func(ctx context.Context) error { return j.send(ctx, c.authority, prover.String()) }
			if want[message] != nil {
				c.requireRefused(t, message+"/"+name, want[message], send)
				continue
			}
			branch := *c.fixture
			branch.ctx, _ = c.ctx.CacheContext()
			require.NoError(t, branch.tx(send), "%s/%s", message, name)
			branch.requireSound(t)
		}
	}
	for name, text := range badAddresses() {
		for message, j := range c.judgements() {
			c.requireRefused(t, message+"/authority "+name, types.ErrUnauthorized, func(ctx context.Context) error {
				return j.send(ctx, text, c.active.String())
			})
			c.requireRefused(t, message+"/prover "+name, types.ErrInvalidAddress, func(ctx context.Context) error {
				return j.send(ctx, c.authority, text)
			})
		}
	}
}

// Each parameter one past its range; the ranges themselves are in package types'
// tests.
func TestBadParams(t *testing.T) {
	f := newFixture(t)
	past := types.MaxParamAmount.AddRaw(1)
	for name, change := range map[string]func(*types.Params){
		"min_self_stake":      func(p *types.Params) { p.MinSelfStake = math.ZeroInt() },
		"min_stake":           func(p *types.Params) { p.MinStake = past },
		"min_unstake":         func(p *types.Params) { p.MinUnstake = math.Int{} },
		"unstake_delay":       func(p *types.Params) { p.UnstakeDelay = types.MaxUnstakeDelay + 1 },
		"max_unstakes":        func(p *types.Params) { p.MaxUnstakes = types.MaxMaxUnstakes + 1 },
		"reward_period":       func(p *types.Params) { p.RewardPeriod = types.MaxRewardPeriod + 1 },
		"max_commission_bps":  func(p *types.Params) { p.MaxCommissionBps = types.BpsBase + 1 },
		"end_block_cap":       func(p *types.Params) { p.EndBlockCap = types.MaxEndBlockCap + 1 },
		"commission_notice":   func(p *types.Params) { p.CommissionNotice = types.MaxCommissionNotice + 1 },
		"epoch_length":        func(p *types.Params) { p.EpochLength = types.MinEpochLength - 1 },
		"incentive_budget":    func(p *types.Params) { p.IncentiveBudget = past },
		"incentive_fee_bps":   func(p *types.Params) { p.IncentiveFeeBps = types.BpsBase + 1 },
		"incentive_kappa_bps": func(p *types.Params) { p.IncentiveKappaBps = types.BpsBase },
	} {
		params := types.DefaultParams()
		change(&params)
		f.requireRefused(t, name, types.ErrInvalidParams, func(ctx context.Context) error {
			_, err := f.msg.UpdateParams(ctx, &types.MsgUpdateParams{Authority: f.authority, Params: params})
			return err
		})
	}
	for name, text := range badAddresses() {
		f.requireRefused(t, "authority "+name, types.ErrUnauthorized, func(ctx context.Context) error {
			_, err := f.msg.UpdateParams(ctx, &types.MsgUpdateParams{Authority: text, Params: types.DefaultParams()})
			return err
		})
	}
}
