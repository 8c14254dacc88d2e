package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifierproof "github.com/proofmarket/proofmarket/x/verifier/proof"
	plaingroth16 "github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

var threeBids = []bid{{prover: 0, fee: 5 * million}, {prover: 1, fee: 3 * million}, {prover: 2, fee: 4 * million}}

// Law M13: status and stage on the way. A request goes from escrow over a sealed auction to a proof that the chain
// verifies; the lowest bidder wins and is paid the second-lowest fee.
func TestRequestIsFulfilledAtTheSecondPrice(t *testing.T) {
	for name, circuit := range map[string]*circuit{"plain": plainCircuit(t), "with a commitment": committedCircuit(t)} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t, circuit)
			c := circuit.prove(t, 3)
			const winner, price, protocolFee = 1, 4 * million, 4 * million * 500 / 10_000

			before := n.Balance(n.requester.Address)
			id := n.request(n.requestMsg(c))
			requestCost := before.Sub(n.Balance(n.requester.Address)) // escrow, request fee, gas
			n.auction(id, threeBids...)

			view := n.view(id)
			require.Equal(t, markettypes.STAGE_ASSIGNED, view.Stage)
			require.Equal(t, n.provers[winner].String(), view.Auction.Assignment.Prover)
			require.Equal(t, math.NewInt(price), view.Auction.Assignment.Price)

			bondBefore := n.Balance(n.workers[winner].Address)
			vaultBefore := n.vault(winner)
			res := n.submit(id, winner, c)
			n.RequireOK(res)
			var paid markettypes.MsgSubmitProofResponse
			n.MsgResponse(res, 0, &paid)

			require.Equal(t, math.NewInt(price), paid.Price)
			require.Equal(t, math.NewInt(protocolFee), paid.ProtocolFee)
			require.Equal(t, math.NewInt(price-protocolFee), paid.Reward)
			require.Equal(t, math.NewInt(maxFee-price), paid.Refund)
			require.Equal(t, before.Sub(requestCost).Add(paid.Refund), n.Balance(n.requester.Address))

			// The reward is the vault's: commission at once, the rest over time.
			vault := n.vault(winner)
			cut := paid.Reward.MulRaw(commission).QuoRaw(10_000)
			require.Equal(t, vaultBefore.Vault.Commission.Add(cut), vault.Vault.Commission)
			require.Equal(t, paid.Reward.Sub(cut), vault.Unvested.Add(vault.Vault.Assets).Sub(vaultBefore.Vault.Assets))
			bond := view.Auction.Leader.Bond
			require.True(t, bond.IsPositive())
			gas := math.NewInt(testutil.DefaultGas / 400)
			require.Equal(t, bondBefore.Add(bond).Sub(gas), n.Balance(n.workers[winner].Address))

			view = n.view(id)
			require.Equal(t, markettypes.REQUEST_STATUS_FULFILLED, view.Auction.Status)
			require.Equal(t, markettypes.STAGE_DONE, view.Stage)
			proof, err := markettypes.NewQueryClient(n.Conn()).Proof(n.Context(), &markettypes.QueryProofRequest{RequestId: id})
			require.NoError(t, err)
			require.Equal(t, c.proof, proof.Proof.Proof)
			require.Equal(t, c.publicValues, proof.Proof.PublicValues)
			require.Equal(t, c.statement, proof.Statement)
			shape, err := plaingroth16.Family.Shape(verifierproof.CurveBN254, circuit.key)
			require.NoError(t, err)
			require.GreaterOrEqual(t, proof.Proof.VerificationGas, verifiertypes.VerificationGas(shape))
			require.Less(t, proof.Proof.VerificationGas, uint64(res.GasUsed))
		})
	}
}

// Law V2: a circuit stays as long as an open request names it.
func TestCircuitOfAnOpenRequestStays(t *testing.T) {
	n := newNetwork(t, plainCircuit(t))
	withdraw := &verifiertypes.MsgWithdrawCircuit{Owner: n.requester.String(), CircuitId: n.circuit.id}
	c := n.circuit.prove(t, 3)
	results := n.Block(n.Tx(n.requester, n.requestMsg(c)), n.Tx(n.requester, withdraw)).Results
	n.RequireOK(results[0])
	n.RequireError(verifiertypes.ErrCircuitInUse, results[1])
	var made markettypes.MsgRequestResponse
	n.MsgResponse(results[0], 0, &made)
	n.auction(made.Id, threeBids...)
	n.RequireError(verifiertypes.ErrCircuitInUse, n.Deliver(n.requester, withdraw))
	n.RequireOK(n.submit(made.Id, 1, c))
	n.RequireOK(n.Deliver(n.requester, withdraw))
	n.RequireError(verifiertypes.ErrCircuitNotFound, n.Deliver(n.requester, n.requestMsg(n.circuit.prove(t, 4))))
}

// Alone, a bidder is paid its own fee: max_fee is the true reserve (law M7).
func TestSingleBidderIsPaidItsOwnFee(t *testing.T) {
	n := newNetwork(t, plainCircuit(t))
	c := n.circuit.prove(t, 4)
	id := n.request(n.requestMsg(c))
	n.auction(id, bid{prover: 2, fee: 7 * million})
	require.Equal(t, math.NewInt(7*million), n.view(id).Auction.Assignment.Price)
	n.RequireOK(n.submit(id, 2, c))
}

// A winner that misses its deadline is slashed by the chain itself, and the
// requester has everything back, without anybody's message (law M9; the
// reference's defect 5).
func TestMissedDeadlineIsRefundedAndSlashedByTheChain(t *testing.T) {
	n := newNetwork(t, plainCircuit(t))
	c := n.circuit.prove(t, 5)
	before := n.Balance(n.requester.Address)
	id := n.request(n.requestMsg(c))
	cost := before.Sub(n.Balance(n.requester.Address))
	n.auction(id, threeBids...)
	const winner = 1
	view := n.view(id)
	penalty := view.Request.Terms.Penalty
	require.Equal(t, math.NewInt(minStake/10), penalty)
	assets := n.vault(winner).Vault.Assets
	treasury := n.communityPool()

	n.AdvanceFor(timeLimit)
	require.Equal(t, markettypes.STAGE_ASSIGNED, n.view(id).Stage, "the deadline itself is in time")
	block := n.Block()

	view = n.view(id)
	require.Equal(t, markettypes.REQUEST_STATUS_REFUNDED, view.Auction.Status)
	require.Equal(t, markettypes.END_REASON_MISSED, view.Auction.EndReason)
	require.Equal(t, before.Sub(cost).AddRaw(maxFee), n.Balance(n.requester.Address))
	require.Equal(t, assets.Sub(penalty), n.vault(winner).Vault.Assets)
	require.True(t, n.communityPool().Sub(treasury).GTE(penalty.Add(view.Auction.Leader.Bond)))
	require.NotEmpty(t, block.Events)

	load, err := proverstypes.NewQueryClient(n.Conn()).Prover(n.Context(), &proverstypes.QueryProverRequest{Prover: n.provers[winner].String()})
	require.NoError(t, err)
	require.Zero(t, load.Prover.Prover.Load.OpenAssignments)
	require.True(t, load.Prover.Prover.Load.Exposure.IsZero())
	require.Zero(t, load.Prover.Prover.Faults, "faults are the authority's")

	late := n.submit(id, winner, c)
	n.RequireError(markettypes.ErrRequestEnded, late)
}

// With a standby window the lowest standby bidder steps in at its own fee (law
// M9; the reference's defect 10).
func TestStandbyProverDeliversAfterAMiss(t *testing.T) {
	n := newNetwork(t, plainCircuit(t))
	c := n.circuit.prove(t, 6)
	msg := n.requestMsg(c)
	msg.StandbyWindow = timeLimit
	id := n.request(msg)
	n.auction(id, bid{prover: 0, fee: 5 * million, standby: true}, bid{prover: 1, fee: 3 * million}, bid{prover: 2, fee: 3*million + 50_000, standby: true})
	n.AdvanceFor(timeLimit)
	n.Block()

	view := n.view(id)
	require.Equal(t, markettypes.STAGE_STANDBY, view.Stage)
	require.Equal(t, n.provers[2].String(), view.Auction.Assignment.Prover)
	require.Equal(t, math.NewInt(3*million+50_000), view.Auction.Assignment.Price)
	n.RequireError(markettypes.ErrNotAssignedToYou, n.submit(id, 1, c))
	n.RequireOK(n.submit(id, 2, c))
	require.Equal(t, markettypes.REQUEST_STATUS_FULFILLED, n.view(id).Auction.Status)
}

func TestNoBidsAndNoRevealsAreRefunded(t *testing.T) {
	n := newNetwork(t, plainCircuit(t))
	c := n.circuit.prove(t, 7)
	silent, unopened := n.request(n.requestMsg(c)), n.request(n.requestMsg(c))
	n.each([]bid{{prover: 0, fee: million}}, func(b bid) sdk.Msg { return n.bidMsg(unopened, b) })
	n.Advance(bidding + revealing + 1)

	require.Equal(t, markettypes.END_REASON_NO_BIDS, n.view(silent).Auction.EndReason)
	require.Equal(t, markettypes.END_REASON_NONE_RANKED, n.view(unopened).Auction.EndReason)
}

// Rewards, penalties and fees are paid, but no message of the market or of the
// provers makes or burns a coin (invariant 6): supply grows by inflation only.
func TestSupplyChangesByInflationAlone(t *testing.T) {
	supply := func(run func(n *network)) math.Int {
		n := newNetwork(t, plainCircuit(t))
		run(n)
		return n.Supply()
	}
	c := plainCircuit(t).prove(t, 8)
	blocks := int64(0)
	busy := supply(func(n *network) {
		id := n.request(n.requestMsg(c))
		n.auction(id, threeBids...)
		n.RequireOK(n.submit(id, 1, c))
		n.AdvanceFor(timeLimit)
		blocks = n.Height()
	})
	idle := supply(func(n *network) {
		for n.Height() < blocks {
			n.Block()
		}
	})
	require.Equal(t, idle, busy)
}

// A used chain exports, imports and exports again to the same bytes (invariant
// 7), and goes on.
func TestExportImportExport(t *testing.T) {
	n := newNetwork(t, plainCircuit(t))
	c := n.circuit.prove(t, 9)
	done, missed := n.request(n.requestMsg(c)), n.request(n.requestMsg(c))
	n.auction(done, threeBids...)
	n.RequireOK(n.submit(done, 1, c))
	require.Equal(t, markettypes.END_REASON_NO_BIDS, n.view(missed).Auction.EndReason)
	open := n.request(n.requestMsg(c))
	n.each(threeBids[:1], func(b bid) sdk.Msg { return n.bidMsg(open, b) })
	late := n.request(n.requestMsg(c))
	n.auction(late, threeBids...)

	n.RequireStableExport("verifier", "provers", "market")

	again := &network{App: n.Reimport(testutil.WithInvariants()), t: t, circuit: n.circuit}
	again.requester = again.Account("requester")
	for _, name := range names {
		again.provers = append(again.provers, again.Account(name))
		again.workers = append(again.workers, again.Account(name+"-worker"))
	}
	again.RequireOK(again.submit(late, 1, c))
}

func (n *network) communityPool() math.Int {
	n.t.Helper()
	pool, err := n.DistrKeeper.FeePool.Get(n.Ctx())
	require.NoError(n.t, err)
	return pool.CommunityPool.AmountOf(chain.Denom).TruncateInt()
}
