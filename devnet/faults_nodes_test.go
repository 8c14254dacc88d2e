package devnet

import (
	"context"
	"fmt"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

type nodeFault struct {
	name          string
	first, second mode
	lifted        bool
}

var nodeFaults = []nodeFault{
	{"the first endpoint hangs", hangs, works, false},
	{"the first endpoint answers garbage", nonsense, works, false},
	{"both endpoints hang", hangs, hangs, true},
	{"both endpoints are gone", gone, gone, true},
	{"the first endpoint lags", lags, works, false},
	{"the first endpoint lags and says it is in sync", lies, works, false},
	{"that one, and the other hangs", lies, hangs, true},
}

func (f *faultRun) nodes(ctx context.Context, s *subject) error {
	for _, fault := range nodeFaults {
		if err := f.nodeFault(ctx, s, fault); err != nil {
			return fmt.Errorf("%s, %s: %w", fault.name, s.stage, err)
		}
		f.note(s, fault.name, s.stage, "fulfilled")
	}
	return nil
}

func (f *faultRun) nodeFault(ctx context.Context, s *subject, fault nodeFault) error {
	if fault.first == lags || fault.first == lies {
		if err := f.until(ctx, s, "a second node that lags", func() (bool, error) { return f.behind(ctx) }); err != nil {
			return err
		}
	}
	for {
		// The sidecar asks the one first that answered last: that must be the first.
		s.second.set(gone)
		s.first.set(works)
		if err := f.until(ctx, s, "the first endpoint", func() (bool, error) { return s.first.count(works) > 2, nil }); err != nil {
			return err
		}
		s.second.set(works)
		if inTime, err := f.tryNodeFault(ctx, s, fault); inTime || err != nil {
			return err
		}
	}
}

func (f *faultRun) tryNodeFault(ctx context.Context, s *subject, fault nodeFault) (inTime bool, err error) {
	inject := func() {
		s.first.set(fault.first)
		s.second.set(fault.second)
	}
	if s.stage == beforeBid {
		inject()
	}
	id, err := f.ask(ctx, s, func(*markettypes.MsgRequest) {})
	if err != nil {
		return false, err
	}
	inTime = true
	if s.stage != beforeBid {
		if placed, err := f.placed(ctx, s, id); !placed || err != nil {
			return false, err
		}
		if s.stage == beforeProof {
			if err := f.untilBid(ctx, s, id, markettypes.BID_STATE_RANKED); err != nil {
				return false, err
			}
		}
		inject()
		view, err := f.chain.request(ctx, id)
		if err != nil {
			return false, err
		}
		inTime = view.Auction.Status == markettypes.REQUEST_STATUS_PENDING && (s.stage == beforeProof || view.Auction.Reveals == 0)
	}
	if fault.lifted && inTime {
		if err := f.untilFelt(ctx, s, id, fault); err != nil {
			return false, err
		}
	}
	if fault.lifted || !inTime {
		s.first.set(works)
		s.second.set(works)
	}
	if placed, err := f.placed(ctx, s, id); !placed || err != nil {
		return false, err
	}
	if err := f.untilFulfilled(ctx, s, id); err != nil {
		return false, err
	}
	// The sidecar may have gone on to the second endpoint before, where a block's
	// results were there a moment earlier.
	return inTime && (fault.lifted || s.first.count(fault.first) > 0), nil
}

func (f *faultRun) untilFelt(ctx context.Context, s *subject, id string, fault nodeFault) error {
	since, err := f.chain.height(ctx)
	if err != nil {
		return err
	}
	return f.until(ctx, s, "calls to both endpoints", func() (bool, error) {
		view, err := f.chain.request(ctx, id)
		if err != nil {
			return false, err
		}
		height, err := f.chain.height(ctx)
		if err != nil {
			return false, err
		}
		due := s.stage != beforeReveal || view.Stage != markettypes.STAGE_BIDDING
		return due && height >= since+faultBlocks && s.first.count(fault.first) > 0 && s.second.count(fault.second) > 0, nil
	})
}

func (f *faultRun) restarts(ctx context.Context) error {
	subjects := f.subjects[:3]
	ids := make([]string, len(subjects))
	for i, s := range subjects {
		s.first.set(works)
		s.second.set(works)
		s.window = max(s.window, 2*firstWindow)
		var err error
		if ids[i], err = f.ask(ctx, s, func(*markettypes.MsgRequest) {}); err != nil {
			return err
		}
	}
	restart := func() error {
		f.Nodes()[0].Kill()
		return f.startNodes(ctx)
	}
	if err := restart(); err != nil {
		return err
	}
	for i, s := range subjects {
		ok, err := f.placed(ctx, s, ids[i])
		if err == nil && !ok {
			ids[i], err = f.bought(ctx, s, func(*markettypes.MsgRequest) {})
		}
		if err != nil {
			return err
		}
	}
	if err := restart(); err != nil {
		return err
	}
	for i, s := range subjects {
		if err := f.untilBid(ctx, s, ids[i], markettypes.BID_STATE_RANKED); err != nil {
			return err
		}
	}
	if err := restart(); err != nil {
		return err
	}
	for i, s := range subjects {
		if err := f.untilFulfilled(ctx, s, ids[i]); err != nil {
			return err
		}
		for _, at := range []stage{beforeBid, beforeReveal, beforeProof} {
			f.note(s, "the node is killed and starts again", at, "fulfilled")
		}
	}
	return nil
}

func (f *faultRun) behind(ctx context.Context) (bool, error) {
	now, err := f.chain.height(ctx)
	if err != nil {
		return false, err
	}
	old, err := f.outdated.chain.height(ctx)
	return now >= old+lagBlocks, err
}
