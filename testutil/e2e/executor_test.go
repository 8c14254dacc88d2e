package e2e

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/app/ante"
	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
)

// sends pay within n pairs of accounts.
func (c *crowd) sends(n int) (txs [][]byte) {
	c.t.Helper()
	var all []*testutil.Account
	for _, p := range c.parties {
		all = append(all, p.accounts()...)
	}
	require.LessOrEqual(c.t, 2*n, len(all))
	coins := sdk.NewCoins(sdk.NewCoin(chain.Denom, math.OneInt()))
	for pair := range slices.Chunk(all[:2*n], 2) {
		txs = append(txs, c.tx(pair[0], 1, gasSend, banktypes.NewMsgSend(pair[0].Address, pair[1].Address, coins)))
	}
	return txs
}

// sendsOfOne pay n times from the same account.
func (c *crowd) sendsOfOne(n int) (txs [][]byte) {
	c.t.Helper()
	from, to := c.parties[0].requester, c.parties[1].requester
	coins := sdk.NewCoins(sdk.NewCoin(chain.Denom, math.OneInt()))
	for range n {
		txs = append(txs, c.tx(from, 1, gasSend, banktypes.NewMsgSend(from.Address, to.Address, coins)))
	}
	return txs
}

// stockFees makes every transaction write the balance of the fee collector, as the
// SDK's own fee collection does: a key that all of them share.
func stockFees(t testing.TB) testutil.Option {
	return testutil.WithWiring(func(a *app.App) {
		handler, err := ante.NewHandler(ante.Options{
			AccountKeeper: a.AccountKeeper, BankKeeper: stockBank{a.BankKeeper}, FeegrantKeeper: a.FeeGrantKeeper,
			SignModeHandler: a.TxConfig().SignModeHandler(), IBCKeeper: a.IBCKeeper,
		})
		require.NoError(t, err)
		a.SetAnteHandler(handler)
	})
}

// stockBank collects fees by ordinary sends.
type stockBank struct{ bankkeeper.BaseKeeper }

// SendCoinsFromAccountToModuleVirtual credits the module at once.
func (b stockBank) SendCoinsFromAccountToModuleVirtual(ctx context.Context, from sdk.AccAddress, module string, amt sdk.Coins) error {
	return b.SendCoinsFromAccountToModule(ctx, from, module, amt)
}

const unrelated = 16 // parties

// law M18: transactions of parties that share nothing touch no key that another one
// writes, whether they carry one message or many.
func TestUnrelatedRequestsShareNoKey(t *testing.T) {
	for _, batch := range []int{1, 2} {
		w := &watcher{}
		c := newCrowd(t, unrelated, testutil.WithWiring(func(a *app.App) { a.SetBlockSTMTxRunner(w) }))
		c.apart = true
		c.RequireOK(c.Block(c.sends(unrelated)...).Results...)
		require.Empty(t, w.shared(), "sends")
		c.live(c.deals(batch), batch, func(what string, txs ...[]byte) testutil.Block {
			block := c.Block(txs...)
			require.Empty(t, w.shared(), "%s, %d to a transaction", what, batch)
			return block
		})
	}
}

// With fees as the SDK collects them all transactions share the collector's balance,
// which is what the test above would find.
func TestStockFeesShareAKey(t *testing.T) {
	w := &watcher{}
	c := newCrowd(t, unrelated, stockFees(t), testutil.WithWiring(func(a *app.App) { a.SetBlockSTMTxRunner(w) }))
	c.RequireOK(c.Block(c.sends(unrelated)...).Results...)
	collector, err := collections.EncodeKeyWithPrefix(banktypes.BalancesPrefix, collections.PairKeyCodec(sdk.AccAddressKey, collections.StringKey),
		collections.Join(authtypes.NewModuleAddress(authtypes.FeeCollectorName), chain.Denom))
	require.NoError(t, err)
	require.Contains(t, w.shared(), named(banktypes.StoreKey, collector))
}

// law M18: the parallel executor runs each transaction of parties that share nothing
// once, by its own count.
func TestUnrelatedRequestsRunOnce(t *testing.T) {
	counts := testutil.CountExecutions(t)
	c := newCrowd(t, unrelated, testutil.WithBlockSTM(4))
	c.apart = true
	for _, batch := range []int{1, 2} {
		c.live(c.deals(batch), batch, func(what string, txs ...[]byte) testutil.Block {
			before := counts().Executed
			block := c.Block(txs...)
			require.EqualValues(t, len(txs), counts().Executed-before, "%s, %d to a transaction", what, batch)
			return block
		})
	}
}
