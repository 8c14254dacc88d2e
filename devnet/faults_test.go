package devnet

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	sidecar "github.com/proofmarket/proofmarket/prover/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

const (
	// faultPatience ends a run that hangs.
	faultPatience = 20 * time.Minute
	// lagBlocks is how far the second node is behind.
	lagBlocks = 50
	// faultBlocks is how many blocks the chain makes at least while nobody answers.
	faultBlocks = 3
	// diskProver and workProver are the provers for faults of disk and files, and of
	// files and backend; the others are for those of nodes.
	diskProver = "echo"
	workProver = "delta"

	// Bidding windows in blocks: short, and longer where a machine is too slow.
	firstWindow, maxWindow = 10, 400
)

// stage says when a fault comes.
type stage string

const (
	beforeBid    stage = "before the bid"
	beforeReveal stage = "before the reveal"
	beforeProof  stage = "before the proof"
)

// subject is a prover with its sidecar, and whose requests it takes.
type subject struct {
	*Prover
	requester     string
	client        *sidecar.Client // the requester's
	nonce, window uint64          // of the next request
	first, second *front
	stage         stage
}

// faultRun is one run of the fault test.
type faultRun struct {
	*Localnet
	t        *testing.T
	out      bytes.Buffer
	subjects []*subject
	other    demoCircuit // another input for the same circuit
	files    *publisher
	server   *httptest.Server
	plans    string // folder of the unreliable backend

	outdated *Node // the second one

	mu        sync.Mutex
	fulfilled map[string]*subject // requests that were
	refused   []string            // requests that must have no bid
	table     []string
}

// Real processes over real sockets: two nodes, one of which is cut off, endpoints
// before them that fail and lie, sidecars with two endpoints each, a server of files
// and a backend that fail, and a disk that is full. Whatever fails while a request is
// at any stage, it is fulfilled and no bond is lost; a request that is itself at fault
// gets no bid (laws P2, P3 and P6).
func TestFaults(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), faultPatience)
	defer cancel()
	f := &faultRun{Localnet: newDevnet(testOptions(t, nil)), t: t, files: newPublisher(), fulfilled: make(map[string]*subject)}
	f.opts.Out, f.opts.Proxied = &f.out, true
	f.specs = nil
	for _, name := range []string{"alpha", "bravo", "charlie", workProver, diskProver} {
		f.specs = append(f.specs, ProverSpec{Name: name, SelfStake: 4_500 * proof, Price: proof})
	}
	defer func() {
		for _, s := range f.subjects {
			s.first.close()
			s.second.close()
		}
	}()
	defer f.Stop()
	require.NoError(t, f.do(ctx, []step{
		{"making keys and genesis", f.makeHomes},
		{"starting the validator", f.startNodes},
		{"starting a second node", f.startOutdated},
		{"writing the circuit's files", f.prepareFiles},
		{"registering provers and circuit", f.register},
		{"cutting the second node off", func(ctx context.Context) error { return f.cutOff(ctx) }},
		{"starting the sidecars", f.startSubjects},
	}), "%s", &f.out)
	defer f.server.Close()

	group, all := errgroup.WithContext(ctx)
	for _, s := range f.subjects {
		group.Go(func() error {
			switch s.spec.Name {
			case workProver:
				return f.filesAndBackend(all, s)
			case diskProver:
				return f.fullDisk(all, s)
			default:
				return f.nodes(all, s)
			}
		})
	}
	err := group.Wait()
	if err == nil {
		err = f.restarts(ctx)
	}
	slices.Sort(f.table)
	t.Logf("faults:\n%s", strings.Join(f.table, "\n"))
	require.NoError(t, err)
	f.requireNothingLost(ctx)
}

// note adds a line to the table.
func (f *faultRun) note(s *subject, fault string, at stage, result string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.table = append(f.table, fmt.Sprintf("%-52s %-18s %s (%s)", fault, at, result, s.spec.Name))
}

// requireNothingLost compares with the chain's own figures.
func (f *faultRun) requireNothingLost(ctx context.Context) {
	f.t.Helper()
	won := make(map[string]uint64)
	for id, s := range f.fulfilled {
		require.NoError(f.t, f.untilFulfilled(ctx, s, id))
		view, err := f.chain.request(ctx, id)
		require.NoError(f.t, err)
		require.Equal(f.t, f.keys[s.spec.Name], view.Auction.Assignment.Prover)
		require.Equal(f.t, [2]uint64{1, 1}, [2]uint64{view.Auction.Bids, view.Auction.Reveals}, "request %s", id)
		won[s.spec.Name]++
	}
	for _, id := range f.refused {
		view, err := f.chain.request(ctx, id)
		require.NoError(f.t, err)
		require.Zero(f.t, view.Auction.Bids, "request %s", id)
	}
	for _, s := range f.subjects {
		res, err := f.chain.market.ProverStats(ctx, &markettypes.QueryProverStatsRequest{Prover: f.keys[s.spec.Name]})
		require.NoError(f.t, err)
		l := res.Lifetime
		require.True(f.t, l.BondsLost.IsZero() && l.Slashed.IsZero(), "%s lost bonds of %s and %s of its stake", s.spec.Name, l.BondsLost, l.Slashed)
		require.Zero(f.t, l.Missed+res.Overdue, s.spec.Name)
		want := won[s.spec.Name]
		require.Equal(f.t, []uint64{want, want, want, want}, []uint64{l.Bids, l.Reveals, l.Won, l.Fulfilled}, "bids, reveals, wins and proofs of %s", s.spec.Name)
	}
}
