package machine

import (
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proofmarket/proofmarket/testutil/used"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// keepFile is where TestKeepState writes the state of a used chain.
var keepFile = flag.String("machine.keep", "", "file to write the state of a used chain to")

// TestKeepState runs chains until one has something of everything in its state, and
// writes that to a file for package used. It tests nothing.
func TestKeepState(t *testing.T) {
	if *keepFile == "" {
		t.Skip("writes a file, with -machine.keep")
	}
	for seed := byte(0); seed < 50; seed++ {
		kept := false
		t.Run("chain", func(t *testing.T) {
			rapid.MakeFuzz(func(rt *rapid.T) { kept = kept || keepRich(t, rt) })(t, lengthen([]byte{seed}))
		})
		if kept {
			return
		}
	}
	t.Fatal("no chain had everything at once")
}

// keepRich runs a chain for some hundred blocks, and keeps its state as soon as it has
// something of everything.
func keepRich(t *testing.T, rt *rapid.T) bool {
	m := newMachine(t, rt)
	defer m.done()
	defer m.tell()
	m.start(rt)
	for i := range 300 {
		m.drawBlock(rt)
		if i < 100 || !m.rich() {
			continue
		}
		exported := m.app.Export()
		f, err := os.Create(*keepFile)
		require.NoError(t, err)
		require.NoError(t, used.State{
			ChainID: m.app.ChainID(), Height: m.app.Height(), Time: m.app.Now(),
			ConsensusParams: exported.ConsensusParams, AppState: exported.AppState, Stores: used.Dump(m.app.CommitMultiStore()),
		}.Write(f))
		require.NoError(t, f.Close())
		return true
	}
	return false
}

// rich tells whether the state has requests in their bidding, in their reveals, assigned
// to their winners, and ended, receipts, claims, submitters, prices and unstakings, and
// whether something was ever laid on a verifier. It does not ask for a standby prover nor
// for provers of every state.
func (m *machine) rich() bool {
	g, err := m.app.MarketKeeper.ExportGenesis(m.app.Ctx())
	m.ok(err)
	stages := map[markettypes.Stage]int{}
	for _, r := range g.Requests {
		stages[r.Auction.Stage]++
	}
	for _, s := range []markettypes.Stage{
		markettypes.STAGE_BIDDING, markettypes.STAGE_REVEALING, markettypes.STAGE_ASSIGNED, markettypes.STAGE_DONE,
	} {
		if stages[s] == 0 {
			m.note("no request in stage %s", s)
			return false
		}
	}
	p, err := m.app.ProversKeeper.ExportGenesis(m.app.Ctx())
	m.ok(err)
	v, err := m.app.VerifierKeeper.ExportGenesis(m.app.Ctx())
	m.ok(err)
	return len(g.Receipts) > 0 && len(g.Claims) > 0 && len(g.Submitters) > 0 && len(g.Prices) > 0 &&
		len(p.Unstakes) > 0 && len(v.Restrictions) > 0
}
