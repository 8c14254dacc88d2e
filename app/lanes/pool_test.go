package lanes

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/stretchr/testify/require"
	protov2 "google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/mempool"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// simple is a transaction as the pool sees one.
type simple struct {
	lane      Lane
	order     int64
	gas       uint64
	size      int
	signer    int
	sequence  uint64
	unordered bool
	keys      []string
	number    uint64 // makes its bytes unique
}

var testKeys = func() (list []cryptotypes.PubKey) {
	for i := range 8 {
		list = append(list, secp256k1.GenPrivKeyFromSecret([]byte{byte(i)}).PubKey())
	}
	return list
}()

func (s *simple) GetMsgs() []sdk.Msg {
	switch s.lane {
	case Critical:
		return []sdk.Msg{&markettypes.MsgReveal{}}
	case Bids:
		return []sdk.Msg{&markettypes.MsgReveal{}, &markettypes.MsgBidBatch{}}
	default:
		return []sdk.Msg{&markettypes.MsgBid{}, &banktypes.MsgSend{}}
	}
}
func (s *simple) GetMsgsV2() ([]protov2.Message, error) { return nil, nil }
func (s *simple) GetGas() uint64                        { return s.gas }
func (s *simple) GetUnordered() bool                    { return s.unordered }
func (s *simple) GetTimeoutTimeStamp() time.Time        { return time.Time{} }
func (s *simple) GetSigners() ([][]byte, error)         { return [][]byte{testKeys[s.signer].Address()}, nil }
func (s *simple) GetPubKeys() ([]cryptotypes.PubKey, error) {
	return []cryptotypes.PubKey{testKeys[s.signer]}, nil
}

func (s *simple) GetSignaturesV2() ([]signing.SignatureV2, error) {
	return []signing.SignatureV2{{PubKey: testKeys[s.signer], Sequence: s.sequence}}, nil
}

func (s *simple) raw() []byte {
	return binary.BigEndian.AppendUint64(make([]byte, s.size), s.number)
}

// context is what CheckTx hands to the pool.
func (s *simple) context() context.Context {
	return sdk.Context{}.WithContext(context.Background()).WithTxBytes(s.raw()).
		WithValue(urgencyKey{}, urgency{lane: s.lane, order: s.order, keys: s.keys})
}

func insert(p *Pool, s *simple) error {
	return p.Insert(s.context(), s, mempool.InsertOption{GasWanted: s.gas})
}

func small() Capacity {
	return Capacity{Txs: [lanes]int{4, 5, 6}, Bytes: [lanes]int64{200, 200, 200}, OfSigner: [lanes]int{4, 3, 3}}
}

func block(gas, bytes int64) limits {
	return limitsOf(&cmtproto.BlockParams{MaxGas: gas, MaxBytes: bytes})
}

func numbers(txs [][]byte) (list []uint64) {
	for _, raw := range txs {
		list = append(list, binary.BigEndian.Uint64(raw[len(raw)-8:]))
	}
	return list
}

func TestOf(t *testing.T) {
	proof, bid, send := &markettypes.MsgSubmitProof{}, &markettypes.MsgBid{}, &banktypes.MsgSend{}
	for _, tc := range []struct {
		msgs []sdk.Msg
		want Lane
	}{
		{nil, Rest},
		{[]sdk.Msg{proof}, Critical},
		{[]sdk.Msg{&markettypes.MsgRevealBatch{}, &markettypes.MsgReveal{}, proof}, Critical},
		{[]sdk.Msg{bid}, Bids},
		{[]sdk.Msg{proof, bid}, Bids},
		{[]sdk.Msg{proof, send}, Rest},
		{[]sdk.Msg{send, bid}, Rest},
		{[]sdk.Msg{&markettypes.MsgRequest{}}, Rest},
	} {
		require.Equal(t, tc.want, Of(tc.msgs), "%T", tc.msgs)
	}
}

func TestShares(t *testing.T) { // law M17
	l := block(100_000_001, -1)
	require.Equal(t, [lanes]uint64{60_000_000, 90_000_000, 100_000_001}, l.gas)
	require.Equal(t, uint64(1<<64-1), l.bytes[Critical])
	require.Equal(t, l.bytes, limitsOf(nil).gas)

	f := filling{limits: block(100, 1_000)}
	require.NoError(t, f.add(Critical, 60, 1))
	require.ErrorIs(t, f.add(Critical, 1, 1), ErrShare)
	require.NoError(t, f.add(Bids, 30, 1))
	require.ErrorIs(t, f.add(Bids, 1, 1), ErrShare)
	require.ErrorIs(t, f.add(Critical, 0, 0), ErrOrder)
	require.ErrorIs(t, f.add(Rest, 1<<64-1, 1), ErrShare)
	require.ErrorIs(t, f.add(Rest, 1, 1<<64-1), ErrShare)
	require.NoError(t, f.add(Rest, 10, 998))
	require.ErrorIs(t, f.add(Rest, 0, 1), ErrShare)
}

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
	require.Equal(t, []uint64{3, 5, 2, 1, 4, 0}, numbers(p.pick(&filling{limits: block(-1, -1)}, 1_000)))
	// 60 % of 40 gas hold two of the first lane; the third waits, and what it leaves
	// can't be used by those after it but for their own share.
	require.Equal(t, []uint64{3, 5, 1, 4}, numbers(p.pick(&filling{limits: block(40, -1)}, 1_000)))
	require.Len(t, p.pick(&filling{limits: block(-1, -1)}, 25), 2, "CometBFT's bytes bind, too")
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
	put(0, 7, Rest, -1)
	put(1, 8, Rest, -9) // pays more, but can't go first
	put(2, 9, Critical, 5)
	put(3, 10, Rest, -3)
	require.Equal(t, []uint64{0, 1}, numbers(p.pick(&filling{limits: block(-1, -1)}, 1_000)),
		"the proof can't go before the sends, and its lane is over when they have gone")
	p.Forget([][]byte{(&simple{number: 0}).raw(), (&simple{number: 1}).raw()})
	require.Equal(t, []uint64{2, 3}, numbers(p.pick(&filling{limits: block(-1, -1)}, 1_000)))
}

func TestPendingOnce(t *testing.T) { // law M17: one pending proof for each assignment
	p := NewPool(DefaultCapacity())
	first := &simple{gas: 1, unordered: true, keys: []string{"a", "b"}}
	require.NoError(t, insert(p, first))
	require.NoError(t, insert(p, first), "the same bytes again change nothing")
	require.ErrorIs(t, insert(p, &simple{gas: 1, unordered: true, keys: []string{"c", "b"}, number: 1}), ErrPending)
	require.NoError(t, insert(p, &simple{gas: 1, unordered: true, keys: []string{"c"}, number: 2}))
	p.Forget([][]byte{first.raw()})
	require.NoError(t, insert(p, &simple{gas: 1, unordered: true, keys: []string{"b"}, number: 3}))
	require.Equal(t, 2, p.CountTx())
}

func TestFullLane(t *testing.T) {
	p := NewPool(small())
	for i := range 6 {
		require.NoError(t, insert(p, &simple{lane: Rest, order: -int64(i), gas: 1, signer: i / 3, sequence: uint64(i % 3), number: uint64(i)}))
	}
	require.ErrorIs(t, insert(p, &simple{lane: Rest, order: -100, gas: 1, signer: 1, sequence: 3, number: 6}), ErrFull, "three of a signer")
	require.ErrorIs(t, insert(p, &simple{lane: Rest, order: 1, gas: 1, signer: 2, number: 7}), ErrFull, "all others pay more")
	require.NoError(t, insert(p, &simple{lane: Critical, order: 1, gas: 1, signer: 2, unordered: true, number: 8}), "another lane")
	require.Equal(t, 7, p.CountTx())
	// The cheapest goes, and with it those of its signer that come after it.
	require.NoError(t, insert(p, &simple{lane: Rest, order: -50, gas: 1, signer: 2, number: 9}))
	require.Equal(t, 5, p.CountTx())
	require.False(t, p.Has((&simple{number: 0}).raw()))
	require.False(t, p.Has((&simple{number: 2}).raw()))
	require.True(t, p.Has((&simple{number: 3}).raw()))
}

func TestPoolUnderAnyTraffic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, capacity := NewPool(small()), small()
		var known []*simple
		for step := range rapid.IntRange(1, 80).Draw(t, "steps") {
			if rapid.IntRange(0, 3).Draw(t, "what") > 0 || len(known) == 0 {
				s := &simple{
					lane: Lane(rapid.IntRange(0, 2).Draw(t, "lane")), order: rapid.Int64Range(-3, 3).Draw(t, "order"),
					gas: rapid.Uint64Range(0, 30).Draw(t, "gas"), size: rapid.IntRange(0, 60).Draw(t, "size"),
					signer: rapid.IntRange(0, 3).Draw(t, "signer"), sequence: rapid.Uint64Range(0, 6).Draw(t, "sequence"),
					unordered: rapid.Bool().Draw(t, "unordered"), number: uint64(step),
				}
				if s.lane == Critical {
					s.keys = []string{fmt.Sprint(rapid.IntRange(0, 5).Draw(t, "key"))}
				}
				if insert(p, s) == nil {
					known = append(known, s)
				}
			} else {
				p.Forget([][]byte{rapid.SampledFrom(known).Draw(t, "gone").raw()})
			}
			for lane := range lanes {
				txs, bytes := p.Waiting(Lane(lane))
				require.LessOrEqual(t, txs, capacity.Txs[lane])
				require.LessOrEqual(t, bytes, capacity.Bytes[lane])
			}
			checkPick(t, p, known)
		}
		for _, s := range known {
			p.Forget([][]byte{s.raw()})
		}
		require.Zero(t, p.CountTx())
		require.Empty(t, p.keys)
		require.Empty(t, p.of)
		require.Equal(t, [lanes]int64{}, p.bytes)
	})
}

// checkPick checks that a block of what waits keeps the rules: order and shares, sizes,
// and the signers' sequences.
func checkPick(t *rapid.T, p *Pool, known []*simple) {
	byNumber := map[uint64]*simple{}
	least := map[int]uint64{}
	for _, s := range known {
		byNumber[s.number] = s
		if !s.unordered && p.Has(s.raw()) {
			if at, found := least[s.signer]; !found || s.sequence < at {
				least[s.signer] = s.sequence
			}
		}
	}
	l := block(100, 400)
	check := filling{limits: l}
	for _, n := range numbers(p.pick(&filling{limits: l}, 350)) {
		s := byNumber[n]
		require.True(t, p.Has(s.raw()))
		require.NoError(t, check.add(Of(s.GetMsgs()), s.gas, sizeInBlock(s.raw())))
		if !s.unordered {
			require.Equal(t, least[s.signer], s.sequence, "signer %d", s.signer)
			least[s.signer]++
		}
	}
	require.LessOrEqual(t, check.bytes, uint64(350))
}

func TestConcurrentUse(t *testing.T) {
	p := NewPool(small())
	var wait sync.WaitGroup
	for worker := range 4 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for i := range 200 {
				s := &simple{lane: Lane(i % 3), gas: 1, signer: worker, unordered: true, number: uint64(worker*1000 + i)}
				_ = insert(p, s)
				p.pick(&filling{limits: block(50, 500)}, 400)
				p.SelectBy(s.context(), nil, func(w mempool.PooledTx) bool {
					_ = p.Remove(w.Tx)
					return i%2 == 0
				})
				_ = p.RemoveWithReason(s.context(), s, mempool.RemoveReason{Caller: mempool.CallerRunTxRecheck})
				p.Forget([][]byte{s.raw()})
			}
		}()
	}
	wait.Wait()
	require.Zero(t, p.CountTx())
	require.Empty(t, p.of)
}
