package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	vestingtypes "github.com/cosmos/cosmos-sdk/x/auth/vesting/types"

	"github.com/proofmarket/proofmarket/testutil"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

func (n *network) unstake(staker *testutil.Account, prover int, amount int64) uint64 {
	n.t.Helper()
	var res proverstypes.MsgRequestUnstakeResponse
	n.MsgResponse(n.MustDeliver(staker, &proverstypes.MsgRequestUnstake{
		Staker: staker.String(), Prover: n.provers[prover].String(), Shares: math.NewInt(amount), MinOut: math.ZeroInt(),
	}), 0, &res)
	return res.Id
}

// Who leaves before the lead is out of it, and the vault that stays covers the
// penalty; who leaves after it waits for the end and bears its part (law S5).
func TestAttackLeavingBeforeTheMiss(t *testing.T) {
	n := newNetwork(t, plainCircuit(t), testutil.WithGenesis(shortUnstaking), testutil.WithBlockHook(everyCoinIsSomewhere))
	delegator := n.Account("delegator")
	const stake = 1_000 * million
	n.MustDeliver(delegator, &proverstypes.MsgStake{
		Staker: delegator.String(), Prover: n.provers[0].String(), Amount: math.NewInt(2 * stake), MinSharesOut: math.ZeroInt(),
	})
	id := n.request(n.requestMsg(n.circuit.prove(t, 21)))
	b := bid{prover: 0, fee: million}
	n.each([]bid{b}, func(b bid) sdk.Msg { return n.bidMsg(id, b) })
	n.Advance(bidding)
	early := n.unstake(delegator, 0, stake)
	n.each([]bid{b}, func(b bid) sdk.Msg { return n.revealMsg(id, b) })
	late := n.unstake(delegator, 0, stake)
	before := n.Balance(delegator.Address)

	n.Advance(8)
	require.Equal(t, before.AddRaw(stake), n.Balance(delegator.Address), "no obligation holds the early one")
	res := n.Deliver(n.Account("stranger"), &proverstypes.MsgCompleteUnstake{
		Signer: n.Account("stranger").String(), Prover: n.provers[0].String(), Id: late,
	})
	n.RequireError(proverstypes.ErrUnstakeObligations, res)
	require.NotEqual(t, early, late)

	n.AdvanceFor(timeLimit)
	n.Advance(2)
	require.Equal(t, markettypes.END_REASON_MISSED, n.view(id).Auction.EndReason)
	const penalty, pool, whole = minStake / 10, stake, stake + selfStake
	const share = penalty * pool / whole
	require.Equal(t, before.AddRaw(2*stake-share), n.Balance(delegator.Address), "it left with its part of the penalty")
	require.Equal(t, math.NewInt(selfStake-(penalty-share)), n.vault(0).Vault.Assets)
	require.True(t, n.vault(0).Vault.PoolAssets.IsZero())
}

// A new vault does not answer for the old one's bid: it is not ranked, and its
// bond is lost (laws M3, M6). The old vault's coins stay its holders'.
func TestAttackNewVaultBetweenBidAndReveal(t *testing.T) {
	n := newNetwork(t, plainCircuit(t), testutil.WithGenesis(shortUnstaking), testutil.WithBlockHook(everyCoinIsSomewhere))
	p, w := n.provers[0], n.workers[0]
	id := n.request(n.requestMsg(n.circuit.prove(t, 22)))
	b := bid{prover: 0, fee: million}
	n.each([]bid{b}, func(b bid) sdk.Msg { return n.bidMsg(id, b) })
	n.Advance(bidding)
	n.MustDeliver(p, &proverstypes.MsgRetire{Prover: p.String()})
	n.MustDeliver(p, &proverstypes.MsgRegister{Prover: p.String(), CommissionBps: commission, SelfStake: math.NewInt(selfStake)})
	var res markettypes.MsgRevealResponse
	n.MsgResponse(n.MustDeliver(w, n.revealMsg(id, b)), 0, &res) // who paid the bond may open it still
	require.False(t, res.Ranked)
	require.Equal(t, markettypes.END_REASON_NONE_RANKED, n.view(id).Auction.EndReason)

	before := n.Balance(p.Address)
	n.MustDeliver(p, &proverstypes.MsgRequestUnstake{
		Staker: p.String(), Prover: p.String(), Shares: math.NewInt(selfStake), MinOut: math.ZeroInt(), Generation: 1,
	})
	n.Advance(5)
	require.Equal(t, before.AddRaw(selfStake-testutil.DefaultGas/400), n.Balance(p.Address))
}

// An account that somebody prepared where coins will lie cannot lock them: a
// request's, a vault's and the claims' are known beforehand (laws M18, S12).
func TestAttackPreparedAccounts(t *testing.T) {
	n := newNetwork(t, plainCircuit(t), testutil.WithBlockHook(everyCoinIsSomewhere))
	stranger := n.Account("stranger")
	prepare := func(addr sdk.AccAddress) {
		n.MustDeliver(stranger, vestingtypes.NewMsgCreatePermanentLockedAccount(stranger.Address, addr, uproof(million)))
	}
	c := n.circuit.prove(t, 23)
	msg := n.requestMsg(c)
	prepare(markettypes.RequestAccount(mustHex(n.idOf(msg))))
	prepare(proverstypes.VaultAddress(stranger.Address, 1))

	id := n.request(msg)
	require.Equal(t, n.idOf(msg), id)
	n.auction(id, threeBids...)
	n.RequireOK(n.submit(id, 1, c))
	account := markettypes.RequestAccount(mustHex(id))
	require.True(t, n.Balance(account).IsZero(), "the surplus is the treasury's")
	require.Nil(t, n.AccountKeeper.GetAccount(n.NewContext(true), account))

	// A request's account has no record in x/auth, so that somebody can make one while
	// the request is open; it locks that somebody's coins and no others.
	c = n.circuit.prove(t, 24)
	id = n.request(n.requestMsg(c))
	account = markettypes.RequestAccount(mustHex(id))
	require.Nil(t, n.AccountKeeper.GetAccount(n.NewContext(true), account))
	prepare(account)
	n.auction(id, threeBids...)
	n.RequireOK(n.submit(id, 1, c))
	require.True(t, n.Balance(account).IsZero(), "the surplus is the treasury's")
	require.Nil(t, n.AccountKeeper.GetAccount(n.NewContext(true), account))

	n.MustDeliver(stranger, &proverstypes.MsgRegister{Prover: stranger.String(), SelfStake: math.NewInt(selfStake)})
	n.MustDeliver(stranger, &proverstypes.MsgRequestUnstake{
		Staker: stranger.String(), Prover: stranger.String(), Shares: math.NewInt(selfStake), MinOut: math.ZeroInt(),
	})
	n.AdvanceForDays(8)
	require.Equal(t, int64(million), n.Balance(proverstypes.VaultAddress(stranger.Address, 1)).Int64())
	n.MustDeliver(stranger, &proverstypes.MsgRetire{Prover: stranger.String()})
	require.True(t, n.Balance(proverstypes.VaultAddress(stranger.Address, 1)).IsZero())
}

// AdvanceForDays passes days in few blocks.
func (n *network) AdvanceForDays(days int) {
	n.t.Helper()
	for range days {
		n.BlockAfter(24 * time.Hour)
	}
}
