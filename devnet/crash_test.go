package devnet

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/prover/crashpoint"
)

var (
	crashRounds = flag.Int("crash.rounds", 26, "rounds of the crash test")
	crashSeed   = flag.Uint64("crash.seed", 0, "seed of the crash test; 0 for another one each time")
	crashTotals = flag.String("crash.totals", "", "file that gets the crash test's line of totals")
)

const (
	// crashPatience is what a round may take on a slow machine; crashStart the same
	// for the network's start and the last requests' end.
	crashPatience = 2 * time.Minute
	crashStart    = 5 * time.Minute
	// killWithin bounds the random moment of a kill from outside.
	killWithin = 2 * time.Second
	// unreachedAfter is how many requests that were made since must end after bids
	// before a point counts as out of reach.
	unreachedAfter = 8

	// The prover that is to be killed at a point asks the least, so that it wins.
	leastPrice  = proof / 10
	lowPrice    = 3 * proof / 10
	priceSpread = 6 * proof / 10
)

// crashRun is one run of the crash test.
type crashRun struct {
	*Localnet
	t       *testing.T
	out     bytes.Buffer
	rng     *rand.Rand
	buyer   *buyer
	records map[string]*record // by the prover's name
	point   int                // place of the next point to be killed at
	before  purseList
	tally   crashTally
}

// One node, three sidecars and steady requests. In each round one of the sidecars is
// killed, from outside at a random moment or by itself at a named point, and started
// again. Whatever happens, no bond, no proof and no deadline is lost, no request gets
// two bids of one prover, and the job stores hold what the chain says (laws P1, P4
// and P6).
func TestCrash(t *testing.T) {
	seed := *crashSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d: to run it again, -crash.seed %d -crash.rounds %d", seed, seed, *crashRounds)
	ctx, cancel := context.WithTimeout(t.Context(), crashStart+time.Duration(*crashRounds)*crashPatience)
	defer cancel()
	opts := testOptions(t, nil)
	opts.Home, opts.Proverd = crashHome(t), buildCrashing(t)
	c := &crashRun{
		Localnet: newDevnet(opts), t: t, rng: rand.New(rand.NewPCG(seed, 0)), records: make(map[string]*record),
		tally: crashTally{seed: seed, points: make(map[crashpoint.Point]int), unreached: make(map[crashpoint.Point]int)},
	}
	c.opts.Out = &c.out
	c.specs = DefaultProvers(3)
	for i := range c.specs {
		c.specs[i].Price = c.price()
		c.records[c.specs[i].Name] = newRecord()
	}
	c.point = c.rng.IntN(len(crashpoint.Points))
	defer c.Stop()
	defer c.report()
	require.NoError(t, c.start(ctx), "%s", &c.out)
	for _, p := range c.provers {
		c.awaitWork(ctx, p)
	}
	c.before = c.purses(ctx)

	var err error
	c.buyer, err = newBuyer(c.Localnet, c.rng.Uint64())
	require.NoError(t, err)
	bought := make(chan error, 1)
	go func() { bought <- c.buyer.run(ctx) }()
	for r := range *crashRounds {
		began := time.Now()
		require.NoError(t, c.buyer.failure())
		what := c.round(ctx, r)
		c.tally.rounds++
		sent, ended := c.buyer.counts()
		t.Logf("round %d: %s, back at work after %.1f s; %d requests, %d of them ended", r+1, what, time.Since(began).Seconds(), sent, ended)
	}
	c.buyer.stop()
	require.NoError(t, <-bought)
	c.settle(ctx)
}

// buildCrashing builds the sidecar that ends where its environment says.
func buildCrashing(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "proverd")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "crashtest", "-ldflags", "-s -w", "-o", program, "../cmd/proverd")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return program
}

// crashHome is a folder that stays after a failure, for a look at logs and stores.
func crashHome(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "crash-test-")
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("logs and homes are kept in %s", dir)
			return
		}
		require.NoError(t, os.RemoveAll(dir))
	})
	return filepath.Join(dir, "net")
}

// round kills one sidecar, starts it again and waits until it works. It says what it
// did.
func (c *crashRun) round(ctx context.Context, r int) (what string) {
	p := c.provers[r%len(c.provers)]
	if r%2 == 0 {
		c.atRandom(ctx)
		c.kill(p)
		c.look(ctx, p)
		what = p.spec.Name + " was killed from outside"
	} else {
		point := crashpoint.Points[c.point%len(crashpoint.Points)]
		c.point++
		what = p.spec.Name + " ended at " + string(point)
		c.kill(p)
		c.look(ctx, p)
		c.restart(ctx, p, leastPrice, crashpoint.Env+"="+string(point))
		if c.awaitEnd(ctx, p) {
			c.tally.points[point]++
			c.requirePromise(point, p, c.look(ctx, p))
		} else {
			what = p.spec.Name + " did not come to " + string(point)
			c.tally.unreached[point]++
			c.kill(p)
			c.look(ctx, p)
		}
	}
	c.restart(ctx, p, c.price())
	c.awaitWork(ctx, p)
	c.requireGrown(ctx)
	return what
}

// price is what a prover asks until it is killed next.
func (c *crashRun) price() int64 { return lowPrice + c.rng.Int64N(priceSpread) }

// atRandom lets a random time pass.
func (c *crashRun) atRandom(ctx context.Context) {
	moment := time.NewTimer(time.Duration(c.rng.Int64N(int64(killWithin))))
	defer moment.Stop()
	select {
	case <-moment.C:
	case <-ctx.Done():
	}
}

// kill kills a sidecar, which must be alive.
func (c *crashRun) kill(p *Prover) {
	c.t.Helper()
	c.requireAlive()
	p.child.Kill()
	c.tally.outside++
}

// requireAlive checks that no process has ended by itself.
func (c *crashRun) requireAlive() {
	c.t.Helper()
	children := []*Child{c.nodes[0].child}
	for _, p := range c.provers {
		children = append(children, p.child)
	}
	for _, child := range children {
		select {
		case <-child.Done():
			c.t.Fatal(child.Failure())
		default:
		}
	}
}

// restart starts a sidecar that is down.
func (c *crashRun) restart(ctx context.Context, p *Prover, price int64, env ...string) {
	c.t.Helper()
	height, err := c.chain.height(ctx)
	require.NoError(c.t, err)
	c.records[p.spec.Name].restartedAt = height
	require.NoError(c.t, p.Start(env, "--fixed-cost", strconv.FormatInt(price, 10)))
	c.tally.restarts++
}

// awaitEnd waits until a sidecar has ended at its point. It reports false when enough
// requests came and went without that.
func (c *crashRun) awaitEnd(ctx context.Context, p *Prover) bool {
	c.t.Helper()
	sent, _ := c.buyer.counts()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.child.Done():
			status, ok := p.child.cmd.ProcessState.Sys().(syscall.WaitStatus)
			require.True(c.t, ok && status.Signaled() && status.Signal() == syscall.SIGKILL, "%v", p.child.Failure())
			return true
		case <-c.nodes[0].child.Done():
			c.t.Fatal(c.nodes[0].child.Failure())
		case <-ctx.Done():
			c.t.Fatalf("%s did not end, nor did requests; its log ends with:\n%s", p.spec.Name, tail(p.child.Log))
		case <-tick.C:
			require.NoError(c.t, c.buyer.failure())
			if c.buyer.soldAfter(sent) >= unreachedAfter {
				return false
			}
		}
	}
}

// sidecarStatus is what a sidecar says of itself after each block.
type sidecarStatus struct {
	Height uint64 `json:"height"`
	Totals struct {
		Open int `json:"open"`
	} `json:"totals"`
}

// awaitWork waits until a sidecar has done a whole block's work since it was started:
// what is due then was sent, so it may be killed again.
func (c *crashRun) awaitWork(ctx context.Context, p *Prover) {
	c.t.Helper()
	since := c.records[p.spec.Name].restartedAt
	c.awaitStatus(ctx, p, func(s sidecarStatus) bool { return s.Height > since })
}

// awaitStatus waits until a sidecar says what is wanted.
func (c *crashRun) awaitStatus(ctx context.Context, p *Prover, wanted func(sidecarStatus) bool) {
	c.t.Helper()
	require.NoError(c.t, p.child.waitFor(ctx, func(context.Context) error {
		raw, err := os.ReadFile(filepath.Join(c.proverHome(p.spec), "status.json"))
		if err != nil {
			return err
		}
		var s sidecarStatus
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		if !wanted(s) {
			return fmt.Errorf("it is at block %d with %d open jobs", s.Height, s.Totals.Open)
		}
		return nil
	}), "log of the sidecar:\n%s", tail(p.child.Log))
}

// settle waits until all requests are over for the sidecars too, stops these and
// compares the books.
func (c *crashRun) settle(ctx context.Context) {
	c.t.Helper()
	height, err := c.chain.height(ctx)
	require.NoError(c.t, err)
	for _, p := range c.provers {
		c.awaitStatus(ctx, p, func(s sidecarStatus) bool { return s.Height > height && s.Totals.Open == 0 })
	}
	c.requireAlive()
	for _, p := range c.provers {
		p.child.Stop()
		for _, j := range c.look(ctx, p) {
			require.NotEmpty(c.t, j.Outcome, "%s has an open job for request %s", p.spec.Name, j.RequestID)
		}
	}
	c.requireRequests(ctx)
	c.requireOneBid(ctx)
	c.requirePurses(ctx)
	c.requireProvers(ctx)
	for point := range c.tally.unreached {
		require.Positive(c.t, c.tally.points[point], "no sidecar ever came to %s", point)
	}
}

// crashTally is what happened, and what must not have.
type crashTally struct {
	seed                uint64
	rounds, outside     int
	points, unreached   map[crashpoint.Point]int // how often
	restarts            int
	requests, fulfilled int
	withoutBids         int
	bids, failedTxs     int

	bondsLost, missed, doubleBids, proofsLost, provedTwice, store int
}

// wrong counts and tells a fault.
func (c *crashRun) wrong(count *int, format string, args ...any) {
	c.t.Helper()
	*count++
	c.t.Errorf(format, args...)
}

// report gives the totals in one line.
func (c *crashRun) report() {
	c.t.Helper()
	t, at, atPoints := c.tally, "", 0
	unreached := 0
	for _, p := range crashpoint.Points {
		if n := t.points[p]; n > 0 {
			at += fmt.Sprintf(" %s=%d", p, n)
			atPoints += n
		}
		unreached += t.unreached[p]
	}
	line := fmt.Sprintf("crash test: rounds=%d kills=%d from_outside=%d at_points=%d (%s) unreached=%d restarts=%d "+
		"requests=%d fulfilled=%d without_bids=%d bids=%d failed_txs=%d bonds_lost=%d deadlines_missed=%d double_bids=%d proofs_lost=%d proofs_made_twice=%d store_faults=%d seed=%d",
		t.rounds, t.outside+atPoints, t.outside, atPoints, strings.TrimSpace(at), unreached, t.restarts,
		t.requests, t.fulfilled, t.withoutBids, t.bids, t.failedTxs, t.bondsLost, t.missed, t.doubleBids, t.proofsLost, t.provedTwice, t.store, t.seed)
	c.t.Log(line)
	if *crashTotals != "" {
		require.NoError(c.t, os.WriteFile(*crashTotals, []byte(line+"\n"), 0o600))
	}
}
