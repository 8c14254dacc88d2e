package ante

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

const (
	// MaxMessages is the largest number of messages in one transaction, those that
	// other messages carry included. A batch message (law M19) counts as one: its
	// items have a limit of their own.
	MaxMessages = 100
	// MaxDepth is how deep messages may carry messages: 1 is a plain message, 3 a
	// grantee that makes a proposal that changes a parameter.
	MaxDepth = 3
)

// MessageLimitDecorator refuses a transaction with too many messages, or with
// messages too deep in each other. Gas alone does not bound them: a message is
// decoded, checked and routed before anything is charged for it, and what decides
// a transaction's class (law M17) has to look at all of them. The rule needs no
// state and holds in blocks too, so that no proposer can go round it.
type MessageLimitDecorator struct{}

// NewMessageLimitDecorator returns the decorator.
func NewMessageLimitDecorator() MessageLimitDecorator { return MessageLimitDecorator{} }

// AnteHandle implements sdk.AnteDecorator. It returns ErrTooManyMessages,
// ErrNestedTooDeep, or ErrUnreadableMessages.
func (MessageLimitDecorator) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	// The answer can't change between CheckTx and a recheck.
	if !ctx.IsReCheckTx() {
		if _, err := countMessages(tx.GetMsgs(), MaxMessages, 1); err != nil {
			return ctx, err
		}
	}
	return next(ctx, tx, simulate)
}

// Messages that carry messages: x/authz's MsgExec, and x/gov's MsgSubmitProposal.
type (
	executor interface{ GetMessages() ([]sdk.Msg, error) }
	proposal interface{ GetMsgs() ([]sdk.Msg, error) }
)

// countMessages returns how many messages are left of room after msgs, which lie
// depth deep. It stops at the first one too many.
func countMessages(msgs []sdk.Msg, room, depth int) (int, error) {
	if len(msgs) > room {
		return 0, errorsmod.Wrapf(ErrTooManyMessages, "at most %d are allowed, those inside of others included; send several transactions", MaxMessages)
	}
	room -= len(msgs)
	for _, msg := range msgs {
		inner, err := carried(msg)
		if err != nil {
			return 0, errorsmod.Wrapf(ErrUnreadableMessages, "%s: %v", sdk.MsgTypeURL(msg), err)
		}
		if len(inner) == 0 {
			continue
		}
		if depth == MaxDepth {
			return 0, errorsmod.Wrapf(ErrNestedTooDeep, "%s carries messages at depth %d, at most %d is allowed",
				sdk.MsgTypeURL(msg), depth+1, MaxDepth)
		}
		if room, err = countMessages(inner, room, depth+1); err != nil {
			return 0, err
		}
	}
	return room, nil
}

// carried returns the messages that a message carries.
func carried(msg sdk.Msg) ([]sdk.Msg, error) {
	switch m := msg.(type) {
	case executor:
		return m.GetMessages()
	case proposal:
		return m.GetMsgs()
	default:
		return nil, nil
	}
}
