package prover

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// manyRig has room for many jobs.
func manyRig(t *testing.T, n int) (*rig, []string) {
	t.Helper()
	r := newRig(t, func(r *rig) {
		r.limits.Workers, r.limits.Queue, r.limits.UnitsPerSecond = 100, 1000, 1_000_000
		r.chain.standing.Assets = math.NewInt(1_000_000)
	})
	ids := make([]string, n)
	for i := range ids {
		ids[i] = r.add(byte(i + 1))
	}
	return r, ids
}

// playAll takes requests from bid to proof together.
func playAll(r *rig, ids []string, between func()) {
	step := func(n int) {
		for range n {
			between()
			r.round()
		}
	}
	step(2)
	for _, id := range ids {
		r.chain.stage(id, markettypes.STAGE_REVEALING)
	}
	step(2)
	for _, id := range ids {
		r.chain.assign(id, proverAddr, false)
	}
	step(4)
}

// requireOneSalt checks that every bid for a request was the same, and that nothing
// was lost.
func requireOneSalt(t *testing.T, r *rig, ids []string) {
	t.Helper()
	seen := map[string][]byte{}
	for _, b := range r.chain.bidsSigned() {
		if was, ok := seen[b.RequestId]; ok {
			require.Equal(t, was, b.Commitment, "law P4: one bid, one salt")
		}
		seen[b.RequestId] = b.Commitment
	}
	for _, id := range ids {
		require.Equal(t, store.Fulfilled, r.job(id).Outcome, id)
	}
}

func typesOf(msgs []sdk.Msg) (names []string) {
	for _, m := range msgs {
		names = append(names, fmt.Sprintf("%T", m)[len("*types."):])
	}
	return names
}

// law M19: what is due goes together, each kind by itself.
func TestBidsAndRevealsGoTogether(t *testing.T) {
	r, ids := manyRig(t, 5)
	playAll(r, ids, func() {})
	requireOneSalt(t, r, ids)
	require.Equal(t, []string{
		"MsgBidBatch", "MsgRevealBatch", "MsgSubmitProof", "MsgSubmitProof", "MsgSubmitProof", "MsgSubmitProof", "MsgSubmitProof",
	}, typesOf(r.chain.signed))
	for _, id := range ids {
		j := r.job(id)
		require.Equal(t, r.job(ids[0]).BidTx, j.BidTx)
		require.Equal(t, math.OneInt(), j.MaxBond)
		require.Equal(t, math.NewInt(1_000), j.Paid)
		require.True(t, j.Estimate.GTE(math.NewInt(1_000)))
	}
	require.Equal(t, 1, r.chain.lists, "the open requests are listed once")
}

// Within a block bids wait for others that are being looked into, unless time is
// short.
func TestBidsWaitForCompany(t *testing.T) {
	for name, tc := range map[string]struct {
		blocks uint64
		want   []string
	}{
		"time enough": {100, []string{"MsgBidBatch"}},
		"in a hurry":  {hurryBlocks, []string{"MsgBid", "MsgBid", "MsgBid", "MsgBid"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(r *rig) {
				r.limits.Workers, r.limits.Queue, r.limits.UnitsPerSecond = 1, 100, 1_000_000
				r.chain.standing.Assets = math.NewInt(1_000_000)
			})
			for i := range 4 {
				id := r.add(byte(i + 1))
				r.chain.views[id].Auction.BiddingEnd = uint64(r.chain.head.Height) + tc.blocks
			}
			for range 8 { // as the service does: a Tick whenever a look ends
				require.NoError(t, r.engine.Tick(context.Background()))
				r.engine.Wait()
			}
			require.Equal(t, tc.want, typesOf(r.chain.signed))
		})
	}
}

func TestABatchIsNoLargerThanTheChainAllows(t *testing.T) {
	r, ids := manyRig(t, markettypes.MaxBatch+2)
	playAll(r, ids, func() {})
	requireOneSalt(t, r, ids)
	var sizes []int
	for _, m := range r.chain.signed {
		if items, _ := itemsOf(m); len(items) > 0 {
			sizes = append(sizes, len(items))
		}
	}
	require.Equal(t, []int{markettypes.MaxBatch, 2, markettypes.MaxBatch, 2}, sizes)
}

// An item that the chain would refuse is left out, and keeps nobody else back.
func TestAnItemThatWouldFailIsLeftOut(t *testing.T) {
	r, ids := manyRig(t, 4)
	poor, dear := ids[1], ids[2]
	r.chain.refuseItem = func(id string) error {
		switch id {
		case poor:
			return fmt.Errorf("%w: not enough funds", chain.ErrRefused)
		case dear:
			return fmt.Errorf("%w: %w", chain.ErrRefused, markettypes.ErrBondTooHigh)
		}
		return nil
	}
	r.round()
	r.chain.refuseItem = nil
	require.Equal(t, store.NotPlaced, r.job(dear).Outcome)
	require.Contains(t, r.log.String(), "not enough funds")
	require.Equal(t, store.Bidding, r.job(ids[0]).State)
	r.round()
	r.round()
	for _, id := range []string{ids[0], poor, ids[3]} {
		require.Equal(t, store.Bid, r.job(id).State)
	}
	require.Equal(t, []string{"MsgBidBatch", "MsgBid"}, typesOf(r.chain.signed))
}

// An item that fails in its block is tried again with the same bid, alone in the end,
// and given up like any bid.
func TestAnItemThatFailsInItsBlock(t *testing.T) {
	for name, hidden := range map[string]bool{"with results": false, "where the node does not tell": true} {
		t.Run(name, func(t *testing.T) {
			r, ids := manyRig(t, 3)
			bad := ids[1]
			r.chain.hideItems = hidden
			r.chain.failItem = func(id string) error {
				if id == bad {
					return fmt.Errorf("%w: paused", chain.ErrRefused)
				}
				return nil
			}
			r.round()
			r.round()
			require.Equal(t, store.Bid, r.job(ids[0]).State)
			require.Equal(t, store.Bid, r.job(ids[2]).State)
			require.Equal(t, 1, r.job(bad).Tries)
			r.round()
			r.round()
			require.Equal(t, store.Bid, r.job(bad).State, "alone it works")
			require.Equal(t, []string{"MsgBidBatch", "MsgBid"}, typesOf(r.chain.signed))
			playAll(r, ids, func() {})
			requireOneSalt(t, r, ids)
		})
	}
}

// A transaction that fails as a whole is tried again in smaller parts; its bids are
// given up in the end.
func TestAFailingBatchIsTakenApart(t *testing.T) {
	r, ids := manyRig(t, 10)
	r.chain.failTx = func(sdk.Msg) string { return "out of gas" }
	for range 12 {
		r.round()
	}
	for _, id := range ids {
		require.Equal(t, store.NotPlaced, r.job(id).Outcome)
		require.Contains(t, r.job(id).LastError, "out of gas")
	}
	names := typesOf(r.chain.signed)
	require.Len(t, names, 1+2+10)
	require.Equal(t, []string{"MsgBidBatch", "MsgBidBatch", "MsgBidBatch", "MsgBid"}, names[:4])
}

// law P4: a batch whose broadcast is unclear is looked up, by all its jobs.
func TestAnUnclearBatchIsLookedUp(t *testing.T) {
	unclear := errors.New("connection reset")
	for name, tc := range map[string]struct {
		arrives bool
		pass    time.Duration
		signed  int
	}{
		"it arrived":                          {true, 0, 1},
		"it did not, and is sent again":       {false, 0, 1},
		"it expired, and the same bids go on": {false, 2 * time.Minute, 2},
	} {
		t.Run(name, func(t *testing.T) {
			r, ids := manyRig(t, 4)
			r.chain.onBroadcast = func(sdk.Msg) (bool, error) { return tc.arrives, unclear }
			r.round()
			for _, id := range ids {
				require.Equal(t, store.Bidding, r.job(id).State)
				require.Empty(t, r.job(id).Pending.Raw, "the bytes are kept once")
			}
			r.chain.head.Time = r.chain.head.Time.Add(tc.pass)
			r.restart()
			r.chain.onBroadcast = nil
			sent := r.chain.sent
			require.NoError(t, r.engine.Tick(context.Background()))
			require.LessOrEqual(t, r.chain.sent, sent+1, "one transaction is sent once, whoever waits for it")
			r.round()
			r.round()
			for _, id := range ids {
				require.Equal(t, store.Bid, r.job(id).State)
			}
			require.Len(t, r.chain.signed, tc.signed)
			playAll(r, ids, func() {})
			requireOneSalt(t, r, ids)
		})
	}
}

// A bid stands for the bond that the request had when it was decided on.
func TestABondThatRises(t *testing.T) {
	r, ids := manyRig(t, 2)
	for _, id := range ids {
		r.chain.views[id].Request.Terms.BidBondBps = 100
	}
	require.NoError(t, r.engine.Tick(context.Background()))
	r.engine.Wait()
	require.Equal(t, math.NewInt(1_000), r.job(ids[0]).MaxBond)
	r.chain.mu.Lock()
	r.chain.views[ids[0]].Request.MaxFee = math.NewInt(200_000)
	r.chain.mu.Unlock()
	for range 3 {
		r.round()
	}
	require.Equal(t, store.NotPlaced, r.job(ids[0]).Outcome)
	require.Nil(t, r.chain.bids[ids[0]], "no bond was paid")
	require.Equal(t, store.Bid, r.job(ids[1]).State)
}

// law P6: with a full disk no batch of bids leaves, and reveals go on.
func TestFullDiskAndBatches(t *testing.T) {
	r, ids := manyRig(t, 3)
	r.chain.signErr = chain.ErrUnavailable
	r.round()
	r.fillDisk()
	r.chain.signErr = nil
	r.round()
	require.Zero(t, r.chain.sent)

	r.restart()
	r.round()
	r.round()
	r.fillDisk()
	r.chain.onBroadcast = func(sdk.Msg) (bool, error) { return false, errors.New("connection reset") }
	for _, id := range ids {
		r.chain.stage(id, markettypes.STAGE_REVEALING)
	}
	r.round()
	r.chain.onBroadcast = nil // sent again from memory
	r.round()
	r.round()
	for _, id := range ids {
		require.Equal(t, markettypes.BID_STATE_RANKED, r.chain.bids[id].State)
	}
}

// laws P1 and P6: whenever the process dies, between any two things that it does,
// what it left on disk leads to the end, with the same bids and nothing lost.
func TestDiesAnywhere(t *testing.T) {
	for at := 1; ; at++ {
		r, ids := manyRig(t, 3)
		died := false
		left := filepath.Join(t.TempDir(), "left.db")
		n := 0
		r.chain.step = func() {
			r.chain.mu.Lock()
			defer r.chain.mu.Unlock()
			if n++; n != at || died {
				return
			}
			raw, err := os.ReadFile(filepath.Join(r.home, jobsFile))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(left, raw, 0o600))
			died, r.chain.dead = true, true
		}
		revive := func() {
			if !r.chain.dead {
				return
			}
			r.engine.Wait()
			require.NoError(t, r.store.Close())
			require.NoError(t, os.Rename(left, filepath.Join(r.home, jobsFile)))
			r.chain.dead = false
			r.open()
		}
		playAll(r, ids, revive)
		for range 3 {
			revive()
			r.round()
		}
		requireOneSalt(t, r, ids)
		if !died {
			require.Greater(t, at, 20)
			break
		}
	}
}
