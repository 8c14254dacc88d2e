package trial

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/devnet"
	"github.com/proofmarket/proofmarket/internal/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// books hold what the events of every block say, whatever anybody else says.
type books struct {
	c              *chaos
	next           int64     // the first block that was not read
	last           time.Time // that of the block before it
	halted         []int64   // heights at which partitions held the chain up
	market         int       // halts that the market's clock left out
	requested      []string
	assigned       map[string]string                      // prover, by request
	ended          map[string][]markettypes.RequestStatus // by request
	genesis        math.Int                               // supply, uproof
	minted, burned math.Int
}

func newBooks(c *chaos) *books {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.nodes[0].Home(), "config", "genesis.json"))
	require.NoError(c.t, err)
	var doc struct {
		State struct {
			Bank struct {
				Balances []struct {
					Coins []struct{ Denom, Amount string }
				}
			}
		} `json:"app_state"`
	}
	require.NoError(c.t, json.Unmarshal(text, &doc))
	b := &books{
		c: c, next: 1, assigned: make(map[string]string), ended: make(map[string][]markettypes.RequestStatus),
		genesis: math.ZeroInt(), minted: math.ZeroInt(), burned: math.ZeroInt(),
	}
	for _, account := range doc.State.Bank.Balances {
		for _, coin := range account.Coins {
			amount, err := strconv.ParseInt(coin.Amount, 10, 64)
			require.NoError(c.t, err)
			require.Equal(c.t, chain.Denom, coin.Denom)
			b.genesis = b.genesis.AddRaw(amount)
		}
	}
	require.True(c.t, b.genesis.IsPositive())
	return b
}

// ends are the events with which a request ends, and as what.
var ends = map[string]markettypes.RequestStatus{
	proto.MessageName(&markettypes.EventFulfilled{}): markettypes.REQUEST_STATUS_FULFILLED,
	proto.MessageName(&markettypes.EventRefunded{}):  markettypes.REQUEST_STATUS_REFUNDED,
	proto.MessageName(&markettypes.EventCancelled{}): markettypes.REQUEST_STATUS_CANCELLED,
}

// read takes in the blocks up to a height or beyond, and compares the supply after the
// last of them on every node. It returns the longest pause between two of them.
func (b *books) read(ctx context.Context, to int64) (pause time.Duration) {
	b.c.t.Helper()
	// The small node has lost most states: it says at which block we compare.
	to, few := b.smallSupply(ctx, to)
	for ; b.next <= to; b.next++ {
		pause = max(pause, b.pause(ctx, b.next))
		res := b.block(ctx, b.next)
		for _, e := range res.FinalizeBlockEvents {
			b.event(e)
		}
		for _, tx := range res.TxsResults {
			if tx.Code != 0 {
				continue // it changed nothing but its fee
			}
			for _, e := range tx.Events {
				b.event(e)
			}
		}
	}
	require.Equal(b.c.t, b.supply().String(), few, "the supply after block %d on %s", to, b.c.nodes[small].Name())
	at := metadata.AppendToOutgoingContext(ctx, grpctypes.GRPCBlockHeightHeader, strconv.FormatInt(b.next-1, 10))
	for i, d := range b.c.nodes {
		if i == small {
			continue
		}
		b.c.await(ctx, "the supply", func() error {
			res, err := banktypes.NewQueryClient(d.Conn()).SupplyOf(at, &banktypes.QuerySupplyOfRequest{Denom: chain.Denom})
			if err == nil {
				require.Equal(b.c.t, b.supply().String(), res.Amount.Amount.String(), "the supply after block %d on %s", b.next-1, d.Name())
			}
			return err
		})
	}
	return pause
}

// smallSupply asks the node that keeps few states for the supply, and after which block
// it is: at least the one named and all that were read.
func (b *books) smallSupply(ctx context.Context, least int64) (height int64, supply string) {
	b.c.t.Helper()
	b.c.await(ctx, "the supply on "+b.c.nodes[small].Name(), func() error {
		var head metadata.MD
		res, err := banktypes.NewQueryClient(b.c.nodes[small].Conn()).SupplyOf(ctx, &banktypes.QuerySupplyOfRequest{Denom: chain.Denom}, grpc.Header(&head))
		if err != nil {
			return err
		}
		at := head.Get(grpctypes.GRPCBlockHeightHeader)
		require.Len(b.c.t, at, 1)
		if height, err = strconv.ParseInt(at[0], 10, 64); err == nil && height < max(least, b.next-1) {
			err = fmt.Errorf("it is at block %d", height)
		}
		supply = res.Amount.Amount.String()
		return err
	})
	return height, supply
}

const (
	// mostPause is more than a chain that is not halted takes for a block, by the headers'
	// times: rounds without a proposer that is down, on a busy machine.
	mostPause = 30 * time.Second
	// haltSpan is how many blocks after the last one before a halt the halt shows. A
	// header has the time of the votes for the block before, which may have come early.
	haltSpan = 3
)

// pause is the time from the block before, which is short unless a partition held the
// chain up.
func (b *books) pause(ctx context.Context, height int64) (pause time.Duration) {
	b.c.t.Helper()
	b.ask(ctx, fmt.Sprintf("the header of block %d", height), func(r *rpchttp.HTTP) error {
		res, err := r.Header(ctx, &height)
		if err != nil {
			return err
		}
		// The first two are as far apart as genesis is old.
		if height > 2 {
			pause = res.Header.Time.Sub(b.last)
		}
		b.last = res.Header.Time
		return nil
	})
	if !slices.ContainsFunc(b.halted, func(at int64) bool { return height > at && height <= at+haltSpan }) {
		require.LessOrEqual(b.c.t, pause, mostPause, "the chain stood before block %d, and no partition held it up", height)
	}
	return pause
}

// supply is what there must be: genesis, and what was minted, less what was burned.
func (b *books) supply() math.Int { return b.genesis.Add(b.minted).Sub(b.burned) }

// block gives the results of a block, from a node that has them: one that began with a
// snapshot lacks earlier ones.
func (b *books) block(ctx context.Context, height int64) (res *coretypes.ResultBlockResults) {
	b.c.t.Helper()
	b.ask(ctx, fmt.Sprintf("the results of block %d", height), func(r *rpchttp.HTTP) (err error) {
		res, err = r.BlockResults(ctx, &height)
		return err
	})
	return res
}

// ask puts a question to one node after the other until it is answered.
func (b *books) ask(ctx context.Context, what string, question func(*rpchttp.HTTP) error) {
	b.c.t.Helper()
	b.c.await(ctx, what, func() (err error) {
		for _, i := range b.c.oldest() {
			if err = question(b.c.rpcs[i]); err == nil {
				return nil
			}
		}
		return err
	})
}

func (b *books) event(e abci.Event) {
	value := func(key string) string {
		for _, a := range e.Attributes {
			if a.Key == key {
				return strings.Trim(a.Value, `"`)
			}
		}
		return ""
	}
	switch e.Type {
	case proto.MessageName(&markettypes.EventRequested{}):
		b.requested = append(b.requested, value("request_id"))
	case proto.MessageName(&markettypes.EventAssigned{}):
		b.assigned[value("request_id")] = value("prover")
	case proto.MessageName(&markettypes.EventHalt{}):
		b.market++
	case banktypes.EventTypeCoinMint, banktypes.EventTypeCoinBurn:
		coins, err := sdk.ParseCoinsNormalized(value(sdk.AttributeKeyAmount))
		require.NoError(b.c.t, err)
		amount := coins.AmountOf(chain.Denom)
		if e.Type == banktypes.EventTypeCoinMint {
			b.minted = b.minted.Add(amount)
		} else {
			b.burned = b.burned.Add(amount)
		}
	default:
		if status, ok := ends[e.Type]; ok {
			id := value("request_id")
			b.ended[id] = append(b.ended[id], status)
		}
	}
}

// workers tells whether a request was assigned to one of the sidecars, and to others.
func (b *books) workers(sidecars []*devnet.Prover) (sidecar, other bool) {
	for _, prover := range b.assigned {
		if slices.ContainsFunc(sidecars, func(p *devnet.Prover) bool { return p.Address() == prover }) {
			sidecar = true
		} else {
			other = true
		}
	}
	return sidecar, other
}

// requireRequests checks that every request ended exactly once, as the chain's state
// and those who sent it say too.
func (b *books) requireRequests(ctx context.Context) {
	c := b.c
	c.t.Helper()
	counts := make(map[markettypes.RequestStatus]int)
	market := markettypes.NewQueryClient(c.nodes[0].Conn())
	for _, id := range b.requested {
		require.Len(c.t, b.ended[id], 1, "request %s", id)
		status := b.ended[id][0]
		counts[status]++
		var res *markettypes.QueryRequestResponse
		c.await(ctx, "request "+id, func() (err error) {
			res, err = market.Request(ctx, &markettypes.QueryRequestRequest{Id: id})
			return err
		})
		require.Equal(c.t, status, res.View.Auction.Status, "request %s", id)
		if status == markettypes.REQUEST_STATUS_FULFILLED {
			var receipt *markettypes.QueryReceiptResponse
			c.await(ctx, "the receipt of request "+id, func() (err error) {
				receipt, err = market.Receipt(ctx, &markettypes.QueryReceiptRequest{RequestId: id})
				return err
			})
			require.Equal(c.t, res.View.Auction.Assignment.Prover, receipt.Receipt.Prover, "request %s", id)
		}
	}
	require.Len(c.t, b.ended, len(b.requested), "nothing else ended")
	sum := make(map[markettypes.RequestStatus]int)
	for _, l := range c.loads {
		q := l.report.Requests
		sum[markettypes.REQUEST_STATUS_FULFILLED] += q.Settled
		sum[markettypes.REQUEST_STATUS_REFUNDED] += q.Refunded
		sum[markettypes.REQUEST_STATUS_CANCELLED] += q.Cancelled
	}
	for status, n := range sum {
		require.Equal(c.t, n, counts[status], "%s, by those who sent the requests and by the chain", status)
	}
}

// summary says what the books hold, in one line.
func (b *books) summary() string {
	counts := make(map[markettypes.RequestStatus]int)
	for _, list := range b.ended {
		for _, s := range list {
			counts[s]++
		}
	}
	return fmt.Sprintf("\n%d blocks; the market's clock left out %d halts; %d requests: %d settled, %d refunded, %d cancelled, %d open; supply %s = genesis %s + minted %s − burned %s uproof.\n",
		b.next-1, b.market, len(b.requested), counts[markettypes.REQUEST_STATUS_FULFILLED], counts[markettypes.REQUEST_STATUS_REFUNDED],
		counts[markettypes.REQUEST_STATUS_CANCELLED], len(b.requested)-len(b.ended), b.supply(), b.genesis, b.minted, b.burned)
}
