package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/codec"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/testutil"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// withGuardian makes the account of that name the guardian.
func withGuardian(name string) testutil.Option {
	return testutil.WithGenesis(func(cdc codec.Codec, genesis app.GenesisState) {
		testutil.MutateGenesis(cdc, genesis, verifiertypes.ModuleName, func(s *verifiertypes.GenesisState) {
			s.Params.Guardian = testutil.NewAccount(name).String()
		})
	})
}

// What a guardian can suspend, each of which holds up the circuit's requests.
func targetsOf(c *circuit) map[string]verifiertypes.Target {
	return map[string]verifiertypes.Target{
		"circuit": {Kind: verifiertypes.TARGET_KIND_CIRCUIT, Id: c.id},
		"family":  {Kind: verifiertypes.TARGET_KIND_FAMILY, Id: "groth16"},
	}
}

// A guardian stops payments at once, a deadline that falls into the suspension
// costs its prover nothing, and after governance has resumed the proof is taken
// and paid (law M11).
func TestSuspensionHoldsUpMoneyAndSlashesNobody(t *testing.T) {
	for name, target := range targetsOf(plainCircuit(t)) {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t, plainCircuit(t), withGuardian("stranger"), testutil.WithQuickVotes())
			guardian := n.Account("stranger")
			c := n.circuit.prove(t, 3)
			id := n.request(n.requestMsg(c))
			n.auction(id, threeBids...)
			const winner = 1
			assets := n.vault(winner).Vault.Assets

			n.RequireError(sdkerrors.ErrUnauthorized, n.Deliver(n.requester, &verifiertypes.MsgSuspend{Signer: n.requester.String(), Target: target}))
			n.MustDeliver(guardian, &verifiertypes.MsgSuspend{Signer: guardian.String(), Target: target, Reason: "drill"})
			n.RequireError(verifiertypes.ErrVerifierDisabled, n.submit(id, winner, c))
			n.RequireError(verifiertypes.ErrVerifierNotActive, n.Deliver(n.requester, n.requestMsg(n.circuit.prove(t, 4))))
			n.AdvanceFor(2 * timeLimit)
			var refunds markettypes.MsgRefundResponse
			n.MsgResponse(n.MustDeliver(guardian, &markettypes.MsgRefund{Signer: guardian.String(), RequestIds: []string{id}}), 0, &refunds)
			require.Contains(t, refunds.Results[0].Error, markettypes.ErrVerifierSuspended.Error())
			require.Equal(t, markettypes.REQUEST_STATUS_PENDING, n.view(id).Auction.Status)

			n.Govern(&verifiertypes.MsgResume{Authority: app.Authority(), Target: target})
			require.Equal(t, assets, n.vault(winner).Vault.Assets, "nobody was slashed")
			n.RequireOK(n.submit(id, winner, c))
			require.Equal(t, markettypes.REQUEST_STATUS_FULFILLED, n.view(id).Auction.Status)
		})
	}
}

// A revocation gives everybody back what is theirs, the bonds of sealed bids and
// of the winner included, and slashes nobody, overdue or not (law M11).
func TestRevocationRefundsAndSlashesNobody(t *testing.T) {
	for name, target := range targetsOf(plainCircuit(t)) {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t, plainCircuit(t), withGuardian("stranger"), testutil.WithQuickVotes())
			guardian := n.Account("stranger")
			before := n.Balance(n.requester.Address)
			id := n.request(n.requestMsg(n.circuit.prove(t, 3)))
			cost := before.Sub(n.Balance(n.requester.Address))
			n.auction(id, threeBids...)
			const winner = 1
			assets, bond := n.vault(winner).Vault.Assets, n.view(id).Auction.Leader.Bond
			payer := n.Balance(n.workers[winner].Address)

			n.MustDeliver(guardian, &verifiertypes.MsgSuspend{Signer: guardian.String(), Target: target})
			n.AdvanceFor(2 * timeLimit)
			n.Govern(&verifiertypes.MsgRevoke{Authority: app.Authority(), Target: target})
			n.RequireOK(n.Deliver(guardian, &markettypes.MsgRefund{Signer: guardian.String(), RequestIds: []string{id}}))

			view := n.view(id)
			require.Equal(t, markettypes.END_REASON_REVOKED, view.Auction.EndReason)
			require.Equal(t, before.Sub(cost).AddRaw(maxFee), n.Balance(n.requester.Address))
			require.Equal(t, payer.Add(bond), n.Balance(n.workers[winner].Address))
			require.Equal(t, assets, n.vault(winner).Vault.Assets)
		})
	}
}
