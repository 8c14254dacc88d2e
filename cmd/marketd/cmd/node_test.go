package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client/grpc/node"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/internal/chain"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// asNode in the environment makes the test binary marketd itself.
const asNode = "MARKETD_TEST_AS_NODE"

func TestMain(m *testing.M) {
	if os.Getenv(asNode) != "" {
		chain.ConfigureBech32() // as main does
		os.Exit(Execute())
	}
	os.Exit(m.Run())
}

// Settings of the node that tests reach the limit of; all others are the defaults.
const (
	testQueryGas    = 4_000
	testConnections = 4
)

// realNode is a marketd process with one validator.
type realNode struct {
	rpc, rest, grpc string // host and port
	conn            *grpc.ClientConn
}

// startRealNode starts a node and waits for its first block.
func startRealNode(t *testing.T) *realNode {
	t.Helper()
	home := t.TempDir()
	run := func(args ...string) {
		_, err := execute(t, append(args, "--home", home)...)
		require.NoError(t, err, args)
	}
	run("init", "node", "--chain-id", "test-1")
	run("keys", "add", "validator", "--keyring-backend", "test")
	run("genesis", "add-genesis-account", "validator", "1000000000000uproof", "--keyring-backend", "test")
	run("genesis", "gentx", "validator", "500000000000uproof", "--chain-id", "test-1", "--keyring-backend", "test")
	run("genesis", "collect-gentxs")

	comet := cometConfig()
	comet.Consensus.TimeoutCommit = 100 * time.Millisecond
	comet.Instrumentation.Prometheus = false // its port may be another node's
	comet.RPC.MaxOpenConnections = testConnections
	cmtcfg.WriteConfigFile(filepath.Join(home, "config", "config.toml"), comet)

	n := &realNode{rpc: freeAddress(t), rest: freeAddress(t), grpc: freeAddress(t)}
	child := exec.Command(os.Args[0], "start", "--home", home,
		"--rpc.laddr", "tcp://"+n.rpc, "--p2p.laddr", "tcp://"+freeAddress(t), "--grpc.address", n.grpc, "--api.address", "tcp://"+n.rest,
		"--query-gas-limit", fmt.Sprint(testQueryGas), "--api.max-open-connections", fmt.Sprint(testConnections))
	child.Env = append(os.Environ(), asNode+"=1")
	logs, err := os.Create(filepath.Join(t.TempDir(), "node.log"))
	require.NoError(t, err)
	child.Stdout, child.Stderr = logs, logs
	require.NoError(t, child.Start())
	ended := make(chan struct{})
	go func() { _ = child.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = child.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(time.Minute):
			_ = child.Process.Kill()
			<-ended
		}
		_ = logs.Close()
		if bz, err := os.ReadFile(logs.Name()); err == nil && t.Failed() {
			t.Logf("the node's log:\n%s", bz)
		}
	})
	n.conn, err = grpc.NewClient(n.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = n.conn.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for {
		res, err := node.NewServiceClient(n.conn).Status(ctx, &node.StatusRequest{})
		if err == nil && res.Height > 1 {
			return n
		}
		select {
		case <-ended:
			require.FailNow(t, "the node ended")
		case <-ctx.Done():
			require.FailNow(t, "no block", "%v", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// call sends a JSON-RPC body and returns the status and the answer.
func (n *realNode) call(t *testing.T, body string) (int, string) {
	t.Helper()
	res, err := http.Post("http://"+n.rpc, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	require.NoError(t, err)
	return res.StatusCode, string(answer)
}

// What a stranger can send to a node that runs with the defaults, over its sockets.
func TestNodeHoldsItsLimits(t *testing.T) {
	n := startRealNode(t)
	t.Run("RPC", n.testRPC)
	t.Run("subscriptions", n.testSubscriptions)
	t.Run("subscriber that does not read", n.testSlowSubscriber)
	t.Run("gRPC", n.testGRPC)
	t.Run("REST", n.testREST)
	t.Run("RPC connections", func(t *testing.T) { n.testConnections(t, n.rpc, "/health") })
	t.Run("REST connections", func(t *testing.T) { n.testConnections(t, n.rest, "/proofmarket/market/v1/clock") })
	// It has come through all of it.
	res, err := node.NewServiceClient(n.conn).Status(t.Context(), &node.StatusRequest{})
	require.NoError(t, err)
	require.Positive(t, res.Height)
}

func (n *realNode) testRPC(t *testing.T) {
	request := func(method string, params any) string {
		bz, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
		require.NoError(t, err)
		return string(bz)
	}
	for _, method := range []string{"unsafe_flush_mempool", "dial_peers", "dial_seeds"} {
		_, answer := n.call(t, request(method, map[string]any{}))
		require.Contains(t, answer, "Method not found", method)
	}
	_, answer := n.call(t, request("broadcast_tx_sync", map[string]any{"tx": make([]byte, app.MaxTxBytes+1)}))
	require.Contains(t, strings.ToLower(answer), "tx too large")
	_, answer = n.call(t, request("broadcast_tx_sync", map[string]any{"tx": make([]byte, app.MaxTxBytes)}))
	require.Contains(t, answer, "tx parse error", "it reaches the application")
	code, answer := n.call(t, request("broadcast_tx_sync", map[string]any{"tx": make([]byte, 1<<20)}))
	require.NotEqual(t, http.StatusOK, code)
	require.Contains(t, answer, "too large")

	one := request("health", map[string]any{})
	_, answer = n.call(t, "["+strings.Repeat(one+",", 9)+one+"]")
	require.NotContains(t, answer, "error")
	_, answer = n.call(t, "["+strings.Repeat(one+",", 10)+one+"]")
	require.Contains(t, answer, "error")

	_, answer = n.call(t, request("abci_query", map[string]any{"path": "/store/bank/subspace", "data": "02"}))
	require.Contains(t, answer, app.ErrQuery.Error())
}

// One client has five subscriptions, and no more.
func (n *realNode) testSubscriptions(t *testing.T) {
	conn, res, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+n.rpc+"/websocket", nil)
	require.NoError(t, err)
	defer conn.Close()
	defer res.Body.Close()
	for i := range 6 {
		require.NoError(t, conn.WriteJSON(map[string]any{
			"jsonrpc": "2.0", "id": i, "method": "subscribe", "params": map[string]any{"query": fmt.Sprintf("tx.height = %d", 1_000_000+i)},
		}))
		var answer struct {
			Error *struct{ Data string } `json:"error"`
		}
		require.NoError(t, conn.ReadJSON(&answer))
		if i < 5 {
			require.Nil(t, answer.Error)
			continue
		}
		require.NotNil(t, answer.Error)
		require.Contains(t, answer.Error.Data, "max_subscriptions_per_client")
	}
}

// A client that subscribes to blocks, asks for much and reads nothing is cut off once its
// answers fill what the sockets hold.
func (n *realNode) testSlowSubscriber(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	dialer := websocket.Dialer{NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return conn, conn.(*net.TCPConn).SetReadBuffer(1)
	}}
	conn, res, err := dialer.DialContext(ctx, "ws://"+n.rpc+"/websocket", nil)
	require.NoError(t, err)
	defer conn.Close()
	defer res.Body.Close()
	require.NoError(t, conn.WriteJSON(map[string]any{
		"jsonrpc": "2.0", "id": 0, "method": "subscribe", "params": map[string]any{"query": "tm.event = 'NewBlock'"},
	}))
	// It asks until the node takes no more, and then waits for the end of the connection,
	// which shows when it writes.
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for asked := 0; ; asked++ {
		require.NoError(t, conn.SetWriteDeadline(time.Now().Add(time.Minute)))
		if err := conn.WriteJSON(map[string]any{"jsonrpc": "2.0", "id": asked, "method": "genesis", "params": map[string]any{}}); err != nil {
			require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the node neither reads nor ends the connection")
			t.Logf("cut off after %d requests: %v", asked, err)
			return
		}
		if asked < 1_000 {
			continue
		}
		select {
		case <-ctx.Done():
			require.FailNow(t, "it is not cut off")
		case <-tick.C:
		}
	}
}

func (n *realNode) testGRPC(t *testing.T) {
	ctx := t.Context()
	txs := txtypes.NewServiceClient(n.conn)
	_, err := txs.Simulate(ctx, &txtypes.SimulateRequest{TxBytes: make([]byte, 11<<20)})
	require.Equal(t, codes.ResourceExhausted, status.Code(err), "%v", err)
	_, err = txs.Simulate(ctx, &txtypes.SimulateRequest{TxBytes: make([]byte, app.MaxTxBytes+1)})
	require.ErrorContains(t, err, app.ErrQuery.Error())

	// The gas of a query ends the SDK's lists and our verification.
	_, err = authtypes.NewQueryClient(n.conn).Accounts(ctx, &authtypes.QueryAccountsRequest{})
	require.ErrorContains(t, err, "gas limit")
	_, err = verifiertypes.NewQueryClient(n.conn).Verify(ctx, &verifiertypes.QueryVerifyRequest{
		Statement: verifiertypes.Statement{Verifier: verifiertypes.PicoV122, Program: strings.Repeat("00", 32), Digest: strings.Repeat("00", 32)},
		Proof:     make([]byte, 256), GasLimit: 1 << 60,
	})
	require.Equal(t, codes.ResourceExhausted, status.Code(err), "%v", err)
}

func (n *realNode) testREST(t *testing.T) {
	ask := func(method, path string, body []byte) (status int, header http.Header, text string) {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+n.rest+path, bytes.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Origin", "https://elsewhere.example")
		req.Close = true
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		answer, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
		require.NoError(t, err)
		return res.StatusCode, res.Header, string(answer)
	}
	status, header, _ := ask(http.MethodGet, "/proofmarket/market/v1/clock", nil)
	require.Equal(t, http.StatusOK, status)
	require.Empty(t, header.Get("Access-Control-Allow-Origin"))
	_, header, _ = ask(http.MethodOptions, "/proofmarket/market/v1/clock", nil)
	require.Empty(t, header.Get("Access-Control-Allow-Origin"))
	status, _, _ = ask(http.MethodGet, "/swagger/", nil)
	require.NotEqual(t, http.StatusOK, status)

	for path, want := range map[string]string{
		"/proofmarket/market/v1/requests?pagination.count_total=true":             "follow next_key",
		"/proofmarket/provers/v1/provers?pagination.limit=18446744073709551615":   "at most 1000",
		"/proofmarket/verifier/v1/circuits?pagination.offset=1844674407370955161": "follow next_key",
	} {
		status, _, answer := ask(http.MethodGet, path, nil)
		require.NotEqual(t, http.StatusOK, status, path)
		require.Contains(t, answer, want, path)
	}
	large, err := json.Marshal(map[string]any{"tx_bytes": make([]byte, 1<<20)})
	require.NoError(t, err)
	status, _, answer := ask(http.MethodPost, "/cosmos/tx/v1beta1/simulate", large)
	require.NotEqual(t, http.StatusOK, status)
	require.Contains(t, answer, "too large")
}

// With all connections taken the next one waits, and is answered when one ends.
func (n *realNode) testConnections(t *testing.T, server, path string) {
	http.DefaultClient.CloseIdleConnections()
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", server)
		require.NoError(t, err)
		return conn
	}
	held := make([]net.Conn, testConnections)
	for i := range held {
		held[i] = dial()
		defer held[i].Close()
	}
	next := dial()
	defer next.Close()
	_, err := io.WriteString(next, "GET "+path+" HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	require.NoError(t, next.SetReadDeadline(time.Now().Add(300*time.Millisecond)))
	_, err = next.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, held[0].Close())
	require.NoError(t, next.SetReadDeadline(time.Now().Add(time.Minute)))
	answer, err := io.ReadAll(next)
	require.NoError(t, err)
	require.Contains(t, string(answer), "200 OK")
}
