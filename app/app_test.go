package app_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
)

func coins(amount int64) sdk.Coins { return sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, amount)) }

func send(from, to *testutil.Account, amount int64) sdk.Msg {
	return banktypes.NewMsgSend(from.Address, to.Address, coins(amount))
}

func TestUnorderedTransactionRunsOnce(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithAccounts("alice", "bob"))
	alice, bob := a.Account("alice"), a.Account("bob")
	until := a.Now().Add(5 * time.Minute)
	tx := a.SignTx(alice, testutil.TxSpec{Unordered: until}, send(alice, bob, 7))

	// Twice in one block, then again in a later one: only the first counts.
	block := a.Block(tx, tx)
	a.RequireOK(block.Results[0])
	a.RequireError(sdkerrors.ErrInvalidRequest, block.Results[1])
	require.Contains(t, block.Results[1].Log, "already used")
	a.RequireError(sdkerrors.ErrInvalidRequest, a.Block(tx).Results[0])
	require.Equal(t, math.NewInt(testutil.DefaultBalance+7), a.Balance(bob.Address))

	// An ordered transaction still works beside it, at the sequence of before.
	a.MustDeliver(alice, send(alice, bob, 1))

	// Past its time it is refused for being late, though its record is gone.
	a.BlockAfter(10 * time.Minute)
	a.RequireError(sdkerrors.ErrTxTimeout, a.Block(tx).Results[0])
}

func TestUnorderedTransactionsOfOneSenderShareABlock(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithAccounts("alice", "bob"))
	alice, bob := a.Account("alice"), a.Account("bob")
	var txs [][]byte
	for i := range 3 {
		until := a.Now().Add(time.Minute + time.Duration(i)*time.Nanosecond)
		txs = append(txs, a.SignTx(alice, testutil.TxSpec{Unordered: until}, send(alice, bob, 1)))
	}
	a.RequireOK(a.Block(txs[2], txs[0], txs[1]).Results...)
}

func TestModuleAccountsAreBlocked(t *testing.T) { // law S11
	a := testutil.NewApp(t, testutil.WithAccounts("alice"))
	alice := a.Account("alice")
	blocked := app.BlockedAddresses()
	modules := a.AccountKeeper.GetModulePermissions()
	require.Len(t, blocked, len(modules))
	for name := range modules {
		address := authtypes.NewModuleAddress(name)
		require.Truef(t, blocked[address.String()], "module account %s", name)
		a.RequireError(sdkerrors.ErrUnauthorized, a.Deliver(alice, banktypes.NewMsgSend(alice.Address, address, coins(1))))
	}
}

func TestFeesEndWithTheFeeCollector(t *testing.T) {
	// Fees of block n reach the collector at its end and are shared out when the
	// next block begins.
	a := testutil.NewApp(t, testutil.WithAccounts("alice", "bob"))
	alice, bob := a.Account("alice"), a.Account("bob")
	collector := authtypes.NewModuleAddress(authtypes.FeeCollectorName)
	supply := a.Supply()
	first := a.SignTx(alice, testutil.TxSpec{Fee: coins(5_000)}, send(alice, bob, 1))
	second := a.SignTx(alice, testutil.TxSpec{Fee: coins(6_000)}, send(alice, bob, 1))
	// A transaction that fails in its message pays all the same.
	failing := a.SignTx(bob, testutil.TxSpec{Fee: coins(7_000)}, send(bob, alice, 10*testutil.DefaultBalance))
	block := a.Block(first, second, failing)
	a.RequireOK(block.Results[:2]...)
	a.RequireError(sdkerrors.ErrInsufficientFunds, block.Results[2])
	minted := a.Supply().Sub(supply)
	require.Equal(t, math.NewInt(18_000), a.Balance(collector), "minted %s", minted)
	require.Equal(t, math.NewInt(testutil.DefaultBalance-5_000-6_000-2), a.Balance(alice.Address))
	require.Equal(t, math.NewInt(testutil.DefaultBalance-7_000+2), a.Balance(bob.Address))
}
