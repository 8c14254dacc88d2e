package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// law M9: a queue that can't be read stops neither the chain nor what messages apply.
// State of that kind comes from no message.
func TestBrokenPhaseStopsNothing(t *testing.T) {
	const placeHeight, placeRetained = 1, 4
	f := setup(t)
	id := f.request(func(m *types.MsgRequest) { m.BiddingBlocks = 1 })
	f.blocks(1)
	for _, kind := range []byte{placeHeight, placeRetained} {
		f.marketStore().Set(append(types.PlacesPrefix.Bytes(), kind, 0, 0, 0, 0, 0, 0, 0, 1), []byte{})
	}
	f.marketStore().Set(append(types.LitterPrefix.Bytes(), 1), []byte{})
	f.markAll()
	require.NoError(t, f.Bank.CreditVirtualAccounts(f.Ctx))
	require.NoError(t, f.keeper.EndBlock(f.Ctx))
	require.Equal(t, types.REQUEST_STATUS_PENDING, f.view(id).Auction.Status)
	f.beginBlock(0)
	require.Empty(t, f.refund(id).Error)
	require.Equal(t, types.REQUEST_STATUS_REFUNDED, f.view(id).Auction.Status)
	require.Error(t, f.keeper.CheckInvariants(f.Ctx))
}
