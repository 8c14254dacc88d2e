package prover

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// play takes a request from bid to proof, calling between before each block.
func play(r *rig, id string, between func()) {
	step := func(n int) {
		for range n {
			between()
			r.round()
		}
	}
	step(2)
	r.chain.stage(id, markettypes.STAGE_REVEALING)
	step(2)
	r.chain.assign(id, proverAddr, false)
	step(3)
	between()
	r.round()
}

func TestBidsRevealsProvesAndIsPaid(t *testing.T) {
	for _, trial := range []TrialProofs{TrialNew, TrialAlways, TrialNever} {
		t.Run(string(trial), func(t *testing.T) {
			r := newRig(t, func(r *rig) { r.limits.TrialProofs = trial })
			id := r.add(0xa1)
			play(r, id, func() {})
			j := r.job(id)
			require.Equal(t, store.Done, j.State)
			require.Equal(t, store.Fulfilled, j.Outcome)
			require.NotEmpty(t, j.BidTx)
			require.NotEmpty(t, j.RevealTx)
			require.NotEmpty(t, j.ProofTx)
			require.Len(t, r.chain.signed, 3, "one bid, one reveal, one proof")
			require.Positive(t, j.ProvingTime)
		})
	}
}

// law P6: a restart at any point changes nothing but time.
func TestRestartsBetweenAllSteps(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1)
	play(r, id, r.restart)
	require.Equal(t, store.Fulfilled, r.job(id).Outcome)
	require.Len(t, r.chain.signed, 3)
}

// law P1: what a transaction depends on is on disk when it leaves. The copy
// of the file made at that moment is what a crash would leave.
func TestEverythingIsOnDiskBeforeATransactionLeaves(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1)
	seen := map[string]bool{}
	r.chain.onBroadcast = func(msg sdk.Msg) (bool, error) {
		raw, err := os.ReadFile(filepath.Join(r.home, jobsFile))
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "copy.db")
		require.NoError(t, os.WriteFile(path, raw, 0o600))
		s, err := store.Open(path)
		require.NoError(t, err)
		defer s.Close()
		j, err := s.Get(id)
		require.NoError(t, err)
		require.NotNil(t, j.Pending)
		require.Len(t, j.Salt, store.SaltSize)
		require.True(t, j.Fee.IsPositive())
		_, err = os.Stat(filepath.Join(r.home, blobsDir, j.ImageSHA256))
		require.NoError(t, err)
		switch m := msg.(type) {
		case *markettypes.MsgBid:
			require.Equal(t, j.Commitment, m.Commitment)
			require.Equal(t, store.Bidding, j.State)
		case *markettypes.MsgReveal:
			require.Equal(t, j.Salt, m.Salt)
			require.Equal(t, store.Revealing, j.State)
		case *markettypes.MsgSubmitProof:
			require.Equal(t, j.Proof, m.Proof)
			require.Equal(t, store.Submitting, j.State)
		}
		seen[fmt.Sprintf("%T", msg)] = true
		return true, nil
	}
	play(r, id, func() {})
	require.Equal(t, store.Fulfilled, r.job(id).Outcome)
	require.Len(t, seen, 3)
}

// law P4: a broadcast with an unclear result is looked up; no second salt.
func TestUnclearBroadcastIsLookedUp(t *testing.T) {
	unclear := errors.New("connection reset")

	t.Run("it arrived", func(t *testing.T) {
		r := newRig(t)
		id := r.add(0xa1)
		r.chain.onBroadcast = func(sdk.Msg) (bool, error) { return true, unclear }
		r.round()
		require.Equal(t, store.Bidding, r.job(id).State)
		r.restart()
		r.round()
		require.Equal(t, store.Bid, r.job(id).State)
		require.Len(t, r.chain.bidsSigned(), 1)
	})

	t.Run("it did not arrive and is sent again", func(t *testing.T) {
		r := newRig(t)
		id := r.add(0xa1)
		r.chain.onBroadcast = func(sdk.Msg) (bool, error) { return false, unclear }
		r.round()
		r.restart()
		r.chain.onBroadcast = nil
		r.round()
		r.round()
		require.Equal(t, store.Bid, r.job(id).State)
		require.Len(t, r.chain.bidsSigned(), 1, "the same bytes, not another transaction")
		require.Greater(t, r.chain.sent, 1)
	})

	t.Run("it expired and the same bid is signed anew", func(t *testing.T) {
		r := newRig(t)
		id := r.add(0xa1)
		r.chain.onBroadcast = func(sdk.Msg) (bool, error) { return false, unclear }
		r.round()
		salt := r.job(id).Salt
		r.chain.head.Time = r.chain.head.Time.Add(2 * time.Minute)
		r.restart()
		r.chain.onBroadcast = nil
		r.round()
		r.round()
		require.Equal(t, store.Bid, r.job(id).State)
		require.Equal(t, salt, r.job(id).Salt)
		bids := r.chain.bidsSigned()
		require.Len(t, bids, 2)
		require.Equal(t, bids[0].Commitment, bids[1].Commitment)
	})
}

func TestFailedTransactionsAreTriedAgain(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1)
	failures := map[string]int{}
	r.chain.failTx = func(msg sdk.Msg) string {
		kind := fmt.Sprintf("%T", msg)
		failures[kind]++
		if failures[kind] == 1 {
			return "out of gas"
		}
		return ""
	}
	for range 4 {
		r.round()
	}
	r.chain.stage(id, markettypes.STAGE_REVEALING)
	for range 4 {
		r.round()
	}
	r.chain.assign(id, proverAddr, false)
	for range 5 {
		r.round()
	}
	require.Equal(t, store.Fulfilled, r.job(id).Outcome)
	require.Len(t, r.chain.signed, 6)
	bids := r.chain.bidsSigned()
	require.Equal(t, bids[0].Commitment, bids[1].Commitment)
}

func TestGivesUpABidThatTheChainRefuses(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1)
	r.chain.signErr = fmt.Errorf("%w: insufficient funds", chain.ErrRefused)
	for range maxBidTries + 1 {
		r.round()
	}
	require.Equal(t, store.NotPlaced, r.job(id).Outcome)
	require.Zero(t, r.chain.sent)
	require.Contains(t, r.log.String(), "insufficient funds")
}

// law P2: files and figures are checked before anything is bid.
func TestRefusesRequestsThatAreNotWhatTheySay(t *testing.T) {
	cases := map[string]struct {
		rig    func(*rig)
		change func(*markettypes.Request)
		reason string
	}{
		"image with another hash": {change: func(r *markettypes.Request) { r.Image.Sha256 = sum([]byte("x")) }, reason: "promised sha256"},
		"input with another hash": {change: func(r *markettypes.Request) { r.Input.Sha256 = sum([]byte("x")) }, reason: "promised sha256"},
		"another digest":          {change: func(r *markettypes.Request) { r.Statement.Digest = sum([]byte("x")) }, reason: "are not the ones requested"},
		"image is not a program": {
			rig:    func(r *rig) { r.files["/image"] = []byte("not an image, really") },
			change: func(r *markettypes.Request) { r.Image.Sha256 = sum([]byte("not an image, really")) },
			reason: "the image is not usable",
		},
		"image too large":    {rig: func(r *rig) { r.cfg.MaxImageBytes = 10 }, reason: "too large"},
		"private address":    {rig: func(r *rig) { r.allow = false }, reason: "not a public address"},
		"file address":       {change: func(r *markettypes.Request) { r.Image.Url = "file:///etc/passwd" }, reason: "fetch.file_dirs"},
		"verifier of nobody": {change: func(r *markettypes.Request) { r.Statement.Verifier = "pico/v1.2.2" }, reason: "no backend of ours"},
		"keys that do not belong together": {
			rig: func(r *rig) {
				r.limits.TrialProofs = TrialNew
				r.files["/image"] = otherCircuit().image
			},
			change: func(r *markettypes.Request) { r.Image.Sha256 = sum(otherCircuit().image) },
			reason: "does not belong to the request's verifying key",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(r *rig) {
				if tc.rig != nil {
					tc.rig(r)
				}
			})
			var changes []func(*markettypes.Request)
			if tc.change != nil {
				changes = append(changes, tc.change)
			}
			id := r.add(0xa1, changes...)
			r.round()
			r.round()
			r.requireNoJob(id, tc.reason)
			require.Contains(t, r.engine.book.dismissed, id)
		})
	}
}

// law P3: a proof that the chain would refuse is not submitted.
func TestDoesNotSubmitAProofThatTheChainWouldRefuse(t *testing.T) {
	r := newRig(t, func(r *rig) { r.files["/image"] = otherCircuit().image })
	id := r.add(0xa1, func(r *markettypes.Request) { r.Image.Sha256 = sum(otherCircuit().image) })
	play(r, id, func() {})
	require.Equal(t, store.Assigned, r.job(id).State)
	require.Len(t, r.chain.signed, 2, "bid and reveal")
	require.Contains(t, r.log.String(), "the chain would refuse our proof")
}

func TestLooksAgainWhenItMayHelp(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1)
	delete(r.files, "/input")
	r.round()
	r.requireNoJob(id, "404")
	r.files["/input"] = testCircuit().input
	r.chain.mayBid = false
	for range 3 {
		r.round()
	}
	r.requireNoJob(id, "vault (have 1, need 2)")
	r.chain.mayBid = true
	for range 6 {
		r.round()
	}
	require.Equal(t, store.Bid, r.job(id).State)
}

func TestTakesInlineInput(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1, func(r *markettypes.Request) { r.Input.Url = "" })
	r.chain.inputs[id] = testCircuit().input
	play(r, id, func() {})
	require.Equal(t, store.Fulfilled, r.job(id).Outcome)
}

func TestProvesFromDiskWhenTheFilesAreGone(t *testing.T) {
	r := newRig(t)
	id := r.add(0xa1)
	r.round()
	r.files = map[string][]byte{}
	play(r, id, r.restart)
	require.Equal(t, store.Fulfilled, r.job(id).Outcome)
}

func TestStandingBidsTakeTheirPlace(t *testing.T) {
	r := newRig(t, func(r *rig) { r.cfg.Policy.MaxJobs = 1 })
	a, b := r.add(0xa1), r.add(0xb2)
	r.round()
	r.round()
	open, err := r.store.Open()
	require.NoError(t, err)
	require.Len(t, open, 1)
	first, second := a, b
	if open[0].RequestID == b {
		first, second = b, a
	}
	r.chain.end(first, markettypes.REQUEST_STATUS_CANCELLED, markettypes.END_REASON_CANCELLED)
	r.round()
	r.round()
	require.Equal(t, store.Ended, r.job(first).Outcome)
	require.Equal(t, store.Bid, r.job(second).State)
}
