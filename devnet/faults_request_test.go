package devnet

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/math"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

func (f *faultRun) placed(ctx context.Context, s *subject, id string) (ok bool, err error) {
	err = f.until(ctx, s, "a bid for request "+id, func() (bool, error) {
		view, err := f.chain.request(ctx, id)
		if err != nil {
			return false, err
		}
		ok = view.Auction.Bids > 0
		return ok || view.Auction.Status != markettypes.REQUEST_STATUS_PENDING, nil
	})
	if err != nil || ok {
		return ok, err
	}
	if s.window *= 2; s.window > maxWindow {
		return false, fmt.Errorf("request %s got no bid in %d blocks; log of the sidecar:\n%s", id, s.window/2, tail(s.child.Log))
	}
	return false, nil
}

func (f *faultRun) bought(ctx context.Context, s *subject, change func(*markettypes.MsgRequest)) (id string, err error) {
	for {
		if id, err = f.ask(ctx, s, change); err != nil {
			return "", err
		}
		if ok, err := f.placed(ctx, s, id); ok || err != nil {
			return id, err
		}
	}
}

func (f *faultRun) ask(ctx context.Context, s *subject, change func(*markettypes.MsgRequest)) (string, error) {
	s.nonce++
	c := f.circuit
	msg := &markettypes.MsgRequest{
		Requester: f.keys[s.requester],
		Statement: verifiertypes.Statement{Verifier: verifiertypes.CircuitVerifier, Program: c.CircuitID, Digest: c.Digest},
		Image:     markettypes.Image{Url: f.server.URL + "/" + filepath.Base(c.Image.Path), Sha256: c.Image.SHA256},
		Input:     markettypes.Input{Url: f.server.URL + "/" + filepath.Base(c.Input.Path), Sha256: c.Input.SHA256},
		MaxFee:    math.NewInt(demoMaxFee), MinStake: math.NewInt(demoMinStake),
		BiddingBlocks: s.window, TimeLimit: 5 * time.Minute, RevealBlocks: 100, Nonce: s.nonce,
	}
	change(msg)
	id, err := requestID(msg)
	if err != nil {
		return "", err
	}
	signed, err := s.client.Sign(ctx, msg)
	if err != nil {
		return "", err
	}
	if err := s.client.Broadcast(ctx, signed.Raw); err != nil {
		return "", err
	}
	return id, f.until(ctx, s, "a request on the chain", func() (bool, error) {
		_, err := f.chain.request(ctx, id)
		if status.Code(err) == codes.NotFound {
			return false, nil
		}
		return err == nil, err
	})
}

func (f *faultRun) bid(ctx context.Context, s *subject, id string) (markettypes.BidState, error) {
	res, err := f.chain.market.Bid(ctx, &markettypes.QueryBidRequest{RequestId: id, Prover: f.keys[s.spec.Name]})
	if status.Code(err) == codes.NotFound {
		return markettypes.BID_STATE_UNSPECIFIED, nil
	}
	if err != nil {
		return markettypes.BID_STATE_UNSPECIFIED, err
	}
	return res.Bid.State, nil
}

func (f *faultRun) untilBid(ctx context.Context, s *subject, id string, want markettypes.BidState) error {
	return f.until(ctx, s, want.String(), func() (bool, error) {
		view, err := f.chain.request(ctx, id)
		if err == nil && view.Auction.Status == markettypes.REQUEST_STATUS_REFUNDED {
			err = fmt.Errorf("request %s ended as %s with %d bids and %d reveals", id, view.Auction.EndReason, view.Auction.Bids, view.Auction.Reveals)
		}
		if err != nil {
			return false, err
		}
		state, err := f.bid(ctx, s, id)
		return state == want, err
	})
}

func (f *faultRun) fulfilLater(s *subject, id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fulfilled[id] = s
}

func (f *faultRun) untilFulfilled(ctx context.Context, s *subject, id string) error {
	f.fulfilLater(s, id)
	return f.until(ctx, s, "the end of request "+id, func() (bool, error) {
		view, err := f.chain.request(ctx, id)
		if err != nil || view.Auction.Status == markettypes.REQUEST_STATUS_PENDING {
			return false, err
		}
		if view.Auction.Status != markettypes.REQUEST_STATUS_FULFILLED {
			return false, fmt.Errorf("request %s ended as %s with %d bids and %d reveals", id, view.Auction.EndReason, view.Auction.Bids, view.Auction.Reveals)
		}
		return true, nil
	})
}

func (f *faultRun) until(ctx context.Context, s *subject, what string, reached func() (bool, error)) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		ok, err := reached()
		if err != nil {
			return fmt.Errorf("%s: waiting for %s: %w; log of the sidecar:\n%s", s.spec.Name, what, err, tail(s.child.Log))
		}
		if ok {
			return nil
		}
		select {
		case <-tick.C:
		case <-s.child.Done():
			return s.child.Failure()
		case <-ctx.Done():
			return fmt.Errorf("never came to %s: %w; log of the sidecar:\n%s", what, ctx.Err(), tail(s.child.Log))
		}
	}
}
