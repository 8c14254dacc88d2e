package chain

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
)

// What a node's pool says decides whether ours is there. Another transaction for the same
// assignment or bid, or for one of a batch, may never be in a block: taken for success, a
// proof was never sent again.
func TestOnlyOurOwnTransactionCountsAsArrived(t *testing.T) {
	const rpcError = `"error":{"code":-32603,"message":"Internal error","data":%q}`
	code := func(space string, code uint32) string {
		return fmt.Sprintf(`"result":{"code":%d,"codespace":%q,"log":"the pool's words","data":"","hash":"00"}`, code, space)
	}
	for name, tc := range map[string]struct {
		answer  string
		arrived bool
		refused bool
	}{
		"taken":                    {answer: code("", 0), arrived: true},
		"these bytes are there":    {answer: fmt.Sprintf(rpcError, "tx already exists in cache"), arrived: true},
		"another for the same":     {answer: code(sdkerrors.RootCodespace, sdkerrors.ErrTxInMempoolCache.ABCICode())},
		"no room":                  {answer: code(sdkerrors.RootCodespace, sdkerrors.ErrMempoolIsFull.ABCICode())},
		"no room in CometBFT":      {answer: fmt.Sprintf(rpcError, "mempool is full")},
		"refused":                  {answer: code("market", 7), refused: true},
		"the same code, elsewhere": {answer: code("market", sdkerrors.ErrTxInMempoolCache.ABCICode()), refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var req struct {
					ID     json.RawMessage `json:"id"`
					Method string          `json:"method"`
				}
				if json.NewDecoder(r.Body).Decode(&req) != nil {
					http.Error(w, "no", http.StatusBadRequest)
					return
				}
				answer := tc.answer
				if req.Method == "status" {
					answer = fmt.Sprintf(`"result":{"node_info":{"network":%q},"sync_info":{"latest_block_height":"5","latest_block_time":"2026-01-02T03:04:05Z","catching_up":false},"validator_info":{}}`, chainID)
				}
				fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,%s}`, req.ID, answer)
			}))
			t.Cleanup(node.Close)
			err := newClient(t, node.URL).Broadcast(context.Background(), []byte{1, 2, 3})
			if tc.arrived {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			if tc.refused {
				require.ErrorIs(t, err, ErrRefused)
			} else {
				require.NotErrorIs(t, err, ErrRefused, "it may get there yet")
			}
		})
	}
}
