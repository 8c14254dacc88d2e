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
	// ErrPoolCoin means: a coin that the community pool does not take.
	ErrPoolCoin = errorsmod.Register(codespace, 5, "the community pool and validators' rewards take the chain's coin only")
	// ErrTooEarly means: the software is newer than the state, and the upgrade
	// between them has not come yet.
	ErrTooEarly = errorsmod.Register(codespace, 6, "software of a later release over the state of an earlier one")
	// ErrTooManyProofs means: too many proofs for an assignment were verified in CheckTx
	// since the last block, and none is in the pool.
	ErrTooManyProofs = errorsmod.Register(codespace, 7, "too many proofs for this assignment; wait for the next block")
)
