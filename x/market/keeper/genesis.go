package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// InitGenesis writes a state. The places of requests are rebuilt from the records,
// and the time since the exported last block will count as a halt. Coins come
// with bank's genesis, assignments with that of provers: both come first, and
// the invariants are checked against them. It fails with ErrInvalidGenesis,
// ErrInvalidParams, ErrInvalidAddress or ErrInvariant.
func (k *Keeper) InitGenesis(ctx context.Context, g *types.GenesisState) error {
	if err := g.Validate(); err != nil {
		return err
	}
	if err := k.params.Set(ctx, g.Params); err != nil {
		return err
	}
	if err := k.clock.Set(ctx, g.Clock); err != nil {
		return err
	}
	if err := k.pause.Set(ctx, g.Pause); err != nil {
		return err
	}
	for _, h := range g.Halts {
		if err := k.halts.Set(ctx, h.Time.UnixNano(), h); err != nil {
			return err
		}
	}
	if !g.Clock.LastBlockTime.IsZero() {
		if err := k.imported.Set(ctx, true); err != nil {
			return err
		}
	}
	standby := map[string]bool{}
	for _, r := range g.Requests {
		standby[r.Request.Id] = r.Request.StandbyWindow > 0
		if err := k.importRequest(ctx, r); err != nil {
			return err
		}
	}
	for _, b := range g.Bids {
		if err := k.importBid(ctx, b, standby[b.RequestId]); err != nil {
			return err
		}
	}
	if err := k.importReceipts(ctx, g); err != nil {
		return err
	}
	if err := k.importRest(ctx, g); err != nil {
		return err
	}
	if err := k.importStats(ctx, g); err != nil {
		return err
	}
	return k.CheckInvariants(ctx)
}

// importRequest writes a request with its place in the queues.
func (k *Keeper) importRequest(ctx context.Context, r types.GenesisRequest) error {
	id, err := types.ParseID(r.Request.Id)
	if err != nil {
		return err
	}
	if r.Proof != nil {
		if err := k.proofs.Set(ctx, id, *r.Proof); err != nil {
			return err
		}
	}
	e := &entry{id: id, request: r.Request, auction: r.Auction}
	if err := k.create(ctx, e, r.Input); err != nil || !r.DeadLetter {
		return err
	}
	// A dead letter is in no queue.
	key, err := k.queueKey(e)
	if err != nil {
		return err
	}
	return k.bury(ctx, id, key)
}

// importBid writes a bid and its place among the standby candidates.
func (k *Keeper) importBid(ctx context.Context, b types.GenesisBid, standby bool) error {
	id, err := types.ParseID(b.RequestId)
	if err != nil {
		return err
	}
	prover, err := k.address("prover", b.Prover)
	if err != nil {
		return err
	}
	if standby && b.Bid.Standby && b.Bid.State == types.BID_STATE_RANKED {
		key, err := standbyKey(id, b.Bid.Fee, b.Bid.Order)
		if err != nil {
			return err
		}
		if err := k.standby.Set(ctx, key, prover); err != nil {
			return err
		}
	}
	return k.setBid(ctx, id, prover, b.Bid)
}

// importRest writes submitters, consents and claims.
func (k *Keeper) importRest(ctx context.Context, g *types.GenesisState) error {
	for _, s := range g.Submitters {
		submitter, err := k.address("submitter", s.Submitter)
		if err != nil {
			return err
		}
		if err := k.setLink(ctx, submitter, s.Link); err != nil {
			return err
		}
	}
	for _, c := range g.Consents {
		submitter, prover, err := k.pair(&c.Submitter, &c.Prover)
		if err != nil {
			return err
		}
		if err := k.consents.Set(ctx, submitter, prover); err != nil {
			return err
		}
	}
	for _, c := range g.Claims {
		owner, err := k.address("owner", c.Owner)
		if err != nil {
			return err
		}
		if err := k.claims.Set(ctx, owner, c.Amount); err != nil {
			return err
		}
	}
	return nil
}

// ExportGenesis reads the whole state, in the order of the keys.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	g := &types.GenesisState{}
	var err error
	if g.Params, err = k.params.Get(ctx); err != nil {
		return nil, err
	}
	if g.Clock, err = k.clock.Get(ctx); err != nil {
		return nil, err
	}
	if g.Pause, err = k.GetPause(ctx); err != nil {
		return nil, err
	}
	if g.Halts, err = k.allHalts(ctx); err != nil {
		return nil, err
	}
	if err := k.exportRequests(ctx, g); err != nil {
		return nil, err
	}
	if err := k.exportReceipts(ctx, g); err != nil {
		return nil, err
	}
	if err := k.exportStats(ctx, g); err != nil {
		return nil, err
	}
	return g, k.exportRest(ctx, g)
}

// exportRequests reads the requests with everything that hangs on them. Bids that
// requests which have shrunk left behind stay out.
func (k *Keeper) exportRequests(ctx context.Context, g *types.GenesisState) error {
	return k.requests.Walk(ctx, nil, func(id []byte, request types.Request) (bool, error) {
		r := types.GenesisRequest{Request: request}
		var err error
		if r.Auction, err = k.auctions.Get(ctx, id); err != nil {
			return true, err
		}
		if r.Input, err = k.getInput(ctx, id); err != nil {
			return true, err
		}
		proof, err := k.proofs.Get(ctx, id)
		if err == nil {
			r.Proof = &proof
		} else if !errors.Is(err, collections.ErrNotFound) {
			return true, err
		}
		if r.DeadLetter, err = k.isDead(ctx, id); err != nil {
			return true, err
		}
		g.Requests = append(g.Requests, r)
		return false, k.exportBids(ctx, g, id)
	})
}

// getInput reads the inline input of an open request; nil for none.
func (k *Keeper) getInput(ctx context.Context, id []byte) ([]byte, error) {
	input, err := k.inputs.Get(ctx, id)
	if errors.Is(err, collections.ErrNotFound) {
		return nil, nil
	}
	return input, err
}

// exportRest reads submitters, consents and claims.
func (k *Keeper) exportRest(ctx context.Context, g *types.GenesisState) error {
	err := k.submitters.Walk(ctx, nil, func(submitter sdk.AccAddress, link types.SubmitterLink) (bool, error) {
		name, err := k.format(submitter)
		g.Submitters = append(g.Submitters, types.GenesisSubmitter{Submitter: name, Link: link})
		return false, err
	})
	if err != nil {
		return err
	}
	err = k.consents.Walk(ctx, nil, func(submitter sdk.AccAddress, prover []byte) (bool, error) {
		name, err := k.format(submitter)
		if err != nil {
			return true, err
		}
		other, err := k.format(prover)
		g.Consents = append(g.Consents, types.GenesisConsent{Submitter: name, Prover: other})
		return false, err
	})
	if err != nil {
		return err
	}
	return k.claims.Walk(ctx, nil, func(owner sdk.AccAddress, amount math.Int) (bool, error) {
		name, err := k.format(owner)
		g.Claims = append(g.Claims, types.GenesisClaim{Owner: name, Amount: amount})
		return false, err
	})
}
