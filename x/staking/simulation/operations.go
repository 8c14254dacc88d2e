package simulation

import (
	"context"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// Register adds the module's messages to a simulation.
func (s Source) Register(weights simsx.WeightSource, reg simsx.Registry) {
	for _, o := range []struct {
		name    string
		weight  uint32
		factory simsx.SimMsgFactoryX
	}{
		{"register", 40, s.MsgRegister()},
		{"stake", 100, s.MsgStake()},
		{"transfer_shares", 20, s.MsgTransferShares()},
		{"request_unstake", 80, s.MsgRequestUnstake()},
		{"cancel_unstake", 30, s.MsgCancelUnstake()},
		{"complete_unstake", 20, s.MsgCompleteUnstake()},
		{"complete_unstakes", 10, s.MsgCompleteUnstakes()},
		{"claim_commission", 20, s.MsgClaimCommission()},
		{"deactivate", 5, s.MsgDeactivate()},
		{"reactivate", 20, s.MsgReactivate()},
		{"retire", 4, s.MsgRetire()},
		{"set_commission", 20, s.MsgSetCommission()},
		{"reset_commission", 10, s.MsgResetCommission()},
		{"set_profile", 5, s.MsgSetProfile()},
		{"set_breaker", 5, s.MsgSetBreaker()},
		{"fund_incentives", 10, s.MsgFundIncentives()},
	} {
		reg.Add(weights.Get("provers_"+o.name, o.weight), o.factory)
	}
}

func profile(r *simsx.XRand) types.Profile {
	return types.Profile{Name: r.StringN(40), IconUrl: "https://example.org/" + r.StringN(20)}
}

// MsgRegister makes an account a prover, or a retired prover one again.
func (s Source) MsgRegister() simsx.SimMsgFactoryX {
	return operation(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgRegister) {
		params := s.params(ctx, reporter)
		if params.AllowList {
			reporter.Skip("only the allow-list may register")
			return simsx.SimAccount{}, nil
		}
		acc := data.AnyAccountN(5, reporter, simsx.SimAccountFilterFn(func(a simsx.SimAccount) bool {
			res, err := s.q.Prover(ctx, &types.QueryProverRequest{Prover: a.AddressBech32})
			return err != nil || res.Prover.State == types.PROVER_STATE_RETIRED
		}))
		if reporter.IsSkipped() {
			return acc, nil
		}
		return acc, &types.MsgRegister{
			Prover: acc.AddressBech32, Profile: profile(data.Rand()),
			CommissionBps: data.Rand().Uint32InRange(0, params.MaxCommissionBps+1),
			SelfStake:     spend(data, reporter, acc, params.MinSelfStake),
		}
	})
}

// MsgStake stakes with an active prover.
func (s Source) MsgStake() simsx.SimMsgFactoryX {
	return operation(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgStake) {
		p := s.prover(ctx, data, reporter, func(p types.ProverView) bool { return p.State == types.PROVER_STATE_ACTIVE })
		if reporter.IsSkipped() {
			return simsx.SimAccount{}, nil
		}
		acc := data.AnyAccount(reporter)
		return acc, &types.MsgStake{
			Staker: acc.AddressBech32, Prover: p.Prover.Address, MinSharesOut: math.ZeroInt(),
			Amount: spend(data, reporter, acc, s.params(ctx, reporter).MinStake),
		}
	}, types.ErrAmountTooSmall)
}

// MsgTransferShares gives shares of the prover's own vault away.
func (s Source) MsgTransferShares() simsx.SimMsgFactoryX {
	return operation(func(_ context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgTransferShares) {
		acc, _, generation, own := s.position(data, reporter, func(holder, prover string) bool { return holder == prover })
		if reporter.IsSkipped() {
			return acc, nil
		}
		to := data.AnyAccountN(3, reporter, simsx.ExcludeAccounts(acc))
		shares, all := part(data.Rand(), own)
		return acc, &types.MsgTransferShares{
			Prover: acc.AddressBech32, Recipient: to.AddressBech32, Shares: shares, Generation: generation, All: all,
		}
	}, types.ErrSelfStakeRange, types.ErrVaultClosed)
}

// part returns some of what one has, or 0 and true for all of it.
func part(r *simsx.XRand, own math.Int) (math.Int, bool) {
	if r.Intn(4) == 0 {
		return math.ZeroInt(), true
	}
	shares, err := r.PositiveSDKIntn(own)
	if err != nil {
		return math.ZeroInt(), true
	}
	return shares, false
}

// MsgRequestUnstake starts to unstake some or all shares of a holder.
func (s Source) MsgRequestUnstake() simsx.SimMsgFactoryX {
	return operation(func(_ context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgRequestUnstake) {
		acc, prover, generation, own := s.position(data, reporter, func(string, string) bool { return true })
		if reporter.IsSkipped() {
			return acc, nil
		}
		shares, all := part(data.Rand(), own)
		return acc, &types.MsgRequestUnstake{
			Staker: acc.AddressBech32, Prover: prover, Shares: shares, MinOut: math.ZeroInt(), Generation: generation, All: all,
		}
	}, types.ErrSelfStakeRange, types.ErrVaultClosed, types.ErrTooManyUnstakes, types.ErrAmountTooSmall)
}

// MsgCancelUnstake stakes an unstaking again.
func (s Source) MsgCancelUnstake() simsx.SimMsgFactoryX {
	return operation(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgCancelUnstake) {
		u, staker := s.entry(ctx, data, reporter)
		if reporter.IsSkipped() {
			return staker, nil
		}
		return staker, &types.MsgCancelUnstake{
			Staker: u.Staker, Prover: u.Prover, Generation: u.Generation, Ids: []uint64{u.Id}, MinSharesOut: math.ZeroInt(),
		}
	}, types.ErrProverNotActive, types.ErrProverRetired, types.ErrVaultClosed, types.ErrVaultOver, types.ErrAmountTooSmall)
}

// MsgCompleteUnstake pays an unstaking, or finds that it is too early.
func (s Source) MsgCompleteUnstake() simsx.SimMsgFactoryX {
	return operation(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgCompleteUnstake) {
		u, _ := s.entry(ctx, data, reporter)
		acc := data.AnyAccount(reporter)
		return acc, &types.MsgCompleteUnstake{Signer: acc.AddressBech32, Prover: u.Prover, Generation: u.Generation, Id: u.Id}
	}, types.ErrUnstakeNotReady, types.ErrUnstakeObligations)
}

// MsgCompleteUnstakes pays many unstakings of a vault, each on its own.
func (s Source) MsgCompleteUnstakes() simsx.SimMsgFactoryX {
	return operation(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgCompleteUnstakes) {
		u, _ := s.entry(ctx, data, reporter)
		acc := data.AnyAccount(reporter)
		ids := []uint64{u.Id + 1, u.Id, u.Id + 2}
		return acc, &types.MsgCompleteUnstakes{Signer: acc.AddressBech32, Prover: u.Prover, Generation: u.Generation, Ids: ids}
	})
}

// MsgClaimCommission takes the commission of the current vault.
func (s Source) MsgClaimCommission() simsx.SimMsgFactoryX {
	return operation(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgClaimCommission) {
		p, acc := s.operator(ctx, data, reporter, func(p types.ProverView) bool {
			res, err := s.q.Vault(ctx, &types.QueryVaultRequest{Prover: p.Prover.Address})
			return err == nil && res.Vault.Commission.IsPositive()
		})
		return acc, &types.MsgClaimCommission{Prover: p.Prover.Address}
	})
}

// MsgDeactivate takes a prover out of business.
func (s Source) MsgDeactivate() simsx.SimMsgFactoryX {
	return operation(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgDeactivate) {
		p, acc := s.operator(ctx, data, reporter, func(p types.ProverView) bool { return p.State == types.PROVER_STATE_ACTIVE })
		return acc, &types.MsgDeactivate{Prover: p.Prover.Address}
	})
}

// MsgReactivate takes a prover back into business.
func (s Source) MsgReactivate() simsx.SimMsgFactoryX {
	return operation(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgReactivate) {
		p, acc := s.operator(ctx, data, reporter, func(p types.ProverView) bool { return p.State == types.PROVER_STATE_DEACTIVATED })
		return acc, &types.MsgReactivate{Prover: p.Prover.Address}
	}, types.ErrSelfStakeTooLow, types.ErrNothingToLift)
}

// MsgRetire ends a prover's business.
func (s Source) MsgRetire() simsx.SimMsgFactoryX {
	return operation(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgRetire) {
		p, acc := s.operator(ctx, data, reporter, func(p types.ProverView) bool {
			return (p.State == types.PROVER_STATE_ACTIVE || p.State == types.PROVER_STATE_DEACTIVATED) && p.Prover.Load.OpenAssignments == 0
		})
		return acc, &types.MsgRetire{Prover: p.Prover.Address}
	})
}

// inOffice accepts provers that are not retired.
func inOffice(p types.ProverView) bool { return !p.Prover.Retired }

// source returns the default or one of a few sources of rewards.
func source(r *simsx.XRand) string {
	return []string{"", types.SourceMarket, types.SourceIncentive, "other"}[r.Intn(4)]
}

// MsgSetCommission changes a rate.
func (s Source) MsgSetCommission() simsx.SimMsgFactoryX {
	return operation(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgSetCommission) {
		p, acc := s.operator(ctx, data, reporter, inOffice)
		limit := s.params(ctx, reporter).MaxCommissionBps
		return acc, &types.MsgSetCommission{
			Prover: p.Prover.Address, Source: source(data.Rand()), Bps: data.Rand().Uint32InRange(0, limit+1),
		}
	}, types.ErrCommissionUnchanged)
}

// MsgResetCommission takes a source's own rate away.
func (s Source) MsgResetCommission() simsx.SimMsgFactoryX {
	return operation(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgResetCommission) {
		p, acc := s.operator(ctx, data, reporter, inOffice)
		return acc, &types.MsgResetCommission{Prover: p.Prover.Address, Source: source(data.Rand())}
	}, types.ErrNoOwnRate, types.ErrCommissionUnchanged)
}

// MsgSetProfile replaces a profile.
func (s Source) MsgSetProfile() simsx.SimMsgFactoryX {
	return operation(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgSetProfile) {
		p, acc := s.operator(ctx, data, reporter, inOffice)
		return acc, &types.MsgSetProfile{Prover: p.Prover.Address, Profile: profile(data.Rand())}
	})
}

// MsgSetBreaker sets a prover's own limits.
func (s Source) MsgSetBreaker() simsx.SimMsgFactoryX {
	return operation(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgSetBreaker) {
		p, acc := s.operator(ctx, data, reporter, inOffice)
		return acc, &types.MsgSetBreaker{
			Prover:      p.Prover.Address,
			MaxExposure: math.NewInt(data.Rand().Int63n(1e9)), LossLimit: math.NewInt(data.Rand().Int63n(1e9)),
		}
	})
}

// MsgFundIncentives adds to the incentive pool.
func (s Source) MsgFundIncentives() simsx.SimMsgFactoryX {
	return operation(func(_ context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgFundIncentives) {
		acc := data.AnyAccount(reporter)
		return acc, &types.MsgFundIncentives{Funder: acc.AddressBech32, Amount: spend(data, reporter, acc, math.OneInt())}
	})
}
