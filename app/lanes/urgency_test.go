package lanes

import (
	"context"
	"errors"
	"testing"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

var errNotYours = errors.New("not yours")

// market says that everything is urgent but what names the request "no".
type market struct{ asked int }

func (m *market) say(kind, id string) (markettypes.Urgency, error) {
	m.asked++
	if id == "no" {
		return markettypes.Urgency{}, errNotYours
	}
	return markettypes.Urgency{Key: []byte(kind + id), Deadline: time.Unix(int64(len(id)), 0)}, nil
}

func (m *market) UrgentProof(_ context.Context, msg *markettypes.MsgSubmitProof) (markettypes.Urgency, error) {
	return m.say("p", msg.RequestId)
}

func (m *market) UrgentReveal(_ context.Context, msg *markettypes.MsgReveal) (markettypes.Urgency, error) {
	return m.say("r", msg.RequestId)
}

func (m *market) UrgentBid(_ context.Context, msg *markettypes.MsgBid) (markettypes.Urgency, error) {
	return m.say("b", msg.RequestId)
}

// message is a transaction of a few messages.
type message struct {
	simple
	msgs []sdk.Msg
}

func (m *message) GetMsgs() []sdk.Msg { return m.msgs }

func submit(id string) sdk.Msg { return &markettypes.MsgSubmitProof{RequestId: id} }

func reveals(ids ...string) sdk.Msg {
	batch := &markettypes.MsgRevealBatch{}
	for _, id := range ids {
		batch.Items = append(batch.Items, markettypes.RevealItem{RequestId: id})
	}
	return batch
}

// judged is a decorator with what it asked.
type judged struct {
	Decorator
	market   *market
	pool     *Pool
	verified []uint64 // gas that was left for each proof
}

func newJudged(t *testing.T) *judged {
	t.Helper()
	j := &judged{market: &market{}, pool: NewPool(DefaultCapacity())}
	j.Decorator = NewDecorator(j.market, j.pool, func(ctx sdk.Context, _ markettypes.Urgency, _ *markettypes.MsgSubmitProof) error {
		j.verified = append(j.verified, ctx.GasMeter().GasRemaining())
		ctx.GasMeter().ConsumeGas(100, "verification")
		return nil
	})
	return j
}

// ask runs the decorator and returns what the pool is told.
func (j *judged) ask(ctx sdk.Context, number uint64, simulate bool, msgs ...sdk.Msg) (urgency, error) {
	tx := &message{simple{gas: 1_000, unordered: true, number: number}, msgs}
	ctx = ctx.WithTxBytes(tx.raw()).WithGasMeter(storetypes.NewGasMeter(1_000))
	after, err := j.AnteHandle(ctx, tx, simulate, func(ctx sdk.Context, _ sdk.Tx, _ bool) (sdk.Context, error) { return ctx, nil })
	if err != nil {
		return urgency{}, err
	}
	u, _ := after.Value(urgencyKey{}).(urgency)
	return u, nil
}

func checking() sdk.Context {
	return sdk.NewContext(nil, cmtproto.Header{}, true, log.NewNopLogger()).WithPriority(7).
		WithConsensusParams(cmtproto.ConsensusParams{Block: &cmtproto.BlockParams{MaxGas: 100_000_000, MaxBytes: -1}})
}

func TestWhoGetsIntoLanes(t *testing.T) {
	full := make([]string, markettypes.MaxBatch)
	for i := range full {
		full[i] = string(rune('A' + i))
	}
	for name, tc := range map[string]struct {
		msgs  []sdk.Msg
		want  error
		keys  []string
		order int64 // in seconds
		proof int   // how many were verified
	}{
		"a proof":                     {msgs: []sdk.Msg{submit("aa")}, keys: []string{"paa"}, order: 2, proof: 1},
		"not assigned":                {msgs: []sdk.Msg{submit("no")}, want: errNotYours},
		"a good and a bad proof":      {msgs: []sdk.Msg{submit("aa"), submit("no")}, want: errNotYours},
		"a proof twice":               {msgs: []sdk.Msg{submit("aa"), submit("aa")}, want: ErrTwice},
		"two proofs":                  {msgs: []sdk.Msg{submit("aaa"), submit("bb")}, keys: []string{"paaa", "pbb"}, order: 2, proof: 2},
		"a reveal twice":              {msgs: []sdk.Msg{reveals("a", "a")}, want: ErrTwice},
		"a reveal in two messages":    {msgs: []sdk.Msg{reveals("a"), &markettypes.MsgReveal{RequestId: "a"}}, want: ErrTwice},
		"one good item":               {msgs: []sdk.Msg{reveals("no", "bbb", "no")}, keys: []string{"rbbb"}, order: 3},
		"no good item":                {msgs: []sdk.Msg{reveals("no", "no")}, want: errNotYours},
		"no item":                     {msgs: []sdk.Msg{reveals()}, want: markettypes.ErrInvalidSize},
		"a full batch and one":        {msgs: []sdk.Msg{reveals(full...), submit("aa")}, want: ErrTooManyItems},
		"a bid twice":                 {msgs: []sdk.Msg{&markettypes.MsgBid{RequestId: "a"}, &markettypes.MsgBid{RequestId: "a"}}, want: ErrTwice},
		"a bid and a reveal":          {msgs: []sdk.Msg{&markettypes.MsgBid{RequestId: "a"}, reveals("a")}, keys: []string{"ba", "ra"}, order: 1},
		"bids":                        {msgs: []sdk.Msg{&markettypes.MsgBidBatch{Items: []markettypes.BidItem{{RequestId: "a"}}}}, keys: []string{"ba"}, order: 1},
		"a proof beside another kind": {msgs: []sdk.Msg{submit("no"), &banktypes.MsgSend{}}},
	} {
		t.Run(name, func(t *testing.T) {
			j := newJudged(t)
			u, err := j.ask(checking(), 1, false, tc.msgs...)
			require.ErrorIs(t, err, tc.want)
			require.Len(t, j.verified, tc.proof)
			if tc.want != nil {
				return
			}
			require.Equal(t, tc.keys, u.keys)
			if u.lane == Rest {
				require.Equal(t, int64(-7), u.order)
			} else {
				require.Equal(t, time.Unix(tc.order, 0).UnixNano(), u.order)
			}
		})
	}
}

// All proofs of a transaction share its gas, as they do when it runs.
func TestProofsShareTheGasThatIsLeft(t *testing.T) {
	j := newJudged(t)
	_, err := j.ask(checking(), 1, false, submit("a"), submit("b"), submit("c"))
	require.NoError(t, err)
	require.Equal(t, []uint64{1_000, 900, 800}, j.verified)
}

// What the pool is not going to take is not verified: it would cost its sender nothing.
func TestThePoolIsAskedBeforeAProofIsVerified(t *testing.T) {
	j := newJudged(t)
	require.NoError(t, insert(j.pool, &simple{gas: 1, unordered: true, keys: []string{"pa"}, number: 9}))
	_, err := j.ask(checking(), 1, false, submit("a"))
	require.ErrorIs(t, err, ErrPending)
	j.pool.capacity.Txs[Critical] = 0
	_, err = j.ask(checking(), 1, false, submit("b"))
	require.ErrorIs(t, err, ErrFull)
	require.Empty(t, j.verified)
}

// Rechecks and simulations never verify; a recheck of the first lane asks the market.
func TestRechecksAndSimulationsNeverVerify(t *testing.T) {
	j := newJudged(t)
	_, err := j.ask(checking(), 1, true, submit("no"))
	require.NoError(t, err, "a simulation runs its messages instead")
	require.Zero(t, j.market.asked)
	recheck := checking().WithIsReCheckTx(true)
	_, err = j.ask(recheck, 1, false, submit("a"))
	require.NoError(t, err)
	_, err = j.ask(recheck, 1, false, submit("no"))
	require.ErrorIs(t, err, errNotYours, "the assignment is gone")
	require.Equal(t, 2, j.market.asked)
	_, err = j.ask(recheck, 1, false, &markettypes.MsgBid{RequestId: "no"})
	require.NoError(t, err)
	require.Equal(t, 2, j.market.asked)
	require.Empty(t, j.verified)
	block := checking().WithIsCheckTx(false)
	_, err = j.ask(block, 1, false, submit("no"))
	require.NoError(t, err, "blocks don't depend on it")
}
