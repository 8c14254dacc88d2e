package lanes

import (
	"context"
	"errors"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/log/v2"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

func TestPoolOrder(t *testing.T) { // law M17
	p := NewPool(DefaultCapacity())
	for i, s := range []simple{
		{lane: Rest, order: -5, gas: 10, unordered: true},
		{lane: Bids, order: 30, gas: 10, unordered: true},
		{lane: Critical, order: 20, gas: 10, unordered: true},
		{lane: Critical, order: 10, gas: 10, unordered: true},
		{lane: Rest, order: -9, gas: 10, unordered: true},
		{lane: Critical, order: 10, gas: 10, unordered: true},
	} {
		s.number = uint64(i)
		require.NoError(t, insert(p, &s))
	}
	pick := func(l limits, most uint64) []uint64 { return numbers(p.pick(&filling{limits: l}, next(most, nil))) }
	require.Equal(t, []uint64{3, 5, 2, 1, 4, 0}, pick(block(-1, -1), 1_000))
	// 60 % of 40 gas hold two of the first lane; the third waits, and what it leaves
	// can't be used by those after it but for their own share.
	require.Equal(t, []uint64{3, 5, 1, 4}, pick(block(40, -1), 1_000))
	require.Len(t, pick(block(-1, -1), 25), 2, "CometBFT's bytes bind, too")
	require.Empty(t, pick(block(5, -1), 1_000), "parameters that changed since CheckTx")
	var seen int
	for i := p.Select(context.Background(), nil); i != nil; i = i.Next() {
		seen++
	}
	require.Equal(t, p.CountTx(), seen)
}

func TestSequences(t *testing.T) {
	p := NewPool(DefaultCapacity())
	put := func(number, sequence uint64, lane Lane, order int64) {
		require.NoError(t, insert(p, &simple{lane: lane, order: order, gas: 1, signer: 1, sequence: sequence, number: number}))
	}
	pick := func(committed uint64) []uint64 {
		return numbers(p.pick(&filling{limits: block(-1, -1)}, next(1_000, map[int]uint64{1: committed})))
	}
	put(0, 7, Rest, -1)
	put(1, 8, Rest, -9) // pays more, but can't go first
	put(2, 9, Critical, 5)
	put(3, 10, Rest, -3)
	require.Equal(t, []uint64{0, 1}, pick(7),
		"the proof can't go before the sends, and its lane is over when they have gone")
	require.Empty(t, pick(6), "what comes before them was let go: in a block they would fail without paying")
	require.Equal(t, []uint64{1}, pick(8), "the first was in a block already")
	p.Executed([][]byte{(&simple{number: 0}).raw(), (&simple{number: 1}).raw()})
	require.Equal(t, []uint64{2, 3}, pick(9))
	failing := next(1_000, nil)
	failing.sequence = func(sdk.AccAddress) (uint64, error) { return 9, errors.New("no account") }
	require.Empty(t, p.pick(&filling{limits: block(-1, -1)}, failing))
}

// What the next block is too late for would fail in it without paying, and could be sent
// anew for every block.
func TestTooLateForTheBlock(t *testing.T) {
	p := NewPool(DefaultCapacity())
	block10 := next(1_000, nil) // at time 1000
	for i, s := range []simple{
		{until: time.Unix(999, 0)},
		{until: time.Unix(1_000, 0)},
		{untilHeight: 9},
		{untilHeight: 10},
		{until: time.Unix(0, 0)}, // none, as the SDK reads it
	} {
		s.number, s.gas, s.unordered = uint64(i), 1, true
		require.NoError(t, insert(p, &s))
	}
	require.Equal(t, []uint64{1, 3, 4}, numbers(p.pick(&filling{limits: block(-1, -1)}, block10)))
}

// noAccounts panics.
type noAccounts struct{}

func (noAccounts) GetSequence(context.Context, sdk.AccAddress) (uint64, error) { panic("boom") }

// The SDK would answer a panic with what CometBFT offers, which all others reject.
func TestAPanicGivesAnEmptyBlock(t *testing.T) {
	p := NewPool(DefaultCapacity())
	require.NoError(t, insert(p, &simple{lane: Rest, gas: 1}))
	ctx := sdk.NewContext(nil, cmtproto.Header{}, false, log.NewNopLogger()).WithConsensusParams(cmtproto.ConsensusParams{})
	res, err := NewProposals(p, noAccounts{}, nil).Prepare(ctx, &abci.RequestPrepareProposal{Txs: [][]byte{{1}}, MaxTxBytes: 1_000, Height: 1})
	require.NoError(t, err)
	require.Empty(t, res.Txs)
}

// checkPick checks that a block of what waits keeps the rules: order and shares, sizes,
// and the signers' sequences.
func checkPick(t *rapid.T, p *Pool, known []*simple) {
	byNumber, committed := map[uint64]*simple{}, map[int]uint64{}
	for signer := range 4 {
		committed[signer] = rapid.Uint64Range(0, 6).Draw(t, "committed")
	}
	for _, s := range known {
		byNumber[s.number] = s
	}
	l := block(100, 400)
	check := filling{limits: l}
	for _, n := range numbers(p.pick(&filling{limits: l}, next(350, committed))) {
		s := byNumber[n]
		require.True(t, p.Has(s.raw()))
		require.NoError(t, check.add(Of(s.GetMsgs()), s.gas, sizeInBlock(s.raw())))
		if !s.unordered {
			require.Equal(t, committed[s.signer], s.sequence, "signer %d", s.signer)
			committed[s.signer]++
		}
	}
	require.LessOrEqual(t, check.bytes, uint64(350))
}
