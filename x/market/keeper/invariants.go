package keeper

import (
	"bytes"
	"context"
	"slices"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// CheckInvariants checks what must always hold of the market (docs/design.md
// section 7, points 1, 4, 5 and 6) and returns ErrInvariant for the first thing
// that does not. It reads the whole state: for tests, simulation and after an
// import.
func (k *Keeper) CheckInvariants(ctx context.Context) error {
	loads := map[string]load{}
	err := k.requests.Walk(ctx, nil, func(id []byte, _ types.Request) (bool, error) {
		e, err := k.load(ctx, id)
		if err != nil {
			return true, broken("request %X has no auction: %s", id, err)
		}
		if err := k.checkRequest(ctx, e, loads); err != nil {
			return true, err
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	for _, check := range []func(context.Context) error{k.checkIndexes, k.checkAllPlaces, k.checkReceipts, k.checkMarks, k.checkSwept, k.checkClaims, k.checkSubmitters, k.checkHalts, k.checkStats} {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return k.checkLoads(ctx, loads)
}

// broken makes an ErrInvariant.
func broken(format string, args ...any) error {
	return errorsmod.Wrapf(types.ErrInvariant, format, args...)
}

// load is what a prover's open assignments come to.
type load struct {
	stake, exposure math.Int
	open            uint64
}

// checkRequest checks one request with its bids, account and queue entry.
func (k *Keeper) checkRequest(ctx context.Context, e *entry, loads map[string]load) error {
	if e.request.Id != types.FormatID(e.id) {
		return broken("request %X calls itself %s", e.id, e.request.Id)
	}
	if err := k.checkBids(ctx, e, loads); err != nil {
		return err
	}
	if err := k.checkAccount(ctx, e); err != nil {
		return err
	}
	if err := k.checkParts(ctx, e); err != nil {
		return err
	}
	if duty, open := e.auction.OpenDuty(); open {
		l, known := loads[duty.Prover]
		if !known {
			l = load{math.ZeroInt(), math.ZeroInt(), 0}
		}
		loads[duty.Prover] = load{l.stake.Add(e.request.MinStake), l.exposure.Add(e.request.Terms.Penalty), l.open + 1}
	}
	if err := k.checkVerifier(ctx, e); err != nil {
		return err
	}
	return k.checkPlaces(ctx, e)
}

// checkVerifier checks that an open request has its verifier or circuit, and that
// it holds a circuit exactly as long as it is open: it could not end otherwise.
func (k *Keeper) checkVerifier(ctx context.Context, e *entry) error {
	st, open := e.request.Statement, e.auction.Status == types.REQUEST_STATUS_PENDING
	if open {
		if _, err := k.verifier.Standing(ctx, st); err != nil {
			return broken("request %s: %s", e.request.Id, err)
		}
	}
	held, err := k.verifier.Held(ctx, st, e.id)
	if err != nil {
		return broken("request %s: %s", e.request.Id, err)
	}
	if held != (open && st.IsCircuit()) {
		return broken("request %s is %s, its hold on circuit %s is %t", e.request.Id, e.auction.Status, st.Program, held)
	}
	return nil
}

// checkBids recounts the bids and ranks them again (laws M6, M7).
func (k *Keeper) checkBids(ctx context.Context, e *entry, loads map[string]load) error {
	var total, reveals, candidates uint64
	sealed := math.ZeroInt()
	var ranked []auction.Entry
	rng := collections.NewPrefixedPairRange[[]byte, sdk.AccAddress](e.id)
	err := k.bids.Walk(ctx, rng, func(key collections.Pair[[]byte, sdk.AccAddress], bid types.Bid) (bool, error) {
		total++
		name, err := k.format(key.K2())
		if err != nil {
			return true, err
		}
		if _, known := loads[name]; !known {
			loads[name] = load{math.ZeroInt(), math.ZeroInt(), 0}
		}
		switch bid.State {
		case types.BID_STATE_SEALED:
			if !bid.BondReturned {
				sealed = sealed.Add(bid.Bond)
			}
		case types.BID_STATE_RANKED:
			reveals++
			ranked = append(ranked, auction.Entry{Fee: bid.Fee, Order: bid.Order})
			if bid.Standby && e.request.StandbyWindow > 0 {
				candidates++
				return k.checkCandidate(ctx, e, key.K2(), bid)
			}
		case types.BID_STATE_UNRANKED:
			reveals++
		default:
			return true, broken("bid of %s for %s has state %d", name, e.request.Id, bid.State)
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	a := e.auction
	if total != a.Bids || reveals != a.Reveals || uint64(len(ranked)) != a.Ranked {
		return broken("request %s counts %d bids, %d reveals, %d ranked; there are %d, %d, %d",
			e.request.Id, a.Bids, a.Reveals, a.Ranked, total, reveals, len(ranked))
	}
	// Bonds of sealed bids are all there until the closing, which takes them all.
	open := a.Stage == types.STAGE_BIDDING || a.Stage == types.STAGE_REVEALING
	if (open || a.UnrevealedBonds.IsPositive()) && !sealed.Equal(a.UnrevealedBonds) {
		return broken("request %s counts sealed bonds of %s, there are %s", e.request.Id, a.UnrevealedBonds, sealed)
	}
	return checkRanking(e, ranked)
}

// checkCandidate checks that the index leads to a standby candidate.
func (k *Keeper) checkCandidate(ctx context.Context, e *entry, prover sdk.AccAddress, bid types.Bid) (bool, error) {
	key, err := standbyKey(e.id, bid.Fee, bid.Order)
	if err != nil {
		return true, err
	}
	stored, err := k.standby.Get(ctx, key)
	if err != nil || !prover.Equals(sdk.AccAddress(stored)) {
		return true, broken("standby bid of %s for %s is not in the index", prover, e.request.Id)
	}
	return false, nil
}

// checkRanking sorts the ranked bids and compares.
func checkRanking(e *entry, ranked []auction.Entry) error {
	slices.SortFunc(ranked, func(a, b auction.Entry) int {
		if c := a.Fee.BigInt().Cmp(b.Fee.BigInt()); c != 0 {
			return c
		}
		return int(a.Order) - int(b.Order)
	})
	r := e.auction.Ranking()
	if (len(ranked) > 0) != (e.auction.Leader != nil) ||
		len(ranked) > 0 && (ranked[0].Order != r.Leader.Order || !ranked[0].Fee.Equal(r.Leader.Fee)) ||
		len(ranked) > 1 && !ranked[1].Fee.Equal(r.Second) {
		return broken("request %s has a ranking that differs from its bids", e.request.Id)
	}
	return nil
}

// checkAccount checks that the request's account covers what it must (invariant 1).
// Coins that came by hand may lie on top. A record of it in x/auth says nothing: anyone
// can make one there, with a coin of any denomination or a fee grant.
func (k *Keeper) checkAccount(ctx context.Context, e *entry) error {
	have := k.bank.GetBalance(ctx, e.account(), chain.Denom).Amount
	need := e.auction.UnrevealedBonds
	if e.auction.Status == types.REQUEST_STATUS_PENDING {
		need = e.auction.Holdings(e.request.MaxFee).Total()
	}
	if have.LT(need) {
		return broken("account of request %s holds %s, needs %s", e.request.Id, have, need)
	}
	return nil
}

// checkParts checks that input and proof are there exactly when they should be.
func (k *Keeper) checkParts(ctx context.Context, e *entry) error {
	input, err := k.inputs.Has(ctx, e.id)
	if err != nil {
		return err
	}
	if input && e.auction.Status != types.REQUEST_STATUS_PENDING {
		return broken("request %s has ended and keeps its input", e.request.Id)
	}
	proof, err := k.proofs.Has(ctx, e.id)
	if err != nil {
		return err
	}
	if proof != (e.auction.Status == types.REQUEST_STATUS_FULFILLED) {
		return broken("request %s is %s, proof stored is %t", e.request.Id, e.auction.Status, proof)
	}
	a := e.auction
	done, reason := a.Stage == types.STAGE_DONE, a.EndReason.Status()
	if done == (a.Status == types.REQUEST_STATUS_PENDING) || done != (a.RetainedUntil != nil) || done && reason != a.Status ||
		!done && reason != types.REQUEST_STATUS_UNSPECIFIED {
		return broken("request %s is %s in %s, for %s, retained until %s", e.request.Id, a.Status, a.Stage, a.EndReason, a.RetainedUntil)
	}
	return nil
}

// checkIndexes checks that auctions, bids, inputs, proofs and standby candidates
// belong to something (invariant 5).
func (k *Keeper) checkIndexes(ctx context.Context) error {
	known := func(what string, id []byte) (bool, error) {
		has, err := k.requests.Has(ctx, id)
		if err == nil && !has {
			err = broken("%s of request %X, which does not exist", what, id)
		}
		return err != nil, err
	}
	walks := []func() error{
		func() error {
			return k.auctions.Walk(ctx, nil, func(id []byte, _ types.Auction) (bool, error) { return known("auction", id) })
		},
		func() error {
			return k.inputs.Walk(ctx, nil, func(id, _ []byte) (bool, error) { return known("input", id) })
		},
		func() error {
			return k.proofs.Walk(ctx, nil, func(id []byte, _ types.Proof) (bool, error) { return known("proof", id) })
		},
		func() error {
			return k.bids.Walk(ctx, nil, func(key collections.Pair[[]byte, sdk.AccAddress], _ types.Bid) (bool, error) {
				if litter, err := k.litter.Has(ctx, key.K1()); err != nil || litter {
					return err != nil, err
				}
				return known("bid", key.K1())
			})
		},
		func() error {
			return k.standby.Walk(ctx, nil, func(key collections.Triple[[]byte, []byte, uint64], prover []byte) (bool, error) {
				if litter, err := k.litter.Has(ctx, key.K1()); err != nil || litter {
					return err != nil, err
				}
				bid, found, err := k.getBid(ctx, key.K1(), prover)
				if err == nil && (!found || !bid.Standby || bid.State != types.BID_STATE_RANKED || bid.Order != key.K3() ||
					!bytes.Equal(bid.Fee.BigInt().FillBytes(make([]byte, len(key.K2()))), key.K2())) {
					err = broken("standby entry of request %X leads to no such bid", key.K1())
				}
				return err != nil, err
			})
		},
	}
	for _, walk := range walks {
		if err := walk(); err != nil {
			return err
		}
	}
	return nil
}

// checkClaims checks that the claims account covers all claims (invariant 1).
func (k *Keeper) checkClaims(ctx context.Context) error {
	sum := math.ZeroInt()
	err := k.claims.Walk(ctx, nil, func(_ sdk.AccAddress, amount math.Int) (bool, error) {
		sum = sum.Add(amount)
		return false, nil
	})
	if err != nil {
		return err
	}
	if have := k.bank.GetBalance(ctx, types.ClaimsAccount(), chain.Denom).Amount; have.LT(sum) {
		return broken("claims account holds %s, claims are %s", have, sum)
	}
	return nil
}

// checkHalts checks that the halts add up to what the clock has lost.
func (k *Keeper) checkHalts(ctx context.Context) error {
	clock, err := k.clock.Get(ctx)
	if err != nil {
		return err
	}
	halts, err := k.allHalts(ctx)
	if err != nil {
		return err
	}
	if err := clock.CheckHalts(halts); err != nil {
		return broken("%s", err)
	}
	return nil
}

// checkLoads compares what provers record as assigned with the requests that they
// lead or are assigned (invariant 4).
func (k *Keeper) checkLoads(ctx context.Context, loads map[string]load) error {
	names := make([]string, 0, len(loads))
	for name := range loads {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		prover, err := k.address("prover", name)
		if err != nil {
			return err
		}
		s, err := k.provers.Standing(ctx, prover)
		if err != nil {
			return broken("prover %s: %s", name, err)
		}
		l := loads[name]
		if !s.AssignedStake.Equal(l.stake) || !s.Exposure.Equal(l.exposure) || s.OpenAssignments != l.open {
			return broken("prover %s records stake %s, exposure %s, %d open; its requests come to %s, %s, %d",
				name, s.AssignedStake, s.Exposure, s.OpenAssignments, l.stake, l.exposure, l.open)
		}
	}
	return nil
}
