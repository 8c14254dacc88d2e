package prover

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/chain"
	provertypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// purse answers the watcher.
type purse struct {
	asked       int
	balance     int64
	balanceErr  error
	standingErr error
	// hold, if not nil, keeps each answer back until it is closed or the question
	// is taken back.
	hold chan struct{}
}

func (p *purse) Signer() string { return signerAddr }

func (p *purse) Balance(ctx context.Context, address string) (math.Int, error) {
	p.asked++
	if p.hold != nil {
		select {
		case <-p.hold:
		case <-ctx.Done():
			return math.Int{}, ctx.Err()
		}
	}
	if address != signerAddr {
		return math.Int{}, errors.New("it asks for somebody else")
	}
	return math.NewInt(p.balance), p.balanceErr
}

func (p *purse) Standing(_ context.Context, prover string) (chain.Standing, error) {
	if prover != proverAddr {
		return chain.Standing{}, errors.New("it asks for somebody else")
	}
	return chain.Standing{State: provertypes.PROVER_STATE_ACTIVE}, p.standingErr
}

func newTestWatcher(p *purse) (*watcher, *prometheus.Registry, *bytes.Buffer) {
	registry, log := prometheus.NewRegistry(), &bytes.Buffer{}
	return newWatcher(p, proverAddr, NewMetrics(registry), slog.New(slog.NewTextHandler(log, nil))), registry, log
}

func headAt(height int64) chain.Head {
	return chain.Head{Height: height, Time: time.Unix(1_000+height, 0)}
}

func TestWatcherAsksEveryFewBlocks(t *testing.T) {
	p := &purse{balance: 7}
	w, registry, _ := newTestWatcher(p)
	for height := int64(100); height < 100+3*watchEvery; height++ {
		w.look(context.Background(), headAt(height))
		w.wait()
	}
	require.Equal(t, 3, p.asked)
	got := gathered(t, registry)
	require.InDelta(t, 7, got["proverd_submitter_balance_uproof"], 0)
	require.InDelta(t, 1, got["proverd_prover_state state=active"], 0)
	require.InDelta(t, 1_000+100+2*watchEvery, got["proverd_standing_timestamp_seconds"], 0)
}

func TestWatcherNeverDelays(t *testing.T) {
	p := &purse{hold: make(chan struct{})}
	w, registry, log := newTestWatcher(p)
	ctx, cancel := context.WithCancel(context.Background())
	for height := range int64(10 * watchEvery) {
		w.look(ctx, headAt(height+1)) // returns, although there is no answer
	}
	cancel()
	w.wait()
	require.Equal(t, 1, p.asked, "one question at a time")
	require.Zero(t, gathered(t, registry)["proverd_standing_timestamp_seconds"])
	require.Empty(t, log.String(), "that it was told to stop is no fault")
	w.look(ctx, headAt(1_000))
	w.wait()
	require.Equal(t, 1, p.asked, "none after the end")
}

func TestWatcherSaysOnceThatItIsNotAnswered(t *testing.T) {
	p := &purse{balance: 7}
	w, registry, log := newTestWatcher(p)
	height := int64(0)
	look := func() {
		height += watchEvery
		w.look(context.Background(), headAt(height))
		w.wait()
	}
	look()
	p.balance, p.balanceErr = 9, errors.New("no answer")
	look()
	look()
	require.InDelta(t, 7, gathered(t, registry)["proverd_submitter_balance_uproof"], 0)
	require.InDelta(t, 1_000+watchEvery, gathered(t, registry)["proverd_standing_timestamp_seconds"], 0, "how old they are shows")
	require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("are not known")))
	p.balanceErr, p.standingErr = nil, errors.New("no answer")
	look()
	require.InDelta(t, 7, gathered(t, registry)["proverd_submitter_balance_uproof"], 0)
	p.standingErr = nil
	look()
	require.InDelta(t, 9, gathered(t, registry)["proverd_submitter_balance_uproof"], 0)
	require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("known again")))

	p.standingErr = fmt.Errorf("prover: %w", chain.ErrNotFound)
	look()
	require.InDelta(t, 2*watchEvery+1_000+3*watchEvery+watchEvery, gathered(t, registry)["proverd_standing_timestamp_seconds"], 0, "no prover is an answer")
}
