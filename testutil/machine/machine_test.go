package machine

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// machine drives one chain, and the model beside it.
type machine struct {
	*tb
	app      *testutil.App
	pool     *pool
	crowded  bool    // more provers than a page of bids
	author   *author // writes the same chain with real transactions; nil for none
	ruler    string  // the modules' authority
	w        *model
	rng      *rand.Rand
	ctx      sdk.Context // of the block in progress
	txs      int
	count    int // messages of the next block
	gap      time.Duration
	ready    bool
	panicked any
	diary    []string
	nonce    uint64
	first    []func()   // what the next block begins with
	shrunk   []*request // in this block

	marketNow  markettypes.Params
	proversNow proverstypes.Params
	treasury0  *int64
	supply     math.Int
}

// Totals over all runs.
var (
	messages, refusals, blocks, runs, imports atomic.Int64
	seen                                      = newTally()
)

const (
	maxMessages = 120
	maxOpen     = 30
	// importPeriod is how many blocks lie between two imports on average.
	importPeriod = 60
	diaryLength  = 60
	sweepDelay   = 20 // blocks within which the requests of a revoked verifier end
)

// newMachine is a machine that has not started its chain.
func newMachine(t *testing.T, rt *rapid.T) *machine {
	chain.ConfigureBech32()
	return &machine{tb: &tb{TB: t, rt: rt}, pool: thePool(t), w: newModel(), ruler: app.Authority(), marketNow: startMarketParams(), proversNow: startProversParams()}
}

// start runs the first two blocks.
func (m *machine) start(rt *rapid.T) {
	m.people()
	opts := options()
	if m.author != nil {
		opts = append(opts, testutil.WithExported(ruledBy(m.ruler, testutil.Genesis(m.tb, opts...))))
	}
	m.install(testutil.NewApp(m.tb, opts...))
	m.w.begin(uint64(m.app.Height()), m.app.Now(), false)
	m.crowded = rapid.IntRange(0, 3).Draw(rt, "crowd") == 2 || m.author != nil
	m.rng = rand.New(rand.NewPCG(1, 1))
	m.block(time.Second)
}

// run is one chain's life.
func run(t *testing.T, rt *rapid.T) {
	m := newMachine(t, rt)
	defer m.done()
	defer m.tell()
	m.start(rt)
	rt.Repeat(map[string]func(*rapid.T){"block": m.drawBlock})
	m.settleAll()
	m.app.RequireStableExport("verifier", "provers", "market")
	runs.Add(1)
}

// drawBlock runs a block of random messages. Its seed is drawn, so that shrinking
// leaves out blocks, and messages at the end of each.
func (m *machine) drawBlock(rt *rapid.T) {
	m.rng = rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
	m.count = rapid.IntRange(0, 7).Draw(rt, "messages") // small numbers are favoured
	if rapid.IntRange(0, 3).Draw(rt, "busy") > 0 {
		m.count += m.rng.IntN(maxMessages)
	}
	m.block(m.drawGap(rapid.IntRange(0, 99).Draw(rt, "gap")))
	if m.one(importPeriod) {
		m.reimport()
	}
}

// drawGap gives the time to the next block: mostly a few seconds, at times just under,
// at or over the longest gap that is no halt, at times a day.
func (m *machine) drawGap(kind int) time.Duration {
	switch {
	case kind < 70:
		return time.Duration(1+kind%4) * time.Second
	case kind < 85:
		return time.Duration(kind) * 97 * time.Millisecond
	case kind < 90:
		return m.w.terms.maxGap - time.Nanosecond
	case kind < 93:
		return m.w.terms.maxGap
	case kind < 97:
		return m.w.terms.maxGap + time.Nanosecond
	default:
		return 24 * time.Hour
	}
}

// reimport exports the chain and goes on with one that has imported it, which is a
// halt.
func (m *machine) reimport() {
	clear(m.w.shut) // the first block runs before the machine can shut anybody
	for _, r := range m.w.requests {
		if r.counted && !r.pruned {
			m.w.pruneDebt += len(r.bids) // which an import looks at anew
		}
	}
	m.note("export and import")
	var first testutil.Block
	old := m.app
	m.app = old.Reimport(testutil.WithRecorder(func(b testutil.Block) { first = b }))
	m.w.begin(uint64(first.Height), first.Time, true)
	m.finish(m.app.Ctx(), first.Events)
	m.install(m.app)
	_ = old.Close()
	if m.author != nil {
		m.author.reimport()
	}
	imports.Add(1)
}

// messages is what the machine does in a block.
func (m *machine) messages(ctx sdk.Context) {
	m.ctx, m.txs = ctx.WithEventManager(sdk.NewEventManager()), 0
	m.w.begin(uint64(ctx.BlockHeight()), ctx.BlockTime().UTC(), false)
	m.note("block %d at %s, market time %s, grace until %d", m.w.height, m.w.now.Format(time.TimeOnly), m.w.market.Format(time.TimeOnly), m.w.graceUntil)
	if !m.ready {
		m.ready = true
		m.setup()
	}
	for _, do := range m.first {
		do()
	}
	m.first = nil
	for range m.count {
		m.act()
	}
}

// endOfBlock follows what the end of the block did, and compares.
func (m *machine) endOfBlock(ctx sdk.Context) { m.finish(ctx, ctx.EventManager().ABCIEvents()) }

// settleAll lets every request end: whatever happened, none is left behind.
func (m *machine) settleAll() {
	m.count = 0
	for _, t := range m.w.targetList() {
		if t.suspended {
			m.first = append(m.first, func() { m.resume(t) })
		}
	}
	for i := 0; i < 120 && len(m.w.open()) > 0; i++ {
		m.block(5 * time.Second)
	}
	if left := m.w.open(); len(left) > 0 {
		m.Fatalf("%d requests have not ended, the first is %+v", len(left), *left[0])
	}
}

// note writes the diary, the end of which a failure prints.
func (m *machine) note(format string, args ...any) {
	if len(m.diary) == 2*diaryLength {
		m.diary = append(m.diary[:0], m.diary[diaryLength:]...)
	}
	m.diary = append(m.diary, fmt.Sprintf(format, args...))
}

// tell prints the end of the diary if the run has failed.
func (m *machine) tell() {
	if r := recover(); r != nil {
		m.rt.Logf("last actions:\n%s", strings.Join(m.diary[max(0, len(m.diary)-diaryLength):], "\n"))
		panic(r)
	}
}

// wanted is how many steps TestMachine takes at least: messages and blocks.
var wanted = flag.Int64("machine.steps", 0, "steps to take at least, in as many chains as that needs")

// TestMachine runs a few chains, or as many as -machine.steps needs; -rapid.steps sets
// how many blocks each lasts on average. More: make soak-market.
func TestMachine(t *testing.T) {
	few(t, "rapid.checks", "3")
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // a quarter faster
	began := time.Now()
	for {
		rapid.Check(t, func(rt *rapid.T) { run(t, rt) })
		total := messages.Load() + blocks.Load()
		t.Logf("%d steps, %.0f a second: %d messages (%d rightly refused) and %d blocks, in %d runs with %d imports",
			total, float64(total)/time.Since(began).Seconds(), messages.Load(), refusals.Load(), blocks.Load(), runs.Load(), imports.Load())
		if total >= *wanted || t.Failed() {
			break
		}
	}
	t.Logf("\n%s", seen)
}

// few sets a flag for the test unless it is given on the command line.
func few(t *testing.T, name, value string) {
	t.Helper()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if given {
		return
	}
	before := flag.Lookup(name).Value.String()
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set(name, before) })
}

// FuzzMarket is the same, led by what code the inputs reach. An input goes on with
// what follows from it by chance, so that a short one lasts for a whole run.
func FuzzMarket(f *testing.F) {
	for seed := range byte(4) {
		f.Add([]byte{seed})
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		defer tellSteps(t, messages.Load()+blocks.Load())
		rapid.MakeFuzz(func(rt *rapid.T) { run(t, rt) })(t, lengthen(input))
	})
}

// tellSteps appends how many steps were taken since there were so many before to the
// file that make fuzz sums up: each of the fuzzer's workers is a process.
func tellSteps(t *testing.T, before int64) {
	name := os.Getenv("FUZZ_STEPS")
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Error(err)
		return
	}
	if _, err := fmt.Fprintln(f, messages.Load()+blocks.Load()-before); err != nil {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// lengthen appends random bytes that depend on the input alone.
func lengthen(input []byte) []byte {
	var seed [32]byte
	for i, b := range input {
		seed[i%len(seed)] = seed[i%len(seed)]*31 + b + byte(i)
	}
	rest := make([]byte, 256<<10)
	_, _ = rand.NewChaCha8(seed).Read(rest) // never fails
	return append(append([]byte(nil), input...), rest...)
}
