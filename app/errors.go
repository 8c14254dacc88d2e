package app

import errorsmod "cosmossdk.io/errors"

const codespace = "app"

var (
	// ErrNodeConfig means: the node's configuration would break a law of the chain.
	ErrNodeConfig = errorsmod.Register(codespace, 2, "node configuration refused")
	// ErrZeroHeightExport means: an export was asked to restart heights at zero.
	ErrZeroHeightExport = errorsmod.Register(codespace, 3, "export for zero height is not supported")
	// ErrGenesis means: the genesis state can't be read.
	ErrGenesis = errorsmod.Register(codespace, 4, "invalid genesis state")
)
