package keeper_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// submitters lists the prover's submitters, in pages of limit; those whose link
// holds alone, if live.
func (f *fixture) submitters(prover sdk.AccAddress, limit uint64, live bool) (list []string) {
	req := &types.QuerySubmittersRequest{Prover: prover.String(), Pagination: &query.PageRequest{Limit: limit}}
	for {
		res, err := f.queries.Submitters(f.Ctx, req)
		require.NoError(f.t, err)
		require.LessOrEqual(f.t, len(res.Submitters), int(limit))
		for _, s := range res.Submitters {
			if s.Live || !live {
				list = append(list, s.Submitter)
			}
		}
		if req.Pagination.Key = res.Pagination.NextKey; req.Pagination.Key == nil {
			return list
		}
	}
}

// law M3: lists of submitters, at the limit; all of them or none.
func TestSubmitterLists(t *testing.T) {
	f := setup(t)
	var gpus []sdk.AccAddress
	for i := range types.MaxBatch {
		gpus = append(gpus, account(fmt.Sprint("gpu ", i)))
		_, err := run(f, f.msgs.ConsentSubmitter, consentMsg(gpus[i], alice))
		require.NoError(t, err)
	}
	fails(f, f.msgs.RegisterSubmitter, registerMsg(alice, append(gpus[:len(gpus)-1:len(gpus)-1], stranger)...), types.ErrNoConsent)
	_, err := run(f, f.msgs.RegisterSubmitter, registerMsg(alice, gpus...))
	require.NoError(t, err)
	require.ElementsMatch(t, names(gpus), f.submitters(alice, 7, true))
	require.Empty(t, f.submitters(bob, 7, false))
	f.blocks(1)

	fails(f, f.msgs.UnregisterSubmitter, endMsg(alice, append(gpus[:len(gpus)-1:len(gpus)-1], stranger)...), types.ErrNoLink)
	fails(f, f.msgs.UnregisterSubmitter, endMsg(gpus[0], gpus[:2]...), types.ErrNotYourLink)
	_, err = run(f, f.msgs.UnregisterSubmitter, endMsg(gpus[0], gpus[0]))
	require.NoError(t, err)
	_, err = run(f, f.msgs.UnregisterSubmitter, endMsg(alice, gpus[1:]...))
	require.NoError(t, err)
	require.Empty(t, f.submitters(alice, 7, false))
	f.blocks(1)
}

// A link that lapsed stays listed as such, until a new one takes its place.
func TestSubmittersQueryTellsLapsedLinks(t *testing.T) {
	f := setup(t)
	f.link()
	_, err := f.queries.Submitters(f.Ctx, nil)
	require.Error(t, err)
	_, err = f.queries.Submitters(f.Ctx, &types.QuerySubmittersRequest{Prover: "x"})
	require.ErrorIs(t, err, types.ErrInvalidAddress)
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.State = stakingtypes.PROVER_STATE_RETIRED })
	require.Equal(t, []string{gpu.String()}, f.submitters(alice, 5, false))
	require.Empty(t, f.submitters(alice, 5, true))
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.State, p.Generation = stakingtypes.PROVER_STATE_ACTIVE, 2 })
	require.Empty(t, f.submitters(alice, 5, true))

	_, err = run(f, f.msgs.ConsentSubmitter, consentMsg(gpu, bob))
	require.NoError(t, err)
	_, err = run(f, f.msgs.RegisterSubmitter, registerMsg(bob, gpu))
	require.NoError(t, err)
	require.Empty(t, f.submitters(alice, 5, false), "the new link took its place")
	require.Equal(t, []string{gpu.String()}, f.submitters(bob, 5, true))
	f.blocks(1)
}

// laws M3, M6: a submitter whose link lapsed with the vault generation of its bid
// still opens that bid: it paid the bond. It does nothing else.
func TestLapsedSubmitterRevealsItsBid(t *testing.T) {
	retire := func(p *fakeProver) { p.State = stakingtypes.PROVER_STATE_RETIRED }
	again := func(p *fakeProver) { p.Generation = 2 }
	slashed := func(p *fakeProver) { retire(p); p.Faults++ }
	for name, tc := range map[string]struct {
		change   func(p *fakeProver)
		returned int64
	}{
		"prover retired":         {retire, 0},
		"prover registered anew": {again, 0},
		"vault slashed to zero":  {slashed, bond},
	} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			f.link()
			id := f.request()
			_, err := run(f, f.msgs.Bid, f.bidMsg(id, gpu, alice, 5, false))
			require.NoError(t, err)
			f.bid(id, bob, 6)
			f.toReveal(id)
			f.provers.change(f.Ctx, alice, tc.change)
			require.Empty(t, f.actsFor(gpu))
			before := f.Balance(gpu)
			wrong := f.revealMsg(id, gpu, alice, 4, false)
			fails(f, f.msgs.Reveal, wrong, types.ErrWrongReveal)
			response, err := run(f, f.msgs.Reveal, f.revealMsg(id, gpu, alice, 5, false))
			require.NoError(t, err)
			require.False(t, response.Ranked)
			require.Equal(t, tc.returned, f.gained(gpu, before))
			fails(f, f.msgs.Reveal, f.revealMsg(id, gpu, alice, 5, false), types.ErrAlreadyRevealed)
			f.reveal(id, bob, 6) // the last: the window closes early
			f.blocks(1)
			require.Equal(t, types.STAGE_ASSIGNED, f.view(id).Stage)
			fails(f, f.msgs.Bid, f.bidMsg(f.request(), gpu, alice, 5, false), types.ErrNotAProver)
			fails(f, f.msgs.SubmitProof, f.proofMsg(id, gpu), types.ErrNotAProver)
		})
	}
}

// It opens no bid that was made in another generation than its link's, and none
// once the link was ended.
func TestLapsedSubmitterRevealsNoOtherBid(t *testing.T) {
	f := setup(t)
	f.link()
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.Generation = 2 })
	id, unlinked := f.request(), f.request()
	f.bid(id, alice, 5)
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.Generation = 1 })
	_, err := run(f, f.msgs.Bid, f.bidMsg(unlinked, gpu, alice, 5, false))
	require.NoError(t, err)
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.Generation = 2 })
	f.toReveal(id)
	fails(f, f.msgs.Reveal, f.revealMsg(id, gpu, alice, 5, false), types.ErrNotAProver)
	_, err = run(f, f.msgs.UnregisterSubmitter, endMsg(alice, gpu))
	require.NoError(t, err)
	fails(f, f.msgs.Reveal, f.revealMsg(unlinked, gpu, alice, 5, false), types.ErrNotAProver)
	f.reveal(id, alice, 5)
	f.blocks(1)
}

// A prover that retires with a sealed bid may act for another prover before the bid is
// opened. It opens its own bid all the same: if both bids are sealed, the other
// prover's goes first.
func TestRetiredBidderActsForAnother(t *testing.T) {
	f := setup(t)
	one, both := f.request(), f.request()
	f.bid(one, dave, 5)
	f.bid(one, bob, 6)
	f.bid(both, dave, 5)
	f.bid(both, alice, 6)
	f.provers.change(f.Ctx, dave, func(p *fakeProver) { p.State = stakingtypes.PROVER_STATE_RETIRED })
	_, err := run(f, f.msgs.ConsentSubmitter, consentMsg(dave, alice))
	require.NoError(t, err)
	_, err = run(f, f.msgs.RegisterSubmitter, registerMsg(alice, dave))
	require.NoError(t, err)
	require.Equal(t, alice.String(), f.actsFor(dave))
	f.toReveal(one)
	_, err = run(f, f.msgs.Reveal, f.revealMsg(one, dave, dave, 5, false))
	require.NoError(t, err)
	fails(f, f.msgs.Reveal, f.revealMsg(both, dave, dave, 5, false), types.ErrWrongReveal)
	_, err = run(f, f.msgs.Reveal, f.revealMsg(both, dave, alice, 6, false))
	require.NoError(t, err)
	_, err = run(f, f.msgs.Reveal, f.revealMsg(both, dave, dave, 5, false))
	require.NoError(t, err)
	fails(f, f.msgs.Reveal, f.revealMsg(both, dave, dave, 5, false), types.ErrAlreadyRevealed)
}
