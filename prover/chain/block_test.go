package chain

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/gogoproto/proto"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// emitted is an event as it is in a block, with what the SDK adds to it.
func emitted(t *testing.T, msg proto.Message) abci.Event {
	t.Helper()
	e, err := sdk.TypedEventToEvent(msg)
	require.NoError(t, err)
	out := abci.Event(e)
	out.Attributes = append(out.Attributes, abci.EventAttribute{Key: "msg_index", Value: "0"}, abci.EventAttribute{Key: "mode", Value: "EndBlock"})
	return out
}

func requested(id string) *markettypes.EventRequested {
	return &markettypes.EventRequested{
		RequestId: id, Requester: "proof1r", Statement: verifiertypes.Statement{Verifier: "circuit", Program: "ab", Digest: "cd"},
		MaxFee: math.NewInt(7), MinStake: math.NewInt(8), BiddingEnd: 20, RevealEnd: 30, TimeLimit: time.Minute, RequestFee: math.ZeroInt(),
		Image: markettypes.Image{Url: "http://a", Sha256: "11"}, Input: markettypes.Input{Url: "http://b", Sha256: "22"},
		StandbyWindow: time.Second, Nonce: 5, BiddingBlocks: 10, RevealBlocks: 11, Account: "proof1a",
		Terms: markettypes.Terms{MinBidBond: math.NewInt(3), Penalty: math.NewInt(4), BidBondBps: 6},
	}
}

// resultsNode answers block_results for one height.
func resultsNode(t *testing.T, height int64, txs []*abci.ExecTxResult, end []abci.Event) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var req struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
			Params struct {
				Height string `json:"height"`
			} `json:"params"`
		}
		if json.NewDecoder(r.Body).Decode(&req) != nil || req.Method != "block_results" || req.Params.Height != fmt.Sprint(height) {
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32603,"message":"could not find results for height #%s"}}`, req.ID, req.Params.Height)
			return
		}
		type event struct {
			Type       string                `json:"type"`
			Attributes []abci.EventAttribute `json:"attributes"`
		}
		list := func(events []abci.Event) []event {
			out := []event{}
			for _, e := range events {
				out = append(out, event{e.Type, e.Attributes})
			}
			return out
		}
		results := []map[string]any{}
		for _, tx := range txs {
			results = append(results, map[string]any{"code": tx.Code, "events": list(tx.Events)})
		}
		raw, err := json.Marshal(map[string]any{
			"height": fmt.Sprint(height), "txs_results": results, "finalize_block_events": list(end), "app_hash": "",
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, req.ID, raw)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestBlockTellsWhatChanged(t *testing.T) {
	failed := &abci.ExecTxResult{Code: 5, Events: []abci.Event{emitted(t, requested("failed"))}}
	worked := &abci.ExecTxResult{Events: []abci.Event{
		{Type: "transfer", Attributes: []abci.EventAttribute{{Key: "request_id", Value: `"transfer"`}}},
		emitted(t, requested("new")),
		emitted(t, &markettypes.EventBid{RequestId: "bid", Bond: math.OneInt()}),
		emitted(t, &markettypes.EventFeeRaised{RequestId: "raised", OldMaxFee: math.OneInt(), MaxFee: math.NewInt(99), Bond: math.OneInt()}),
		emitted(t, &markettypes.EventCancelled{RequestId: "cancelled", Amount: math.OneInt()}),
	}}
	end := []abci.Event{
		emitted(t, &markettypes.EventClosed{RequestId: "closed", BondsLost: math.ZeroInt()}),
		emitted(t, &markettypes.EventAssigned{RequestId: "assigned", Price: math.OneInt(), Penalty: math.OneInt(), Bond: math.OneInt()}),
		emitted(t, &markettypes.EventHalt{Gap: time.Hour}),
		emitted(t, &verifiertypes.EventStatusChanged{}),
		{Type: marketEvents + "EventOfALaterVersion", Attributes: []abci.EventAttribute{{Key: "request_id", Value: `"later"`}}},
		{Type: marketEvents + "EventOfNoRequest"},
	}
	// The first node lacks that block; the second has it.
	first := resultsNode(t, 3, nil, nil)
	second := resultsNode(t, 12, []*abci.ExecTxResult{failed, worked}, end)
	c := newClient(t, first.URL, second.URL)
	changes, err := c.Block(context.Background(), 12)
	require.NoError(t, err)
	var got []string
	for _, change := range changes {
		got = append(got, fmt.Sprintf("%d %s", change.Kind, change.ID))
	}
	require.Equal(t, []string{
		fmt.Sprintf("%d new", Requested), fmt.Sprintf("%d raised", FeeRaised), fmt.Sprintf("%d cancelled", Ended),
		fmt.Sprintf("%d closed", Moved), fmt.Sprintf("%d assigned", Moved), fmt.Sprintf("%d ", Shifted), fmt.Sprintf("%d ", Shifted),
		fmt.Sprintf("%d later", Moved),
	}, got)
	require.Equal(t, math.NewInt(99), changes[1].MaxFee)
	v, e := changes[0].Request, requested("new")
	require.Equal(t, markettypes.Request{
		Id: "new", Requester: e.Requester, Statement: e.Statement, Image: e.Image, Input: e.Input, MaxFee: e.MaxFee, MinStake: e.MinStake,
		TimeLimit: e.TimeLimit, StandbyWindow: e.StandbyWindow, BiddingBlocks: 10, RevealBlocks: 11, Nonce: 5, Terms: e.Terms, Height: 12,
	}, v.Request)
	require.Equal(t, markettypes.STAGE_BIDDING, v.Stage)
	require.Equal(t, uint64(8), v.BlocksLeft)
	require.Equal(t, uint64(20), v.Auction.BiddingEnd)

	_, err = c.Block(context.Background(), 13)
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorContains(t, err, "results of block 13")
}

// A node whose events make no sense is not believed.
func TestBlockRefusesNonsense(t *testing.T) {
	for name, e := range map[string]abci.Event{
		"no id":          {Type: proto.MessageName(&markettypes.EventClosed{})},
		"no amount":      {Type: proto.MessageName(&markettypes.EventFeeRaised{}), Attributes: []abci.EventAttribute{{Key: "request_id", Value: `"aa"`}}},
		"bad amount":     {Type: proto.MessageName(&markettypes.EventFeeRaised{}), Attributes: []abci.EventAttribute{{Key: "request_id", Value: `"aa"`}, {Key: "max_fee", Value: `"x"`}}},
		"half a request": {Type: proto.MessageName(&markettypes.EventRequested{}), Attributes: []abci.EventAttribute{{Key: "request_id", Value: `"aa"`}}},
	} {
		t.Run(name, func(t *testing.T) {
			n := resultsNode(t, 12, nil, []abci.Event{e})
			_, err := newClient(t, n.URL).Block(context.Background(), 12)
			require.ErrorIs(t, err, ErrUnavailable)
		})
	}
}

// law M19: what a batch's items came to is read from its response.
func TestItemErrors(t *testing.T) {
	pack := func(msg proto.Message) []*codectypes.Any {
		a, err := codectypes.NewAnyWithValue(msg)
		require.NoError(t, err)
		return []*codectypes.Any{a}
	}
	tooHigh := &markettypes.ItemError{Codespace: markettypes.ModuleName, Code: markettypes.ErrBondTooHigh.ABCICode(), Text: "too high"}
	other := &markettypes.ItemError{Codespace: "bank", Code: markettypes.ErrBondTooHigh.ABCICode(), Text: "no coins"}
	bids := pack(&markettypes.MsgBidBatchResponse{Results: []markettypes.BidResult{
		{RequestId: "aa", Bond: math.OneInt()}, {RequestId: "bb", Bond: math.ZeroInt(), Error: tooHigh}, {RequestId: "cc", Bond: math.ZeroInt(), Error: other},
	}})
	got := itemErrors(bids)
	require.Len(t, got, 3)
	require.NoError(t, got["aa"])
	require.ErrorIs(t, got["bb"], markettypes.ErrBondTooHigh)
	require.ErrorIs(t, got["bb"], ErrRefused)
	require.NotErrorIs(t, got["cc"], markettypes.ErrBondTooHigh)
	require.ErrorContains(t, got["cc"], "no coins")

	var items *ItemsError
	require.ErrorAs(t, refusedItems(&sdk.Result{MsgResponses: bids}), &items)
	require.Len(t, items.Items, 2)
	require.ErrorIs(t, items, ErrRefused)
	require.NoError(t, refusedItems(nil))

	reveals := pack(&markettypes.MsgRevealBatchResponse{Results: []markettypes.RevealResult{{RequestId: "aa"}, {RequestId: "bb", Error: other}}})
	raw, err := proto.Marshal(&sdk.TxMsgData{MsgResponses: reveals})
	require.NoError(t, err)
	got = itemErrorsOf(raw)
	require.NoError(t, got["aa"])
	require.Error(t, got["bb"])
	require.NoError(t, refusedItems(&sdk.Result{MsgResponses: pack(&markettypes.MsgRevealBatchResponse{Results: []markettypes.RevealResult{{RequestId: "aa"}}})}))

	require.Nil(t, itemErrors(pack(&markettypes.MsgBidResponse{Bond: math.OneInt()})))
	require.Nil(t, itemErrors(nil))
	require.Nil(t, itemErrorsOf([]byte("nonsense")))
	damaged := pack(&markettypes.MsgBidBatchResponse{})
	damaged[0].Value = []byte{0xff}
	require.Nil(t, itemErrors(damaged))

	require.ErrorIs(t, TxResult{Found: true, Code: 1, Log: "failed: " + markettypes.ErrBondTooHigh.Error()}.Err(), markettypes.ErrBondTooHigh)
	require.NoError(t, TxResult{Found: true}.Err())
	require.Equal(t, uint64(1), itemCount(&markettypes.MsgBid{}))
	require.Equal(t, uint64(2), itemCount(&markettypes.MsgRevealBatch{Items: make([]markettypes.RevealItem, 2)}))
	require.Equal(t, uint64(3), itemCount(&markettypes.MsgBidBatch{Items: make([]markettypes.BidItem, 3)}))
}

// A subscription tells of new blocks, and is made again on the node in use.
func TestNewBlocks(t *testing.T) {
	upgrader := websocket.Upgrader{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		var req struct {
			Method string `json:"method"`
			Params struct {
				Query string `json:"query"`
			} `json:"params"`
		}
		if conn.ReadJSON(&req) != nil || r.URL.Path != "/websocket" || req.Method != "subscribe" || req.Params.Query != newBlocksQuery {
			return
		}
		_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"jsonrpc":"2.0","id":0,"result":{}}`))
		_ = conn.WriteMessage(websocket.TextMessage, []byte(fmt.Sprintf(`{"jsonrpc":"2.0","id":0,"result":{"query":%q,"data":{}}}`, newBlocksQuery)))
		_, _, _ = conn.ReadMessage() // until the client goes
	}))
	t.Cleanup(s.Close)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	<-newClient(t, s.URL).NewBlocks(ctx)

	for address, want := range map[string]string{
		"http://a:1": "ws://a:1/websocket", "https://a/rpc/": "wss://a/rpc/websocket", "tcp://a:1": "ws://a:1/websocket",
	} {
		got, err := websocketURL(address)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := websocketURL("unix:///x")
	require.Error(t, err)
}

// The list of open requests holds at the oldest height that any of its pages came
// from.
func TestPendingTellsItsHeight(t *testing.T) {
	n := newFakeNode(t, 10)
	heights := []int64{10, 12, 11}
	calls := 0
	n.query = func(string, int64) (uint32, []byte, int64) {
		res := &markettypes.QueryRequestsResponse{Views: []markettypes.RequestView{}}
		at := heights[calls]
		if calls++; calls < len(heights) {
			raw, err := (&markettypes.QueryRequestsResponse{Pagination: &query.PageResponse{NextKey: []byte{1}}}).Marshal()
			require.NoError(t, err)
			return 0, raw, at
		}
		raw, err := res.Marshal()
		require.NoError(t, err)
		return 0, raw, at
	}
	c := newClient(t, n.URL)
	_, _, err := c.Pending(context.Background())
	require.ErrorIs(t, err, ErrUnavailable, "the last page is older than one read before")
	calls, heights = 0, []int64{12, 12, 13}
	_, at, err := c.Pending(context.Background())
	require.NoError(t, err)
	require.Equal(t, int64(12), at)

	// Nor is a request believed from before what a block said of it.
	n.query = func(string, int64) (uint32, []byte, int64) {
		out, err := (&markettypes.QueryRequestResponse{View: markettypes.RequestView{
			Request: markettypes.Request{
				MaxFee: math.OneInt(), MinStake: math.OneInt(), Terms: markettypes.Terms{MinBidBond: math.OneInt(), Penalty: math.OneInt()},
			},
			Auction: markettypes.Auction{UnrevealedBonds: math.ZeroInt(), SecondFee: math.ZeroInt()},
		}}).Marshal()
		require.NoError(t, err)
		return 0, out, 14
	}
	_, _, err = c.RequestFrom(context.Background(), "aa", 15)
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorContains(t, err, "it lags")
	_, _, err = c.RequestFrom(context.Background(), "aa", 14)
	require.NoError(t, err)
}
