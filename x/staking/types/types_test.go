package types_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

func TestMain(m *testing.M) {
	chain.ConfigureBech32()
	os.Exit(m.Run())
}

// Every parameter at its limits and one past them.
func TestParamsValidate(t *testing.T) {
	require.NoError(t, types.DefaultParams().Validate())
	cases := []struct {
		name   string
		change func(*types.Params)
		ok     bool
	}{
		{"min_self_stake 1", func(p *types.Params) { p.MinSelfStake = math.OneInt() }, true},
		{"min_self_stake 0", func(p *types.Params) { p.MinSelfStake = math.ZeroInt() }, false},
		{"min_self_stake missing", func(p *types.Params) { p.MinSelfStake = math.Int{} }, false},
		{"min_self_stake max", func(p *types.Params) { p.MinSelfStake = types.MaxParamAmount }, true},
		{"min_self_stake past", func(p *types.Params) { p.MinSelfStake = types.MaxParamAmount.AddRaw(1) }, false},
		{"min_stake 0", func(p *types.Params) { p.MinStake = math.ZeroInt() }, false},
		{"min_stake past", func(p *types.Params) { p.MinStake = types.MaxParamAmount.AddRaw(1) }, false},
		{"min_unstake 0", func(p *types.Params) { p.MinUnstake = math.ZeroInt() }, false},
		{"min_unstake past", func(p *types.Params) { p.MinUnstake = types.MaxParamAmount.AddRaw(1) }, false},
		{"unstake_delay 0", func(p *types.Params) { p.UnstakeDelay = 0 }, false},
		{"unstake_delay least", func(p *types.Params) { p.UnstakeDelay = 1 }, true},
		{"unstake_delay max", func(p *types.Params) { p.UnstakeDelay = types.MaxUnstakeDelay }, true},
		{"unstake_delay past", func(p *types.Params) { p.UnstakeDelay = types.MaxUnstakeDelay + 1 }, false},
		{"max_unstakes 0", func(p *types.Params) { p.MaxUnstakes = 0 }, false},
		{"max_unstakes max", func(p *types.Params) { p.MaxUnstakes = types.MaxMaxUnstakes }, true},
		{"max_unstakes past", func(p *types.Params) { p.MaxUnstakes = types.MaxMaxUnstakes + 1 }, false},
		{"reward_period negative", func(p *types.Params) { p.RewardPeriod = -time.Nanosecond }, false},
		{"reward_period 0", func(p *types.Params) { p.RewardPeriod = 0 }, true},
		{"reward_period max", func(p *types.Params) { p.RewardPeriod = types.MaxRewardPeriod }, true},
		{"reward_period past", func(p *types.Params) { p.RewardPeriod = types.MaxRewardPeriod + 1 }, false},
		{"max_commission max", func(p *types.Params) { p.MaxCommissionBps = types.BpsBase }, true},
		{"max_commission past", func(p *types.Params) { p.MaxCommissionBps = types.BpsBase + 1 }, false},
		{"end_block_cap 0", func(p *types.Params) { p.EndBlockCap = 0 }, false},
		{"end_block_cap max", func(p *types.Params) { p.EndBlockCap = types.MaxEndBlockCap }, true},
		{"end_block_cap past", func(p *types.Params) { p.EndBlockCap = types.MaxEndBlockCap + 1 }, false},
		{"commission_notice negative", func(p *types.Params) { p.CommissionNotice = -1 }, false},
		{"commission_notice 0", func(p *types.Params) { p.CommissionNotice = 0 }, true},
		{"commission_notice max", func(p *types.Params) { p.CommissionNotice = types.MaxCommissionNotice }, true},
		{"commission_notice past", func(p *types.Params) { p.CommissionNotice = types.MaxCommissionNotice + 1 }, false},
		{"allow_list", func(p *types.Params) { p.AllowList = true }, true},
		{"epoch_length least", func(p *types.Params) { p.EpochLength = types.MinEpochLength }, true},
		{"epoch_length below", func(p *types.Params) { p.EpochLength = types.MinEpochLength - 1 }, false},
		{"epoch_length max", func(p *types.Params) { p.EpochLength = types.MaxEpochLength }, true},
		{"epoch_length past", func(p *types.Params) { p.EpochLength = types.MaxEpochLength + 1 }, false},
		{"incentive_budget 0", func(p *types.Params) { p.IncentiveBudget = math.ZeroInt() }, true},
		{"incentive_budget missing", func(p *types.Params) { p.IncentiveBudget = math.Int{} }, false},
		{"incentive_budget negative", func(p *types.Params) { p.IncentiveBudget = math.NewInt(-1) }, false},
		{"incentive_budget max", func(p *types.Params) { p.IncentiveBudget = types.MaxParamAmount }, true},
		{"incentive_budget past", func(p *types.Params) { p.IncentiveBudget = types.MaxParamAmount.AddRaw(1) }, false},
		{"incentive_fee 0", func(p *types.Params) { p.IncentiveFeeBps = 0 }, true},
		{"incentive_fee max", func(p *types.Params) { p.IncentiveFeeBps = types.BpsBase }, true},
		{"incentive_fee past", func(p *types.Params) { p.IncentiveFeeBps = types.BpsBase + 1 }, false},
		{"incentive_kappa 0", func(p *types.Params) { p.IncentiveKappaBps = 0 }, true},
		{"incentive_kappa max", func(p *types.Params) { p.IncentiveKappaBps = types.BpsBase - 1 }, true},
		{"incentive_kappa past", func(p *types.Params) { p.IncentiveKappaBps = types.BpsBase }, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := types.DefaultParams()
			c.change(&p)
			if c.ok {
				require.NoError(t, p.Validate())
			} else {
				require.ErrorIs(t, p.Validate(), types.ErrInvalidParams)
			}
		})
	}
	require.Equal(t, "1267650600228229401496703205376", types.MaxParamAmount.String(), "2^100")
}

// Law S3: the bank takes the denom, also for the longest address and number.
func TestShareDenom(t *testing.T) {
	for _, size := range []int{20, 32} {
		prover := sdk.AccAddress(strings.Repeat("p", size)).String()
		denom := types.ShareDenom(prover, 1<<64-1)
		require.NoError(t, sdk.ValidateDenom(denom))
		got, generation, err := types.ParseShareDenom(denom)
		require.NoError(t, err)
		require.Equal(t, prover, got)
		require.EqualValues(t, uint64(1<<64-1), generation)
	}
	for _, bad := range []string{
		"", "uproof", "vault", "vault/", "vault/p", "vault/p/", "vault/p/0", "vault/p/01", "vault/p/+1", "vault/p/1/2",
		"vault/p/18446744073709551616", "Vault/p/1",
	} {
		_, _, err := types.ParseShareDenom(bad)
		require.ErrorIs(t, err, types.ErrInvalidDenom, bad)
	}
}

func FuzzParseShareDenom(f *testing.F) {
	f.Add("vault/proof1xyz/1")
	f.Add("vault//1")
	f.Fuzz(func(t *testing.T, denom string) {
		prover, generation, err := types.ParseShareDenom(denom)
		if err == nil {
			require.Equal(t, denom, types.ShareDenom(prover, generation), "one form only")
		}
	})
}

// The state follows from the record (law S1).
func TestProverState(t *testing.T) {
	p := types.Prover{}
	require.Equal(t, types.PROVER_STATE_ACTIVE, p.State())
	require.True(t, p.AddCause(types.DEACTIVATION_CAUSE_AUTHORITY))
	require.True(t, p.AddCause(types.DEACTIVATION_CAUSE_SELF_STAKE))
	require.False(t, p.AddCause(types.DEACTIVATION_CAUSE_SELF_STAKE))
	require.Equal(t, []types.DeactivationCause{1, 3}, p.Causes, "sorted")
	require.Equal(t, types.PROVER_STATE_DEACTIVATED, p.State())
	copied := p
	require.True(t, p.RemoveCause(types.DEACTIVATION_CAUSE_SELF_STAKE))
	require.False(t, p.RemoveCause(types.DEACTIVATION_CAUSE_SELF_STAKE))
	require.Len(t, copied.Causes, 2, "a copy of the record keeps its own list")
	p.Retired = true
	require.Equal(t, types.PROVER_STATE_RETIRED, p.State())
	p.Jailed = true
	require.Equal(t, types.PROVER_STATE_JAILED, p.State())
}
