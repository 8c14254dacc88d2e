package keeper_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

type target = verifiertypes.Target

// on asks for a proof under another verifier.
func on(verifier string) func(*types.MsgRequest) {
	return func(m *types.MsgRequest) { m.Statement.Verifier = verifier }
}

// circuit asks for a proof of the circuit of that name.
func circuit(name string) func(*types.MsgRequest) {
	return func(m *types.MsgRequest) {
		m.Statement.Verifier, m.Statement.Program = "circuit", types.FormatID(account32(name))
	}
}

// circuitTarget is the circuit that circuit asks for.
func circuitTarget(name string) target {
	return verifiertypes.CircuitTarget(types.FormatID(account32(name)))
}

// crossed has open requests on several verifiers and circuits; those on the keys of the
// map are told apart by their names.
func crossed(t *testing.T, each int) (*fixture, map[string][]string) {
	f := setup(t)
	for _, v := range []string{"pico/v2", "sp1/v1"} {
		f.verifier.status[v] = verifiertypes.VERIFIER_STATUS_ACTIVE
	}
	ids := map[string][]string{}
	long := func(m *types.MsgRequest) { m.BiddingBlocks = 1000 }
	for range each {
		for name, choose := range map[string]func(*types.MsgRequest){
			"pico/v1": on("pico/v1"), "pico/v2": on("pico/v2"), "sp1/v1": on("sp1/v1"), "a": circuit("a"), "b": circuit("b"),
		} {
			ids[name] = append(ids[name], f.request(choose, long))
		}
	}
	return f, ids
}

// open counts the requests that are open.
func (f *fixture) open(ids []string) (n int) {
	for _, id := range ids {
		a := f.view(id).Auction
		if a.Status == types.REQUEST_STATUS_PENDING {
			n++
			continue
		}
		require.Equal(f.t, types.END_REASON_REVOKED, a.EndReason)
	}
	return n
}

// law M11: what stands on a revoked verifier, circuit or family is refunded, and
// nothing else is.
func TestSweep(t *testing.T) {
	family := verifiertypes.FamilyTarget("pico")
	for name, tc := range map[string]struct {
		revoke []target
		gone   []string
	}{
		"nothing":            {nil, nil},
		"verifier":           {[]target{onVerifier}, []string{"pico/v1"}},
		"last verifier":      {[]target{verifiertypes.VerifierTarget("sp1/v1")}, []string{"sp1/v1"}},
		"circuit":            {[]target{circuitTarget("a")}, []string{"a"}},
		"family":             {[]target{family}, []string{"pico/v1", "pico/v2"}},
		"family of circuits": {[]target{onCircuits}, []string{"a", "b"}},
		"several":            {[]target{circuitTarget("b"), family}, []string{"b", "pico/v1", "pico/v2"}},
		"without requests":   {[]target{circuitTarget("unknown")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f, ids := crossed(t, 3)
			f.blocks(1)
			f.verifier.asked = 0
			for _, target := range tc.revoke {
				f.revoke(target)
			}
			f.endBlock()
			asked := f.verifier.asked
			gone := map[string]bool{}
			for _, g := range tc.gone {
				gone[g] = true
			}
			for group, list := range ids {
				require.Equal(t, !gone[group], f.open(list) == len(list), group)
				require.Equal(t, gone[group], f.open(list) == 0, group)
			}
			// One look at each of five groups, and one for each refund.
			if len(tc.revoke) > 0 {
				require.Equal(t, 5+3*len(tc.gone), asked)
			} else {
				require.Zero(t, asked)
			}
			f.beginBlock(time.Second)
			f.verifier.asked = 0
			f.endBlock()
			require.Zero(t, f.verifier.asked, "a sweep that is over asks nothing")
			f.roundTrip()
		})
	}
}

// law M9: a sweep shares end_block_cap with the queues, and what falls due meanwhile
// is not held up.
func TestSweepIsCapped(t *testing.T) {
	f, ids := crossed(t, 10)
	f.set(func(p *types.Params) { p.EndBlockCap = 8 })
	f.revoke(verifiertypes.FamilyTarget("pico"))
	f.revoke(circuitTarget("b"))
	due := []string{f.request(on("sp1/v1"), func(m *types.MsgRequest) { m.BiddingBlocks = 1 })}
	count := func() int { return f.open(ids["pico/v1"]) + f.open(ids["pico/v2"]) + f.open(ids["b"]) }
	blocks := 0
	for left := count(); left > 0; left = count() {
		f.blocks(1)
		require.LessOrEqual(t, left-count(), 4)
		require.Less(t, count(), left+1)
		if blocks++; blocks == 3 {
			require.Equal(t, types.END_REASON_NO_BIDS, f.view(due[0]).Auction.EndReason)
		}
		require.Less(t, blocks, 20)
	}
	require.Equal(t, 20, f.open(ids["a"])+f.open(ids["sp1/v1"]))
	f.blocks(3)
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(2), g.Revocations)
}

// The smallest cap is enough to finish.
func TestSweepWithTheSmallestCap(t *testing.T) {
	f, ids := crossed(t, 3)
	f.set(func(p *types.Params) { p.EndBlockCap = types.MinEndBlockCap })
	f.revoke(circuitTarget("a"))
	f.revoke(verifiertypes.VerifierTarget("sp1/v1"))
	f.blocks(15)
	require.Zero(t, f.open(ids["a"])+f.open(ids["sp1/v1"]))
	require.Equal(t, 9, f.open(ids["b"])+f.open(ids["pico/v1"])+f.open(ids["pico/v2"]))
}

// A revocation behind a sweep that is under way gets a sweep of its own; requests that
// are made meanwhile are left alone; an import begins again.
func TestSecondRevocationDuringASweep(t *testing.T) {
	f, ids := crossed(t, 10)
	f.set(func(p *types.Params) { p.EndBlockCap = 8 })
	f.revoke(verifiertypes.VerifierTarget("sp1/v1"))
	f.blocks(2)
	require.Less(t, f.open(ids["sp1/v1"]), 10, "under way")
	require.Positive(t, f.open(ids["sp1/v1"]), "under way")
	f.revoke(circuitTarget("a")) // before the cursor
	msg := f.requestMsg()
	circuit("a")(msg)
	fails(f, f.msgs.Request, msg, verifiertypes.ErrVerifierNotActive)
	made := f.request(on("pico/v2"), func(m *types.MsgRequest) { m.BiddingBlocks = 100 })
	g, err := f.keeper.ExportGenesis(f.Ctx)
	require.NoError(t, err)
	require.Zero(t, g.Revocations, "no sweep has finished")
	f.endBlock()
	next := f.roundTrip()
	f.beginBlock(time.Second)
	for _, f := range []*fixture{f, next} {
		f.blocks(12)
		require.Zero(t, f.open(ids["sp1/v1"])+f.open(ids["a"]))
		require.Equal(t, 30, f.open(ids["pico/v1"])+f.open(ids["pico/v2"])+f.open(ids["b"]))
		require.Equal(t, types.REQUEST_STATUS_PENDING, f.view(made).Auction.Status)
		g, err := f.keeper.ExportGenesis(f.Ctx)
		require.NoError(t, err)
		require.Equal(t, uint64(2), g.Revocations)
	}
}

// deadLetters lists the dead letters.
func (f *fixture) deadLetters() []string {
	response, err := f.queries.DeadLetters(f.Ctx, &types.QueryDeadLettersRequest{})
	require.NoError(f.t, err)
	return response.RequestIds
}

// laws M9, M11: a dead letter is refunded by the sweep, and an item on which the sweep
// fails becomes one, for MsgRefund to retry.
func TestSweepAndDeadLetters(t *testing.T) {
	f := setup(t)
	dead := f.assigned(func(m *types.MsgRequest) { m.TimeLimit = time.Second })
	f.provers.panicOnSlash = true
	f.blocks(5)
	require.Equal(t, []string{dead}, f.deadLetters())
	failing := f.assigned(on("pico/v1"), func(m *types.MsgRequest) { m.Requester = stranger.String() })
	f.refuse[stranger.String()], f.refuse[types.ClaimsAccount().String()] = true, true
	f.revoke(onVerifier)
	f.blocks(1)
	require.Equal(t, types.END_REASON_REVOKED, f.view(dead).Auction.EndReason)
	require.Equal(t, []string{failing}, f.deadLetters())
	require.True(t, f.view(failing).Due)
	require.False(t, f.refund(failing).Applied)
	next := f.roundTrip()
	require.Equal(t, []string{failing}, next.deadLetters())
	f.blocks(2)
	require.Equal(t, []string{failing}, f.deadLetters(), "it is not tried without being asked")
	f.refuse = map[string]bool{}
	require.True(t, f.refund(failing).Applied)
	require.Empty(t, f.deadLetters())
	f.blocks(1)
}

// laws M9, M12: whatever makes a dead letter, MsgRefund ends it once the cause is gone,
// and so does any other message that finds it due.
func TestDeadLettersAreNotStuck(t *testing.T) {
	for name, retry := range map[string]func(f *fixture, id string){
		"refund": func(f *fixture, id string) { require.True(f.t, f.refund(id).Applied) },
		"revoked": func(f *fixture, _ string) {
			f.revoke(onVerifier)
			f.blocks(1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := setup(t)
			id := f.assigned(func(m *types.MsgRequest) { m.TimeLimit = time.Second })
			f.provers.panicOnSlash = true
			f.blocks(5)
			require.Equal(t, []string{id}, f.deadLetters())
			page, err := f.queries.Requests(f.Ctx, &types.QueryRequestsRequest{Due: types.DUE_OVERDUE})
			require.NoError(t, err)
			require.Len(t, page.Views, 1)
			f.provers.panicOnSlash = false
			retry(f, id)
			require.Empty(t, f.deadLetters())
			require.Equal(t, types.REQUEST_STATUS_REFUNDED, f.view(id).Auction.Status)
			f.blocks(1)
		})
	}
	f := setup(t)
	require.Error(t, errOf(f.queries.DeadLetters(f.Ctx, nil)))
}

// law M9: ten thousand requests that expire in one block are worked off end_block_cap a
// block, oldest first, whatever falls due meanwhile.
func TestTenThousandExpireInOneBlock(t *testing.T) {
	const n = 10_000
	f := setup(t)
	f.Fund(t, requester, 2*n*1_000_000)
	cheap := func(m *types.MsgRequest) {
		m.MaxFee, m.BiddingBlocks = types.DefaultParams().MinMaxFee, 1
	}
	var first, later []string
	for range n {
		first = append(first, f.request(cheap))
	}
	f.passCommitted(time.Second)
	for range 100 {
		later = append(later, f.request(cheap))
	}
	done := map[string]bool{}
	count := func(ids []string) (ended int) {
		for _, id := range ids {
			if !done[id] && f.view(id).Auction.Status != types.REQUEST_STATUS_PENDING {
				done[id] = true
			}
			if done[id] {
				ended++
			}
		}
		return ended
	}
	params := types.DefaultParams()
	for i := 1; i <= n/int(params.EndBlockCap); i++ {
		f.passCommitted(time.Second)
		if i%10 == 0 || i < 3 {
			require.Equal(t, i*int(params.EndBlockCap), count(first))
			require.Zero(t, count(later), "they fell due later")
		}
	}
	require.Equal(t, n, count(first))
	f.passCommitted(time.Second)
	require.Equal(t, 100, count(later))
	require.NoError(t, f.keeper.CheckInvariants(f.Ctx))
}
