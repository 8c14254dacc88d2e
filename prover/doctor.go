package prover

import (
	"context"
	"fmt"
	"io"
	"time"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	provertypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// Verdict is how a check ended.
type Verdict string

// The verdicts. Skipped is of a check that could not run because of another.
const (
	VerdictOK      Verdict = "ok"
	VerdictWarn    Verdict = "warn"
	VerdictFail    Verdict = "fail"
	VerdictSkipped Verdict = "skipped"
)

// Finding is what one check found, with its figure, and what mends it.
type Finding struct {
	Check   string  `json:"check"`
	Verdict Verdict `json:"status"`
	Figure  string  `json:"figure"`
	Fix     string  `json:"fix,omitempty"`
}

// Diagnosis is what `proverd doctor` prints.
type Diagnosis struct {
	// OK says that nothing fails; there may be warnings.
	OK     bool            `json:"ok"`
	Counts map[Verdict]int `json:"counts"`
	Checks []Finding       `json:"checks"`
}

// DoctorOptions are what a diagnosis needs besides the home folder.
type DoctorOptions struct {
	// Worker is Config.Worker.
	Worker []string
	// Input is read for a keyring's passphrase.
	Input io.Reader
	// Bids is the number of bids at a time that the balance should carry; 0 for
	// Config.JobsAtOnce.
	Bids int
}

// Time limits of checks. A keyring may ask people; a backend may have to start.
const (
	quickCheck   = 10 * time.Second
	chainCheck   = 30 * time.Second
	backendCheck = time.Minute
	keyringCheck = 2 * time.Minute
	// checkGrace is how long a check may take to see that its time is over.
	checkGrace = 2 * time.Second
)

// Diagnose checks every precondition of a sidecar in a home folder. It changes
// nothing, sends no transaction, may be called while the sidecar runs, and ends: a
// check that hangs is a failure.
func Diagnose(ctx context.Context, home string, o DoctorOptions) Diagnosis {
	d := &doctor{
		options: o, grace: checkGrace, now: time.Now, askNode: chain.AskNode, freeBytes: freeBytes,
		connect: func(cfg Config, kr keyring.Keyring) (doctorChain, error) {
			return chain.New(chain.Config{
				Nodes: cfg.Chain.Nodes, ChainID: cfg.Chain.ID, Keyring: kr, KeyName: cfg.Key.Name,
				GasPrice: cfg.Chain.GasPrice, GasMarginPercent: cfg.Chain.GasMarginPercent,
				TxTTL: time.Duration(cfg.Chain.TxTTL), Timeout: time.Duration(cfg.Chain.Timeout),
			})
		},
		openKeyring: chain.OpenKeyring, openBackend: openBackend,
	}
	return d.diagnose(ctx, home)
}

// doctorChain is what a diagnosis asks of the chain; chain.Client offers it.
type doctorChain interface {
	Link(ctx context.Context, address string) (markettypes.QuerySubmitterResponse, error)
	Prover(ctx context.Context, address string) (provertypes.ProverView, error)
	Standing(ctx context.Context, prover string) (chain.Standing, error)
	Market(ctx context.Context) (markettypes.Params, markettypes.Pause, error)
	Balance(ctx context.Context, address string) (math.Int, error)
	Verifiers(ctx context.Context) (map[string]verifiertypes.VerifierStatus, error)
	TryTransaction(ctx context.Context) error
}

var _ doctorChain = (*chain.Client)(nil)

// doctor holds what checks use of the world.
type doctor struct {
	options     DoctorOptions
	grace       time.Duration
	now         func() time.Time
	askNode     func(ctx context.Context, url string) (chain.NodeStatus, error)
	connect     func(Config, keyring.Keyring) (doctorChain, error)
	openKeyring func(backend, dir string, in io.Reader) (keyring.Keyring, error)
	openBackend func(Config, BackendConfig) (backend.Backend, error)
	freeBytes   func(path string) (uint64, error)
}

// facts are what the checks so far have found out. Checks get a copy and return it
// changed, so that one that hangs changes nothing behind the others' backs.
type facts struct {
	home    string
	cfg     *Config         // nil for none that can be used
	keyring keyring.Keyring // nil for none
	signer  string          // the submitter's address; empty for none
	head    *chain.Head     // the newest block of all nodes; nil for no node
	chain   doctorChain     // nil for none
	prover  string          // whom we act for, or shall; empty for not known
	view    *provertypes.ProverView
	minBond math.Int // nil for not known
	running bool     // a sidecar holds the job store
}

// need says what of the facts a check cannot do without; empty where it is there.
type need func(facts) string

func needConfig(f facts) string { return lacking(f.cfg == nil, "no valid configuration") }
func needKey(f facts) string    { return lacking(f.signer == "", "no submitter's key") }
func needChain(f facts) string  { return lacking(f.chain == nil, "no node that answers") }
func needProver(f facts) string { return lacking(f.prover == "", "no prover to act for") }
func needView(f facts) string   { return lacking(f.view == nil, "no answer about the prover") }

func lacking(is bool, what string) string {
	if is {
		return what
	}
	return ""
}

// probe is one check.
type probe struct {
	name  string
	limit time.Duration
	needs []need
	run   func(ctx context.Context, f facts) ([]Finding, facts)
}

// probes are the checks, in an order in which each follows what it needs.
func (d *doctor) probes() []probe {
	return []probe{
		{"home", quickCheck, nil, d.checkHome},
		{"disk", quickCheck, []need{needConfig}, d.checkDisk},
		{"job store", quickCheck, []need{needConfig}, d.checkJobs},
		{"fetch", quickCheck, []need{needConfig}, d.checkFetch},
		{"metrics", quickCheck, []need{needConfig}, d.checkMetrics},
		{"keyring", keyringCheck, []need{needConfig}, d.checkKeyring},
		{"nodes", chainCheck, []need{needConfig}, d.checkNodes},
		{"clock", quickCheck, []need{needConfig, needChain}, d.checkClock},
		{"submitter", chainCheck, []need{needConfig, needKey, needChain}, d.checkLink},
		{"stake key", keyringCheck, []need{needConfig, needKey, needProver}, d.checkStakeKey},
		{"prover", chainCheck, []need{needConfig, needChain, needProver}, d.checkProver},
		{"self stake", chainCheck, []need{needConfig, needChain, needProver, needView}, d.checkSelfStake},
		{"capacity", chainCheck, []need{needConfig, needChain, needProver, needView}, d.checkCapacity},
		{"market", chainCheck, []need{needConfig, needChain}, d.checkMarket},
		{"balance", chainCheck, []need{needConfig, needKey, needChain}, d.checkBalance},
		{"transactions", chainCheck, []need{needConfig, needKey, needChain}, d.checkTransactions},
		{"verifiers", chainCheck, []need{needConfig, needChain}, d.checkVerifiers},
	}
}

func (d *doctor) diagnose(ctx context.Context, home string) Diagnosis {
	out := Diagnosis{Counts: make(map[Verdict]int)}
	f := facts{home: home}
	step := func(p probe) {
		var found []Finding
		found, f = d.run(ctx, p, f)
		out.Checks = append(out.Checks, found...)
	}
	step(probe{"config", quickCheck, nil, d.checkConfig})
	for _, p := range d.probes() {
		step(p)
	}
	if f.cfg == nil {
		step(probe{"backends", backendCheck, []need{needConfig}, nil})
	} else {
		for _, b := range f.cfg.Backends {
			step(d.backendProbe(b))
		}
	}
	for _, c := range out.Checks {
		out.Counts[c.Verdict]++
	}
	out.OK = out.Counts[VerdictFail] == 0
	return out
}

// run runs a check within its time.
func (d *doctor) run(ctx context.Context, p probe, f facts) ([]Finding, facts) {
	for _, n := range p.needs {
		if what := n(f); what != "" {
			return finding(p.name, VerdictSkipped, "", "there is %s", what), f
		}
	}
	ctx, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	type result struct {
		found []Finding
		facts facts
	}
	done := make(chan result, 1)
	go func() {
		r := result{facts: f}
		defer func() {
			// A node may answer with anything: what it breaks is this check.
			if broken := recover(); broken != nil {
				r = result{finding(p.name, VerdictFail, "see that the nodes can be trusted", "the check broke: %v", broken), f}
			}
			done <- r
		}()
		r.found, r.facts = p.run(ctx, f)
	}()
	select {
	case r := <-done:
		return r.found, r.facts
	case <-ctx.Done():
	}
	grace := time.NewTimer(d.grace)
	defer grace.Stop()
	select {
	case r := <-done:
		return r.found, r.facts
	case <-grace.C:
		return finding(p.name, VerdictFail, "run `proverd doctor` again; if it hangs again, look at what this check uses",
			"no answer within %s", p.limit), f
	}
}

// finding is the finding of a check that has one.
func finding(check string, v Verdict, fix, format string, args ...any) []Finding {
	return []Finding{{Check: check, Verdict: v, Figure: fmt.Sprintf(format, args...), Fix: fix}}
}

// well is the finding of one that is as it should be.
func well(check, format string, args ...any) []Finding {
	return finding(check, VerdictOK, "", format, args...)
}

// sameAddress reports whether two bech32 addresses are one.
func sameAddress(a, b string) bool {
	x, err := sdk.AccAddressFromBech32(a)
	if err != nil {
		return false
	}
	y, err := sdk.AccAddressFromBech32(b)
	return err == nil && x.Equals(y)
}
