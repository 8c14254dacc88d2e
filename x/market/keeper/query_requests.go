package keeper

import (
	"context"
	"slices"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// Requests lists requests: all, or those of one requester, prover, or verifier, of any
// or one status. What no index tells is left out of a page after it was read, so a
// page may hold fewer records than asked for and still lead to a next one.
func (q queryServer) Requests(ctx context.Context, req *types.QueryRequestsRequest) (*types.QueryRequestsResponse, error) {
	if req == nil {
		return nil, errEmpty
	}
	bounded, err := page(req.Pagination)
	if err != nil {
		return nil, err
	}
	spans, err := q.k.spansFor(req)
	if err != nil {
		return nil, err
	}
	items, pages, err := q.k.pageOf(ctx, spans, bounded)
	if err != nil {
		return nil, err
	}
	response := &types.QueryRequestsResponse{Pagination: pages}
	for _, item := range items {
		e, err := q.k.load(ctx, item.id)
		if err != nil {
			return nil, err
		}
		view, err := q.k.view(ctx, e)
		if err != nil {
			return nil, err
		}
		wanted, err := q.k.wanted(ctx, req, e, view)
		if err != nil {
			return nil, err
		}
		if wanted {
			response.Views = append(response.Views, view)
		}
	}
	return response, nil
}

// wanted tells whether a request that was read belongs into the list.
func (k *Keeper) wanted(ctx context.Context, req *types.QueryRequestsRequest, e *entry, v types.RequestView) (bool, error) {
	if req.Status != types.REQUEST_STATUS_UNSPECIFIED && e.auction.Status != req.Status {
		return false, nil
	}
	switch req.Due {
	case types.DUE_OVERDUE:
		return v.Due && e.auction.Assignment != nil && v.VerifierStatus != verifiertypes.VERIFIER_STATUS_REVOKED, nil
	case types.DUE_ANY:
		return v.Due, nil
	case types.DUE_REFUNDABLE:
		if !v.Due {
			return false, nil
		}
		return k.refundable(ctx, e)
	default:
		return true, nil
	}
}

// spansFor gives the places that a query goes through, in order. It returns
// ErrInvalidQuery, or ErrInvalidAddress.
func (k *Keeper) spansFor(req *types.QueryRequestsRequest) ([]span, error) {
	status, err := statusOf(req)
	if err != nil {
		return nil, err
	}
	given := 0
	for _, s := range []string{req.Requester, req.Prover, req.Verifier} {
		if s != "" {
			given++
		}
	}
	switch {
	case given > 1:
		return nil, errorsmod.Wrap(types.ErrInvalidQuery, "give at most one of requester, prover and verifier")
	case req.Program != "" && req.Verifier == "":
		return nil, errorsmod.Wrap(types.ErrInvalidQuery, "a program needs its verifier")
	case req.Requester != "":
		return k.ownerSpans(placeRequester, "requester", req.Requester, status)
	case req.Prover != "":
		return k.ownerSpans(placeProver, "prover", req.Prover, status)
	case req.Verifier != "":
		return verifierSpans(req.Verifier, req.Program, status)
	case status == types.REQUEST_STATUS_UNSPECIFIED:
		return []span{kindsSpan(placeHeight, placeRetained)}, nil
	case status == types.REQUEST_STATUS_PENDING:
		return []span{kindsSpan(placeHeight, placeDead)}, nil
	default:
		return []span{kindsSpan(placeRetained, placeRetained)}, nil
	}
}

// statusOf is the status that a query asks for: what is due is pending.
func statusOf(req *types.QueryRequestsRequest) (types.RequestStatus, error) {
	if _, known := types.RequestStatus_name[int32(req.Status)]; !known {
		return 0, errorsmod.Wrapf(types.ErrInvalidQuery, "status %d", req.Status)
	}
	if _, known := types.Due_name[int32(req.Due)]; !known {
		return 0, errorsmod.Wrapf(types.ErrInvalidQuery, "due %d", req.Due)
	}
	if req.Due == types.DUE_UNSPECIFIED || req.Status == types.REQUEST_STATUS_PENDING {
		return req.Status, nil
	}
	if req.Status != types.REQUEST_STATUS_UNSPECIFIED {
		return 0, errorsmod.Wrapf(types.ErrInvalidQuery, "nothing is due on a request that is %s", req.Status)
	}
	return types.REQUEST_STATUS_PENDING, nil
}

// ownerSpans are the places by an address, of one status or any.
func (k *Keeper) ownerSpans(kind byte, name, address string, status types.RequestStatus) ([]span, error) {
	addr, err := k.address(name, address)
	if err != nil {
		return nil, err
	}
	prefix := ownerPrefix(kind, addr)
	if status != types.REQUEST_STATUS_UNSPECIFIED {
		prefix = append(prefix, byte(status))
	}
	return []span{prefixSpan(prefix)}, nil
}

// verifierSpans are the places by a verifier, of one program or all, of one status or
// any. It returns ErrInvalidQuery.
func verifierSpans(verifier, program string, status types.RequestStatus) ([]span, error) {
	if verifier != verifiertypes.CircuitVerifier {
		if err := verifiertypes.CheckVerifierID(verifier); err != nil {
			return nil, errorsmod.Wrap(types.ErrInvalidQuery, err.Error())
		}
	}
	prefix := ownerPrefix(placeVerifier, []byte(verifier))
	if program == "" {
		if status != types.REQUEST_STATUS_UNSPECIFIED {
			prefix = append(prefix, byte(status))
		}
		return []span{prefixSpan(prefix)}, nil
	}
	id, err := verifiertypes.DecodeID("program", program)
	if err != nil {
		return nil, errorsmod.Wrap(types.ErrInvalidQuery, err.Error())
	}
	statuses := []types.RequestStatus{status}
	if status == types.REQUEST_STATUS_UNSPECIFIED {
		statuses = []types.RequestStatus{
			types.REQUEST_STATUS_PENDING, types.REQUEST_STATUS_FULFILLED, types.REQUEST_STATUS_REFUNDED, types.REQUEST_STATUS_CANCELLED,
		}
	}
	var spans []span
	for _, s := range statuses {
		spans = append(spans, prefixSpan(slices.Concat(prefix, []byte{byte(s)}, id[:])))
	}
	return spans, nil
}

// pageOf reads a page of places out of spans, which are in the order of their keys.
// The key of a page is that of its first place. It returns ErrInvalidQuery.
func (k *Keeper) pageOf(ctx context.Context, spans []span, p *query.PageRequest) ([]queueItem, *query.PageResponse, error) {
	if len(p.Key) > 0 {
		if p.Offset > 0 {
			return nil, nil, errorsmod.Wrap(types.ErrInvalidQuery, "give either an offset or a key")
		}
		var err error
		if spans, err = spansFrom(spans, p.Key, p.Reverse); err != nil {
			return nil, nil, err
		}
	}
	order := collections.OrderAscending
	if p.Reverse {
		order = collections.OrderDescending
		spans = slices.Clone(spans)
		slices.Reverse(spans)
	}
	var items []queueItem
	skip := p.Offset
	for _, s := range spans {
		next, err := k.walkSpan(ctx, s, order, func(key []byte) (bool, error) {
			if skip > 0 {
				skip--
				return false, nil
			}
			if uint64(len(items)) == p.Limit {
				return true, nil
			}
			id, err := idOf(key)
			items = append(items, queueItem{id: id, key: key})
			return false, err
		})
		if err != nil || next != nil {
			return items, &query.PageResponse{NextKey: next}, err
		}
	}
	return items, &query.PageResponse{}, nil
}

// walkSpan walks the keys of a span until visit stops, and gives the key at which it did.
func (k *Keeper) walkSpan(ctx context.Context, s span, order collections.Order, visit func(key []byte) (bool, error)) ([]byte, error) {
	it, err := k.places.IterateRaw(ctx, s.start, s.end, order)
	if err != nil {
		return nil, err
	}
	defer it.Close()
	for ; it.Valid(); it.Next() {
		key, err := it.Key()
		if err != nil {
			return nil, err
		}
		stop, err := visit(slices.Clone(key))
		if err != nil || stop {
			return slices.Clone(key), err
		}
	}
	return nil, nil
}

// spansFrom cuts off what comes before a page's key. It returns ErrInvalidQuery for a
// key that no page of the same query led to.
func spansFrom(spans []span, key []byte, reverse bool) ([]span, error) {
	at := slices.IndexFunc(spans, func(s span) bool { return s.contains(key) })
	if at < 0 || len(key) > maxPlaceKey {
		return nil, errorsmod.Wrap(types.ErrInvalidQuery, "the page's key belongs to another query; use next_key of the page before")
	}
	spans = slices.Clone(spans)
	if reverse {
		spans[at].end = after(key)
		return spans[:at+1], nil
	}
	spans[at].start = slices.Clone(key)
	return spans[at:], nil
}

// DeadLetters lists requests whose queue item failed and that wait for MsgRefund (law M9).
func (q queryServer) DeadLetters(ctx context.Context, req *types.QueryDeadLettersRequest) (*types.QueryDeadLettersResponse, error) {
	if req == nil {
		return nil, errEmpty
	}
	bounded, err := page(req.Pagination)
	if err != nil {
		return nil, err
	}
	items, pages, err := q.k.pageOf(ctx, []span{kindsSpan(placeDead, placeDead)}, bounded)
	response := &types.QueryDeadLettersResponse{Pagination: pages}
	for _, item := range items {
		response.RequestIds = append(response.RequestIds, types.FormatID(item.id))
	}
	return response, err
}

// refundable tells whether MsgRefund in the next block would pay the requester of a
// request back on which something is due: nobody can deliver any more (laws M9, M11).
func (k *Keeper) refundable(ctx context.Context, e *entry) (bool, error) {
	m, err := k.now(ctx)
	if err != nil {
		return false, err
	}
	m.height++
	verifier, err := k.verifierOf(ctx, e)
	if err != nil {
		return false, err
	}
	a := e.auction
	switch {
	case verifier.status == verifiertypes.VERIFIER_STATUS_REVOKED:
		return true, nil
	case a.Stage == types.STAGE_BIDDING && a.Bids == 0:
		return m.past(a.BiddingEnd), nil
	case a.Stage == types.STAGE_BIDDING || a.Stage == types.STAGE_REVEALING:
		return m.past(a.RevealEnd) && a.Ranked == 0, nil
	case a.Search != nil:
		return k.nobodyStandsBy(ctx, e, a.Search)
	case a.Assignment == nil || !verifier.overdue(e, m):
		return false, nil
	case a.Assignment.Standby || e.request.StandbyWindow == 0:
		return true, nil
	default:
		return k.nobodyStandsBy(ctx, e, &types.StandbySearch{Limit: a.Assignment.Price.Add(a.Assignment.Bond), NextFee: math.ZeroInt()})
	}
}
