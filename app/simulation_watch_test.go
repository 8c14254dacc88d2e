package app_test

import (
	"context"
	"strings"
	"time"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	simtypes "github.com/cosmos/cosmos-sdk/types/simulation"

	"github.com/proofmarket/proofmarket/internal/chain"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

const (
	// mostFee bounds the random fee of a transaction, in uproof.
	mostFee = 10_000
	// govShare makes up for a part of what gov divides the weights of proposals' messages
	// by: most of ours would never be proposed.
	govShare = 5
	// ourShare makes our modules' messages as frequent as those of all others.
	ourShare = 3
	// ours begins the names of our messages.
	ours = "/proofmarket."
)

// watched is a module of the simulation whose messages are counted, and pay a fee that
// the chain takes.
type watched struct {
	module.AppModuleSimulation
	app *simulated
}

// watch wraps a module that has messages of the present form; others stay as they are.
func watch(app *simulated, m module.AppModuleSimulation) module.AppModuleSimulation {
	switch m.(type) {
	case simsx.HasWeightedOperationsX, simsx.HasWeightedOperationsXWithProposals, simsx.HasProposalMsgsX:
		return watched{m, app}
	default:
		return m
	}
}

// ProposalMsgsX implements simsx.HasProposalMsgsX.
func (w watched) ProposalMsgsX(weights simsx.WeightSource, reg simsx.Registry) {
	if m, ok := w.AppModuleSimulation.(simsx.HasProposalMsgsX); ok {
		m.ProposalMsgsX(weights, frequent{reg})
	}
}

// WeightedOperationsX implements simsx.HasWeightedOperationsXWithProposals.
func (w watched) WeightedOperationsX(
	weights simsx.WeightSource, reg simsx.Registry, proposals simsx.WeightedProposalMsgIter,
	legacy []simtypes.WeightedProposalContent, //nolint:staticcheck // part of the interface
) {
	switch m := w.AppModuleSimulation.(type) {
	case simsx.HasWeightedOperationsX:
		m.WeightedOperationsX(weights, counting{reg, w.app})
	case simsx.HasWeightedOperationsXWithProposals:
		m.WeightedOperationsX(weights, counting{reg, w.app}, proposals, legacy)
	}
}

// frequent proposes more often.
type frequent struct{ simsx.Registry }

// Add implements simsx.Registry.
func (r frequent) Add(weight uint32, f simsx.SimMsgFactoryX) { r.Registry.Add(govShare*weight, f) }

// counting registers messages that are counted.
type counting struct {
	simsx.Registry
	app *simulated
}

// Add implements simsx.Registry.
func (r counting) Add(weight uint32, f simsx.SimMsgFactoryX) {
	name := sdk.MsgTypeURL(f.MsgType())
	if strings.HasPrefix(name, ours) {
		weight *= ourShare
	}
	r.app.wanted[name] = true
	r.Registry.Add(weight, counted{f, r.app, name})
}

// counted is a message that is counted when it works. What our own rules refuse the
// SDK's modules (a prover's own shares, which a random transfer may contain) is no
// failure.
type counted struct {
	simsx.SimMsgFactoryX
	app  *simulated
	name string
}

// SetFutureOpsRegistry implements simsx.HasFutureOpsRegistry.
func (c counted) SetFutureOpsRegistry(reg simsx.FutureOpsRegistry) {
	if f, ok := c.SimMsgFactoryX.(simsx.HasFutureOpsRegistry); ok {
		f.SetFutureOpsRegistry(later{reg, c.app})
	}
}

// Create implements simsx.SimMsgFactoryX: whoever signs keeps some coins for a small
// fee in the chain's coin.
func (c counted) Create() simsx.FactoryMethod {
	create := c.SimMsgFactoryX.Create()
	return func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) ([]simsx.SimAccount, sdk.Msg) {
		signers, msg := create(ctx, data, reporter)
		if reporter.IsSkipped() || len(signers) == 0 {
			return signers, msg
		}
		balance := signers[0].LiquidBalance()
		rest := balance.AmountOf(chain.Denom)
		if rest.LT(math.NewInt(2)) {
			reporter.Skip("nothing left for the fee")
			return nil, nil
		}
		balance.Coins = sdk.NewCoins(sdk.NewCoin(chain.Denom, math.MinInt(rest, math.NewInt(mostFee))))
		return signers, msg
	}
}

// DeliveryResultHandler implements simsx.SimMsgFactoryX.
func (c counted) DeliveryResultHandler() simsx.SimDeliveryResultHandler {
	handle := c.SimMsgFactoryX.DeliveryResultHandler()
	return func(err error) error {
		if err == nil {
			c.app.done[c.name]++
		}
		if codespace, _, _ := errorsmod.ABCIInfo(err, false); codespace == proverstypes.ModuleName && !strings.HasPrefix(c.name, ours) {
			return nil
		}
		return handle(err)
	}
}

// later registers messages of future blocks, such as votes, that are counted.
type later struct {
	simsx.FutureOpsRegistry
	app *simulated
}

// Add implements simsx.FutureOpsRegistry.
func (r later) Add(at time.Time, f simsx.SimMsgFactoryX) {
	r.FutureOpsRegistry.Add(at, counted{f, r.app, sdk.MsgTypeURL(f.MsgType())})
}
