package trial

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"

	"github.com/proofmarket/proofmarket/devnet"
	"github.com/proofmarket/proofmarket/devnet/load"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// The keys that pay for the loads.
const (
	buyerKey  = "buyer"
	marketKey = "market"
)

const (
	// Requests a second: few of the first, since sidecars try each job, and make a real
	// proof of it. A request is open for half a minute or so, and longer in a fault.
	buyRate, marketRate = 0.3, 0.9
	buyOpen, marketOpen = 20, 60
	// Windows in blocks, and times, outlast faults: a sidecar fetches and tries a job
	// before it bids, and a node that is down takes what it was given with it.
	bidding, reveal = 20, 60
	timeLimit       = 10 * time.Minute
	txWaits         = 3 * time.Minute
)

// loading is a load under way.
type loading struct {
	name   string
	stop   chan struct{}
	ended  chan struct{} // closed once report and err are there
	report load.Report
	err    error
}

// startLoads has requests sent to the sidecars, and to provers that the generator plays,
// and waits until both have work: the first fault must not come to an idle network.
func (c *chaos) startLoads() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	job, err := load.ReadJob(c.JobFile())
	require.NoError(c.t, err)
	c.loads = append(c.loads,
		c.startLoad(buyerKey, load.Options{Mode: load.ModeBuy, Job: job, Rate: buyRate, Concurrency: buyOpen}),
		c.startLoad(marketKey, load.Options{Mode: load.ModeMarket, Rate: marketRate, Concurrency: marketOpen}))
	c.await(ctx, "an assigned request of each load", func() error {
		c.requireProcesses()
		c.requireLoads()
		c.books.read(ctx, c.top(ctx))
		sidecar, other := c.books.workers(c.Provers())
		if !sidecar || !other {
			return fmt.Errorf("%d requests, %d assigned; to a sidecar: %t, to others: %t", len(c.books.requested), len(c.books.assigned), sidecar, other)
		}
		return nil
	})
}

func (c *chaos) startLoad(key string, o load.Options) *loading {
	c.t.Helper()
	o.ChainID, o.Endpoints, o.Funder = devnet.ChainID, endpoints(c.Localnet), signer(c.t, c.Localnet, key)
	o.Requesters = 4
	o.BiddingBlocks, o.RevealBlocks, o.TimeLimit = bidding, reveal, timeLimit
	o.TTL, o.Patience = txWaits, patience
	l := &loading{name: key, stop: make(chan struct{}), ended: make(chan struct{})}
	o.Stop = l.stop
	ctx, cancel := context.WithCancel(c.t.Context())
	c.t.Cleanup(func() { cancel(); <-l.ended })
	go func() {
		defer close(l.ended)
		l.report, l.err = load.Run(ctx, o)
	}()
	return l
}

// requireLoads checks that no load has ended by itself.
func (c *chaos) requireLoads() {
	c.t.Helper()
	for _, l := range c.loads {
		select {
		case <-l.ended:
			require.FailNow(c.t, "a load ended", "%s: %v", l.name, l.err)
		default:
		}
	}
}

// drain stops the loads and waits until every request has ended and every coin is found.
func (c *chaos) drain(ctx context.Context) {
	c.t.Helper()
	for _, l := range c.loads {
		close(l.stop)
	}
	for _, l := range c.loads {
		c.awaitEnd(ctx, l)
		require.NoError(c.t, l.err, l.name)
		q := l.report.Requests
		c.t.Logf("load %s: %+v; transactions: %+v", l.name, q, l.report.Txs)
		require.Zero(c.t, q.Open, l.name)
		require.Equal(c.t, q.Sent, q.Settled+q.Refunded+q.Cancelled+q.Refused, l.name)
		require.Positive(c.t, q.Settled, l.name)
		require.True(c.t, l.report.Money.Difference.IsZero(), "%s: %+v", l.name, l.report.Money)
	}
}

// awaitEnd waits until a load has ended; if it does not, the failure names the requests
// that are open.
func (c *chaos) awaitEnd(ctx context.Context, l *loading) {
	c.t.Helper()
	tick := time.NewTicker(pollPace)
	defer tick.Stop()
	for {
		select {
		case <-l.ended:
			return
		case <-ctx.Done():
			require.FailNow(c.t, "a load does not end", "%s: %v; open requests: %s", l.name, ctx.Err(), c.open())
		case <-tick.C:
			c.requireProcesses()
		}
	}
}

// open names the requests that are pending on the first node, or says why it does not
// tell.
func (c *chaos) open() string {
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	res, err := markettypes.NewQueryClient(c.nodes[0].Conn()).Requests(ctx, &markettypes.QueryRequestsRequest{Status: markettypes.REQUEST_STATUS_PENDING})
	if err != nil {
		return err.Error()
	}
	var list []string
	for _, v := range res.Views {
		list = append(list, fmt.Sprintf("%s (%s)", v.Request.Id, v.Stage))
	}
	return strings.Join(list, ", ")
}

// endpoints are the servers of all nodes.
func endpoints(n *devnet.Localnet) (list []load.Endpoint) {
	for _, d := range n.Nodes() {
		list = append(list, load.Endpoint{GRPC: d.GRPC(), RPC: "http://" + d.RPC()})
	}
	return list
}

// keySigner signs with a key of a network's keyring.
type keySigner struct {
	keys keyring.Keyring
	name string
	pub  cryptotypes.PubKey
}

func signer(t *testing.T, n *devnet.Localnet, name string) keySigner {
	t.Helper()
	registry := codectypes.NewInterfaceRegistry()
	cryptocodec.RegisterInterfaces(registry)
	keys, err := keyring.New(sdk.KeyringServiceName(), keyring.BackendTest, n.KeyringDir(name), nil, codec.NewProtoCodec(registry))
	require.NoError(t, err)
	record, err := keys.Key(name)
	require.NoError(t, err)
	pub, err := record.GetPubKey()
	require.NoError(t, err)
	return keySigner{keys, name, pub}
}

// PubKey implements load.Signer.
func (s keySigner) PubKey() cryptotypes.PubKey { return s.pub }

// Sign implements load.Signer.
func (s keySigner) Sign(msg []byte) ([]byte, error) {
	signature, _, err := s.keys.Sign(s.name, msg, signing.SignMode_SIGN_MODE_DIRECT)
	return signature, err
}
