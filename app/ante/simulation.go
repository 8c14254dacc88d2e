package ante

import (
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// SimulationGasDecorator gives a simulation the gas of one block. The SDK gives it
// an endless meter, so that whoever can reach a node's gRPC, REST or RPC server
// could have it work for nothing and without end. What needs more than a block
// holds fits no block, so no honest simulation is refused.
type SimulationGasDecorator struct{}

// NewSimulationGasDecorator returns the decorator. It must come right after the
// step that installs the transaction's gas meter.
func NewSimulationGasDecorator() SimulationGasDecorator { return SimulationGasDecorator{} }

// AnteHandle implements sdk.AnteDecorator.
func (SimulationGasDecorator) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	if block := ctx.ConsensusParams().Block; simulate && block != nil && block.MaxGas > 0 {
		ctx = ctx.WithGasMeter(storetypes.NewGasMeter(uint64(block.MaxGas)))
	}
	return next(ctx, tx, simulate)
}
