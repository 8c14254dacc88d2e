package trial

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	abci "github.com/cometbft/cometbft/abci/types"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/metadata"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	grpctypes "github.com/cosmos/cosmos-sdk/types/grpc"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// books hold what the events of every block say, whatever anybody else says.
type books struct {
	c              *chaos
	next           int64 // the first block that was not read
	requested      []string
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
		c: c, next: 1, ended: make(map[string][]markettypes.RequestStatus),
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

// read takes in the blocks up to a height, and compares the supply after the last of
// them on every node.
func (b *books) read(ctx context.Context, to int64) {
	b.c.t.Helper()
	for ; b.next <= to; b.next++ {
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
	at := metadata.AppendToOutgoingContext(ctx, grpctypes.GRPCBlockHeightHeader, strconv.FormatInt(b.next-1, 10))
	for _, d := range b.c.nodes {
		b.c.await(ctx, "the supply", func() error {
			res, err := banktypes.NewQueryClient(d.Conn()).SupplyOf(at, &banktypes.QuerySupplyOfRequest{Denom: chain.Denom})
			if err == nil {
				require.Equal(b.c.t, b.supply().String(), res.Amount.Amount.String(), "the supply after block %d on %s", b.next-1, d.Name())
			}
			return err
		})
	}
}

// supply is what there must be: genesis, and what was minted, less what was burned.
func (b *books) supply() math.Int { return b.genesis.Add(b.minted).Sub(b.burned) }

// block gives the results of a block, from a node that has them: one that began with a
// snapshot lacks earlier ones.
func (b *books) block(ctx context.Context, height int64) (res *coretypes.ResultBlockResults) {
	b.c.t.Helper()
	b.c.await(ctx, fmt.Sprintf("the results of block %d", height), func() (err error) {
		for _, i := range b.c.oldest() {
			if res, err = b.c.rpcs[i].BlockResults(ctx, &height); err == nil {
				return nil
			}
		}
		return err
	})
	return res
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
		res, err := market.Request(ctx, &markettypes.QueryRequestRequest{Id: id})
		require.NoError(c.t, err)
		require.Equal(c.t, status, res.View.Auction.Status, "request %s", id)
		if status == markettypes.REQUEST_STATUS_FULFILLED {
			receipt, err := market.Receipt(ctx, &markettypes.QueryReceiptRequest{RequestId: id})
			require.NoError(c.t, err)
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
	return fmt.Sprintf("\n%d blocks; %d requests: %d settled, %d refunded, %d cancelled, %d open; supply %s = genesis %s + minted %s − burned %s uproof.\n",
		b.next-1, len(b.requested), counts[markettypes.REQUEST_STATUS_FULFILLED], counts[markettypes.REQUEST_STATUS_REFUNDED],
		counts[markettypes.REQUEST_STATUS_CANCELLED], len(b.requested)-len(b.ended), b.supply(), b.genesis, b.minted, b.burned)
}
