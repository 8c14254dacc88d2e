package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
)

func consentMsg(submitter, prover sdk.AccAddress) *types.MsgConsentSubmitter {
	return &types.MsgConsentSubmitter{Submitter: submitter.String(), Prover: prover.String()}
}

func registerMsg(prover sdk.AccAddress, submitters ...sdk.AccAddress) *types.MsgRegisterSubmitter {
	return &types.MsgRegisterSubmitter{Prover: prover.String(), Submitters: names(submitters)}
}

func endMsg(signer sdk.AccAddress, submitters ...sdk.AccAddress) *types.MsgUnregisterSubmitter {
	return &types.MsgUnregisterSubmitter{Signer: signer.String(), Submitters: names(submitters)}
}

// names writes addresses in bech32.
func names(list []sdk.AccAddress) (names []string) {
	for _, a := range list {
		names = append(names, a.String())
	}
	return names
}

// link makes gpu alice's submitter.
func (f *fixture) link() {
	_, err := run(f, f.msgs.ConsentSubmitter, consentMsg(gpu, alice))
	require.NoError(f.t, err)
	_, err = run(f, f.msgs.RegisterSubmitter, registerMsg(alice, gpu))
	require.NoError(f.t, err)
}

// actsFor asks for whom an address acts.
func (f *fixture) actsFor(addr sdk.AccAddress) string {
	response, err := f.queries.Submitter(f.Ctx, &types.QuerySubmitterRequest{Address: addr.String()})
	require.NoError(f.t, err)
	return response.ActsFor
}

// law M3: a submitter bids, reveals and submits for its prover; it pays the bond
// and gets it back.
func TestSubmitterActs(t *testing.T) {
	f := setup(t)
	f.link()
	require.Equal(t, alice.String(), f.actsFor(gpu))
	id := f.request()
	response, err := run(f, f.msgs.Bid, f.bidMsg(id, gpu, alice, 5, false))
	require.NoError(t, err)
	require.Equal(t, alice.String(), response.Prover)
	require.Equal(t, int64(wealth-bond), f.Balance(gpu).Int64())
	// The prover replaces the bid: the payer stays.
	_, err = run(f, f.msgs.Bid, f.bidMsg(id, alice, alice, 6, false))
	require.NoError(t, err)
	f.toReveal(id)
	_, err = run(f, f.msgs.Reveal, f.revealMsg(id, gpu, alice, 6, false))
	require.NoError(t, err)
	f.blocks(1)
	_, err = run(f, f.msgs.SubmitProof, f.proofMsg(id, gpu))
	require.NoError(t, err)
	require.Equal(t, int64(wealth), f.Balance(gpu).Int64())
	require.Equal(t, int64(wealth), f.Balance(alice).Int64())
	f.blocks(1)
}

// law M3: two steps, never self, never a prover, never one registered elsewhere.
func TestSubmitterRules(t *testing.T) {
	f := setup(t)
	fails(f, f.msgs.RegisterSubmitter, registerMsg(alice, gpu), types.ErrNoConsent)
	fails(f, f.msgs.ConsentSubmitter, consentMsg(alice, alice), types.ErrSelfSubmitter)
	fails(f, f.msgs.ConsentSubmitter, consentMsg(bob, alice), types.ErrSubmitterIsProver)
	fails(f, f.msgs.ConsentSubmitter, consentMsg(gpu, stranger), types.ErrNotAProver)
	_, err := run(f, f.msgs.ConsentSubmitter, consentMsg(gpu, bob))
	require.NoError(t, err)
	fails(f, f.msgs.RegisterSubmitter, registerMsg(alice, gpu), types.ErrNoConsent)
	_, err = run(f, f.msgs.ConsentSubmitter, consentMsg(gpu, alice)) // replaces the consent
	require.NoError(t, err)
	fails(f, f.msgs.RegisterSubmitter, registerMsg(bob, gpu), types.ErrNoConsent)
	withdraw := &types.MsgWithdrawConsent{Submitter: gpu.String()}
	_, err = run(f, f.msgs.WithdrawConsent, withdraw)
	require.NoError(t, err)
	fails(f, f.msgs.WithdrawConsent, withdraw, types.ErrNoConsent)
	fails(f, f.msgs.RegisterSubmitter, registerMsg(alice, gpu), types.ErrNoConsent)

	f.link()
	fails(f, f.msgs.WithdrawConsent, withdraw, types.ErrNoConsent)
	fails(f, f.msgs.ConsentSubmitter, consentMsg(gpu, bob), types.ErrSubmitterTaken)
	fails(f, f.msgs.UnregisterSubmitter, endMsg(bob, gpu), types.ErrNotYourLink)
	fails(f, f.msgs.UnregisterSubmitter, endMsg(alice, stranger), types.ErrNoLink)
	for _, side := range []sdk.AccAddress{alice, gpu} {
		_, err = run(f, f.msgs.UnregisterSubmitter, endMsg(side, gpu))
		require.NoError(t, err)
		require.Empty(t, f.actsFor(gpu))
		f.link()
	}
}

// law M3: a link binds to one vault generation, and an address that became a
// prover acts for itself.
func TestLinksLapse(t *testing.T) {
	f := setup(t)
	f.link()
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.State = stakingtypes.PROVER_STATE_RETIRED })
	require.Empty(t, f.actsFor(gpu))
	f.provers.change(f.Ctx, alice, func(p *fakeProver) { p.State, p.Generation = stakingtypes.PROVER_STATE_ACTIVE, 2 })
	require.Empty(t, f.actsFor(gpu), "void in any other generation")
	id := f.request()
	fails(f, f.msgs.Bid, f.bidMsg(id, gpu, alice, 5, false), types.ErrNotAProver)
	f.link() // a lapsed link is no hindrance
	require.Equal(t, alice.String(), f.actsFor(gpu))
	f.provers.add(f, gpu, 100_000_000)
	require.Equal(t, gpu.String(), f.actsFor(gpu))
	f.blocks(1)
}

// Addresses may come in capitals: they mean the same account.
func TestCapitalAddresses(t *testing.T) {
	f := setup(t)
	id := f.request()
	upper := []byte(requester.String())
	for i, c := range upper {
		if c >= 'a' && c <= 'z' {
			upper[i] = c - 32
		}
	}
	_, err := run(f, f.msgs.Cancel, &types.MsgCancel{Requester: string(upper), RequestId: id})
	require.NoError(t, err)
	f.blocks(1)
}
