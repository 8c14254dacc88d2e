package load

import (
	"context"
	"crypto/sha256"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
)

// fakeStatus tells a fake node's height.
type fakeStatus struct {
	nodeservice.UnimplementedServiceServer
	node *fakeNode
}

func (s *fakeStatus) Status(context.Context, *nodeservice.StatusRequest) (*nodeservice.StatusResponse, error) {
	return &nodeservice.StatusResponse{Height: s.node.height}, nil
}

// A halted chain's last block, or the first one, may be long ago.
func TestTransactionsLastFromNow(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	for name, tc := range map[string]struct {
		head time.Duration // after now
		want time.Duration // after now
	}{
		"a block a moment ago":          {-time.Second, 30 * time.Second},
		"halted for a minute":           {-time.Minute, 30 * time.Second},
		"halted for longer than MaxTTL": {-time.Hour, MaxTTL - time.Hour},
		"our clock is behind":           {time.Minute, 90 * time.Second},
		"our clock is far ahead":        {-MaxTTL, 0},
	} {
		require.Equal(t, now.Add(tc.want), expiry(now.Add(tc.head), now, 30*time.Second), name)
	}
}

// What a node says that is behind does not count, nor what it said just before it no
// longer was.
func TestNodesThatAreBehindRefuseNothing(t *testing.T) {
	refusal := code(sdkerrors.RootCodespace, sdkerrors.ErrUnknownAddress.ABCICode())
	for name, nodes := range map[string][]*fakeNode{
		"behind":           {{height: 6, script: []func() (*sdk.TxResponse, error){refusal, refusal}}, {height: 7}},
		"behind just then": {{height: 7, script: []func() (*sdk.TxResponse, error){refusal}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nodes...)
			r.height = 7
			j := r.send()
			require.Nil(t, r.outcome)
			taken := nodes[len(nodes)-1].taken
			require.Equal(t, j.raw, taken[len(taken)-1])
		})
	}
}

// Nor do their answers to questions.
func TestAskPassesOverNodesThatAreBehind(t *testing.T) {
	r := newRig(t, &fakeNode{height: 6}, &fakeNode{height: 7})
	r.net.seen.Store(7)
	require.NoError(t, r.net.ask(t.Context(), func(_ context.Context, n *node) error {
		require.Same(t, r.net.nodes[1], n)
		return nil
	}))
}

// A transaction of the setup that no block took is made again, a few times.
func TestSetupIsMadeAgain(t *testing.T) {
	for _, losses := range []int{0, 1, maxLosses, maxLosses + 1} {
		at := time.Unix(5000, 0)
		f := &fakeNode{}
		r := newRig(t, f)
		// Each broadcast is answered by a block: past its end, or with it.
		f.always = func() (*sdk.TxResponse, error) {
			b := block{height: int64(len(f.taken)), time: at}
			if len(f.taken) > losses {
				b.txs = []included{{hash: sha256.Sum256(f.taken[len(f.taken)-1]), res: &abci.ExecTxResult{}}}
			} else {
				at = at.Add(2 * MaxTTL)
				b.time = at
			}
			r.blocks <- b
			return &sdk.TxResponse{}, nil
		}
		j := &job{from: r.from, kind: kindSend, msgs: []sdk.Msg{&banktypes.MsgSend{FromAddress: r.from.name, ToAddress: r.from.name, Amount: coins(1)}}}
		err := r.all(t.Context(), []*job{j})
		if losses > maxLosses {
			require.ErrorIs(t, err, errLost)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, losses+1, f.count())
		require.Equal(t, losses, r.report.Txs.Lost)
	}
}
