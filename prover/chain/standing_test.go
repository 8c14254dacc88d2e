package chain

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/x/market/auction"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	provertypes "github.com/proofmarket/proofmarket/x/staking/types"
)

func TestStanding(t *testing.T) {
	marshal := func(m interface{ Marshal() ([]byte, error) }) []byte {
		raw, err := m.Marshal()
		require.NoError(t, err)
		return raw
	}
	view := provertypes.ProverView{
		State: provertypes.PROVER_STATE_ACTIVE, SelfStake: math.NewInt(5), Assets: math.NewInt(9),
		Prover: provertypes.Prover{
			Load:    provertypes.Load{AssignedStake: math.NewInt(3), Exposure: math.NewInt(2)},
			Breaker: provertypes.Breaker{MaxExposure: math.NewInt(7), LossLimit: math.ZeroInt()},
		},
	}
	params, market := provertypes.DefaultParams(), markettypes.DefaultParams()
	n := newFakeNode(t, 10)
	n.query = func(path string, _ int64) (uint32, []byte, int64) {
		switch path {
		case "/proofmarket.provers.v1.Query/Prover":
			return 0, marshal(&provertypes.QueryProverResponse{Prover: view}), 10
		case "/proofmarket.provers.v1.Query/Params":
			return 0, marshal(&provertypes.QueryParamsResponse{Params: params}), 10
		case "/proofmarket.market.v1.Query/Params":
			return 0, marshal(&markettypes.QueryParamsResponse{Params: market}), 10
		default:
			return sdkerrors.ErrUnknownRequest.ABCICode(), nil, 10
		}
	}
	got, err := newClient(t, n.URL).Standing(context.Background(), "proof1x")
	require.NoError(t, err)
	require.Equal(t, Standing{
		State: provertypes.PROVER_STATE_ACTIVE, OvercommitBps: market.OvercommitBps,
		Figures: auction.Figures{
			Active: true, SelfStake: math.NewInt(5), MinSelfStake: params.MinSelfStake, Assets: math.NewInt(9),
			AssignedStake: math.NewInt(3), Exposure: math.NewInt(2), MaxExposure: math.NewInt(7),
		},
	}, got)

	view.State = provertypes.PROVER_STATE_JAILED
	got, err = newClient(t, n.URL).Standing(context.Background(), "proof1x")
	require.NoError(t, err)
	require.False(t, got.Active)

	n.query = func(string, int64) (uint32, []byte, int64) { return sdkerrors.ErrKeyNotFound.ABCICode(), nil, 10 }
	_, err = newClient(t, n.URL).Standing(context.Background(), "proof1x")
	require.ErrorIs(t, err, ErrNotFound)
}

func TestAClientWithoutAKeyReads(t *testing.T) {
	n := newFakeNode(t, 10)
	c, err := New(Config{Nodes: []string{n.URL}, ChainID: chainID})
	require.NoError(t, err)
	head, err := c.Head(context.Background())
	require.NoError(t, err)
	require.Equal(t, int64(10), head.Height)
	require.Empty(t, c.Signer())
	_, err = c.Sign(context.Background(), &markettypes.MsgBid{})
	require.ErrorIs(t, err, ErrReadOnly)
}
