package ante

import errorsmod "cosmossdk.io/errors"

// Names of this package's errors in transaction results: those about fees, and
// those about a transaction's size.
const (
	codespace       = "fees"
	limitsCodespace = "limits"
)

var (
	// ErrFeeCoin means: the fee is not exactly one coin of the chain's denomination.
	ErrFeeCoin = errorsmod.Register(codespace, 2, "fee must be exactly one coin")
	// ErrFeeTooLow means: the fee is below this node's minimum gas price.
	ErrFeeTooLow = errorsmod.Register(codespace, 3, "fee below the node's minimum gas price")
	// ErrGenesisFee means: a genesis transaction carries a fee.
	ErrGenesisFee = errorsmod.Register(codespace, 4, "genesis transactions pay no fee")
	// ErrMissingOption means: the handler was built without one of its parts.
	ErrMissingOption = errorsmod.Register(codespace, 5, "ante handler is missing a part")
	// ErrTooManyMessages means: the transaction has more messages than one may have.
	ErrTooManyMessages = errorsmod.Register(limitsCodespace, 2, "too many messages in one transaction")
	// ErrNestedTooDeep means: messages carry messages too deep.
	ErrNestedTooDeep = errorsmod.Register(limitsCodespace, 3, "messages too deep in each other")
	// ErrUnreadableMessages means: what a message carries are no messages.
	ErrUnreadableMessages = errorsmod.Register(limitsCodespace, 4, "messages inside of a message can't be read")
)
