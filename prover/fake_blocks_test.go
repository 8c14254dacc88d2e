package prover

import (
	"context"
	"fmt"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/prover/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// publish puts what changed since it was called last into the newest block, or into
// another one if that was told already.
func (c *fakeChain) publish() {
	if c.quiet {
		c.told = c.head.Height
		return
	}
	var changes []chain.Change
	for id, v := range c.views {
		raw, err := v.Marshal()
		require.NoError(c.t, err)
		was, known := c.published[id]
		if was == string(raw) && known {
			continue
		}
		c.published[id] = string(raw)
		change := chain.Change{Kind: chain.Moved, ID: id}
		var old markettypes.RequestView
		require.NoError(c.t, old.Unmarshal([]byte(was)))
		switch view := *v; {
		case v.Auction.Status != markettypes.REQUEST_STATUS_PENDING:
			change.Kind = chain.Ended
		case !known:
			change.Kind, change.Request = chain.Requested, &view
		case v.Request.MaxFee.GT(old.Request.MaxFee):
			change.Kind, change.MaxFee = chain.FeeRaised, v.Request.MaxFee
		}
		changes = append(changes, change)
	}
	for id := range c.published {
		if c.views[id] == nil {
			delete(c.published, id)
			changes = append(changes, chain.Change{Kind: chain.Ended, ID: id})
		}
	}
	if len(changes) > 0 && c.told >= c.head.Height {
		c.head.Height = c.told + 1
	}
	c.blocks[c.head.Height] = append(c.blocks[c.head.Height], changes...)
	c.told = c.head.Height
}

func (c *fakeChain) Block(_ context.Context, height int64) ([]chain.Change, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.blockErr != nil {
		if err := c.blockErr(height); err != nil {
			return nil, err
		}
	}
	if height > c.told {
		return nil, fmt.Errorf("%w: no such block", chain.ErrUnavailable)
	}
	return c.blocks[height], nil
}

// itemsOf lists a batch's items as messages of their own; nil for no batch.
func itemsOf(msg sdk.Msg) (ids []string, msgs []sdk.Msg) {
	switch m := msg.(type) {
	case *markettypes.MsgBidBatch:
		for _, i := range m.Items {
			ids = append(ids, i.RequestId)
			msgs = append(msgs, &markettypes.MsgBid{Signer: m.Signer, RequestId: i.RequestId, Commitment: i.Commitment, MaxBond: i.MaxBond})
		}
	case *markettypes.MsgRevealBatch:
		for _, i := range m.Items {
			ids = append(ids, i.RequestId)
			msgs = append(msgs, &markettypes.MsgReveal{Signer: m.Signer, RequestId: i.RequestId, Fee: i.Fee, Standby: i.Standby, Salt: i.Salt})
		}
	}
	return ids, msgs
}

// itemsThat asks about each item of a batch.
func itemsThat(fail func(id string) error, msg sdk.Msg) map[string]error {
	failed := map[string]error{}
	ids, _ := itemsOf(msg)
	for _, id := range ids {
		if fail != nil {
			if err := fail(id); err != nil {
				failed[id] = err
			}
		}
	}
	return failed
}

// deliverAll runs a transaction, in which each item of a batch fails alone.
func (c *fakeChain) deliverAll(tx *fakeTx) string {
	ids, msgs := itemsOf(tx.msg)
	if len(msgs) == 0 {
		return c.deliver(tx.msg)
	}
	items := itemsThat(c.failItem, tx.msg)
	for i, msg := range msgs {
		if items[ids[i]] == nil {
			items[ids[i]] = nil
			if reason := c.deliver(msg); reason != "" {
				items[ids[i]] = fmt.Errorf("%w: %s", chain.ErrRefused, reason)
			}
		}
	}
	if !c.hideItems {
		tx.result.Items = items
	}
	return ""
}

func (c *fakeChain) bidsSigned() (out []*markettypes.MsgBid) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.signed {
		_, all := itemsOf(m)
		for _, one := range append(all, m) {
			if b, ok := one.(*markettypes.MsgBid); ok {
				out = append(out, b)
			}
		}
	}
	return out
}
