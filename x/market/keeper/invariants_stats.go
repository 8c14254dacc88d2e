package keeper

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// recount is what requests and receipts come to, for comparison with the statistics.
type recount struct {
	market types.MarketStats
	// provers: raw address → what it delivered.
	provers map[string]types.ProverStats
	// owes: raw address → proofs that it owes now.
	owes map[string]uint64
	// outcomes: raw id → how the request ended.
	outcomes map[string]types.Receipt
	// waiting: raw ids of fulfilled requests whose price waits to be folded.
	waiting map[string]bool
}

// checkStats checks that the statistics, with what waits to be folded, tell what
// requests and receipts tell, that those of provers add up to the market's, and that
// each statement proved counts once (law M14).
func (k *Keeper) checkStats(ctx context.Context) error {
	r, err := k.recount(ctx)
	if err != nil {
		return err
	}
	waiting, err := k.waitingDeltas(ctx)
	if err != nil {
		return err
	}
	for _, w := range waiting {
		if w.delta.Price != nil {
			r.waiting[string(w.key.K1())] = true
		}
	}
	if err := k.checkProverSums(ctx); err != nil {
		return err
	}
	if err := k.checkCounts(ctx, r, waiting); err != nil {
		return err
	}
	if err := k.checkStatements(ctx, r); err != nil {
		return err
	}
	return k.checkPrices(ctx, r)
}

// recount goes through all requests and receipts.
func (k *Keeper) recount(ctx context.Context) (*recount, error) {
	r := &recount{
		market: types.NoMarketStats(), provers: map[string]types.ProverStats{}, owes: map[string]uint64{},
		outcomes: map[string]types.Receipt{}, waiting: map[string]bool{},
	}
	err := k.requests.Walk(ctx, nil, func(id []byte, _ types.Request) (bool, error) {
		e, err := k.load(ctx, id)
		if err != nil {
			return true, err
		}
		if e.auction.Status != types.REQUEST_STATUS_PENDING {
			receipt, err := k.receiptOf(ctx, e)
			if err != nil {
				return true, err
			}
			return false, r.add(id, receipt)
		}
		r.market.Requests++
		if d := e.auction.Assignment; d != nil {
			prover, err := k.address("prover", d.Prover)
			if err != nil {
				return true, err
			}
			r.owes[string(prover)]++
		}
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	return r, k.receipts.Walk(ctx, nil, func(id []byte, receipt types.Receipt) (bool, error) {
		return false, r.add(id, receipt)
	})
}

// add counts a request that ended.
func (r *recount) add(id []byte, receipt types.Receipt) error {
	r.market.Requests++
	r.outcomes[string(id)] = receipt
	if receipt.EndReason != types.END_REASON_PROVED {
		*ended(&r.market, receipt.EndReason)++
		return nil
	}
	proof := types.ProverStats{Fulfilled: 1, Fees: receipt.Price}
	var err error
	if r.market.Provers, err = r.market.Provers.Plus(proof); err != nil {
		return err
	}
	r.provers[string(receipt.Prover)], err = r.provers[string(receipt.Prover)].Plus(proof)
	return err
}

// byEpoch are figures of provers by their keys in a genesis: 0 for the lifetime's, and
// those of epochs.
type byEpoch map[uint64]types.ProverStats

// checkProverSums checks that the figures of provers sum to the market's, in the
// lifetime and in every epoch that the market keeps, and that epochs are no more than
// the lifetime.
func (k *Keeper) checkProverSums(ctx context.Context) error {
	sums := byEpoch{}
	err := k.walkProvers(ctx, func(prover sdk.AccAddress, h history[types.ProverStats]) error {
		records, err := h.whole()
		if err != nil {
			return err
		}
		for _, r := range records {
			if sums[r.epoch], err = sums[r.epoch].Plus(r.figures); err != nil {
				return err
			}
		}
		return checkProverEpochs(prover, records[0].figures, records[1:])
	})
	if err != nil {
		return err
	}
	h, err := k.marketSeries().history(ctx)
	if err != nil {
		return err
	}
	records, err := h.whole()
	if err != nil {
		return err
	}
	kept := make([]uint64, 0, len(records))
	for _, r := range records {
		kept = append(kept, r.epoch)
		want, err := sums[r.epoch].Plus(types.NoProverStats())
		if err != nil {
			return err
		}
		have := r.figures.Provers
		if want.LastActive > have.LastActive {
			return broken("a prover was last active in block %d, the market in %d", want.LastActive, have.LastActive)
		}
		if want.LastActive = have.LastActive; !want.Equal(have) || len(kept) > 1+types.MaxStatsEpochs {
			return broken("figures of provers in epoch %d, number %d, come to %s, the market counts %s", r.epoch, len(kept), want.String(), have.String())
		}
	}
	return checkKept(sums, kept)
}

// checkProverEpochs checks that a prover's epochs are its whole lifetime until the first is
// forgotten, and not more after that.
func checkProverEpochs(prover sdk.AccAddress, lifetime types.ProverStats, epochs history[types.ProverStats]) error {
	left := lifetime
	for _, e := range epochs {
		var err error
		if left, err = left.Minus(e.figures); err != nil {
			return broken("epochs of %s are more than its lifetime: %v", prover, err)
		}
	}
	if len(epochs) > types.MaxStatsEpochs {
		return broken("%s has %d epochs", prover, len(epochs))
	}
	if left.LastActive = 0; len(epochs) < types.MaxStatsEpochs && !left.Equal(types.NoProverStats()) {
		return broken("the %d epochs of %s leave %s of its lifetime", len(epochs), prover, left.String())
	}
	return nil
}

// checkKept checks that the market has figures where provers have some: of the lifetime
// and of every epoch but those that were forgotten because later ones took their place.
func checkKept(sums byEpoch, kept []uint64) error {
	for _, epoch := range slices.Sorted(maps.Keys(sums)) {
		forgotten := len(kept) > types.MaxStatsEpochs && epoch != 0 && epoch < kept[1]
		if !forgotten && !slices.Contains(kept, epoch) {
			return broken("provers have figures of epoch %d, the market has none", epoch)
		}
	}
	return nil
}

// checkCounts compares the lifetime's figures, with what waits, with the recount.
func (k *Keeper) checkCounts(ctx context.Context, r *recount, waiting []waitingDelta) error {
	h, err := k.marketSeries().history(ctx)
	if err != nil {
		return err
	}
	market, err := h.lifetime()
	if err != nil {
		return err
	}
	provers := map[string]types.ProverStats{}
	err = k.walkProvers(ctx, func(prover sdk.AccAddress, h history[types.ProverStats]) (err error) {
		provers[string(prover)], err = h.lifetime()
		return err
	})
	if err != nil {
		return err
	}
	for _, w := range waiting {
		add := w.delta.Market
		add.Provers = w.delta.Prover
		if market, err = market.Plus(add); err != nil {
			return err
		}
		prover := string(w.key.K2())
		if provers[prover], err = provers[prover].Plus(w.delta.Prover); err != nil {
			return err
		}
	}
	have := types.MarketStats{
		Requests: market.Requests, Cancelled: market.Cancelled, NoBids: market.NoBids, NoneRanked: market.NoneRanked,
		Failed: market.Failed, Revoked: market.Revoked, RequestFees: math.ZeroInt(), Refunds: math.ZeroInt(), Provers: types.NoProverStats(),
	}
	have.Provers.Fulfilled, have.Provers.Fees = market.Provers.Fulfilled, market.Provers.Fees
	if !have.Equal(r.market) {
		return broken("statistics count %s, requests and receipts come to %s", have.String(), r.market.String())
	}
	return checkProverCounts(provers, r)
}

// checkProverCounts compares the figures of each prover.
func checkProverCounts(provers map[string]types.ProverStats, r *recount) error {
	delete(provers, "") // what belongs to the market alone
	names := make([]string, 0, len(provers))
	for prover := range provers {
		names = append(names, prover)
	}
	for prover := range r.provers {
		names = append(names, prover)
	}
	for prover := range r.owes {
		names = append(names, prover)
	}
	slices.Sort(names)
	for _, prover := range slices.Compact(names) {
		s, name := provers[prover], sdk.AccAddress(prover)
		delivered, err := r.provers[prover].Plus(types.NoProverStats())
		if err != nil {
			return err
		}
		if s.Fulfilled != delivered.Fulfilled || s.Fees.IsNil() || !s.Fees.Equal(delivered.Fees) {
			return broken("%s counts %d proofs for %s, requests and receipts have %d for %s", name, s.Fulfilled, s.Fees, delivered.Fulfilled, delivered.Fees)
		}
		if s.Reveals > s.Bids || s.Won > s.Reveals || s.ProtocolFees.GT(s.Fees) {
			return broken("%s counts %s", name, s.String())
		}
		// A revoked verifier ends an assignment without either.
		if s.Won+s.Promoted < s.Fulfilled+s.Missed+r.owes[prover] {
			return broken("%s was assigned %d + %d times, delivered %d, missed %d and owes %d", name, s.Won, s.Promoted, s.Fulfilled, s.Missed, r.owes[prover])
		}
	}
	return nil
}

// keyOf is the key of the statement that a request was about.
func keyOf(r types.Receipt) ([]byte, error) {
	key, err := auction.StatementKey(r.Verifier, r.Program, r.Digest)
	return key[:], err
}

// checkStatements checks that each statement leads to a request that proved it, and
// that no statement that was proved is missing.
func (k *Keeper) checkStatements(ctx context.Context, r *recount) error {
	err := k.statements.Walk(ctx, nil, func(key, id []byte) (bool, error) {
		outcome, known := r.outcomes[string(id)]
		proved, err := keyOf(outcome)
		if !known || err != nil || outcome.EndReason != types.END_REASON_PROVED || !bytes.Equal(proved, key) {
			return true, broken("statement %X leads to request %X, which did not prove it", key, id)
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(r.outcomes)) {
		if r.outcomes[id].EndReason != types.END_REASON_PROVED || r.waiting[id] {
			continue
		}
		key, err := keyOf(r.outcomes[id])
		if err != nil {
			return broken("request %X: %s", id, err)
		}
		if has, err := k.statements.Has(ctx, key); err != nil || !has {
			return broken("request %X was fulfilled, its statement is not on record", id)
		}
	}
	return nil
}

// checkPrices checks that each program has the prices of its latest statements, at most
// MaxPrices, in the first slots, and counts them.
func (k *Keeper) checkPrices(ctx context.Context, r *recount) error {
	proved := map[string]int{}
	err := k.statements.Walk(ctx, nil, func(_, id []byte) (bool, error) {
		outcome := r.outcomes[string(id)]
		proved[outcome.Verifier+"\x00"+string(outcome.Program)]++
		return false, nil
	})
	if err != nil {
		return err
	}
	kept := map[string]int{}
	err = k.prices.Walk(ctx, nil, func(key priceKey, price types.PriceSample) (bool, error) {
		program := key.K1() + "\x00" + string(key.K2())
		if key.K3() != uint64(kept[program]) {
			return true, broken("a price of %q in slot %d, after %d", program, key.K3(), kept[program])
		}
		kept[program]++
		return false, k.checkPrice(ctx, r, key, price)
	})
	if err != nil {
		return err
	}
	counted := 0
	err = k.priceCounts.Walk(ctx, nil, func(key programKey, count uint64) (bool, error) {
		program := key.K1() + "\x00" + string(key.K2())
		if count == 0 || uint64(kept[program]) != min(count, types.MaxPrices) || count > uint64(proved[program]) {
			return true, broken("%d prices of %q were counted, %d are kept, %d statements proved", count, program, kept[program], proved[program])
		}
		counted++
		return false, nil
	})
	if err != nil {
		return err
	}
	if counted != len(kept) {
		return broken("%d programs have prices, those of %d were counted", len(kept), counted)
	}
	for _, program := range slices.Sorted(maps.Keys(proved)) {
		if kept[program] != min(proved[program], types.MaxPrices) {
			return broken("%d statements of %q were proved, %d prices are kept", proved[program], program, kept[program])
		}
	}
	return nil
}

// checkPrice checks that a price is what the first proof of its statement cost.
func (k *Keeper) checkPrice(ctx context.Context, r *recount, key priceKey, price types.PriceSample) error {
	id, err := types.ParseID(price.RequestId)
	if err != nil {
		return err
	}
	outcome := r.outcomes[string(id)]
	statement, err := keyOf(outcome)
	if err != nil {
		return broken("price of request %s, which proved nothing", price.RequestId)
	}
	first, err := k.statements.Get(ctx, statement)
	if err != nil || !bytes.Equal(first, id) || !outcome.Price.Equal(price.Price) ||
		outcome.Verifier != key.K1() || !bytes.Equal(outcome.Program, key.K2()) ||
		price.Verifier != key.K1() || price.Program != types.FormatID(key.K2()) {
		return broken("price %s of request %s is not what it paid for the first proof of its statement", price.Price, price.RequestId)
	}
	return nil
}
