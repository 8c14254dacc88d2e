package lanes

import (
	errorsmod "cosmossdk.io/errors"

	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
)

const codespace = "lanes"

// What clients know from other chains keeps its code, so that they do what they do there:
// wait, or ask another node.
var (
	// ErrPending means: another transaction for the same proof, reveal or bid waits already.
	ErrPending = sdkerrors.ErrTxInMempoolCache
	// ErrFull means: the lane is full of what goes first, or of this signer's
	// transactions, or has let go as much as it may until the next block.
	ErrFull = sdkerrors.ErrMempoolIsFull
)

var (
	// ErrTooMuchGas means: the transaction asks for more gas than one of its kind needs,
	// or than its lane's share of a block.
	ErrTooMuchGas = errorsmod.Register(codespace, 2, "more gas than such a transaction may ask for; lower the gas limit, or split the transaction")
	// ErrDropped means: the pool let the transaction go for others that go first.
	ErrDropped = errorsmod.Register(codespace, 3, "dropped from the node's pool; send it again with a higher gas price")
	// ErrOrder means: a block has a transaction after one of a later lane.
	ErrOrder = errorsmod.Register(codespace, 4, "transactions out of the order of lanes")
	// ErrShare means: a block has more of some lanes than their share, or more than a block may have.
	ErrShare = errorsmod.Register(codespace, 5, "more of a lane than its share of the block")
	// ErrUnreadable means: a block has bytes that are no transaction.
	ErrUnreadable = errorsmod.Register(codespace, 6, "a block with bytes that are no transaction")
	// ErrTwice means: a transaction has two messages or items for the same assignment or
	// bid, of which the second could only fail.
	ErrTwice = errorsmod.Register(codespace, 7, "the same assignment or bid twice in one transaction; name it once")
	// ErrTooManyItems means: a transaction of the first two lanes has more proofs, reveals
	// and bids than one message may have.
	ErrTooManyItems = errorsmod.Register(codespace, 8, "too many proofs, reveals and bids in one transaction; split it")
	// ErrTooLarge means: a transaction of the first two lanes has more bytes than its
	// messages need.
	ErrTooLarge = errorsmod.Register(codespace, 9, "more bytes than the transaction's messages need; leave memo and options out")
	// ErrNoSigner means: a transaction does not say who signed it.
	ErrNoSigner = errorsmod.Register(codespace, 10, "a transaction whose signers can't be told")
)
