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

	until       time.Time
	untilHeight uint64
	keyless     bool // no public key in the signature
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
func (s *simple) GetTimeoutTimeStamp() time.Time        { return s.until }
func (s *simple) GetTimeoutHeight() uint64              { return s.untilHeight }
func (s *simple) GetSigners() ([][]byte, error)         { return [][]byte{testKeys[s.signer].Address()}, nil }
func (s *simple) GetPubKeys() ([]cryptotypes.PubKey, error) {
	return []cryptotypes.PubKey{testKeys[s.signer]}, nil
}

func (s *simple) GetSignaturesV2() ([]signing.SignatureV2, error) {
	if s.keyless {
		return []signing.SignatureV2{{Sequence: s.sequence}}, nil
	}
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

func admit(p *Pool, s *simple) error {
	return p.Admit(sdk.UnwrapSDKContext(s.context()), s)
}

func small() Capacity {
	return Capacity{Txs: [lanes]int{4, 5, 6}, Bytes: [lanes]int64{200, 200, 200}, OfSigner: [lanes]int{4, 3, 3}}
}

func block(gas, bytes int64) limits {
	return limitsOf(&cmtproto.BlockParams{MaxGas: gas, MaxBytes: bytes})
}

// next is the next block, in which each signer's first sequence is the one given.
func next(most uint64, sequences map[int]uint64) upcoming {
	bySigner := map[string]uint64{}
	for signer, sequence := range sequences {
		bySigner[sdk.AccAddress(testKeys[signer].Address()).String()] = sequence
	}
	return upcoming{height: 10, time: time.Unix(1_000, 0), most: most, sequence: func(a sdk.AccAddress) (uint64, error) {
		return bySigner[a.String()], nil
	}}
}

func numbers(txs [][]byte) (list []uint64) {
	for _, raw := range txs {
		list = append(list, binary.BigEndian.Uint64(raw[len(raw)-8:]))
	}
	return list
}

func TestPendingOnce(t *testing.T) { // law M17: one pending proof for each assignment
	p := NewPool(DefaultCapacity())
	first := &simple{gas: 1, unordered: true, keys: []string{"a", "b"}}
	require.NoError(t, insert(p, first))
	require.NoError(t, insert(p, first), "the same bytes again change nothing")
	second := &simple{gas: 1, unordered: true, keys: []string{"c", "b"}, number: 1}
	require.ErrorIs(t, admit(p, second), ErrPending)
	require.ErrorIs(t, insert(p, second), ErrPending)
	require.NoError(t, insert(p, &simple{gas: 1, unordered: true, keys: []string{"c"}, number: 2}))
	p.Executed([][]byte{first.raw()})
	require.NoError(t, insert(p, &simple{gas: 1, unordered: true, keys: []string{"b"}, number: 3}))
	require.Equal(t, 2, p.CountTx())
}

// What was in a block and is sent again goes behind all that was not, whatever its deadline.
func TestWhatFailedGoesBehind(t *testing.T) {
	p := NewPool(DefaultCapacity())
	all := func() []uint64 { return numbers(p.pick(&filling{limits: block(-1, -1)}, next(1_000, nil))) }
	attack := func(number uint64, keys ...string) *simple {
		return &simple{order: 1, gas: 1, unordered: true, keys: keys, number: number}
	}
	require.NoError(t, insert(p, attack(1, "a")))
	require.NoError(t, insert(p, &simple{order: 50, gas: 1, unordered: true, keys: []string{"b"}, number: 2}))
	require.Equal(t, []uint64{1, 2}, all(), "by deadline")
	p.Executed([][]byte{attack(1).raw()})
	require.NoError(t, insert(p, attack(3, "a", "new")), "together with another")
	require.Equal(t, []uint64{2, 3}, all())
	p.Executed([][]byte{attack(3).raw()})
	require.NoError(t, insert(p, attack(4, "a")))
	require.NoError(t, insert(p, attack(5, "new")))
	require.Equal(t, []uint64{2, 5, 4}, all(), "those that failed once before those that failed twice")
}

// CometBFT's pool may be full when this one took a transaction in: nobody hears of it then,
// and its key must not stay taken.
func TestWhatCometDoesNotHoldGoes(t *testing.T) {
	p := NewPool(DefaultCapacity())
	kept := &simple{gas: 1, unordered: true, keys: []string{"a"}, number: 1}
	lost := &simple{gas: 1, unordered: true, keys: []string{"b"}, number: 2}
	require.NoError(t, insert(p, kept))
	require.NoError(t, insert(p, lost))
	p.Committed()
	require.NoError(t, p.Recheck(kept.raw()))
	require.Equal(t, 2, p.CountTx(), "a recheck may come yet")
	late := &simple{gas: 1, unordered: true, keys: []string{"c"}, number: 3}
	require.NoError(t, insert(p, late))
	p.Committed()
	require.True(t, p.Has(kept.raw()))
	require.True(t, p.Has(late.raw()), "came after the recheck")
	require.False(t, p.Has(lost.raw()))
	require.ErrorIs(t, p.Recheck(lost.raw()), ErrDropped)
	require.NoError(t, insert(p, &simple{gas: 1, unordered: true, keys: []string{"b"}, number: 4}))
}

// A signature without a public key is as good as any: the account has the key.
func TestNoPublicKey(t *testing.T) {
	p := NewPool(DefaultCapacity())
	require.NoError(t, insert(p, &simple{lane: Rest, gas: 1, signer: 1, sequence: 7, keyless: true}))
	require.Len(t, p.pick(&filling{limits: block(-1, -1)}, next(1_000, map[int]uint64{1: 7})), 1)
	_, err := signersOf(nil)
	require.ErrorIs(t, err, ErrNoSigner)
}

func TestFullLane(t *testing.T) {
	p := NewPool(small())
	for i := range 6 {
		require.NoError(t, insert(p, &simple{lane: Rest, order: -int64(i), gas: 1, signer: i / 3, sequence: uint64(i % 3), number: uint64(i)}))
	}
	refused := func(s *simple, why string) {
		t.Helper()
		require.ErrorIs(t, admit(p, s), ErrFull, why)
		require.ErrorIs(t, insert(p, s), ErrFull, why)
		require.Equal(t, 6, p.CountTx(), "nothing goes for what is refused")
	}
	refused(&simple{lane: Rest, order: -100, gas: 1, signer: 1, sequence: 3, number: 6}, "three of a signer")
	refused(&simple{lane: Rest, order: 1, gas: 1, signer: 2, number: 7}, "all others pay more")
	refused(&simple{lane: Rest, order: -3, gas: 1, size: 190, signer: 2, number: 7}, "more bytes than those that pay less have")
	p.capacity.OfSigner[Rest] = 4
	refused(&simple{lane: Rest, order: -100, gas: 1, signer: 0, sequence: 3, number: 7}, "it comes after what would go")
	require.NoError(t, insert(p, &simple{lane: Critical, order: 1, gas: 1, signer: 2, unordered: true, number: 8}), "another lane")
	require.Equal(t, 7, p.CountTx())
	// The cheapest goes, and with it those of its signer that come after it.
	require.NoError(t, insert(p, &simple{lane: Rest, order: -50, gas: 1, signer: 2, number: 9}))
	require.Equal(t, 5, p.CountTx())
	require.False(t, p.Has((&simple{number: 0}).raw()))
	require.False(t, p.Has((&simple{number: 2}).raw()))
	require.True(t, p.Has((&simple{number: 3}).raw()))
}

// CometBFT keeps what a lane let go until the next block, and refuses everything once it is
// full: so much may go until then and no more.
func TestALaneIsExchangedOnceBetweenBlocks(t *testing.T) {
	p := NewPool(small())
	p.capacity.OfSigner = [lanes]int{100, 100, 100}
	put := func(i int) error {
		return insert(p, &simple{lane: Rest, order: -int64(i), gas: 1, signer: i % 4, unordered: true, number: uint64(i)})
	}
	for i := range 12 { // six, and six that go before them
		require.NoError(t, put(i))
	}
	require.ErrorIs(t, put(12), ErrFull)
	require.NoError(t, insert(p, &simple{order: 1, gas: 1, unordered: true, keys: []string{"a"}, number: 100}), "another lane")
	for i := 6; i < 12; i++ {
		require.NoError(t, p.Recheck((&simple{number: uint64(i)}).raw()))
	}
	p.Committed()
	require.NoError(t, put(12))
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
			} else if rapid.Bool().Draw(t, "block") {
				p.Executed([][]byte{rapid.SampledFrom(known).Draw(t, "gone").raw()})
				p.Committed()
				for _, s := range known {
					_ = p.Recheck(s.raw())
				}
			} else {
				p.Executed([][]byte{rapid.SampledFrom(known).Draw(t, "gone").raw()})
			}
			for lane := range lanes {
				txs, bytes := p.Waiting(Lane(lane))
				require.LessOrEqual(t, txs, capacity.Txs[lane])
				require.LessOrEqual(t, bytes, capacity.Bytes[lane])
			}
			checkPick(t, p, known)
		}
		for _, s := range known {
			p.Executed([][]byte{s.raw()})
		}
		require.Zero(t, p.CountTx())
		require.Empty(t, p.keys)
		require.Empty(t, p.byTx)
		require.Empty(t, p.of)
		require.Equal(t, [lanes]int64{}, p.bytes)
	})
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
				p.pick(&filling{limits: block(50, 500)}, next(400, nil))
				_ = p.Recheck(s.raw())
				p.Committed()
				p.SelectBy(s.context(), nil, func(w mempool.PooledTx) bool {
					_ = p.Remove(w.Tx)
					return i%2 == 0
				})
				_ = p.RemoveWithReason(s.context(), s, mempool.RemoveReason{Caller: mempool.CallerRunTxRecheck})
				p.Executed([][]byte{s.raw()})
			}
		}()
	}
	wait.Wait()
	require.Zero(t, p.CountTx())
	require.Empty(t, p.of)
}
