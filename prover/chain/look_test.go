package chain

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/query"
	"github.com/cosmos/cosmos-sdk/types/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	provertypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

type marshaler interface{ Marshal() ([]byte, error) }

// lookNode answers each query path with a message, or with an error's code where there
// is none.
func lookNode(t *testing.T, answers map[string]marshaler, code uint32) *Client {
	t.Helper()
	n := newFakeNode(t, 10)
	n.query = func(path string, _ int64) (uint32, []byte, int64) {
		m, ok := answers[path]
		if !ok {
			return code, nil, 10
		}
		raw, err := m.Marshal()
		require.NoError(t, err)
		return 0, raw, 10
	}
	return newClient(t, n.URL)
}

func TestAskNode(t *testing.T) {
	ctx := context.Background()
	n := newFakeNode(t, 7)
	n.catchingUp = true
	got, err := AskNode(ctx, n.URL)
	require.NoError(t, err)
	require.Equal(t, NodeStatus{ChainID: chainID, Height: 7, Time: n.time, CatchingUp: true}, got)
	n.Close()
	_, err = AskNode(ctx, n.URL)
	require.Error(t, err)
	_, err = AskNode(ctx, "no\x00address")
	require.Error(t, err)
}

func TestLook(t *testing.T) {
	ctx := context.Background()
	view := provertypes.ProverView{
		State: provertypes.PROVER_STATE_DEACTIVATED, SelfStake: math.NewInt(5), Assets: math.NewInt(9),
		Prover: provertypes.Prover{
			Address: "x", Generation: 2, Causes: []provertypes.DeactivationCause{provertypes.DEACTIVATION_CAUSE_OWN_WISH},
			Load:    provertypes.Load{AssignedStake: math.ZeroInt(), Exposure: math.ZeroInt()},
			Breaker: provertypes.Breaker{MaxExposure: math.ZeroInt(), LossLimit: math.ZeroInt(), Losses: math.ZeroInt()},
		},
	}
	params := markettypes.DefaultParams()
	c := lookNode(t, map[string]marshaler{
		"/proofmarket.provers.v1.Query/Prover":   &provertypes.QueryProverResponse{Prover: view},
		"/proofmarket.market.v1.Query/Params":    &markettypes.QueryParamsResponse{Params: params, Pause: markettypes.Pause{Bids: true}},
		"/proofmarket.market.v1.Query/Submitter": &markettypes.QuerySubmitterResponse{Consent: "x"},
		"/proofmarket.verifier.v1.Query/Verifiers": &verifiertypes.QueryVerifiersResponse{
			Verifiers:  []verifiertypes.Verifier{{Id: "a/1", Status: verifiertypes.VERIFIER_STATUS_ACTIVE}, {Id: "b/1", Status: verifiertypes.VERIFIER_STATUS_REVOKED}},
			Pagination: &query.PageResponse{},
		},
	}, sdkerrors.ErrUnknownRequest.ABCICode())
	got, err := c.Prover(ctx, "x")
	require.NoError(t, err)
	require.Equal(t, view.State, got.State)
	require.Equal(t, view.Prover.Causes, got.Prover.Causes)
	p, pause, err := c.Market(ctx)
	require.NoError(t, err)
	require.Equal(t, params.MinBidBond, p.MinBidBond)
	require.Equal(t, markettypes.Pause{Bids: true}, pause)
	link, err := c.Link(ctx, "x")
	require.NoError(t, err)
	require.Equal(t, "x", link.Consent)
	verifiers, err := c.Verifiers(ctx)
	require.NoError(t, err)
	require.Equal(t, map[string]verifiertypes.VerifierStatus{"a/1": verifiertypes.VERIFIER_STATUS_ACTIVE, "b/1": verifiertypes.VERIFIER_STATUS_REVOKED}, verifiers)

	none := lookNode(t, nil, sdkerrors.ErrKeyNotFound.ABCICode())
	_, err = none.Prover(ctx, "x")
	require.ErrorIs(t, err, ErrNotFound)
	_, _, err = none.Market(ctx)
	require.Error(t, err)
	_, err = none.Link(ctx, "x")
	require.Error(t, err)
	_, err = none.Verifiers(ctx)
	require.Error(t, err)
}

// A node that always says that there is more is not believed for ever.
func TestVerifiersEnds(t *testing.T) {
	c := lookNode(t, map[string]marshaler{"/proofmarket.verifier.v1.Query/Verifiers": &verifiertypes.QueryVerifiersResponse{
		Verifiers: []verifiertypes.Verifier{{Id: "a/1"}}, Pagination: &query.PageResponse{NextKey: []byte{1}},
	}}, 1)
	_, err := c.Verifiers(context.Background())
	require.ErrorContains(t, err, "more verifiers than")
}

func TestTryTransaction(t *testing.T) {
	ctx := context.Background()
	const simulate = "/cosmos.tx.v1beta1.Service/Simulate"
	account, err := codectypes.NewAnyWithValue(authtypes.NewBaseAccount(sdk.AccAddress(make([]byte, 20)), nil, 3, 0))
	require.NoError(t, err)
	answers := map[string]marshaler{
		"/cosmos.auth.v1beta1.Query/Account": &authtypes.QueryAccountResponse{Account: account},
		simulate:                             &tx.SimulateResponse{GasInfo: &sdk.GasInfo{GasUsed: 70_000}, Result: &sdk.Result{}},
	}
	require.NoError(t, lookNode(t, answers, 1).TryTransaction(ctx))
	delete(answers, simulate)
	require.ErrorIs(t, lookNode(t, answers, sdkerrors.ErrNotSupported.ABCICode()).TryTransaction(ctx), ErrRefused)
	require.ErrorIs(t, lookNode(t, nil, sdkerrors.ErrKeyNotFound.ABCICode()).TryTransaction(ctx), ErrNotFound)

	n := newFakeNode(t, 10)
	reader, err := New(Config{Nodes: []string{n.URL}, ChainID: chainID})
	require.NoError(t, err)
	require.ErrorIs(t, reader.TryTransaction(ctx), ErrReadOnly)
}
