package chain

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"

	chainconst "github.com/proofmarket/proofmarket/internal/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

const chainID = "test-1"

// fakeNode answers the RPC methods status and, through query, abci_query.
type fakeNode struct {
	*httptest.Server
	network    string
	height     int64
	catchingUp bool
	calls      int
	time       time.Time
	// query answers a query at a height, 0 for the newest, with a code of the SDK
	// and the height that it answers at.
	query func(path string, height int64) (code uint32, value []byte, at int64)
}

func newFakeNode(t *testing.T, height int64) *fakeNode {
	n := &fakeNode{network: chainID, height: height, time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var req struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
			Params struct {
				Path   string `json:"path"`
				Height string `json:"height"`
			} `json:"params"`
		}
		if json.NewDecoder(r.Body).Decode(&req) != nil || (req.Method != "status" && n.query == nil) {
			http.Error(w, "no", http.StatusInternalServerError)
			return
		}
		if req.Method == "abci_query" {
			height, _ := strconv.ParseInt(req.Params.Height, 10, 64)
			code, value, at := n.query(req.Params.Path, height)
			fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"response":{"code":%d,"log":"code %d","value":%q,"height":"%d"}}}`,
				req.ID, code, code, base64.StdEncoding.EncodeToString(value), at)
			return
		}
		n.calls++
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"node_info":{"network":%q},"sync_info":{"latest_block_height":"%d","latest_block_time":%q,"catching_up":%t},"validator_info":{}}}`,
			req.ID, n.network, n.height, n.time.Format(time.RFC3339), n.catchingUp)
	}))
	t.Cleanup(n.Close)
	return n
}

func newClient(t *testing.T, nodes ...string) *Client {
	t.Helper()
	chainconst.ConfigureBech32()
	kr := keyring.NewInMemory(NewEncoding().Codec)
	_, _, err := kr.NewMnemonic("submitter", keyring.English, sdk.FullFundraiserPath, "", hd.Secp256k1)
	require.NoError(t, err)
	c, err := New(Config{Nodes: nodes, ChainID: chainID, Keyring: kr, KeyName: "submitter"})
	require.NoError(t, err)
	return c
}

func TestFailsOver(t *testing.T) {
	ctx := context.Background()
	dead, a, b := newFakeNode(t, 1), newFakeNode(t, 10), newFakeNode(t, 12)
	dead.Close()
	c := newClient(t, dead.URL, a.URL, b.URL)

	head, err := c.Head(ctx)
	require.NoError(t, err)
	require.Equal(t, int64(10), head.Height)
	require.Equal(t, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), head.Time)

	a.catchingUp = true
	head, err = c.Head(ctx)
	require.NoError(t, err)
	require.Equal(t, int64(12), head.Height)
	calls := a.calls
	_, err = c.Head(ctx)
	require.NoError(t, err)
	require.Equal(t, calls, a.calls, "it stays with the node that answered")

	// a is up again, but behind what we have seen.
	a.catchingUp = false
	b.network = "another-1"
	_, err = c.Head(ctx)
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorContains(t, err, "it lags")
	require.ErrorContains(t, err, "another-1")
	a.height = 13
	head, err = c.Head(ctx)
	require.NoError(t, err)
	require.Equal(t, int64(13), head.Height)
}

func TestIsAnswer(t *testing.T) {
	for err, want := range map[error]bool{
		status.Error(codes.NotFound, ""):         true,
		status.Error(codes.Unknown, ""):          true,
		status.Error(codes.InvalidArgument, ""):  true,
		status.Error(codes.Unavailable, ""):      false,
		status.Error(codes.DeadlineExceeded, ""): false,
		errors.New("connection refused"):         false,
		context.DeadlineExceeded:                 false,
		fmt.Errorf("x: %w", ErrRefused):          true,
	} {
		require.Equal(t, want, isAnswer(err), err)
	}
	require.ErrorIs(t, notFound(status.Error(codes.NotFound, "gone")), ErrNotFound)
	require.NoError(t, notFound(nil))
}

func TestTimeoutsAreUnique(t *testing.T) {
	c := newClient(t, "http://127.0.0.1:1")
	at := time.Unix(1_000, 0)
	seen := map[int64]bool{}
	for range 1_000 {
		got := c.uniqueTimeout(at)
		require.False(t, seen[got.UnixNano()])
		require.WithinDuration(t, at, got, 10*time.Millisecond)
		seen[got.UnixNano()] = true
	}
}

func TestNewSaysWhatIsMissing(t *testing.T) {
	kr := keyring.NewInMemory(NewEncoding().Codec)
	for want, cfg := range map[string]Config{
		"node":      {ChainID: chainID, Keyring: kr},
		"chain id":  {Nodes: []string{"http://x:1"}, Keyring: kr},
		"key \"k\"": {Nodes: []string{"http://x:1"}, ChainID: chainID, Keyring: kr, KeyName: "k"},
		"gas price": {Nodes: []string{"http://x:1"}, ChainID: chainID, Keyring: kr, GasPrice: "cheap"},
		"at most":   {Nodes: []string{"http://x:1"}, ChainID: chainID, Keyring: kr, TxTTL: time.Hour},
	} {
		_, err := New(cfg)
		require.ErrorContains(t, err, want)
	}
}

// The messages that we send must be known to the encoding.
func TestEncodingKnowsOurMessages(t *testing.T) {
	enc := NewEncoding()
	for _, msg := range []sdk.Msg{&markettypes.MsgBid{}, &markettypes.MsgReveal{}, &markettypes.MsgSubmitProof{}} {
		b := enc.TxConfig.NewTxBuilder()
		require.NoError(t, b.SetMsgs(msg))
		raw, err := enc.TxConfig.TxEncoder()(b.GetTx())
		require.NoError(t, err)
		require.Len(t, txHash(raw), 64)
	}
}
