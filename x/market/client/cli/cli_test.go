package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/client"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/market/types"
)

func TestMain(m *testing.M) {
	chain.ConfigureBech32()
	os.Exit(m.Run())
}

var hash = strings.Repeat("ab", 32)

func TestCleanHash(t *testing.T) {
	for _, s := range []string{hash, "0x" + hash, "0X" + strings.ToUpper(hash), " " + hash + "\n"} {
		got, err := cleanHash("x", s)
		require.NoError(t, err)
		require.Equal(t, hash, got)
	}
	for _, s := range []string{"", "0x", hash[1:], hash + "00", strings.Repeat("zz", 32)} {
		_, err := cleanHash("x", s)
		require.Error(t, err, s)
	}
}

func TestParseAmount(t *testing.T) {
	for s, want := range map[string]string{"0": "0", "15": "15", "15uproof": "15", "1.5PROOF": "1500000", "0.000001PROOF": "1", "2 PROOF": "2000000"} {
		got, err := parseAmount("x", s)
		require.NoError(t, err, s)
		require.Equal(t, want, got.String())
	}
	for _, s := range []string{"", "-1", "1.5", "0.0000001PROOF", "-1PROOF", "1atom", "PROOF", strings.Repeat("9", 100), strings.Repeat("9", 59) + "PROOF"} {
		_, err := parseAmount("x", s)
		require.Error(t, err, s)
	}
}

func TestParseBidRef(t *testing.T) {
	prover := sdk.AccAddress(bytes.Repeat([]byte{1}, 20)).String()
	ref, err := parseBidRef("0x" + hash + ":" + prover)
	require.NoError(t, err)
	require.Equal(t, types.BidRef{RequestId: hash, Prover: prover}, ref)
	for _, s := range []string{"", hash, hash + ":", "x:" + prover, hash + ":nobody"} {
		_, err := parseBidRef(s)
		require.Error(t, err, s)
	}
}

// The secret of the bid that stands is found, whichever bid of the file it is.
func TestSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bids.json")
	prover := sdk.AccAddress(bytes.Repeat([]byte{1}, 20))
	var commitments [][]byte
	for fee := range int64(3) {
		s, commitment, err := newSecret("c-1", hash, prover, math.NewInt(fee), fee == 1)
		require.NoError(t, err)
		require.NoError(t, keepSecrets(path, s))
		commitments = append(commitments, commitment)
	}
	for fee, c := range commitments {
		s, err := findSecret(path, c)
		require.NoError(t, err)
		require.Equal(t, int64(fee), s.Fee.Int64())
		require.Equal(t, fee == 1, s.Standby)
	}
	_, err := findSecret(path, make([]byte, 32))
	require.Error(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "salts are nobody else's business")
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1)

	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	require.Error(t, keepSecrets(path, secret{}), "a damaged file is not overwritten")
	require.Error(t, keepSecrets(filepath.Join(path, "none"), secret{}))
}

func TestReadFileIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(path, make([]byte, 10), 0o600))
	_, err := readFile(&cobra.Command{}, path, 9)
	require.Error(t, err)
	bz, err := readFile(&cobra.Command{}, path, 10)
	require.NoError(t, err)
	require.Len(t, bz, 10)
}

// fakeQuery answers with one view after the other.
type fakeQuery struct {
	types.QueryClient
	views []types.RequestView
}

func (q *fakeQuery) Request(context.Context, *types.QueryRequestRequest, ...grpc.CallOption) (*types.QueryRequestResponse, error) {
	if len(q.views) == 0 {
		return nil, status.Error(codes.NotFound, "no such request")
	}
	v := q.views[0]
	q.views = q.views[1:]
	return &types.QueryRequestResponse{View: v}, nil
}

func TestWatcher(t *testing.T) {
	pending := types.Auction{Status: types.REQUEST_STATUS_PENDING, UnrevealedBonds: math.ZeroInt()}
	done := types.Auction{Status: types.REQUEST_STATUS_FULFILLED, EndReason: types.END_REASON_PROVED, Assignment: &types.Assignment{Prover: "p", Price: math.NewInt(6)}}
	q := &fakeQuery{views: []types.RequestView{
		{Auction: pending, Stage: types.STAGE_BIDDING},
		{Auction: pending, Stage: types.STAGE_REVEALING},
		{Auction: done, Stage: types.STAGE_DONE, Request: types.Request{Id: hash, MaxFee: math.NewInt(10)}},
	}}
	cmd := &cobra.Command{}
	var out, errOut bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&errOut)
	w := watcher{cmd: cmd, query: q, id: hash, lookup: func() (uint32, string, error) { return 5, "out of luck", nil }}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	view, err := w.ended(ctx)
	require.NoError(t, err)
	require.Equal(t, "bidding: 0 bids, until block 0\nrevealing: 0 of 0 bids, until block 0\ndone: REQUEST_STATUS_FULFILLED, END_REASON_PROVED\n", errOut.String())
	require.NoError(t, printOutcome(cmd, client.Context{}, view))
	require.Equal(t, "REQUEST_STATUS_FULFILLED request="+hash+" winner=p price=6uproof refunded=4uproof\n", out.String())
	require.ErrorContains(t, w.included(ctx), "out of luck")
}

func TestCommands(t *testing.T) {
	for _, name := range []string{"request", "bid", "reveal", "bid-batch", "reveal-batch", "submit-proof", "claim"} {
		sub, _, err := NewTxCmd().Find([]string{name})
		require.NoError(t, err)
		require.Equal(t, name, sub.Name())
		require.NotEmpty(t, sub.Example)
		require.NotNil(t, sub.Flags().Lookup("from"))
	}
	sub, _, err := NewQueryCmd().Find([]string{"proof"})
	require.NoError(t, err)
	require.Equal(t, "proof", sub.Name())
}

// batchQuery answers about bids and requests by request id.
type batchQuery struct {
	types.QueryClient
	bids   map[string]types.Bid
	stages map[string]types.Stage
}

func (q batchQuery) Bid(_ context.Context, req *types.QueryBidRequest, _ ...grpc.CallOption) (*types.QueryBidResponse, error) {
	bid, found := q.bids[req.RequestId]
	if !found {
		return nil, status.Error(codes.NotFound, "no bid")
	}
	return &types.QueryBidResponse{Bid: bid}, nil
}

func (q batchQuery) Request(_ context.Context, req *types.QueryRequestRequest, _ ...grpc.CallOption) (*types.QueryRequestResponse, error) {
	return &types.QueryRequestResponse{View: types.RequestView{Stage: q.stages[req.Id]}}, nil
}

func TestSealAll(t *testing.T) {
	prover := sdk.AccAddress(bytes.Repeat([]byte{1}, 20))
	other := strings.Repeat("cd", 32)
	msg := &types.MsgBidBatch{}
	file := `[{"request_id":"0x` + hash + `","fee":"1.5PROOF","standby":true},{"request_id":"` + other + `","fee":"7"}]`
	secrets, err := sealAll("c-1", prover, []byte(file), msg)
	require.NoError(t, err)
	require.Len(t, secrets, 2)
	require.Equal(t, int64(1_500_000), secrets[0].Fee.Int64())
	require.True(t, secrets[0].Standby)
	require.NotEqual(t, secrets[0].Salt, secrets[1].Salt)
	for i, id := range []string{hash, other} {
		require.Equal(t, id, msg.Items[i].RequestId)
		commitment, err := secrets[i].commitment()
		require.NoError(t, err)
		require.Equal(t, commitment, msg.Items[i].Commitment)
	}
	one := `{"request_id":"` + hash + `","fee":"1"}`
	for name, bad := range map[string]string{
		"no JSON": "x", "no list": one, "empty list": "[]", "empty": "", "twice": "[" + one + "," + one + "]", "something after it": "[" + one + "] 1",
		"no fee": `[{"request_id":"` + hash + `"}]`, "no id": `[{"fee":"1"}]`, "unknown field": `[{"request_id":"` + hash + `","fee":"1","salt":"00"}]`,
		"too many": "[" + one + strings.Repeat(","+one, types.MaxBatch) + "]",
	} {
		_, err := sealAll("c-1", prover, []byte(bad), &types.MsgBidBatch{})
		require.Error(t, err, name)
	}
}

// Without names, what can be revealed now is; a named bid must be there.
func TestRevealItems(t *testing.T) {
	prover := sdk.AccAddress(bytes.Repeat([]byte{1}, 20))
	q := batchQuery{bids: map[string]types.Bid{}, stages: map[string]types.Stage{}}
	var secrets []secret
	id := func(name string) string { return strings.Repeat(name, 32) }
	add := func(name string, state types.BidState, stage types.Stage) {
		for fee := range int64(2) { // the second replaced the first
			s, commitment, err := newSecret("c-1", id(name), prover, math.NewInt(fee), false)
			require.NoError(t, err)
			secrets = append(secrets, s)
			q.bids[id(name)], q.stages[id(name)] = types.Bid{Commitment: commitment, State: state}, stage
		}
	}
	add("a1", types.BID_STATE_SEALED, types.STAGE_REVEALING)
	add("a2", types.BID_STATE_RANKED, types.STAGE_REVEALING)
	add("a3", types.BID_STATE_SEALED, types.STAGE_BIDDING)
	add("a4", types.BID_STATE_SEALED, types.STAGE_REVEALING)
	add("a5", types.BID_STATE_SEALED, types.STAGE_REVEALING)
	delete(q.bids, id("a5"))
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	o := opener{cmd: cmd, query: q, prover: prover.String(), secrets: secrets}
	items, err := o.items(nil)
	require.NoError(t, err)
	require.Len(t, items, 2)
	require.Equal(t, id("a1"), items[0].RequestId)
	require.Equal(t, id("a4"), items[1].RequestId)
	require.Equal(t, int64(1), items[0].Fee.Int64(), "the bid that stands")

	items, err = o.items([]string{id("a3")})
	require.NoError(t, err)
	require.Len(t, items, 1, "a named bid is revealed whatever its stage")
	_, err = o.items([]string{id("a5")})
	require.Error(t, err)
	o.prover = sdk.AccAddress(bytes.Repeat([]byte{2}, 20)).String()
	_, err = o.items(nil)
	require.ErrorContains(t, err, "no bid that can be revealed")
	o.prover, o.secrets = prover.String(), nil
	_, err = o.items([]string{id("a1")})
	require.ErrorContains(t, err, "no secret")
}
