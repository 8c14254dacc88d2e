package prover

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/backend/gnark"
	"github.com/proofmarket/proofmarket/prover/store"
	"github.com/proofmarket/proofmarket/prover/strategy"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	groth16family "github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// rig is an engine on a fake chain, a real store, a real backend and files
// served over real HTTP.
type rig struct {
	t      testing.TB
	home   string
	chain  *fakeChain
	store  *store.Store
	engine *Engine
	cfg    EngineConfig
	limits backend.Limits
	more   []backend.Named // besides gnark
	allow  bool
	files  map[string][]byte
	server *httptest.Server
	log    *bytes.Buffer
	// wrap changes the backend; nil for no change.
	wrap func(backend.Backend) backend.Backend
}

func newRig(t testing.TB, change ...func(*rig)) *rig {
	t.Helper()
	policy := strategy.DefaultPolicy()
	policy.Costs.Fixed = math.NewInt(1_000)
	r := &rig{
		t: t, home: t.TempDir(), chain: newFakeChain(t), allow: true, log: &bytes.Buffer{},
		files: map[string][]byte{"/image": testCircuit().image, "/input": testCircuit().input},
		cfg: EngineConfig{
			Prover: proverAddr, Policy: policy, Breaker: strategy.BreakerPolicy{MaxFailures: 3, RetryAfter: time.Minute}, MaxImageBytes: 1 << 20, MaxInputBytes: 1 << 20, MaxBlobBytes: 1 << 20,
		},
		limits: backend.Limits{
			Workers: 2, Queue: 4, UnitsPerSecond: 10_000, TrialProofs: TrialNever,
			EvaluateTimeout: time.Minute, ProveTimeout: time.Minute,
		},
	}
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		content, ok := r.files[req.URL.Path]
		if !ok {
			http.NotFound(w, req)
			return
		}
		_, _ = w.Write(content)
	}))
	t.Cleanup(r.server.Close)
	for _, f := range change {
		f(r)
	}
	r.open()
	t.Cleanup(func() {
		r.engine.Wait()
		r.store.Close()
		if t.Failed() {
			t.Log(r.log.String())
		}
	})
	return r
}

// open starts the engine on what is on disk, as after a restart.
func (r *rig) open() {
	r.t.Helper()
	var err error
	r.store, err = store.Open(filepath.Join(r.home, jobsFile))
	require.NoError(r.t, err)
	blobs, err := OpenBlobs(filepath.Join(r.home, blobsDir))
	require.NoError(r.t, err)
	log := slog.New(slog.NewTextHandler(&lockedWriter{w: r.log}, nil))
	var prove backend.Backend = gnark.New(gnark.Config{})
	if r.wrap != nil {
		prove = r.wrap(prove)
	}
	cpu := backend.Named{Name: "cpu", Verifiers: []string{"circuit"}, Backend: prove, Limits: r.limits}
	set, err := backend.NewSet(append([]backend.Named{cpu}, r.more...)...)
	require.NoError(r.t, err)
	r.engine, err = NewEngine(r.cfg, r.chain, r.store, blobs, NewFetcher(time.Minute, r.allow), set, log, nil)
	require.NoError(r.t, err)
}

// restart is what kill -9 and a new start leave.
func (r *rig) restart() {
	r.t.Helper()
	r.engine.Wait()
	require.NoError(r.t, r.store.Close())
	r.open()
}

// round lets the engine do all that it can, and mines a block.
func (r *rig) round() {
	r.t.Helper()
	require.NoError(r.t, r.engine.Tick(context.Background()))
	r.engine.Wait()
	require.NoError(r.t, r.engine.Tick(context.Background()))
	r.engine.Wait()
	r.chain.mine()
}

// add puts a request for a proof of testCircuit's input on the chain.
func (r *rig) add(seed byte, change ...func(*markettypes.Request)) string {
	r.t.Helper()
	c := testCircuit()
	id := strings.Repeat(fmt.Sprintf("%02x", seed), 32)
	circuitID := proof.CircuitID(groth16family.Name, proof.CurveBN254, c.key)
	key, err := groth16family.Family.Parse(proof.CurveBN254, c.key, nil)
	require.NoError(r.t, err)
	digest := backend.CircuitDigest(c.input[12:44])
	req := markettypes.Request{
		Id: id, Requester: rivalAddr,
		Statement: verifiertypes.Statement{Verifier: "circuit", Program: hex.EncodeToString(circuitID[:]), Digest: hex.EncodeToString(digest[:])},
		Image:     markettypes.Image{Url: r.server.URL + "/image", Sha256: sum(c.image)},
		Input:     markettypes.Input{Url: r.server.URL + "/input", Sha256: sum(c.input)},
		MaxFee:    math.NewInt(100_000), MinStake: math.NewInt(1), TimeLimit: time.Minute,
		Terms: markettypes.Terms{Penalty: math.NewInt(1), MinBidBond: math.NewInt(1)},
	}
	for _, f := range change {
		f(&req)
	}
	r.chain.mu.Lock()
	defer r.chain.mu.Unlock()
	r.chain.keys[hex.EncodeToString(circuitID[:])] = key
	r.chain.views[id] = &markettypes.RequestView{
		Request: req, Stage: markettypes.STAGE_BIDDING, BlocksLeft: 5,
		Auction: markettypes.Auction{
			Status: markettypes.REQUEST_STATUS_PENDING, Stage: markettypes.STAGE_BIDDING, UnrevealedBonds: math.ZeroInt(), SecondFee: math.ZeroInt(),
			BiddingEnd: uint64(r.chain.head.Height) + 1000, RevealEnd: uint64(r.chain.head.Height) + 2000,
		},
	}
	return id
}

func (r *rig) job(id string) *store.Job {
	r.t.Helper()
	j, err := r.store.Get(id)
	require.NoError(r.t, err)
	return j
}

func (r *rig) requireNoJob(id, reason string) {
	r.t.Helper()
	_, err := r.store.Get(id)
	require.ErrorIs(r.t, err, store.ErrNotFound)
	require.Empty(r.t, r.chain.signed)
	require.Contains(r.t, r.log.String(), reason)
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
