package load

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/math"

	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// fakeNode answers broadcasts as its script says, then takes everything. It stands in
// for pools that are full and nodes that die, which a real one does not do on demand.
type fakeNode struct {
	txtypes.UnimplementedServiceServer
	height uint64                          // of its last block
	always func() (*sdk.TxResponse, error) // after the script; nil to take everything
	mu     sync.Mutex
	script []func() (*sdk.TxResponse, error)
	taken  [][]byte
}

func (f *fakeNode) BroadcastTx(_ context.Context, req *txtypes.BroadcastTxRequest) (*txtypes.BroadcastTxResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.taken = append(f.taken, req.TxBytes)
	if len(f.script) == 0 && f.always != nil {
		res, err := f.always()
		return &txtypes.BroadcastTxResponse{TxResponse: res}, err
	}
	if len(f.script) == 0 {
		return &txtypes.BroadcastTxResponse{TxResponse: &sdk.TxResponse{}}, nil
	}
	say := f.script[0]
	f.script = f.script[1:]
	res, err := say()
	return &txtypes.BroadcastTxResponse{TxResponse: res}, err
}

func (f *fakeNode) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.taken)
}

func code(codespace string, code uint32) func() (*sdk.TxResponse, error) {
	return func() (*sdk.TxResponse, error) {
		return &sdk.TxResponse{Codespace: codespace, Code: code, RawLog: "words with figures 123"}, nil
	}
}

func full() (*sdk.TxResponse, error) {
	return code(sdkerrors.RootCodespace, sdkerrors.ErrMempoolIsFull.ABCICode())()
}

// inCache is CometBFT's answer for bytes that it has: it adds no words.
func inCache() (*sdk.TxResponse, error) {
	return &sdk.TxResponse{Codespace: sdkerrors.RootCodespace, Code: sdkerrors.ErrTxInMempoolCache.ABCICode()}, nil
}

// another is the pool's answer where another transaction for the same bid waits.
func another() (*sdk.TxResponse, error) {
	return code(sdkerrors.RootCodespace, sdkerrors.ErrTxInMempoolCache.ABCICode())()
}

func dead() (*sdk.TxResponse, error) { return nil, status.Error(codes.Unavailable, "down") }

func (f *fakeNode) serve(t *testing.T) Endpoint {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer(grpc.ForceServerCodec(codec.NewProtoCodec(codectypes.NewInterfaceRegistry()).GRPCCodec()))
	txtypes.RegisterServiceServer(server, f)
	nodeservice.RegisterServiceServer(server, &fakeStatus{node: f})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return Endpoint{GRPC: listener.Addr().String(), RPC: "http://127.0.0.1:1"}
}

// rig is a generator with fake nodes and one account.
type rig struct {
	*generator
	t       *testing.T
	from    *account
	outcome *outcome
}

func newRig(t *testing.T, nodes ...*fakeNode) *rig {
	t.Helper()
	o := goodOptions()
	o.Endpoints = nil
	for _, n := range nodes {
		o.Endpoints = append(o.Endpoints, n.serve(t))
	}
	require.NoError(t, o.Check())
	nw, err := dial(o.Endpoints, time.Minute)
	require.NoError(t, err)
	g, err := newGenerator(o, nw)
	require.NoError(t, err)
	g.head.Store(time.Unix(5000, 0).UnixNano())
	from, err := derive("test", "requester", 0)
	require.NoError(t, err)
	from.credit, from.refill = 1<<40, 1
	t.Cleanup(func() {
		g.senders.Wait()
		nw.close()
	})
	return &rig{generator: g, t: t, from: from}
}

// send submits a transaction and waits for the nodes' answer.
func (r *rig) send() *job {
	r.t.Helper()
	j := &job{from: r.from, kind: kindSend, done: func(_ *job, o outcome) {
		require.Nil(r.t, r.outcome, "a transaction ends once")
		r.outcome = &o
	}, msgs: []sdk.Msg{&banktypes.MsgSend{FromAddress: r.from.name, ToAddress: r.from.name, Amount: coins(1)}}}
	require.NoError(r.t, r.submit(r.t.Context(), j))
	r.answered(<-r.answers)
	return j
}

// waiting is the only transaction under way.
func (r *rig) waiting() (j *job) {
	r.t.Helper()
	require.Len(r.t, r.pending, 1)
	for _, j = range r.pending {
	}
	return j
}

func (r *rig) block(at time.Time, txs ...included) {
	r.t.Helper()
	require.NoError(r.t, r.settle(r.t.Context(), block{height: 7, time: at, seen: time.Now(), txs: txs}))
}

// A full pool and a dead node are tried again, elsewhere; the same bytes go everywhere.
func TestBroadcastTriesAgain(t *testing.T) {
	for name, c := range map[string]struct {
		first    []func() (*sdk.TxResponse, error)
		full     int
		at       int64
		attempts int // of the first node
	}{
		"at once":                {nil, 0, 0, 1},
		"it has it already":      {[]func() (*sdk.TxResponse, error){inCache}, 0, 0, 1},
		"full, the second takes": {[]func() (*sdk.TxResponse, error){full}, 1, 1, 1},
		"dead, the second takes": {[]func() (*sdk.TxResponse, error){dead}, 0, 1, 1},
		"another bid waits":      {[]func() (*sdk.TxResponse, error){another}, 1, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			first, second := &fakeNode{script: c.first}, &fakeNode{}
			r := newRig(t, first, second)
			j := r.send()
			require.Nil(t, r.outcome, "no block has it yet")
			require.Contains(t, r.pending, j.hash)
			require.Equal(t, c.full, r.report.Txs.PoolFull)
			require.Equal(t, c.at, r.from.at.Load(), "an account stays with the node that answered")
			require.Equal(t, c.attempts, first.count())
			for _, raw := range append(first.taken, second.taken...) {
				require.Equal(t, j.raw, raw)
			}
			r.block(time.Unix(5001, 0), included{hash: j.hash, res: &abci.ExecTxResult{}})
			require.NotNil(t, r.outcome)
			require.NoError(t, r.outcome.err)
			require.Empty(t, r.pending)
		})
	}
}

// A refusal ends a transaction, but not if a node may have it already.
func TestBroadcastIsRefused(t *testing.T) {
	refusal := code(markettypes.ModuleName, markettypes.ErrBiddingClosed.ABCICode())
	r := newRig(t, &fakeNode{script: []func() (*sdk.TxResponse, error){refusal, refusal}})
	r.send()
	require.NotNil(t, r.outcome)
	require.Equal(t, "market/20 bidding is closed", r.outcome.reason)
	require.Equal(t, map[string]int{"market/20 bidding is closed": 1}, r.report.Txs.Errors)
	require.Equal(t, 1, r.report.Txs.Refused)

	r = newRig(t, &fakeNode{script: []func() (*sdk.TxResponse, error){dead, refusal}})
	j := r.send()
	require.Nil(t, r.outcome, "the dead node may have passed it on")
	r.block(j.expires.Add(-time.Second))
	require.Nil(t, r.outcome)
	r.block(j.expires)
	require.Nil(t, r.outcome, "a block of that very time may hold it")
	r.block(j.expires.Add(time.Nanosecond))
	require.ErrorIs(t, r.outcome.err, errLost)
	require.Equal(t, 1, r.report.Txs.Lost)
}

// A transaction that is out of sight for long is sent again as it is, and what a node
// says to that does not end it.
func TestOutOfSightIsSentAgain(t *testing.T) {
	first := &fakeNode{}
	second := &fakeNode{script: []func() (*sdk.TxResponse, error){code(sdkerrors.RootCodespace, sdkerrors.ErrInvalidRequest.ABCICode())}}
	r := newRig(t, first, second)
	j := r.send()
	r.block(time.Unix(5001, 0))
	require.Zero(t, r.report.Txs.Resent, "it has not been long")
	j.lastSend = time.Now().Add(-2 * resendAfter)
	r.block(time.Unix(5002, 0))
	r.answered(<-r.answers)
	require.Equal(t, 1, r.report.Txs.Resent)
	require.Nil(t, r.outcome)
	require.Equal(t, first.taken[0], second.taken[0])
	r.block(time.Unix(5003, 0), included{hash: j.hash, res: &abci.ExecTxResult{}})
	require.NoError(t, r.outcome.err)
}

// What ran out of gas is sent with twice as much, as a new transaction, a few times.
func TestOutOfGasGetsMore(t *testing.T) {
	r := newRig(t, &fakeNode{})
	j := r.send()
	gas, hash := j.gas, j.hash
	short := &abci.ExecTxResult{Code: sdkerrors.ErrOutOfGas.ABCICode(), Codespace: sdkerrors.RootCodespace}
	for range maxGasTries {
		r.block(time.Unix(5001, 0), included{hash: j.hash, res: short})
		r.answered(<-r.answers)
		require.Nil(t, r.outcome)
		j = r.waiting()
		require.Equal(t, 2*gas, j.gas)
		require.NotEqual(t, hash, j.hash)
		gas, hash = j.gas, j.hash
	}
	require.GreaterOrEqual(t, r.gas.limit(kindSend, 1), gas, "the next one starts with enough")
	r.block(time.Unix(5001, 0), included{hash: j.hash, res: short})
	require.ErrorContains(t, r.outcome.err, "out of gas")
	require.Equal(t, maxGasTries+1, r.report.Txs.Failed)
}

// Fees count where they were taken, and are the account's own.
func TestFeesOfIncludedTransactions(t *testing.T) {
	fee := []abci.Event{{Type: sdk.EventTypeTx, Attributes: []abci.EventAttribute{{Key: sdk.AttributeKeyFee, Value: "750uproof"}}}}
	r := newRig(t, &fakeNode{})
	before := r.from.credit
	j := r.send()
	r.block(time.Unix(5001, 0), included{hash: j.hash, res: &abci.ExecTxResult{Code: 5, Codespace: "sdk", Events: fee}})
	require.Error(t, r.outcome.err)
	require.Equal(t, "750", r.money.TxFees.String())
	require.Equal(t, before-750, r.from.credit)

	r.outcome = nil
	j = r.send()
	r.block(time.Unix(5001, 0), included{hash: j.hash, res: &abci.ExecTxResult{Code: 13, Codespace: "sdk"}})
	require.Equal(t, "750", r.money.TxFees.String(), "refused before the fee was taken")
}

// No two transactions of an account have the same timeout, which is their nonce.
func TestTimeoutsDiffer(t *testing.T) {
	a, err := derive("test", "requester", 0)
	require.NoError(t, err)
	seen := make(map[time.Time]bool)
	last := time.Time{}
	for range 1000 {
		at := a.timeout(time.Unix(5000, 0))
		require.False(t, seen[at])
		require.True(t, at.After(last))
		seen[at], last = true, at
	}
}

func TestGasBook(t *testing.T) {
	g := make(gasBook)
	require.EqualValues(t, 2*guesses[kindBid]+gasReserve, g.limit(kindBid, 2), "a guess")
	for range gasSamples {
		g.saw(kindBid, 2, 200_000)
	}
	require.EqualValues(t, 125_000+gasReserve, g.limit(kindBid, 1), "a quarter more than the dearest")
	g.saw(kindBid, 1, 120_000)
	require.EqualValues(t, 150_000+gasReserve, g.limit(kindBid, 1))
	require.EqualValues(t, 600_000, g.ranOut(kindBid, 2, 300_000))
	require.EqualValues(t, 300_000+gasReserve, g.limit(kindBid, 1))
	require.EqualValues(t, guesses[kindProof]+gasReserve, g.limit(kindProof, 1), "another kind knows nothing of it")
}

// Errors are named without what differs from one to the next.
func TestErrorName(t *testing.T) {
	require.Equal(t, "market/20 bidding is closed", errorName("market", 20, "request 5f1c: bidding is closed"))
	require.Equal(t, "elsewhere/77 unknown", errorName("elsewhere", 77, "request 5f1c"))
}

// A chain that refuses everything, such as one that is paused (law M16), is not asked
// as fast as it answers, and not for ever.
func TestRefusalsEndTheRun(t *testing.T) {
	r := newRig(t, &fakeNode{height: 1 << 32, always: code(markettypes.ModuleName, markettypes.ErrRequestEnded.ABCICode())})
	r.requesters, r.minStake, r.o.MaxFee, r.o.RevealBlocks = []*account{r.from}, math.NewInt(1000), math.NewInt(100), 10
	r.o.Concurrency = 200
	var err error
	r.proofs, err = loadProofs()
	require.NoError(t, err)
	rounds := 0
	for err == nil {
		sent := r.report.Requests.Sent
		require.NoError(t, r.pace(t.Context()))
		require.Equal(t, sent+r.o.Concurrency, r.report.Requests.Sent)
		for range r.o.Concurrency {
			r.answered(<-r.answers)
		}
		err = r.pace(t.Context())
		require.Equal(t, sent+r.o.Concurrency, r.report.Requests.Sent, "no more before the next block")
		r.height++
		rounds++
	}
	require.ErrorIs(t, err, ErrRefused)
	require.ErrorContains(t, err, "market/13 request has ended")
	require.Equal(t, (maxRefusals+4*r.o.Concurrency)/r.o.Concurrency+1, rounds)
	require.Equal(t, r.report.Requests.Sent, r.report.Requests.Refused)
	require.Zero(t, r.open)
	require.NoError(t, r.openError())
}
