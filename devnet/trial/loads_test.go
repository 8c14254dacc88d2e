package trial

import (
	"context"
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
)

// The keys that pay for the loads.
const (
	buyerKey  = "buyer"
	marketKey = "market"
)

const (
	// Requests a second: few, since sidecars make a real proof for each of the first.
	buyRate, marketRate = 0.2, 0.2
	mostOpen            = 12
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

// startLoads has requests sent to the sidecars, and to provers that the generator plays.
func (c *chaos) startLoads() {
	c.t.Helper()
	job, err := load.ReadJob(c.JobFile())
	require.NoError(c.t, err)
	c.loads = append(c.loads,
		c.startLoad(buyerKey, load.Options{Mode: load.ModeBuy, Job: job, Rate: buyRate}),
		c.startLoad(marketKey, load.Options{Mode: load.ModeMarket, Rate: marketRate}))
}

func (c *chaos) startLoad(key string, o load.Options) *loading {
	c.t.Helper()
	o.ChainID, o.Endpoints, o.Funder = devnet.ChainID, endpoints(c.Localnet), signer(c.t, c.Localnet, key)
	o.Requesters, o.Concurrency = 4, mostOpen
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
func (c *chaos) drain() {
	c.t.Helper()
	for _, l := range c.loads {
		close(l.stop)
	}
	for _, l := range c.loads {
		<-l.ended
		require.NoError(c.t, l.err, l.name)
		q := l.report.Requests
		c.t.Logf("load %s: %+v; transactions: %+v", l.name, q, l.report.Txs)
		require.Zero(c.t, q.Open, l.name)
		require.Equal(c.t, q.Sent, q.Settled+q.Refunded+q.Cancelled+q.Refused, l.name)
		require.Positive(c.t, q.Settled, l.name)
		require.True(c.t, l.report.Money.Difference.IsZero(), "%s: %+v", l.name, l.report.Money)
	}
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
