package lanes

import (
	errorsmod "cosmossdk.io/errors"

	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
)

const codespace = "lanes"

// What clients know from other chains keeps its code, so that they do what they do there:
// wait, or ask another node.
var (
	// ErrPending means: a transaction with the same proof or reveal waits already.
	ErrPending = sdkerrors.ErrTxInMempoolCache
	// ErrFull means: the lane is full of what goes first, or of this signer's transactions.
	ErrFull = sdkerrors.ErrMempoolIsFull
)

var (
	// ErrTooMuchGas means: the transaction would never fit into its lane's share of a block.
	ErrTooMuchGas = errorsmod.Register(codespace, 2, "more gas than a block has for this lane; lower the gas limit, or split the transaction")
	// ErrDropped means: the pool let the transaction go for others that go first.
	ErrDropped = errorsmod.Register(codespace, 3, "dropped from the node's pool; send it again with a higher gas price")
	// ErrOrder means: a block has a transaction after one of a later lane.
	ErrOrder = errorsmod.Register(codespace, 4, "transactions out of the order of lanes")
	// ErrShare means: a block has more of some lanes than their share, or more than a block may have.
	ErrShare = errorsmod.Register(codespace, 5, "more of a lane than its share of the block")
	// ErrUnreadable means: a block has bytes that are no transaction.
	ErrUnreadable = errorsmod.Register(codespace, 6, "a block with bytes that are no transaction")
)
