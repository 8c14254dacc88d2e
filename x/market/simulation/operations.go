package simulation

import (
	"context"
	"time"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/simop"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// Register adds the module's messages to a simulation.
func (s Source) Register(weights simsx.WeightSource, reg simsx.Registry) {
	for _, o := range []struct {
		name    string
		weight  uint32
		factory simsx.SimMsgFactoryX
	}{
		{"request", 100, s.MsgRequest()},
		{"cancel", 5, s.MsgCancel()},
		{"raise_fee", 10, s.MsgRaiseFee()},
		{"bid", 150, s.MsgBid()},
		{"bid_batch", 30, s.MsgBidBatch()},
		{"reveal", 150, s.MsgReveal()},
		{"reveal_batch", 30, s.MsgRevealBatch()},
		{"submit_proof", 60, s.MsgSubmitProof()},
		{"refund", 20, s.MsgRefund()},
		{"claim", 10, s.MsgClaim()},
		{"consent_submitter", 20, s.MsgConsentSubmitter()},
		{"withdraw_consent", 3, s.MsgWithdrawConsent()},
		{"register_submitter", 20, s.MsgRegisterSubmitter()},
		{"unregister_submitter", 5, s.MsgUnregisterSubmitter()},
	} {
		reg.Add(weights.Get("market_"+o.name, o.weight), o.factory)
	}
}

// MsgRequest asks for a proof: as a rule one that the simulation can make.
func (s Source) MsgRequest() simsx.SimMsgFactoryX {
	return simop.New(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgRequest) {
		params, pause := s.params(ctx, reporter)
		if pause.Requests {
			reporter.Skip("requests are paused")
			return simsx.SimAccount{}, nil
		}
		acc, r := data.AnyAccount(reporter), data.Rand()
		maxFee := math.NewInt(r.Int63n(mostMaxFee-leastMaxFee*10) + leastMaxFee*10)
		if acc.LiquidBalance().AmountOf(chain.Denom).LT(maxFee.MulRaw(2)) ||
			!simop.Take(acc, maxFee) || !simop.Take(acc, params.RequestFee) {
			reporter.Skip("too poor")
			return acc, nil
		}
		hours := func() time.Duration {
			least, most := int(params.MinTimeLimit/time.Hour), int(params.MaxTimeLimit/time.Hour)
			return time.Duration(r.IntInRange(least, most+1)) * time.Hour
		}
		msg := &types.MsgRequest{
			Requester: acc.AddressBech32, Statement: unprovable(),
			Image:  types.Image{Url: "https://example.org/image", Sha256: types.FormatID(make([]byte, 32))},
			Input:  types.Input{Inline: []byte(r.StringN(int(params.MaxInlineInput)))},
			MaxFee: maxFee, MinStake: math.NewInt(r.Int63n(mostMinStake-leastMinStake) + leastMinStake),
			BiddingBlocks: r.Uint64InRange(params.MinBiddingBlocks, params.MaxBiddingBlocks+1),
			RevealBlocks:  r.Uint64InRange(params.MinRevealBlocks, params.MaxRevealBlocks+1),
			TimeLimit:     hours(), Nonce: r.Uint64(),
		}
		if r.Intn(8) > 0 {
			list := samples().Proofs
			msg.Statement = list[r.Intn(len(list))].statement
		}
		if r.Bool() {
			msg.StandbyWindow = hours()
		}
		return acc, msg
	})
}

// MsgCancel takes a request back that nobody has bid for.
func (s Source) MsgCancel() simsx.SimMsgFactoryX {
	return simop.New(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgCancel) {
		open := bidding(ctx)
		v := s.request(ctx, data, reporter, func(v types.RequestView) bool { return open(v) && v.Auction.Bids == 0 })
		return data.GetAccount(reporter, v.Request.Requester), &types.MsgCancel{Requester: v.Request.Requester, RequestId: v.Request.Id}
	})
}

// MsgRaiseFee offers more.
func (s Source) MsgRaiseFee() simsx.SimMsgFactoryX {
	return simop.New(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgRaiseFee) {
		params, pause := s.params(ctx, reporter)
		v := s.request(ctx, data, reporter, bidding(ctx))
		if reporter.IsSkipped() {
			return simsx.SimAccount{}, nil
		}
		acc := data.GetAccount(reporter, v.Request.Requester)
		added := math.NewInt(data.Rand().Int63n(leastMaxFee) + 1)
		maxFee := v.Request.MaxFee.Add(added)
		if pause.Requests || params.CheckMaxFee(maxFee) != nil ||
			acc.LiquidBalance().AmountOf(chain.Denom).LT(added.MulRaw(2)) || !simop.Take(acc, added) {
			reporter.Skip("paused, too high, or too poor")
			return acc, nil
		}
		return acc, &types.MsgRaiseFee{Requester: acc.AddressBech32, RequestId: v.Request.Id, MaxFee: maxFee}
	})
}

// bidder returns a random prover that may bid for the request, and the bond of a
// first bid. It skips when it finds none soon.
func (s Source) bidder(
	ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter, id string,
) (prover simsx.SimAccount, bond math.Int) {
	prover = data.AnyAccountN(retries, reporter, simsx.SimAccountFilterFn(func(a simsx.SimAccount) bool {
		res, err := s.q.MayBid(ctx, &types.QueryMayBidRequest{RequestId: id, Prover: a.AddressBech32})
		if err != nil || !res.MayBid {
			return false
		}
		bond = res.Bond
		return true
	}))
	return prover, bond
}

// MsgBid bids, or bids again, for a prover.
func (s Source) MsgBid() simsx.SimMsgFactoryX {
	return simop.New(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgBid) {
		v := s.request(ctx, data, reporter, bidding(ctx))
		if reporter.IsSkipped() {
			return simsx.SimAccount{}, nil
		}
		prover, bond := s.bidder(ctx, data, reporter, v.Request.Id)
		if reporter.IsSkipped() {
			return prover, nil
		}
		signer := s.hand(ctx, data, reporter, prover.AddressBech32)
		if reporter.IsSkipped() {
			return signer, nil
		}
		if signer.LiquidBalance().AmountOf(chain.Denom).LTE(bond) || !simop.Take(signer, bond) {
			reporter.Skip("too poor")
			return signer, nil
		}
		return signer, &types.MsgBid{
			Signer: signer.AddressBech32, RequestId: v.Request.Id, Commitment: seal(ctx, reporter, v.Request.Id, prover),
		}
	})
}

// MsgBidBatch bids for some requests at once; items that are refused fail alone.
func (s Source) MsgBidBatch() simsx.SimMsgFactoryX {
	return simop.New(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgBidBatch) {
		all := s.requests(ctx, reporter, types.REQUEST_STATUS_PENDING, bidding(ctx))
		if len(all) == 0 {
			reporter.Skip("no such request")
			return simsx.SimAccount{}, nil
		}
		data.Rand().Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		prover, _ := s.bidder(ctx, data, reporter, all[0].Request.Id)
		if reporter.IsSkipped() {
			return prover, nil
		}
		msg := &types.MsgBidBatch{Signer: prover.AddressBech32}
		for _, v := range all[:min(len(all), 5)] {
			msg.Items = append(msg.Items, types.BidItem{RequestId: v.Request.Id, Commitment: seal(ctx, reporter, v.Request.Id, prover)})
		}
		return prover, msg
	})
}

// MsgReveal opens a bid. A bidder that retired and acts for another prover now can't
// open its own.
func (s Source) MsgReveal() simsx.SimMsgFactoryX {
	return simop.New(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgReveal) {
		v := s.request(ctx, data, reporter, revealing(ctx))
		if reporter.IsSkipped() {
			return simsx.SimAccount{}, nil
		}
		bidders := s.sealed(ctx, reporter, v.Request.Id)
		if len(bidders) == 0 {
			reporter.Skip("all bids are open")
			return simsx.SimAccount{}, nil
		}
		prover := bidders[data.Rand().Intn(len(bidders))]
		o := offerFor(v.Request.Id, prover)
		signer := s.hand(ctx, data, reporter, prover)
		return signer, &types.MsgReveal{
			Signer: signer.AddressBech32, RequestId: v.Request.Id, Fee: o.fee, Standby: o.standby, Salt: o.salt,
		}
	}, types.ErrBidNotFound, types.ErrWrongReveal)
}

// MsgRevealBatch opens a prover's bids for some requests at once.
func (s Source) MsgRevealBatch() simsx.SimMsgFactoryX {
	return simop.New(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgRevealBatch) {
		msg := &types.MsgRevealBatch{}
		all := s.requests(ctx, reporter, types.REQUEST_STATUS_PENDING, revealing(ctx))
		data.Rand().Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, v := range all {
			for _, prover := range s.sealed(ctx, reporter, v.Request.Id) {
				if msg.Signer == "" && data.HasAccount(prover) {
					msg.Signer = prover
				}
				if prover == msg.Signer && len(msg.Items) < 5 {
					o := offerFor(v.Request.Id, prover)
					msg.Items = append(msg.Items, types.RevealItem{RequestId: v.Request.Id, Fee: o.fee, Standby: o.standby, Salt: o.salt})
				}
			}
		}
		if len(msg.Items) == 0 {
			reporter.Skip("no bid to open")
			return simsx.SimAccount{}, nil
		}
		return data.GetAccount(reporter, msg.Signer), msg
	})
}

// MsgSubmitProof delivers a proof that the simulation can make.
func (s Source) MsgSubmitProof() simsx.SimMsgFactoryX {
	return simop.New(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgSubmitProof) {
		v := s.request(ctx, data, reporter, func(v types.RequestView) bool {
			_, provable := proofOf(v.Request.Statement)
			return provable && v.Auction.Assignment != nil && !v.Due
		})
		if reporter.IsSkipped() {
			return simsx.SimAccount{}, nil
		}
		proof, _ := proofOf(v.Request.Statement)
		signer := s.hand(ctx, data, reporter, v.Auction.Assignment.Prover)
		return signer, &types.MsgSubmitProof{
			Signer: signer.AddressBech32, RequestId: v.Request.Id, PublicValues: proof.PublicValues, Proof: proof.Proof,
		}
	}, types.ErrNotAssignedToYou, types.ErrNotAProver) // an assigned prover that retired, as above
}

// MsgRefund asks for what is due on some requests, each of which fails alone.
func (s Source) MsgRefund() simsx.SimMsgFactoryX {
	return simop.New(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgRefund) {
		acc := data.AnyAccount(reporter)
		msg := &types.MsgRefund{Signer: acc.AddressBech32}
		for _, wanted := range []func(types.RequestView) bool{
			func(v types.RequestView) bool { return v.Due }, func(v types.RequestView) bool { return !v.Due },
		} {
			for _, v := range s.requests(ctx, reporter, types.REQUEST_STATUS_PENDING, wanted) {
				if len(msg.RequestIds) < 5 {
					msg.RequestIds = append(msg.RequestIds, v.Request.Id)
				}
			}
		}
		if len(msg.RequestIds) == 0 {
			reporter.Skip("no open request")
		}
		return acc, msg
	})
}

// MsgClaim fetches what could not be paid, or a bond that waits since a verifier was
// revoked. Both are rare, so that it skips as a rule.
func (s Source) MsgClaim() simsx.SimMsgFactoryX {
	return simop.New(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgClaim) {
		for _, v := range s.requests(ctx, reporter, types.REQUEST_STATUS_REFUNDED, func(v types.RequestView) bool {
			return v.Auction.UnrevealedBonds.IsPositive()
		}) {
			res, err := s.q.Bids(ctx, &types.QueryBidsRequest{RequestId: v.Request.Id})
			if err != nil {
				reporter.Fail(err, "bids")
				return simsx.SimAccount{}, nil
			}
			for _, b := range res.Bids {
				if b.Bid.State == types.BID_STATE_SEALED && !b.Bid.BondReturned && data.HasAccount(b.Bid.Payer) {
					return data.GetAccount(reporter, b.Bid.Payer), &types.MsgClaim{
						Owner: b.Bid.Payer, Bids: []types.BidRef{{RequestId: v.Request.Id, Prover: b.Prover}},
					}
				}
			}
		}
		acc := data.AnyAccountN(retries, reporter, simsx.SimAccountFilterFn(func(a simsx.SimAccount) bool {
			res, err := s.q.Claim(ctx, &types.QueryClaimRequest{Address: a.AddressBech32})
			return err == nil && res.Amount.IsPositive()
		}))
		return acc, &types.MsgClaim{Owner: acc.AddressBech32}
	})
}
