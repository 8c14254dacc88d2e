package simulation

import (
	"context"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// RegisterProposals adds the authority's messages to a simulation of governance.
func (s Source) RegisterProposals(weights simsx.WeightSource, reg simsx.Registry) {
	for _, o := range []struct {
		name    string
		weight  uint32
		factory simsx.SimMsgFactoryX
	}{
		{"jail", 20, s.MsgJail()},
		{"unjail", 20, s.MsgUnjail()},
		{"deactivate_prover", 20, s.MsgDeactivateProver()},
		{"lift_deactivation", 20, s.MsgLiftDeactivation()},
		{"slash_prover", 20, s.MsgSlashProver()},
		{"update_allow_list", 10, s.MsgUpdateAllowList()},
		{"update_params", 20, s.MsgUpdateParams()},
	} {
		reg.Add(weights.Get("provers_"+o.name, o.weight), o.factory)
	}
}

// judgement is a message of the authority about a prover that wanted accepts. A
// proposal has no signer of its own.
func judgement[T sdk.Msg](s Source, wanted func(types.ProverView) bool, message func(authority, prover string) T) simsx.SimMsgFactoryX {
	return simsx.SimMsgFactoryFn[T](func(
		ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, T) {
		p := s.prover(ctx, data, reporter, wanted)
		return nil, message(data.ModuleAccountAddress(reporter, govtypes.ModuleName), p.Prover.Address)
	})
}

func anyone(types.ProverView) bool { return true }

func condemned(p types.ProverView) bool {
	for _, cause := range p.Prover.Causes {
		if cause == types.DEACTIVATION_CAUSE_AUTHORITY {
			return true
		}
	}
	return false
}

// MsgJail jails a prover.
func (s Source) MsgJail() simsx.SimMsgFactoryX {
	free := func(p types.ProverView) bool { return !p.Prover.Jailed }
	return judgement(s, free, func(authority, prover string) *types.MsgJail {
		return &types.MsgJail{Authority: authority, Prover: prover}
	})
}

// MsgUnjail lifts a jail.
func (s Source) MsgUnjail() simsx.SimMsgFactoryX {
	jailed := func(p types.ProverView) bool { return p.Prover.Jailed }
	return judgement(s, jailed, func(authority, prover string) *types.MsgUnjail {
		return &types.MsgUnjail{Authority: authority, Prover: prover}
	})
}

// MsgDeactivateProver deactivates a prover.
func (s Source) MsgDeactivateProver() simsx.SimMsgFactoryX {
	free := func(p types.ProverView) bool { return !condemned(p) }
	return judgement(s, free, func(authority, prover string) *types.MsgDeactivateProver {
		return &types.MsgDeactivateProver{Authority: authority, Prover: prover}
	})
}

// MsgLiftDeactivation lifts the authority's deactivation.
func (s Source) MsgLiftDeactivation() simsx.SimMsgFactoryX {
	return judgement(s, condemned, func(authority, prover string) *types.MsgLiftDeactivation {
		return &types.MsgLiftDeactivation{Authority: authority, Prover: prover}
	})
}

// MsgSlashProver slashes a prover, by more than it has now and then.
func (s Source) MsgSlashProver() simsx.SimMsgFactoryX {
	return simsx.SimMsgFactoryFn[*types.MsgSlashProver](func(
		ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgSlashProver) {
		p := s.prover(ctx, data, reporter, anyone)
		if reporter.IsSkipped() {
			return nil, nil
		}
		amount := p.Assets.AddRaw(1).MulRaw(data.Rand().Int63n(12) + 1).QuoRaw(10).AddRaw(1)
		return nil, &types.MsgSlashProver{
			Authority: data.ModuleAccountAddress(reporter, govtypes.ModuleName),
			Prover:    p.Prover.Address, Amount: amount, Reason: "simulation",
		}
	})
}

// MsgUpdateAllowList puts an account on the list and takes another from it.
func (s Source) MsgUpdateAllowList() simsx.SimMsgFactoryX {
	return simsx.SimMsgFactoryFn[*types.MsgUpdateAllowList](func(
		_ context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgUpdateAllowList) {
		add := data.AnyAccount(reporter)
		remove := data.AnyAccountN(3, reporter, simsx.ExcludeAccounts(add))
		return nil, &types.MsgUpdateAllowList{
			Authority: data.ModuleAccountAddress(reporter, govtypes.ModuleName),
			Add:       []string{add.AddressBech32}, Remove: []string{remove.AddressBech32},
		}
	})
}

// MsgUpdateParams replaces the parameters.
func (s Source) MsgUpdateParams() simsx.SimMsgFactoryX {
	return simsx.SimMsgFactoryFn[*types.MsgUpdateParams](func(
		_ context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgUpdateParams) {
		params := RandomParams(data.Rand())
		params.AllowList = data.Rand().Intn(20) == 0
		params.MinSelfStake = math.MinInt(params.MinSelfStake, math.NewInt(10_000))
		return nil, &types.MsgUpdateParams{Authority: data.ModuleAccountAddress(reporter, govtypes.ModuleName), Params: params}
	})
}
