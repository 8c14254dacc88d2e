package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// law M3: a link may end between any two steps, by either side. From then on the
// submitter does nothing for its prover, who goes on alone; the bond goes back to the
// submitter that paid it, or is lost with the rest.
func TestAdversarySubmitterRevokedBetweenSteps(t *testing.T) {
	const none, bid, revealed, closed = 0, 1, 2, 3
	for name, at := range map[string]int{"before the bid": none, "after the bid": bid, "after the reveal": revealed, "after the closing": closed} {
		for _, side := range []sdk.AccAddress{alice, gpu} {
			for _, delivers := range []bool{true, false} {
				t.Run(name, func(t *testing.T) {
					f := setup(t)
					f.link()
					before := f.riches()
					id := f.request()
					ended := false
					// signer is who acts for alice now; the other one can't.
					signer := func(step int) sdk.AccAddress {
						if step == at {
							_, err := run(f, f.msgs.UnregisterSubmitter, endMsg(side, gpu))
							require.NoError(t, err)
							ended = true
						}
						if ended {
							return alice
						}
						return gpu
					}
					who := signer(none)
					if ended {
						fails(f, f.msgs.Bid, f.bidMsg(id, gpu, alice, 4_000_000, false), types.ErrNotAProver)
					}
					_, err := run(f, f.msgs.Bid, f.bidMsg(id, who, alice, 4_000_000, false))
					require.NoError(t, err)
					payer := map[string]string{alice.String(): "alice", gpu.String(): "gpu"}[who.String()]
					f.bid(id, bob, 6_000_000)
					who = signer(bid)
					f.toReveal(id)
					if ended {
						fails(f, f.msgs.Reveal, f.revealMsg(id, gpu, alice, 4_000_000, false), types.ErrNotAProver)
					}
					_, err = run(f, f.msgs.Reveal, f.revealMsg(id, who, alice, 4_000_000, false))
					require.NoError(t, err)
					f.reveal(id, bob, 6_000_000)
					_ = signer(revealed)
					f.blocks(1)
					who = signer(closed)
					require.True(t, ended)
					fails(f, f.msgs.SubmitProof, f.proofMsg(id, gpu), types.ErrNotAProver)
					if delivers {
						_, err = run(f, f.msgs.SubmitProof, f.proofMsg(id, who))
						require.NoError(t, err)
					}
					f.finish(id)
					want := map[string]int64{"requester": -6_000_000 - requestFee, "alice": 5_700_000, chest: 300_000 + requestFee}
					if !delivers {
						want = map[string]int64{"requester": -requestFee, "alice": -penalty, chest: requestFee + bond + penalty}
						want[payer] -= bond
					}
					require.Equal(t, want, f.gains(before))
				})
			}
		}
	}
}

// A submitter that changes sides opens and delivers nothing of the prover that it
// left, and what it sealed there stays paid.
func TestAdversarySubmitterChangesSides(t *testing.T) {
	f := setup(t)
	f.link()
	before := f.riches()
	id := f.request()
	_, err := run(f, f.msgs.Bid, f.bidMsg(id, gpu, alice, 4_000_000, false))
	require.NoError(t, err)
	f.bid(id, bob, 6_000_000)
	change := func(from, to sdk.AccAddress) {
		_, err := run(f, f.msgs.UnregisterSubmitter, endMsg(gpu, gpu))
		require.NoError(t, err)
		_, err = run(f, f.msgs.ConsentSubmitter, consentMsg(gpu, to))
		require.NoError(t, err)
		fails(f, f.msgs.RegisterSubmitter, registerMsg(from, gpu), types.ErrNoConsent)
		_, err = run(f, f.msgs.RegisterSubmitter, registerMsg(to, gpu))
		require.NoError(t, err)
	}
	change(alice, carol)
	f.toReveal(id)
	fails(f, f.msgs.Reveal, f.revealMsg(id, gpu, alice, 4_000_000, false), types.ErrBidNotFound)
	change(carol, bob)
	fails(f, f.msgs.Reveal, f.revealMsg(id, gpu, alice, 4_000_000, false), types.ErrWrongReveal)
	_, err = run(f, f.msgs.Reveal, f.revealMsg(id, gpu, bob, 6_000_000, false))
	require.NoError(t, err)
	f.reveal(id, alice, 4_000_000)
	f.blocks(1)
	fails(f, f.msgs.SubmitProof, f.proofMsg(id, gpu), types.ErrNotAssignedToYou)
	f.proves(id)
	f.blocks(1)
	require.Equal(t, map[string]int64{"requester": -6_000_000 - requestFee, "alice": 5_700_000, chest: 300_000 + requestFee}, f.gains(before))
}

// A requester may be a prover, and the prover of its own request: it pays itself, and
// the treasury its part; failing itself costs what it costs anybody. Lowering the
// price of the winner costs the risk to win, and never brings it under its own fee.
func TestAdversaryRequesterIsAProver(t *testing.T) {
	for name, tc := range map[string]struct {
		own, fee int64 // what alice, the requester, and bob ask; bob 0 for no bid
		delivers bool
		want     map[string]int64
	}{
		"alone": {9_000_000, 0, true, map[string]int64{"alice": -450_000 - requestFee, chest: 450_000 + requestFee}},
		"free":  {0, 0, true, map[string]int64{"alice": -requestFee, chest: requestFee}},
		"beats bob": {1_000_000, 5_000_000, true, map[string]int64{
			"alice": -250_000 - requestFee, chest: 250_000 + requestFee,
		}},
		"presses the price": {5_500_000, 5_000_000, true, map[string]int64{
			"alice": -5_500_000 - requestFee, "bob": 5_225_000, chest: 275_000 + requestFee,
		}},
		"fails itself": {1_000_000, 0, false, map[string]int64{
			"alice": -bond - penalty - requestFee, chest: bond + penalty + requestFee,
		}},
		"fails itself, bob stands by": {1_000_000, 4_900_000, false, map[string]int64{
			"alice": -4_900_000 - bond - penalty - requestFee, "bob": 4_655_000, chest: 245_000 + bond + penalty + requestFee,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			before := f.riches()
			id := f.request(withStandby, func(m *types.MsgRequest) { m.Requester = alice.String() })
			f.bid(id, alice, tc.own, true)
			if tc.fee > 0 {
				f.bid(id, bob, tc.fee, true)
			}
			f.toReveal(id)
			f.reveal(id, alice, tc.own, true)
			if tc.fee > 0 {
				f.reveal(id, bob, tc.fee, true)
			}
			f.blocks(1)
			if !tc.delivers {
				f.pass(gaps{59 * time.Second, 2 * time.Second, time.Second})
			}
			if f.view(id).Auction.Status == types.REQUEST_STATUS_PENDING {
				f.proves(id)
			}
			f.finish(id)
			require.Equal(t, tc.want, f.gains(before))
		})
	}
}
