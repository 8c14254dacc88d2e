package chain

import (
	"fmt"
	"strings"

	"github.com/cosmos/gogoproto/proto"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// ItemsError means that the chain would take a batch, but not all of its items
// (law M19). It is ErrRefused too: nothing was signed.
type ItemsError struct {
	// Items holds, by request, why the chain would refuse the item.
	Items map[string]error
}

func (e *ItemsError) Error() string {
	return fmt.Sprintf("%v: %d items of the batch would fail", ErrRefused, len(e.Items))
}

// Unwrap makes it an ErrRefused.
func (e *ItemsError) Unwrap() error { return ErrRefused }

// refusal gives the chain's words their types: ErrRefused, and ErrBondTooHigh of
// the market where that is what they say.
func refusal(text string) error {
	if strings.Contains(text, markettypes.ErrBondTooHigh.Error()) {
		return fmt.Errorf("%w: %w: %s", ErrRefused, markettypes.ErrBondTooHigh, text)
	}
	return fmt.Errorf("%w: %s", ErrRefused, text)
}

// itemErrors reads what became of a batch's items, by request: a nil error for one
// that worked. It returns nil for a transaction that is no batch.
func itemErrors(responses []*codectypes.Any) map[string]error {
	if len(responses) != 1 {
		return nil
	}
	found := make(map[string]error)
	add := func(id string, e *markettypes.ItemError) {
		found[id] = nil
		switch {
		case e == nil:
		case e.Codespace == markettypes.ModuleName && e.Code == markettypes.ErrBondTooHigh.ABCICode():
			found[id] = fmt.Errorf("%w: %w: %s", ErrRefused, markettypes.ErrBondTooHigh, e.Text)
		default:
			found[id] = fmt.Errorf("%w: %s", ErrRefused, e.Text)
		}
	}
	switch responses[0].TypeUrl {
	case sdk.MsgTypeURL(&markettypes.MsgBidBatchResponse{}):
		var r markettypes.MsgBidBatchResponse
		if proto.Unmarshal(responses[0].Value, &r) != nil {
			return nil
		}
		for _, item := range r.Results {
			add(item.RequestId, item.Error)
		}
	case sdk.MsgTypeURL(&markettypes.MsgRevealBatchResponse{}):
		var r markettypes.MsgRevealBatchResponse
		if proto.Unmarshal(responses[0].Value, &r) != nil {
			return nil
		}
		for _, item := range r.Results {
			add(item.RequestId, item.Error)
		}
	default:
		return nil
	}
	return found
}

// itemErrorsOf is itemErrors for a transaction in a block.
func itemErrorsOf(data []byte) map[string]error {
	var d sdk.TxMsgData
	if proto.Unmarshal(data, &d) != nil {
		return nil
	}
	return itemErrors(d.MsgResponses)
}

// refusedItems is the ItemsError of a simulated batch; nil if all its items work.
func refusedItems(res *sdk.Result) error {
	if res == nil {
		return nil
	}
	refused := make(map[string]error)
	for id, err := range itemErrors(res.MsgResponses) {
		if err != nil {
			refused[id] = err
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return &ItemsError{Items: refused}
}

// itemCount counts what a message carries: a batch's items, or itself.
func itemCount(msg sdk.Msg) uint64 {
	switch m := msg.(type) {
	case *markettypes.MsgBidBatch:
		return uint64(max(1, len(m.Items)))
	case *markettypes.MsgRevealBatch:
		return uint64(max(1, len(m.Items)))
	default:
		return 1
	}
}
