package keeper_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// Genesis files that hold together at first sight, and would hurt later.
func TestAttackByGenesis(t *testing.T) {
	f, _, _ := busy(t)
	require.NoError(t, f.updateAllowList([]string{f.authority}, nil))
	long := sdk.AccAddress(bytes.Repeat([]byte{7}, 80)).String()
	for name, c := range map[string]struct {
		malform func(*types.GenesisState)
		err     error
	}{
		"a staker who could not cancel": {func(g *types.GenesisState) {
			g.Unstakes[0].Staker = strings.ToUpper(g.Unstakes[0].Staker)
		}, types.ErrInvalidGenesis},
		"an unstaking that waits for work to come": {func(g *types.GenesisState) {
			g.Unstakes[0].Mark = g.Provers[0].Prover.Load.NextAssignment + 1
		}, types.ErrInvariant},
		"one address twice on the allow-list": {func(g *types.GenesisState) {
			g.AllowList = append(g.AllowList, strings.ToUpper(f.authority))
		}, types.ErrInvalidGenesis},
		"an address that no denom can hold": {func(g *types.GenesisState) {
			g.Provers = append(g.Provers, g.Provers[0])
			g.Provers[len(g.Provers)-1].Prover.Address = long
		}, types.ErrInvalidAddress},
		"a vault without the one before it": {func(g *types.GenesisState) {
			g.Provers[0].Prover.Generation++
			g.Vaults[0].Generation++
		}, types.ErrInvalidGenesis},
		"assignments that count around": {func(g *types.GenesisState) {
			g.Provers[0].Prover.Load.NextAssignment = 1<<64 - 1
		}, types.ErrInvalidGenesis},
		"faults that count around": {func(g *types.GenesisState) { g.Provers[0].Prover.Faults = 1<<64 - 1 }, types.ErrInvalidGenesis},
		"unstakings that count around": {func(g *types.GenesisState) {
			g.Vaults[0].NextUnstake = 1<<64 - 1
		}, types.ErrInvalidGenesis},
		"epochs that count around": {func(g *types.GenesisState) { g.EpochClock.Number = 1<<64 - 1 }, types.ErrInvalidGenesis},
		"figures of no generation": {func(g *types.GenesisState) {
			g.RunningEpochs[0].Figures.Generation, g.RunningEpochs[0].Figures.AssetTime = 0, math.OneInt()
		}, types.ErrInvalidGenesis},
		"figures of a generation to come": {func(g *types.GenesisState) {
			g.RunningEpochs[0].Figures.Generation = 99
		}, types.ErrInvariant},
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

// Bank cannot know shares by an address of any length: registering says so.
func TestAttackRegisterWithALongAddress(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct {
		bytes int
		err   error
	}{{20, nil}, {32, nil}, {64, nil}, {70, types.ErrInvalidAddress}, {255, types.ErrInvalidAddress}} {
		addr := sdk.AccAddress(bytes.Repeat([]byte{byte(c.bytes)}, c.bytes))
		f.fund(t, addr, 1000*proof)
		err := f.tryRegister(addr, 1000*proof, 0)
		require.ErrorIs(t, err, c.err, "%d bytes", c.bytes)
		if c.err != nil {
			require.EqualValues(t, 1000*proof, f.balance(addr))
		}
	}
	f.requireSound(t)
}

// Places that lead nowhere, as many as the cap and ahead of everybody: each block
// meets them once and no more.
func TestAttackDeadPlacesDoNotHoldUpTheQueue(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.EndBlockCap = 3 })
	alice := f.register(t, "alice", 1000*proof, 0)
	bob := f.account(t, "bob", 100*proof)
	require.NoError(t, f.stake(bob, alice, 100*proof))
	require.NoError(t, f.unstakeAll(bob, alice))
	require.NoError(t, f.k.PlantPlaces(f.ctx, alice, genesisTime, 101, 102, 103))
	f.endBlock(t, 8*day)
	f.endBlock(t, time.Second)
	f.endBlock(t, time.Second)
	require.EqualValues(t, 100*proof, f.balance(bob))
	f.requireSound(t)
}

// An empty message of any kind gives an error of the module's own, panics nowhere
// and changes not a byte.
func TestAttackEmptyMessages(t *testing.T) {
	f, _, _ := busy(t)
	for name, send := range map[string]func(ctx context.Context) (any, error){
		"register":         func(ctx context.Context) (any, error) { return f.msg.Register(ctx, &types.MsgRegister{}) },
		"stake":            func(ctx context.Context) (any, error) { return f.msg.Stake(ctx, &types.MsgStake{}) },
		"request-unstake":  func(ctx context.Context) (any, error) { return f.msg.RequestUnstake(ctx, &types.MsgRequestUnstake{}) },
		"cancel-unstake":   func(ctx context.Context) (any, error) { return f.msg.CancelUnstake(ctx, &types.MsgCancelUnstake{}) },
		"complete-unstake": func(ctx context.Context) (any, error) { return f.msg.CompleteUnstake(ctx, &types.MsgCompleteUnstake{}) },
		"complete-unstakes": func(ctx context.Context) (any, error) {
			return f.msg.CompleteUnstakes(ctx, &types.MsgCompleteUnstakes{})
		},
		"transfer-shares":  func(ctx context.Context) (any, error) { return f.msg.TransferShares(ctx, &types.MsgTransferShares{}) },
		"claim-commission": func(ctx context.Context) (any, error) { return f.msg.ClaimCommission(ctx, &types.MsgClaimCommission{}) },
		"deactivate":       func(ctx context.Context) (any, error) { return f.msg.Deactivate(ctx, &types.MsgDeactivate{}) },
		"reactivate":       func(ctx context.Context) (any, error) { return f.msg.Reactivate(ctx, &types.MsgReactivate{}) },
		"retire":           func(ctx context.Context) (any, error) { return f.msg.Retire(ctx, &types.MsgRetire{}) },
		"set-commission":   func(ctx context.Context) (any, error) { return f.msg.SetCommission(ctx, &types.MsgSetCommission{}) },
		"reset-commission": func(ctx context.Context) (any, error) { return f.msg.ResetCommission(ctx, &types.MsgResetCommission{}) },
		"set-profile":      func(ctx context.Context) (any, error) { return f.msg.SetProfile(ctx, &types.MsgSetProfile{}) },
		"set-breaker":      func(ctx context.Context) (any, error) { return f.msg.SetBreaker(ctx, &types.MsgSetBreaker{}) },
		"fund-incentives":  func(ctx context.Context) (any, error) { return f.msg.FundIncentives(ctx, &types.MsgFundIncentives{}) },
		"jail":             func(ctx context.Context) (any, error) { return f.msg.Jail(ctx, &types.MsgJail{}) },
		"unjail":           func(ctx context.Context) (any, error) { return f.msg.Unjail(ctx, &types.MsgUnjail{}) },
		"deactivate-prover": func(ctx context.Context) (any, error) {
			return f.msg.DeactivateProver(ctx, &types.MsgDeactivateProver{})
		},
		"lift-deactivation": func(ctx context.Context) (any, error) {
			return f.msg.LiftDeactivation(ctx, &types.MsgLiftDeactivation{})
		},
		"slash-prover":      func(ctx context.Context) (any, error) { return f.msg.SlashProver(ctx, &types.MsgSlashProver{}) },
		"update-allow-list": func(ctx context.Context) (any, error) { return f.msg.UpdateAllowList(ctx, &types.MsgUpdateAllowList{}) },
		"update-params":     func(ctx context.Context) (any, error) { return f.msg.UpdateParams(ctx, &types.MsgUpdateParams{}) },
		"params by authority": func(ctx context.Context) (any, error) {
			return f.msg.UpdateParams(ctx, &types.MsgUpdateParams{Authority: f.authority})
		},
	} {
		want := types.ErrInvalidAddress
		switch name {
		case "jail", "unjail", "deactivate-prover", "lift-deactivation", "slash-prover", "update-allow-list", "update-params":
			want = types.ErrUnauthorized
		case "params by authority":
			want = types.ErrInvalidParams
		}
		f.requireRefused(t, name, want, func(ctx context.Context) error {
			_, err := send(ctx)
			return err
		})
	}
}
