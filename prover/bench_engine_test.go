package prover

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// benchRig is a rig that logs nothing, on a chain that tells of requests by events
// only.
func benchRig(b *testing.B, change ...func(*rig)) (*rig, markettypes.RequestView) {
	b.Helper()
	r := newRig(b, append([]func(*rig){func(r *rig) {
		r.limits.Workers, r.limits.Queue, r.limits.UnitsPerSecond = 16, 100_000, 1_000_000_000
		r.chain.standing.Assets = math.NewInt(1_000_000_000)
	}}, change...)...)
	r.engine.log = slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError}))
	id := r.add(0)
	model := *r.chain.views[id]
	delete(r.chain.views, id)
	r.chain.quiet = true
	require.NoError(b, r.engine.Tick(context.Background()))
	return r, model
}

// request puts a request into the newest block.
func (r *rig) request(model markettypes.RequestView, n int) string {
	var raw [32]byte
	copy(raw[:], fmt.Sprintf("request %d", n))
	v := model
	v.Request.Id = hex.EncodeToString(raw[:])
	v.Auction.BiddingEnd = uint64(r.chain.head.Height) + 1_000_000
	told := v
	c := r.chain
	c.mu.Lock()
	defer c.mu.Unlock()
	c.views[v.Request.Id] = &v
	c.head.Height = max(c.head.Height, c.told+1)
	c.blocks[c.head.Height] = append(c.blocks[c.head.Height], chain.Change{Kind: chain.Requested, ID: v.Request.Id, Request: &told})
	return v.Request.Id
}

// tell puts something that happened to a request into the newest block.
func (r *rig) tell(id string, kind chain.ChangeKind) {
	r.chain.mu.Lock()
	defer r.chain.mu.Unlock()
	c := r.chain
	c.head.Height = max(c.head.Height, c.told+1)
	c.blocks[c.head.Height] = append(c.blocks[c.head.Height], chain.Change{Kind: kind, ID: id})
}

// BenchmarkBids takes requests from their event to a bid on the chain, and to the end
// of a job that is lost, a hundred in each block. What it takes is mostly the disk: a
// decision and an end are written each by itself.
func BenchmarkBids(b *testing.B) {
	const perBlock = 100
	r, model := benchRig(b)
	var ids []string
	n := 0
	b.ResetTimer()
	for b.Loop() {
		n++
		ids = append(ids, r.request(model, n))
		if n%perBlock != 0 {
			continue
		}
		r.bidForAll(b, ids)
		ids = ids[:0]
	}
	r.bidForAll(b, ids)
	b.StopTimer()
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "bids/s")
	b.ReportMetric(float64(n)/float64(len(r.chain.signed)), "bids/tx")
	require.Len(b, r.chain.bidsSigned(), n)
}

func (r *rig) bidForAll(b *testing.B, ids []string) {
	ctx := context.Background()
	placed := func() bool {
		for _, id := range ids {
			if r.chain.bids[id] == nil {
				return false
			}
		}
		return true
	}
	for blocks := 0; !placed(); blocks++ {
		require.Less(b, blocks, 50, "the bids do not arrive")
		require.NoError(b, r.engine.Tick(ctx))
		for range ids { // as the service does: a Tick whenever a closer look ends
			if !r.engine.looking() {
				break
			}
			<-r.engine.Wake()
			require.NoError(b, r.engine.Tick(ctx))
		}
		r.engine.Wait()
		require.NoError(b, r.engine.Tick(ctx))
		r.chain.mine()
	}
	for _, id := range ids {
		r.chain.end(id, markettypes.REQUEST_STATUS_CANCELLED, markettypes.END_REASON_CANCELLED)
		r.tell(id, chain.Ended)
	}
	require.NoError(b, r.engine.Tick(ctx))
	for _, id := range ids {
		delete(r.chain.views, id)
		delete(r.chain.bids, id)
	}
	clear(r.chain.blocks)
	r.chain.mine()
}

// BenchmarkQuietBlock is a block in which nothing concerns us, with 10,000 requests
// open, and what those take in memory: requests that we will never bid for, and such
// that wait for a place.
func BenchmarkQuietBlock(b *testing.B) {
	const open = 10_000
	for name, change := range map[string]func(*rig){
		"dismissed": func(r *rig) { r.cfg.Policy.MaxPenalty = math.NewInt(1) },
		"waiting":   func(r *rig) { r.cfg.Policy.MaxJobs = 1 },
	} {
		b.Run(name, func(b *testing.B) {
			r, model := benchRig(b, change)
			if name == "dismissed" {
				model.Request.Terms.Penalty = math.NewInt(2)
			}
			r.request(model, 0)
			r.round()
			before := heap()
			for n := range open {
				r.request(model, n+1)
			}
			for range open/screenBudget + 5 {
				r.round()
			}
			ids := len(r.chain.views)
			clear(r.chain.blocks) // the chain's memory, not ours
			for id := range r.chain.views {
				if !r.engine.hasJob(id) {
					delete(r.chain.views, id)
				}
			}
			after := heap()
			require.Equal(b, ids, len(r.engine.book.open)+len(r.engine.book.dismissed))
			b.ResetTimer()
			for b.Loop() {
				r.chain.mine()
				require.NoError(b, r.engine.Tick(context.Background()))
			}
			b.ReportMetric(float64(after-min(before, after))/(1<<20), "MiB")
			b.ReportMetric(float64(after)/(1<<20), "MiB-in-all")
		})
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// slow is a backend whose proofs take a second more.
type slow struct{ backend.Backend }

func (s slow) Prove(ctx context.Context, task backend.Task) (backend.Result, error) {
	select {
	case <-ctx.Done():
		return backend.Result{}, ctx.Err()
	case <-time.After(time.Second):
	}
	return s.Backend.Prove(ctx, task)
}

// BenchmarkAssignmentToBroadcast measures what is not proving between the block that
// assigns a request to us and the moment the proof leaves, for proofs of one second.
func BenchmarkAssignmentToBroadcast(b *testing.B) {
	r, model := benchRig(b, func(r *rig) { r.wrap = func(p backend.Backend) backend.Backend { return slow{p} } })
	var left time.Time
	r.chain.onBroadcast = func(msg sdk.Msg) (bool, error) {
		if _, ok := msg.(*markettypes.MsgSubmitProof); ok {
			left = time.Now()
		}
		return true, nil
	}
	var all, proving time.Duration
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		id := r.request(model, n)
		r.round()
		r.round()
		r.chain.stage(id, markettypes.STAGE_REVEALING)
		r.tell(id, chain.Moved)
		r.round()
		r.round()
		require.Equal(b, store.Revealed, r.job(id).State)
		r.chain.assign(id, proverAddr, false)
		r.tell(id, chain.Moved)
		b.StartTimer()
		started := time.Now()
		require.NoError(b, r.engine.Tick(context.Background()))
		for r.job(id).State != store.Submitting {
			<-r.engine.Wake()
			require.NoError(b, r.engine.Tick(context.Background()))
		}
		all += left.Sub(started)
		proving += r.job(id).ProvingTime
	}
	b.ReportMetric(float64((all-proving).Milliseconds())/float64(b.N), "ms-not-proving")
	b.ReportMetric(100*float64(all-proving)/float64(all), "%-not-proving")
}
