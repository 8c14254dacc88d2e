package simulation

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/keeper"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// retries is how often an account of some kind is looked for.
const retries = 20

// Source makes the module's messages by what it finds on the chain.
type Source struct {
	k *keeper.Keeper
	q types.QueryServer
}

// NewSource returns a source over the module's keeper.
func NewSource(k *keeper.Keeper) Source { return Source{k: k, q: keeper.NewQueryServer(k)} }

func (s Source) params(ctx context.Context, reporter simsx.SimulationReporter) (types.Params, types.Pause) {
	res, err := s.q.Params(ctx, &types.QueryParamsRequest{})
	if err != nil {
		reporter.Fail(err, "parameters")
		return types.Params{}, types.Pause{}
	}
	return res.Params, res.Pause
}

// requests lists the requests of a status that wanted accepts, one page of them at
// most.
func (s Source) requests(
	ctx context.Context, reporter simsx.SimulationReporter, status types.RequestStatus, wanted func(types.RequestView) bool,
) []types.RequestView {
	res, err := s.q.Requests(ctx, &types.QueryRequestsRequest{Status: status, Pagination: &query.PageRequest{Limit: keeper.MaxPage}})
	if err != nil {
		reporter.Fail(err, "requests")
		return nil
	}
	return slices.DeleteFunc(res.Views, func(v types.RequestView) bool { return !wanted(v) })
}

// request returns a random open request that wanted accepts. It skips when there is
// none.
func (s Source) request(
	ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter, wanted func(types.RequestView) bool,
) types.RequestView {
	all := s.requests(ctx, reporter, types.REQUEST_STATUS_PENDING, wanted)
	if len(all) == 0 {
		reporter.Skip("no such request")
		return types.RequestView{}
	}
	return all[data.Rand().Intn(len(all))]
}

func height(ctx context.Context) uint64 {
	return uint64(max(sdk.UnwrapSDKContext(ctx).BlockHeight(), 0))
}

// bidding tells whether a message in this block may bid.
func bidding(ctx context.Context) func(types.RequestView) bool {
	return func(v types.RequestView) bool {
		return v.Auction.Stage == types.STAGE_BIDDING && height(ctx) <= v.Auction.BiddingEnd
	}
}

// revealing tells whether a message in this block may reveal.
func revealing(ctx context.Context) func(types.RequestView) bool {
	return func(v types.RequestView) bool {
		a := v.Auction
		return a.Stage == types.STAGE_REVEALING && height(ctx) > a.BiddingEnd && height(ctx) <= a.RevealEnd
	}
}

// actsFor is the prover that an account acts for; empty for none.
func (s Source) actsFor(ctx context.Context, acc string) string {
	res, err := s.q.Submitter(ctx, &types.QuerySubmitterRequest{Address: acc})
	if err != nil {
		return ""
	}
	return res.ActsFor
}

// hand returns the prover's account or one that acts for it. It skips when the
// simulation has no such account.
func (s Source) hand(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter, prover string) simsx.SimAccount {
	res, err := s.q.Submitters(ctx, &types.QuerySubmittersRequest{Prover: prover})
	if err != nil {
		reporter.Fail(err, "submitters")
		return simsx.SimAccount{}
	}
	hands := []string{prover}
	for _, v := range res.Submitters {
		if v.Live && s.actsFor(ctx, v.Submitter) == prover {
			hands = append(hands, v.Submitter)
		}
	}
	return data.GetAccount(reporter, hands[data.Rand().Intn(len(hands))])
}

// sealed lists the bidders of a request whose bids are not open yet.
func (s Source) sealed(ctx context.Context, reporter simsx.SimulationReporter, id string) (provers []string) {
	res, err := s.q.Bids(ctx, &types.QueryBidsRequest{RequestId: id})
	if err != nil {
		reporter.Fail(err, "bids")
		return nil
	}
	for _, b := range res.Bids {
		if b.Bid.State == types.BID_STATE_SEALED {
			provers = append(provers, b.Prover)
		}
	}
	return provers
}

// offer is what the prover's bid for a request hides.
type offer struct {
	fee     math.Int
	standby bool
	salt    []byte
}

// offerFor follows from the request and the prover alone.
func offerFor(id, prover string) offer {
	sum := sha256.Sum256([]byte("offer" + id + prover))
	return offer{
		fee:     math.NewInt(int64(binary.BigEndian.Uint16(sum[:])) % leastMaxFee),
		standby: sum[2]%2 == 0,
		salt:    sum[:auction.SaltSize],
	}
}

// seal makes the commitment to the prover's offer.
func seal(ctx context.Context, reporter simsx.SimulationReporter, id string, prover simsx.SimAccount) []byte {
	raw, err := types.ParseID(id)
	if err != nil {
		reporter.Fail(err, "request id")
		return nil
	}
	o := offerFor(id, prover.AddressBech32)
	sum, err := auction.Commitment(sdk.UnwrapSDKContext(ctx).ChainID(), raw, prover.Address, o.fee, o.standby, o.salt)
	if err != nil {
		reporter.Fail(err, "commitment")
		return nil
	}
	return sum[:]
}
