package simulation

import (
	"context"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// RegisterProposals adds the authority's messages to a simulation of governance.
func (s Source) RegisterProposals(weights simsx.WeightSource, reg simsx.Registry) {
	reg.Add(weights.Get("market_set_pause", 20), s.MsgSetPause())
	reg.Add(weights.Get("market_update_params", 20), s.MsgUpdateParams())
}

// MsgSetPause pauses now and then, and as a rule ends a pause.
func (Source) MsgSetPause() simsx.SimMsgFactoryX {
	return simsx.SimMsgFactoryFn[*types.MsgSetPause](func(
		_ context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgSetPause) {
		r := data.Rand()
		return nil, &types.MsgSetPause{
			Authority: data.ModuleAccountAddress(reporter, govtypes.ModuleName),
			Pause:     types.Pause{Requests: r.Intn(6) == 0, Bids: r.Intn(6) == 0},
		}
	})
}

// MsgUpdateParams replaces the parameters.
func (Source) MsgUpdateParams() simsx.SimMsgFactoryX {
	return simsx.SimMsgFactoryFn[*types.MsgUpdateParams](func(
		_ context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	) ([]simsx.SimAccount, *types.MsgUpdateParams) {
		return nil, &types.MsgUpdateParams{
			Authority: data.ModuleAccountAddress(reporter, govtypes.ModuleName), Params: RandomParams(data.Rand()),
		}
	})
}
