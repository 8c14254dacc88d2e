package keeper_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

func (f *fixture) updateAllowList(add, remove []string) error {
	return f.tx(func(ctx context.Context) error {
		_, err := f.msg.UpdateAllowList(ctx, &types.MsgUpdateAllowList{Authority: f.authority, Add: add, Remove: remove})
		return err
	})
}

func (f *fixture) allowed(t require.TestingT) []string {
	res, err := f.query.AllowList(f.ctx, &types.QueryAllowListRequest{})
	require.NoError(t, err)
	return res.Addresses
}

// Law S9: while the allow-list is in force, only who is on it registers; who is
// registered stays.
func TestAllowList(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	bob, carol := f.account(t, "bob", 2000*proof), f.account(t, "carol", 1000*proof)
	f.setParams(t, func(p *types.Params) { p.AllowList = true })
	require.ErrorIs(t, f.tryRegister(bob, 1000*proof, 0), types.ErrNotAllowed)
	require.NoError(t, f.updateAllowList([]string{strings.ToUpper(bob.String()), carol.String()}, nil))
	require.ElementsMatch(t, []string{bob.String(), carol.String()}, f.allowed(t))
	require.NoError(t, f.tryRegister(bob, 1000*proof, 0))
	require.NoError(t, f.updateAllowList([]string{bob.String()}, []string{carol.String(), alice.String()}),
		"what is so already is left alone")
	require.Equal(t, []string{bob.String()}, f.allowed(t))
	require.ErrorIs(t, f.tryRegister(carol, 1000*proof, 0), types.ErrNotAllowed)
	requireSameAfterImport(t, f)

	require.NoError(t, f.updateAllowList(nil, []string{bob.String()}))
	require.Empty(t, f.allowed(t))
	for _, p := range []sdk.AccAddress{alice, bob} {
		require.Equal(t, types.PROVER_STATE_ACTIVE, f.standing(t, p).State, "registered provers stay")
	}
	require.NoError(t, f.retire(bob))
	require.ErrorIs(t, f.tryRegister(bob, 1000*proof, 0), types.ErrNotAllowed, "coming back is registering")
	f.setParams(t, func(p *types.Params) { p.AllowList = false })
	require.NoError(t, f.tryRegister(bob, 1000*proof, 0))
	require.NoError(t, f.tryRegister(carol, 1000*proof, 0), "the list says nothing now")
	f.requireSound(t)
}

func TestAllowListRefused(t *testing.T) {
	f := newFixture(t)
	addresses := func(n int) (list []string) {
		for i := range n {
			list = append(list, sdk.AccAddress(fmt.Sprintf("address_%012d", i)).String())
		}
		return list
	}
	bob := addresses(1)[0]
	for _, c := range []struct {
		name, authority string
		add, remove     []string
		err             error
	}{
		{"at the limit", f.authority, addresses(60), addresses(100)[60:], nil},
		{"past it", f.authority, addresses(100), []string{sdk.AccAddress("one_more____________").String()}, types.ErrInvalidList},
		{"nothing", f.authority, nil, nil, types.ErrInvalidList},
		{"twice", f.authority, []string{bob, bob}, nil, types.ErrInvalidList},
		{"twice in another form", f.authority, []string{bob, strings.ToUpper(bob)}, nil, types.ErrInvalidList},
		{"both ways", f.authority, []string{bob}, []string{bob}, types.ErrInvalidList},
		{"add no address", f.authority, []string{bob, ""}, nil, types.ErrInvalidAddress},
		{"remove no address", f.authority, []string{bob}, []string{"x"}, types.ErrInvalidAddress},
		{"no authority", "", []string{bob}, nil, types.ErrUnauthorized},
		{"not the authority", bob, []string{bob}, nil, types.ErrUnauthorized},
	} {
		send := func(ctx context.Context) error {
			_, err := f.msg.UpdateAllowList(ctx, &types.MsgUpdateAllowList{Authority: c.authority, Add: c.add, Remove: c.remove})
			return err
		}
		if c.err != nil {
			f.requireRefused(t, c.name, c.err, send)
		} else {
			require.NoError(t, f.tx(send), c.name)
		}
	}
	require.Len(t, f.allowed(t), 60)
	page, err := f.query.AllowList(f.ctx, &types.QueryAllowListRequest{Pagination: &query.PageRequest{Limit: 25}})
	require.NoError(t, err)
	require.Len(t, page.Addresses, 25)
	page, err = f.query.AllowList(f.ctx, &types.QueryAllowListRequest{Pagination: &query.PageRequest{Limit: 50, Key: page.Pagination.NextKey}})
	require.NoError(t, err)
	require.Len(t, page.Addresses, 35)
	_, err = f.query.AllowList(f.ctx, nil)
	require.ErrorIs(t, err, types.ErrInvalidQuery)
}

// Law S9: profiles.
func TestSetProfile(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 1000*proof, 0)
	retired := f.register(t, "retired", 1000*proof, 0)
	require.NoError(t, f.retire(retired))
	for _, c := range []struct {
		name, prover string
		profile      types.Profile
		err          error
	}{
		{"at the limits", alice.String(), types.Profile{Name: strings.Repeat("n", types.MaxNameBytes), IconUrl: strings.Repeat("u", types.MaxIconURLBytes)}, nil},
		{"empty", alice.String(), types.Profile{}, nil},
		{"name too long", alice.String(), types.Profile{Name: strings.Repeat("n", types.MaxNameBytes+1)}, types.ErrInvalidProfile},
		{"name too long in bytes", alice.String(), types.Profile{Name: strings.Repeat("é", types.MaxNameBytes/2+1)}, types.ErrInvalidProfile},
		{"icon too long", alice.String(), types.Profile{IconUrl: strings.Repeat("u", types.MaxIconURLBytes+1)}, types.ErrInvalidProfile},
		{"name not UTF-8", alice.String(), types.Profile{Name: "\xff"}, types.ErrInvalidProfile},
		{"icon not UTF-8", alice.String(), types.Profile{IconUrl: "\xff"}, types.ErrInvalidProfile},
		{"no signer", "", types.Profile{}, types.ErrInvalidAddress},
		{"not an address", "x", types.Profile{}, types.ErrInvalidAddress},
		{"not a prover", f.authority, types.Profile{}, types.ErrProverNotFound},
		{"retired", retired.String(), types.Profile{}, types.ErrProverRetired},
	} {
		send := func(ctx context.Context) error {
			_, err := f.msg.SetProfile(ctx, &types.MsgSetProfile{Prover: c.prover, Profile: c.profile})
			return err
		}
		if c.err != nil {
			f.requireRefused(t, c.name, c.err, send)
			continue
		}
		require.NoError(t, f.tx(send), c.name)
		res, err := f.query.Prover(f.ctx, &types.QueryProverRequest{Prover: c.prover})
		require.NoError(t, err)
		require.Equal(t, c.profile, res.Prover.Profile)
	}
	metadata, found := f.bk.GetDenomMetaData(f.ctx, types.ShareDenom(alice.String(), 1))
	require.True(t, found)
	require.Equal(t, types.ShareDenom(alice.String(), 1), metadata.Name, "a wallet shows the denom, never the profile")
	f.requireSound(t)
	requireSameAfterImport(t, f)
}

// Genesis: rates, pending changes, breakers and the allow-list come through, and
// what was announced still comes.
func TestGenesisOfTerms(t *testing.T) {
	f := newFixture(t)
	alice := f.register(t, "alice", 2000*proof, 1000)
	for source, bps := range map[string]uint32{"": 2000, "market": 3000, "own": 10} {
		_, err := f.setCommission(alice, source, bps)
		require.NoError(t, err)
	}
	require.NoError(t, f.setBreaker(alice, 5*proof, 7*proof))
	f.slash(t, alice, proof/2)
	require.NoError(t, f.updateAllowList([]string{alice.String(), f.authority}, nil))
	f.requireSound(t)
	requireSameAfterImport(t, f)

	g, err := f.k.ExportGenesis(f.ctx)
	require.NoError(t, err)
	require.Len(t, g.Commissions, 3)
	require.Len(t, g.AllowList, 2)
	fresh := f.withEmptyStore(t)
	require.NoError(t, fresh.k.InitGenesis(fresh.ctx, g))
	fresh.endBlock(t, notice)
	fresh.endBlock(t, 0)
	require.EqualValues(t, 2000, fresh.record(t, alice).CommissionBps)
	require.EqualValues(t, 3000, fresh.charged(t, alice, "market"))
	require.Empty(t, fresh.pendingOf(t), "the queue was built again")
	fresh.requireSound(t)

	at := g.Commissions[0].Pending.EffectiveAt
	pending := func(bps uint32) *types.PendingCommission {
		return &types.PendingCommission{Bps: bps, EffectiveAt: at}
	}
	for name, c := range map[string]struct {
		malform func(*types.GenesisState)
		err     error
	}{
		"rate twice":       {func(g *types.GenesisState) { g.Commissions = append(g.Commissions, g.Commissions[0]) }, types.ErrInvalidGenesis},
		"rate of nobody":   {func(g *types.GenesisState) { g.Commissions[0].Prover = f.authority }, types.ErrInvalidGenesis},
		"rate too high":    {func(g *types.GenesisState) { g.Commissions[2].Bps = 10_001 }, types.ErrInvalidGenesis},
		"bad source":       {func(g *types.GenesisState) { g.Commissions[2].Source = "a b" }, types.ErrInvalidGenesis},
		"idle default":     {func(g *types.GenesisState) { g.Commissions[0].Pending = nil }, types.ErrInvalidGenesis},
		"pending lower":    {func(g *types.GenesisState) { g.Commissions[2].Pending = pending(10) }, types.ErrInvalidGenesis},
		"pending too high": {func(g *types.GenesisState) { g.Commissions[2].Pending = pending(10_001) }, types.ErrInvalidGenesis},
		"default inherits": {func(g *types.GenesisState) {
			g.Commissions[0].Pending = &types.PendingCommission{Inherit: true, EffectiveAt: at}
		}, types.ErrInvalidGenesis},
		"inherits a rate": {func(g *types.GenesisState) {
			g.Commissions[2].Pending = &types.PendingCommission{Inherit: true, Bps: 11, EffectiveAt: at}
		}, types.ErrInvalidGenesis},
		"time out of range": {func(g *types.GenesisState) {
			g.Commissions[0].Pending = &types.PendingCommission{Bps: 5000, EffectiveAt: at.AddDate(5000, 0, 0)}
		}, types.ErrInvalidGenesis},
		"default differs":    {func(g *types.GenesisState) { g.Provers[0].Prover.CommissionBps = 1 }, types.ErrInvariant},
		"retired":            {func(g *types.GenesisState) { g.Provers[0].Prover.Retired = true }, types.ErrInvariant},
		"too many sources":   {manySources, types.ErrInvariant},
		"no breaker":         {func(g *types.GenesisState) { g.Provers[0].Prover.Breaker = types.Breaker{} }, types.ErrInvalidGenesis},
		"breaker past range": {func(g *types.GenesisState) { g.Provers[0].Prover.Breaker.LossLimit = types.MaxBreakerAmount.AddRaw(1) }, types.ErrInvalidGenesis},
		"negative losses":    {func(g *types.GenesisState) { g.Provers[0].Prover.Breaker.Losses = types.MaxBreakerAmount.Neg() }, types.ErrInvalidGenesis},
		"allowed twice":      {func(g *types.GenesisState) { g.AllowList = append(g.AllowList, g.AllowList[0]) }, types.ErrInvalidGenesis},
		"allowed no address": {func(g *types.GenesisState) { g.AllowList[0] = "x" }, types.ErrInvalidAddress},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := f.k.ExportGenesis(f.ctx)
			require.NoError(t, err)
			c.malform(g)
			fresh := f.withEmptyStore(t)
			require.ErrorIs(t, fresh.k.InitGenesis(fresh.ctx, g), c.err)
		})
	}
}

func manySources(g *types.GenesisState) {
	for i := range types.MaxCommissionRates {
		g.Commissions = append(g.Commissions, types.CommissionRate{Prover: g.Commissions[0].Prover, Source: fmt.Sprintf("source%d", i)})
	}
}
