package prover

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// tick is Tick until nothing is left to do in this block.
func (r *rig) tick() {
	r.t.Helper()
	for range 2 {
		require.NoError(r.t, r.engine.Tick(context.Background()))
		r.engine.Wait()
	}
}

// A block in which nothing concerns us costs nothing, however many requests are open.
func TestAQuietBlockAsksNothing(t *testing.T) {
	r := newRig(t, func(r *rig) { r.cfg.Policy.MaxPenalty = math.NewInt(5) })
	for i := range 200 {
		r.add(byte(i), func(req *markettypes.Request) { req.Terms.Penalty = math.NewInt(100) })
	}
	r.tick()
	require.Len(t, r.engine.book.dismissed, 200)
	require.Empty(t, r.engine.book.open)
	require.Empty(t, r.engine.open, "only their ids are kept")
	lists, asked, standings := r.chain.lists, r.chain.asked, r.chain.standings
	for range 20 {
		r.chain.mine()
		r.tick()
	}
	require.Equal(t, []int{lists, asked, standings}, []int{r.chain.lists, r.chain.asked, r.chain.standings})
}

// Requests that wait for us to stand differently are looked at again then only, and
// cost no question about them.
func TestWaitingRequestsAreNotAskedFor(t *testing.T) {
	r := newRig(t, func(r *rig) { r.cfg.Policy.MaxJobs = 1 })
	var ids []string
	for i := range 20 {
		ids = append(ids, r.add(byte(i+1)))
	}
	for range 3 {
		r.round()
	}
	open, err := r.store.Open()
	require.NoError(t, err)
	require.Len(t, open, 1)
	require.Len(t, r.engine.book.open, len(ids))
	asked := r.chain.asked
	for range reviewBlocks - 3 {
		r.round()
	}
	require.LessOrEqual(t, r.chain.asked-asked, 2, "about our own job, now and then")
	r.chain.end(open[0].RequestID, markettypes.REQUEST_STATUS_CANCELLED, markettypes.END_REASON_CANCELLED)
	r.round()
	r.round()
	now, err := r.store.Open()
	require.NoError(t, err)
	require.Len(t, now, 1)
	require.NotEqual(t, open[0].RequestID, now[0].RequestID)
}

// Closer looks that have to wait for one another all come to pass.
func TestLooksWaitForASlot(t *testing.T) {
	r := newRig(t, func(r *rig) {
		r.limits.Workers, r.limits.Queue, r.limits.UnitsPerSecond = 1, 100, 1_000_000
		r.chain.standing.Assets = math.NewInt(1_000_000)
	})
	var ids []string
	for i := range 10 {
		ids = append(ids, r.add(byte(i+1)))
	}
	for range ids {
		r.round()
	}
	for _, id := range ids {
		require.Contains(t, []store.State{store.Bidding, store.Bid}, r.job(id).State)
	}
	for name := range r.engine.book.ready {
		require.Empty(t, r.engine.book.ready[name])
	}
}

// A look that failed after so many blocks that its time to be tried again has passed
// is tried again all the same.
func TestASlowFailureIsTriedAgain(t *testing.T) {
	r := newRig(t)
	calls := 0
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls == 1 {
			for range 8 {
				r.chain.mine()
			}
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write(testCircuit().image)
	}))
	t.Cleanup(slow.Close)
	id := r.add(0xa1, func(req *markettypes.Request) { req.Image.Url = slow.URL })
	for range 3 {
		r.round()
	}
	require.Contains(t, r.log.String(), "503")
	require.Equal(t, 2, calls)
	require.Contains(t, []store.State{store.Bidding, store.Bid}, r.job(id).State)
}

func TestARaisedFeeIsLookedAtAgain(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1, func(req *markettypes.Request) { req.MaxFee = math.NewInt(5) })
	r.round()
	r.requireNoJob(id, "max_fee 5 is below")
	asked := r.chain.asked
	r.chain.mu.Lock()
	r.chain.views[id].Request.MaxFee = math.NewInt(50_000)
	r.chain.mu.Unlock()
	r.tick()
	require.Equal(t, store.Bidding, r.job(id).State)
	require.LessOrEqual(t, r.chain.asked-asked, 1)
}

// Whatever is wrong with the blocks' results, nothing is missed: the open requests are
// listed instead.
func TestGapsInTheEvents(t *testing.T) {
	gone := fmt.Errorf("%w: could not find results", chain.ErrUnavailable)

	t.Run("a block's results are pruned", func(t *testing.T) {
		r := newRig(t)
		r.tick()
		id := r.add(0xa1)
		_, _ = r.chain.Head(context.Background()) // the block with it
		missing := r.chain.head.Height
		r.chain.blockErr = func(h int64) error {
			if h == missing {
				return gone
			}
			return nil
		}
		r.chain.mine()
		r.tick()
		require.Equal(t, store.Bidding, r.job(id).State)
		require.Equal(t, 2, r.chain.lists)
		for range 5 {
			r.round()
		}
		require.Equal(t, 2, r.chain.lists, "events again")
	})

	t.Run("nodes keep no results", func(t *testing.T) {
		r := newRig(t)
		r.chain.blockErr = func(int64) error { return gone }
		id := r.add(0xa1)
		play(r, id, func() {})
		require.Equal(t, store.Fulfilled, r.job(id).Outcome)
		require.Greater(t, r.chain.lists, 5)
	})

	t.Run("the newest block's results come late", func(t *testing.T) {
		r := newRig(t)
		r.tick()
		id := r.add(0xa1)
		r.chain.blockErr = func(int64) error { return gone }
		require.NoError(t, r.engine.Tick(context.Background()))
		<-r.engine.Wake()
		r.chain.blockErr = nil
		r.tick()
		require.Equal(t, store.Bidding, r.job(id).State)
		require.Equal(t, 1, r.chain.lists)
	})

	t.Run("away for long", func(t *testing.T) {
		r := newRig(t)
		r.tick()
		id := r.add(0xa1)
		for range maxCatchUp + 1 {
			r.chain.mine()
		}
		r.chain.blockErr = func(int64) error { return gone }
		r.tick()
		require.Equal(t, store.Bidding, r.job(id).State)
	})

	t.Run("a node leaves an event out", func(t *testing.T) {
		r := newRig(t)
		r.tick()
		id := r.add(0xa1)
		_, _ = r.chain.Head(context.Background())
		clear(r.chain.blocks)
		r.tick()
		_, err := r.store.Get(id)
		require.ErrorIs(t, err, store.ErrNotFound)
		for range relistBlocks {
			r.chain.mine()
		}
		r.chain.views[id].Auction.BiddingEnd += relistBlocks
		r.tick()
		require.Equal(t, store.Bidding, r.job(id).State)
	})

	t.Run("the event of our own job is left out", func(t *testing.T) {
		r := newRig(t)
		id := r.add(0xa1)
		r.round()
		r.round()
		require.Equal(t, store.Bid, r.job(id).State)
		r.chain.stage(id, markettypes.STAGE_REVEALING)
		_, _ = r.chain.Head(context.Background())
		clear(r.chain.blocks)
		for range reviewBlocks + 2 {
			r.round()
		}
		require.Equal(t, store.Revealed, r.job(id).State)
	})
}

// The end of a window has no event of its own.
func TestAWindowThatPassesIsNoticed(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1)
	r.round()
	r.round()
	require.Equal(t, store.Bid, r.job(id).State)
	// The chain has moved on by time alone: no event tells.
	r.chain.mu.Lock()
	r.chain.views[id].Auction.BiddingEnd = uint64(r.chain.head.Height) + 2
	r.chain.mu.Unlock()
	r.tick()
	r.chain.mine()
	r.chain.mine()
	r.chain.mu.Lock()
	r.chain.views[id].Stage = markettypes.STAGE_REVEALING
	raw, err := r.chain.views[id].Marshal()
	require.NoError(t, err)
	r.chain.published[id] = string(raw)
	r.chain.mu.Unlock()
	r.tick()
	require.Equal(t, store.Revealing, r.job(id).State)
}

// Requests whose bidding window has passed are forgotten.
func TestForgetsWhatTakesNoBids(t *testing.T) {
	r := newRig(t, func(r *rig) { r.cfg.Policy.MaxJobs = 1 })
	var ids []string
	for i := range 5 {
		ids = append(ids, r.add(byte(i+1)))
		r.chain.views[ids[i]].Auction.BiddingEnd = uint64(r.chain.head.Height) + 20
	}
	denied := r.add(0xff, func(req *markettypes.Request) { req.Statement.Verifier = "pico/v1" })
	r.chain.views[denied].Auction.BiddingEnd = uint64(r.chain.head.Height) + 20
	r.tick()
	require.Len(t, r.engine.book.open, 5)
	require.Len(t, r.engine.book.dismissed, 1)
	for range 25 {
		r.chain.mine()
	}
	r.tick()
	require.LessOrEqual(t, len(r.engine.book.open), 1, "the job's")
	require.Empty(t, r.engine.book.dismissed)
	require.Empty(t, r.engine.book.ends)
}

// Events say where to look; what is true the chain says. So their order, and how
// often they come, change nothing.
func TestEventsInAnyOrder(t *testing.T) {
	shuffles := map[string]func([]chain.Change) []chain.Change{
		"backwards": func(c []chain.Change) []chain.Change { slices.Reverse(c); return c },
		"twice":     func(c []chain.Change) []chain.Change { return append(c, c...) },
		"with shifts between": func(c []chain.Change) (out []chain.Change) {
			for _, one := range c {
				out = append(out, chain.Change{Kind: chain.Shifted}, one, chain.Change{Kind: chain.Moved, ID: one.ID})
			}
			return out
		},
		"of requests nobody knows": func(c []chain.Change) []chain.Change {
			for kind := chain.Moved; kind <= chain.Shifted; kind++ {
				if kind != chain.Requested {
					c = append(c, chain.Change{Kind: kind, ID: "aa", MaxFee: math.OneInt()})
				}
			}
			return c
		},
	}
	for name, shuffle := range shuffles {
		t.Run(name, func(t *testing.T) {
			r, ids := manyRig(t, 3)
			playAll(r, ids, func() {
				_, _ = r.chain.Head(context.Background())
				r.chain.mu.Lock()
				defer r.chain.mu.Unlock()
				r.chain.blocks[r.chain.head.Height] = shuffle(r.chain.blocks[r.chain.head.Height])
			})
			requireOneSalt(t, r, ids)
		})
	}
}

// A job whose verifier is suspended without an event of its own request is looked at.
func TestAShiftIsLookedAt(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1)
	r.round()
	r.round()
	asked := r.chain.asked
	r.chain.mu.Lock()
	r.chain.views[id].VerifierStatus = verifiertypes.VERIFIER_STATUS_SUSPENDED
	raw, err := r.chain.views[id].Marshal()
	require.NoError(t, err)
	r.chain.published[id] = string(raw) // its own event is silent
	r.chain.blocks[r.chain.head.Height] = []chain.Change{{Kind: chain.Shifted}}
	r.chain.mu.Unlock()
	r.tick()
	require.Greater(t, r.chain.asked, asked)
	require.Equal(t, verifiertypes.VERIFIER_STATUS_SUSPENDED, r.engine.book.open[id].view.VerifierStatus)
}

// law P6: a node that takes over in the middle knows another part of the blocks, and
// may be behind; nothing is missed or done twice.
func TestAnotherNodeTakesOver(t *testing.T) {
	r, ids := manyRig(t, 3)
	n := 0
	playAll(r, ids, func() {
		n++
		behind := n%2 == 0
		r.chain.blockErr = func(h int64) error {
			if behind && h >= r.chain.head.Height {
				return fmt.Errorf("%w: it lags", chain.ErrUnavailable)
			}
			return nil
		}
	})
	r.chain.blockErr = nil
	for range 4 {
		r.round()
	}
	requireOneSalt(t, r, ids)
}
