package ante

import errorsmod "cosmossdk.io/errors"

// codespace names this package's errors in transaction results.
const codespace = "fees"

var (
	// ErrFeeCoin means: the fee is not exactly one coin of the chain's denomination.
	ErrFeeCoin = errorsmod.Register(codespace, 2, "fee must be exactly one coin")
	// ErrFeeTooLow means: the fee is below this node's minimum gas price.
	ErrFeeTooLow = errorsmod.Register(codespace, 3, "fee below the node's minimum gas price")
	// ErrGenesisFee means: a genesis transaction carries a fee.
	ErrGenesisFee = errorsmod.Register(codespace, 4, "genesis transactions pay no fee")
	// ErrMissingOption means: the handler was built without one of its parts.
	ErrMissingOption = errorsmod.Register(codespace, 5, "ante handler is missing a part")
)
