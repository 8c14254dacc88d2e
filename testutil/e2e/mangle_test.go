package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"testing"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// Nothing that a stranger or an operator hands in may cause a panic, however it
// was mangled: missing amounts, negative ones, ones beyond every bound, empty and
// senseless texts. Each value of a sound document is replaced by each of these.
var mangled = []any{
	nil, "", "x", "-1", "0", "18446744073709551615", "340282366920938463463374607431768211456",
	"115792089237316195423570985008687907853269984665640564039457584007913129639935",
	"proof1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "315576000000s", "-1s",
	true, json.Number("4294967295"), json.Number("-2147483648"),
	[]any{},
	[]any{"", ""},
	map[string]any{},
}

// mangle calls f with every variant of the document, or with most of them when
// there are many.
func mangle(t *testing.T, sound []byte, most int, f func(what string, variant []byte)) {
	t.Helper()
	var doc any
	require.NoError(t, json.Unmarshal(sound, &doc))
	type place struct {
		name string
		set  func(any)
		old  any
	}
	var places []place
	var walk func(name string, node any)
	walk = func(name string, node any) {
		switch n := node.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(n)) {
				value := n[key]
				places = append(places, place{name + "." + key, func(v any) { n[key] = v }, value})
				walk(name+"."+key, value)
			}
		case []any:
			for i, value := range n {
				places = append(places, place{fmt.Sprintf("%s[%d]", name, i), func(v any) { n[i] = v }, value})
				walk(fmt.Sprintf("%s[%d]", name, i), value)
			}
		}
	}
	walk("", doc)
	random := rand.New(rand.NewSource(1))
	share := float64(most) / float64(len(places)*len(mangled)+1)
	for _, p := range places {
		for _, v := range mangled {
			if random.Float64() > share {
				continue
			}
			p.set(v)
			variant, err := json.Marshal(doc)
			require.NoError(t, err)
			f(fmt.Sprintf("%s = %v", p.name, v), variant)
		}
		p.set(p.old)
	}
}

// calm fails the test if f panics.
func calm(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if r := recover(); r != nil {
			require.FailNow(t, "panic", "%s: %v", what, r)
		}
	}()
	f()
}

func TestMangledMessagesDoNotPanic(t *testing.T) {
	b := newBusy(t, plainCircuit(t).prove(t, 13), 5)
	delegator, stranger, alpha, worker := b.Account("delegator"), b.Account("stranger"), b.provers[0], b.workers[0]
	s := bid{prover: 0, fee: million}
	revealing := b.request(b.requestMsg(b.claim))
	b.MustDeliver(worker, b.bidMsg(revealing, s))
	b.Advance(bidding)
	open := b.request(b.requestMsg(b.claim))
	market, provers := markettypes.DefaultParams(), proverstypes.DefaultParams()
	one := math.NewInt(million)
	authority := b.MarketKeeper.Authority()
	circuitTarget := verifiertypes.Target{Kind: verifiertypes.TARGET_KIND_CIRCUIT, Id: b.circuit.id}
	program := verifiertypes.ProgramInfo{
		Name: "cubic", ImageUrl: requestNote, ImageSha256: b.circuit.id, ImageSize: 1, Verifiers: []string{verifiertypes.CircuitVerifier},
	}
	b.MustDeliver(b.requester, &verifiertypes.MsgPublishProgram{Publisher: b.requester.String(), Program: b.circuit.id, Info: program})
	for _, msg := range []sdk.Msg{
		b.requestMsg(b.claim), b.bidMsg(open, s), b.revealMsg(revealing, s),
		&markettypes.MsgSubmitProof{Signer: worker.String(), RequestId: revealing, Proof: b.claim.proof, PublicValues: b.claim.publicValues},
		&markettypes.MsgCancel{Requester: b.requester.String(), RequestId: open},
		&markettypes.MsgRefund{Signer: stranger.String(), RequestIds: []string{open, revealing}},
		&markettypes.MsgClaim{Owner: worker.String(), Bids: []markettypes.BidRef{{RequestId: revealing, Prover: alpha.String()}}},
		&markettypes.MsgConsentSubmitter{Submitter: stranger.String(), Prover: alpha.String()},
		&markettypes.MsgWithdrawConsent{Submitter: stranger.String()},
		&markettypes.MsgRegisterSubmitter{Prover: alpha.String(), Submitters: []string{stranger.String()}},
		&markettypes.MsgUnregisterSubmitter{Signer: alpha.String(), Submitters: []string{worker.String()}},
		&markettypes.MsgRaiseFee{Requester: b.requester.String(), RequestId: open, MaxFee: one.MulRaw(100)},
		&markettypes.MsgBidBatch{Signer: worker.String(), Items: []markettypes.BidItem{
			{RequestId: open, Commitment: b.bidMsg(open, s).Commitment}, {RequestId: revealing, Commitment: b.bidMsg(revealing, s).Commitment},
		}},
		&markettypes.MsgRevealBatch{Signer: worker.String(), Items: []markettypes.RevealItem{
			{RequestId: revealing, Fee: one, Salt: salt(s)}, {RequestId: open, Fee: one, Salt: salt(s)},
		}},
		&markettypes.MsgSetPause{Authority: authority, Pause: markettypes.Pause{Requests: true, Bids: true}},
		&markettypes.MsgUpdateParams{Authority: authority, Params: market},
		&proverstypes.MsgRegister{Prover: stranger.String(), CommissionBps: 1, SelfStake: math.NewInt(selfStake)},
		&proverstypes.MsgStake{Staker: delegator.String(), Prover: alpha.String(), Amount: one, MinSharesOut: one},
		&proverstypes.MsgRequestUnstake{Staker: alpha.String(), Prover: alpha.String(), Shares: one, MinOut: one, Generation: 1},
		&proverstypes.MsgCompleteUnstake{Signer: stranger.String(), Prover: alpha.String(), Generation: 1, Id: 1},
		&proverstypes.MsgClaimCommission{Prover: alpha.String(), Generation: 1},
		&proverstypes.MsgDeactivate{Prover: alpha.String()}, &proverstypes.MsgReactivate{Prover: alpha.String()},
		&proverstypes.MsgRetire{Prover: alpha.String()},
		&proverstypes.MsgJail{Authority: authority, Prover: alpha.String()}, &proverstypes.MsgUnjail{Authority: authority, Prover: alpha.String()},
		&proverstypes.MsgDeactivateProver{Authority: authority, Prover: alpha.String()},
		&proverstypes.MsgLiftDeactivation{Authority: authority, Prover: alpha.String()},
		&proverstypes.MsgUpdateParams{Authority: authority, Params: provers},
		&proverstypes.MsgTransferShares{Prover: alpha.String(), Recipient: stranger.String(), Shares: one, Generation: 1},
		&proverstypes.MsgCancelUnstake{Staker: alpha.String(), Prover: alpha.String(), Generation: 1, Ids: []uint64{1, 2}, MinSharesOut: one},
		&proverstypes.MsgCompleteUnstakes{Signer: stranger.String(), Prover: alpha.String(), Generation: 1, Ids: []uint64{1, 2}},
		&proverstypes.MsgSetCommission{Prover: alpha.String(), Source: "market", Bps: 500},
		&proverstypes.MsgResetCommission{Prover: alpha.String(), Source: "market"},
		&proverstypes.MsgSetProfile{Prover: alpha.String(), Profile: proverstypes.Profile{Name: "name", IconUrl: requestNote}},
		&proverstypes.MsgSetBreaker{Prover: alpha.String(), MaxExposure: one, LossLimit: one},
		&proverstypes.MsgFundIncentives{Funder: stranger.String(), Amount: one},
		&proverstypes.MsgSlashProver{Authority: authority, Prover: alpha.String(), Amount: one, Reason: "reason"},
		&proverstypes.MsgUpdateAllowList{Authority: authority, Add: []string{alpha.String()}, Remove: []string{stranger.String()}},
		b.circuit.registration(stranger),
		&verifiertypes.MsgWithdrawCircuit{Owner: b.requester.String(), CircuitId: b.circuit.id},
		&verifiertypes.MsgSuspend{Signer: authority, Target: circuitTarget, Reason: "reason"},
		&verifiertypes.MsgResume{Authority: authority, Target: circuitTarget},
		&verifiertypes.MsgRevoke{Authority: authority, Target: circuitTarget},
		&verifiertypes.MsgDeprecate{Authority: authority, Id: verifiertypes.PicoV122},
		&verifiertypes.MsgPublishProgram{Publisher: stranger.String(), Program: b.circuit.id, Info: program},
		&verifiertypes.MsgUpdateProgram{Publisher: b.requester.String(), Program: b.circuit.id, Info: program},
		&verifiertypes.MsgWithdrawProgram{Publisher: b.requester.String(), Program: b.circuit.id},
	} {
		handler := b.MsgServiceRouter().Handler(msg)
		require.NotNil(t, handler, "%T", msg)
		mangle(t, b.AppCodec().MustMarshalJSON(msg), 1_000, func(what string, variant []byte) {
			msg.Reset()
			if b.AppCodec().UnmarshalJSON(variant, msg) != nil {
				return
			}
			calm(t, fmt.Sprintf("%T%s", msg, what), func() {
				ctx, _ := b.Ctx().WithTxBytes([]byte{1}).CacheContext()
				_, err := handler(ctx, msg)
				if err == nil { // what was taken must leave a sound state
					require.NoError(t, b.CheckInvariants(ctx), "%T%s", msg, what)
				}
			})
		})
	}
}

func TestMangledQueriesDoNotPanic(t *testing.T) {
	b := newBusy(t, plainCircuit(t).prove(t, 14), 6)
	for range 12 {
		b.block(12)
	}
	id, alpha := b.ids[0], b.provers[0].String()
	page := &query.PageRequest{Key: []byte{1, 2, 3}, Limit: 3, Reverse: true}
	market, provers := "/proofmarket.market.v1.Query/", "/proofmarket.provers.v1.Query/"
	const verifier = "/proofmarket.verifier.v1.Query/"
	for _, q := range []struct {
		method   string
		req, res proto.Message
	}{
		{market + "Request", &markettypes.QueryRequestRequest{Id: id}, &markettypes.QueryRequestResponse{}},
		{market + "Requests", &markettypes.QueryRequestsRequest{Requester: b.requester.String(), Status: 1, Pagination: page}, &markettypes.QueryRequestsResponse{}},
		{market + "Requests", &markettypes.QueryRequestsRequest{Status: 2, Pagination: page}, &markettypes.QueryRequestsResponse{}},
		{market + "Bids", &markettypes.QueryBidsRequest{RequestId: id, Pagination: page}, &markettypes.QueryBidsResponse{}},
		{market + "Bid", &markettypes.QueryBidRequest{RequestId: id, Prover: alpha}, &markettypes.QueryBidResponse{}},
		{market + "Proof", &markettypes.QueryProofRequest{RequestId: id}, &markettypes.QueryProofResponse{}},
		{market + "Submitter", &markettypes.QuerySubmitterRequest{Address: alpha}, &markettypes.QuerySubmitterResponse{}},
		{market + "Claim", &markettypes.QueryClaimRequest{Address: alpha}, &markettypes.QueryClaimResponse{}},
		{market + "Submitters", &markettypes.QuerySubmittersRequest{Prover: alpha, Pagination: page}, &markettypes.QuerySubmittersResponse{}},
		{market + "Params", &markettypes.QueryParamsRequest{}, &markettypes.QueryParamsResponse{}},
		{market + "Clock", &markettypes.QueryClockRequest{}, &markettypes.QueryClockResponse{}},
		{market + "Requests", &markettypes.QueryRequestsRequest{
			Verifier: b.claim.statement.Verifier, Program: b.claim.statement.Program, Status: 1, Pagination: page,
		}, &markettypes.QueryRequestsResponse{}},
		{market + "Requests", &markettypes.QueryRequestsRequest{Prover: alpha, Due: markettypes.DUE_OVERDUE, Pagination: page}, &markettypes.QueryRequestsResponse{}},
		{market + "Work", &markettypes.QueryWorkRequest{Prover: alpha}, &markettypes.QueryWorkResponse{}},
		{market + "ProverStats", &markettypes.QueryProverStatsRequest{Prover: alpha}, &markettypes.QueryProverStatsResponse{}},
		{market + "Stats", &markettypes.QueryStatsRequest{}, &markettypes.QueryStatsResponse{}},
		{market + "Quote", &markettypes.QueryQuoteRequest{
			Verifier: b.claim.statement.Verifier, Program: b.claim.statement.Program,
		}, &markettypes.QueryQuoteResponse{}},
		{market + "Receipt", &markettypes.QueryReceiptRequest{RequestId: id}, &markettypes.QueryReceiptResponse{}},
		{market + "ReceiptByStatement", &markettypes.QueryReceiptByStatementRequest{
			Verifier: b.claim.statement.Verifier, Program: b.claim.statement.Program, Digest: b.claim.statement.Digest,
		}, &markettypes.QueryReceiptByStatementResponse{}},
		{market + "DeadLetters", &markettypes.QueryDeadLettersRequest{Pagination: page}, &markettypes.QueryDeadLettersResponse{}},
		{market + "MayBid", &markettypes.QueryMayBidRequest{RequestId: id, Prover: alpha}, &markettypes.QueryMayBidResponse{}},
		{provers + "Prover", &proverstypes.QueryProverRequest{Prover: alpha}, &proverstypes.QueryProverResponse{}},
		{provers + "Provers", &proverstypes.QueryProversRequest{Pagination: page}, &proverstypes.QueryProversResponse{}},
		{provers + "Vault", &proverstypes.QueryVaultRequest{Prover: alpha, Generation: 1}, &proverstypes.QueryVaultResponse{}},
		{provers + "Unstakes", &proverstypes.QueryUnstakesRequest{Staker: alpha, Prover: alpha, Pagination: page}, &proverstypes.QueryUnstakesResponse{}},
		{provers + "Assignments", &proverstypes.QueryAssignmentsRequest{Prover: alpha, Pagination: page}, &proverstypes.QueryAssignmentsResponse{}},
		{provers + "Provers", &proverstypes.QueryProversRequest{State: proverstypes.PROVER_STATE_ACTIVE, Pagination: page}, &proverstypes.QueryProversResponse{}},
		{provers + "Commission", &proverstypes.QueryCommissionRequest{Prover: alpha}, &proverstypes.QueryCommissionResponse{}},
		{provers + "AllowList", &proverstypes.QueryAllowListRequest{Pagination: page}, &proverstypes.QueryAllowListResponse{}},
		{provers + "Positions", &proverstypes.QueryPositionsRequest{Staker: alpha, Pagination: page}, &proverstypes.QueryPositionsResponse{}},
		{provers + "Totals", &proverstypes.QueryTotalsRequest{}, &proverstypes.QueryTotalsResponse{}},
		{provers + "Incentives", &proverstypes.QueryIncentivesRequest{}, &proverstypes.QueryIncentivesResponse{}},
		{provers + "ProverEpochs", &proverstypes.QueryProverEpochsRequest{Prover: alpha}, &proverstypes.QueryProverEpochsResponse{}},
		{provers + "APR", &proverstypes.QueryAPRRequest{Prover: alpha}, &proverstypes.QueryAPRResponse{}},
		{verifier + "Verifiers", &verifiertypes.QueryVerifiersRequest{Pagination: page}, &verifiertypes.QueryVerifiersResponse{}},
		{verifier + "Verifier", &verifiertypes.QueryVerifierRequest{Id: verifiertypes.PicoV122}, &verifiertypes.QueryVerifierResponse{}},
		{verifier + "Circuits", &verifiertypes.QueryCircuitsRequest{Owner: alpha, Pagination: page}, &verifiertypes.QueryCircuitsResponse{}},
		{verifier + "Circuit", &verifiertypes.QueryCircuitRequest{Id: b.circuit.id}, &verifiertypes.QueryCircuitResponse{}},
		{verifier + "Restrictions", &verifiertypes.QueryRestrictionsRequest{Kind: verifiertypes.TARGET_KIND_CIRCUIT, Pagination: page}, &verifiertypes.QueryRestrictionsResponse{}},
		{verifier + "Programs", &verifiertypes.QueryProgramsRequest{Publisher: alpha, Pagination: page}, &verifiertypes.QueryProgramsResponse{}},
		{verifier + "Programs", &verifiertypes.QueryProgramsRequest{Program: b.circuit.id, Pagination: page}, &verifiertypes.QueryProgramsResponse{}},
		{verifier + "Program", &verifiertypes.QueryProgramRequest{Publisher: alpha, Program: b.circuit.id}, &verifiertypes.QueryProgramResponse{}},
		{verifier + "ProgramByName", &verifiertypes.QueryProgramByNameRequest{Publisher: alpha, Name: "cubic"}, &verifiertypes.QueryProgramByNameResponse{}},
		{verifier + "Verify", &verifiertypes.QueryVerifyRequest{
			Statement: b.claim.statement, PublicValues: b.claim.publicValues, Proof: b.claim.proof, GasLimit: 100_000,
		}, &verifiertypes.QueryVerifyResponse{}},
	} {
		ask := func(what string, variant []byte) {
			q.req.Reset()
			if b.AppCodec().UnmarshalJSON(variant, q.req) == nil {
				calm(t, q.method+what, func() { _ = b.Conn().Invoke(b.Context(), q.method, q.req, q.res) })
			}
		}
		sound := b.AppCodec().MustMarshalJSON(q.req)
		mangle(t, sound, 1_000, ask)
		for _, key := range [][]byte{{0}, {0xff}, make([]byte, 100), []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff")} {
			page.Key = key
			for _, reverse := range []bool{false, true} {
				page.Reverse = reverse
				ask(fmt.Sprintf(" key %x", key), sound)
			}
		}
	}
}

// A genesis file comes from outside: it is refused with an error.
func TestMangledGenesisDoesNotPanic(t *testing.T) {
	b := newBusy(t, plainCircuit(t).prove(t, 15), 7)
	for range 25 {
		b.block(12)
	}
	var modules map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(b.Export(ourModules...).AppState, &modules))
	mangle(t, modules[markettypes.ModuleName], 700, func(what string, variant []byte) {
		calm(t, "market"+what, func() {
			var g markettypes.GenesisState
			if b.AppCodec().UnmarshalJSON(variant, &g) == nil {
				ctx, _ := b.Ctx().CacheContext()
				if b.MarketKeeper.InitGenesis(ctx, &g) == nil {
					_ = b.MarketKeeper.CheckInvariants(ctx)
				}
			}
		})
	})
	mangle(t, modules[proverstypes.ModuleName], 700, func(what string, variant []byte) {
		calm(t, "provers"+what, func() {
			var g proverstypes.GenesisState
			if b.AppCodec().UnmarshalJSON(variant, &g) == nil {
				ctx, _ := b.Ctx().CacheContext()
				_ = b.ProversKeeper.InitGenesis(ctx, &g)
			}
		})
	})
}
