package prover

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	provertypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

var doctorTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// patient is a home folder and a world in which everything is as it should be; tests
// break parts of it.
type patient struct {
	*doctor
	home      string
	cfg       Config
	submitter string
	nodes     map[string]any // chain.NodeStatus or error
	link      markettypes.QuerySubmitterResponse
	view      provertypes.ProverView
	standing  chain.Standing
	pause     markettypes.Pause
	minBond   math.Int
	balance   math.Int
	verifiers map[string]verifiertypes.VerifierStatus
	tryErr    error
	err       error // of every answer
	health    error
	free      uint64
}

func (p *patient) Link(context.Context, string) (markettypes.QuerySubmitterResponse, error) {
	return p.link, p.err
}

func (p *patient) Prover(context.Context, string) (provertypes.ProverView, error) {
	return p.view, p.err
}
func (p *patient) Standing(context.Context, string) (chain.Standing, error) { return p.standing, p.err }
func (p *patient) Market(context.Context) (markettypes.Params, markettypes.Pause, error) {
	return markettypes.Params{MinBidBond: p.minBond}, p.pause, p.err
}
func (p *patient) Balance(context.Context, string) (math.Int, error) { return p.balance, p.err }
func (p *patient) Verifiers(context.Context) (map[string]verifiertypes.VerifierStatus, error) {
	return p.verifiers, p.err
}
func (p *patient) TryTransaction(context.Context) error { return p.tryErr }

// sickly is a backend that only knows how it is.
type sickly struct {
	backend.Backend
	p *patient
}

func (s sickly) Health(context.Context) error { return s.p.health }
func (s sickly) Close() error                 { return nil }

func newPatient(t *testing.T) *patient {
	t.Helper()
	home := filepath.Join(t.TempDir(), "home")
	cfg := DefaultConfig(home)
	cfg.Chain.ID, cfg.Key.Backend, cfg.Key.Prover = "test-1", keyring.BackendFile, proverAddr
	kr := memoryKeyring()
	key, err := SetUpKey(kr, cfg.Key, words)
	require.NoError(t, err)
	p := &patient{
		home: home, cfg: cfg, submitter: key.Address, free: 1 << 40,
		nodes:     map[string]any{cfg.Chain.Nodes[0]: chain.NodeStatus{ChainID: "test-1", Height: 100, Time: doctorTime}},
		link:      markettypes.QuerySubmitterResponse{ActsFor: proverAddr},
		view:      provertypes.ProverView{State: provertypes.PROVER_STATE_ACTIVE, Prover: provertypes.Prover{Generation: 1}},
		standing:  newFakeChain(t).standing,
		minBond:   math.NewInt(100_000),
		balance:   math.NewInt(1_000_000_000),
		verifiers: map[string]verifiertypes.VerifierStatus{"pico/v1.2.2": verifiertypes.VERIFIER_STATUS_ACTIVE},
	}
	p.doctor = &doctor{
		grace: time.Minute, now: func() time.Time { return doctorTime.Add(time.Second) },
		askNode: func(_ context.Context, url string) (chain.NodeStatus, error) {
			switch answer := p.nodes[url].(type) {
			case chain.NodeStatus:
				return answer, nil
			case error:
				return chain.NodeStatus{}, answer
			default:
				return chain.NodeStatus{}, errors.New("connection refused")
			}
		},
		connect:     func(Config, keyring.Keyring) (doctorChain, error) { return p, nil },
		openKeyring: func(string, string, io.Reader) (keyring.Keyring, error) { return kr, nil },
		openBackend: func(Config, BackendConfig) (backend.Backend, error) { return sickly{p: p}, nil },
		freeBytes:   func(string) (uint64, error) { return p.free, nil },
	}
	return p
}

// examine writes the configuration and runs all checks.
func (p *patient) examine(t *testing.T) Diagnosis {
	t.Helper()
	_ = os.Remove(filepath.Join(p.home, ConfigFile))
	_, err := WriteConfig(p.cfg)
	require.NoError(t, err)
	return p.diagnose(context.Background(), p.home)
}

func (d Diagnosis) of(t *testing.T, check string) Finding {
	t.Helper()
	for _, f := range d.Checks {
		if f.Check == check {
			return f
		}
	}
	t.Fatalf("there is no check %q in %v", check, d.Checks)
	return Finding{}
}

func TestDoctorFindsNothingWrong(t *testing.T) {
	d := newPatient(t).examine(t)
	for _, f := range d.Checks {
		require.Equal(t, VerdictOK, f.Verdict, "%+v", f)
		require.NotEmpty(t, f.Figure)
		require.Empty(t, f.Fix)
	}
	require.True(t, d.OK)
	require.Len(t, d.Checks, 19)
	require.Equal(t, map[Verdict]int{VerdictOK: 19}, d.Counts)
}

// Each row breaks one thing; exactly the check named finds it, with figure and fix.
func TestDoctorFindsWhatIsWrong(t *testing.T) {
	private := func(p *patient) { p.cfg.Fetch.AllowPrivateURLs = true }
	state := func(s provertypes.ProverState, causes ...provertypes.DeactivationCause) func(*patient) {
		return func(p *patient) { p.view.State, p.view.Prover.Causes = s, causes }
	}
	node := func(s chain.NodeStatus) func(*patient) {
		return func(p *patient) { p.nodes[p.cfg.Chain.Nodes[0]] = s }
	}
	second := func(answer any) func(*patient) {
		return func(p *patient) {
			p.cfg.Chain.Nodes = append(p.cfg.Chain.Nodes, "http://user:secret@b:1")
			p.nodes["http://user:secret@b:1"] = answer
		}
	}
	first, other := "node http://127.0.0.1:26657", "node http://user:xxxxx@b:1"
	for name, tc := range map[string]struct {
		change  func(*patient)
		check   string
		verdict Verdict
		figure  string
		fix     string
	}{
		"private urls":     {private, "fetch", VerdictWarn, "private addresses", "allow_private_urls = false"},
		"disk is full":     {func(p *patient) { p.free = 100 << 20 }, "disk", VerdictFail, "100 MiB free", "make room"},
		"disk is small":    {func(p *patient) { p.free = 3 << 30 }, "disk", VerdictWarn, "3 GiB free", "make room"},
		"disk cannot tell": {func(p *patient) { p.freeBytes = func(string) (uint64, error) { return 0, errors.ErrUnsupported } }, "disk", VerdictWarn, "unsupported", "room"},
		"silly cache":      {func(p *patient) { p.cfg.Fetch.MaxCacheBytes, p.cfg.Fetch.MaxInputBytes = 1<<62, 1<<39 }, "disk", VerdictWarn, "may take", "room"},
		"test keyring":     {func(p *patient) { p.cfg.Key.Backend = "test" }, "keyring", VerdictWarn, "not encrypted", `"file"`},

		"wrong chain":        {second(chain.NodeStatus{ChainID: "x", Height: 900}), other, VerdictFail, `chain "x"`, "chain.nodes"},
		"one node is dead":   {second(errors.New("refused")), other, VerdictWarn, "refused", "start the node"},
		"one catches up":     {second(chain.NodeStatus{ChainID: "test-1", Height: 40, CatchingUp: true}), other, VerdictWarn, "height 40, 60 behind", "wait"},
		"one has no block":   {second(chain.NodeStatus{ChainID: "test-1"}), other, VerdictWarn, "no block", "wait"},
		"the first one lags": {second(chain.NodeStatus{ChainID: "test-1", Height: 150, Time: doctorTime}), first, VerdictWarn, "height 100, 50 behind", "lags"},
		"old block":          {node(chain.NodeStatus{ChainID: "test-1", Height: 9, Time: doctorTime.Add(-time.Hour)}), "clock", VerdictWarn, "1h0m1s old", "stands still"},
		"slow clock":         {node(chain.NodeStatus{ChainID: "test-1", Height: 9, Time: doctorTime.Add(time.Hour)}), "clock", VerdictWarn, "59m59s behind", "set the clock"},

		"no link":    {func(p *patient) { p.link.ActsFor = "" }, "submitter", VerdictFail, "acts for no prover", "consent-submitter"},
		"consented":  {func(p *patient) { p.link = markettypes.QuerySubmitterResponse{Consent: proverAddr} }, "submitter", VerdictFail, "consented", "marketd tx market register-submitter"},
		"another's":  {func(p *patient) { p.link = markettypes.QuerySubmitterResponse{Consent: rivalAddr} }, "submitter", VerdictFail, rivalAddr, "consent-submitter " + proverAddr},
		"other link": {func(p *patient) { p.link.ActsFor = rivalAddr }, "submitter", VerdictFail, "acts for prover " + rivalAddr, "key.prover"},
		"lapsed link": {func(p *patient) {
			p.link = markettypes.QuerySubmitterResponse{Link: &markettypes.SubmitterLink{Prover: proverAddr, Generation: 3}}
		}, "submitter", VerdictFail, "lapsed: it was of vault generation 3", "consent-submitter"},

		"jailed":        {state(provertypes.PROVER_STATE_JAILED), "prover", VerdictFail, "jailed", "governance"},
		"retired":       {state(provertypes.PROVER_STATE_RETIRED), "prover", VerdictFail, "retired", "provers register"},
		"deactivated":   {state(provertypes.PROVER_STATE_DEACTIVATED, provertypes.DEACTIVATION_CAUSE_OWN_WISH, provertypes.DEACTIVATION_CAUSE_BREAKER), "prover", VerdictFail, "asked for it, penalties passed", "reactivate"},
		"poor":          {func(p *patient) { p.standing.MinSelfStake = math.NewInt(1_005) }, "self stake", VerdictFail, "1000 uproof, the chain asks for 1005", "provers stake " + proverAddr + " 5 "},
		"no capacity":   {func(p *patient) { p.standing.Exposure = math.NewInt(1_000) }, "capacity", VerdictWarn, "a penalty of 0", "stake more"},
		"own limit":     {func(p *patient) { p.standing.MaxExposure, p.standing.Exposure = math.NewInt(5), math.NewInt(5) }, "capacity", VerdictWarn, "a penalty of 0", "max_exposure"},
		"overcommitted": {func(p *patient) { p.standing.AssignedStake, p.standing.OvercommitBps = math.NewInt(2_000), 5_000 }, "capacity", VerdictWarn, "a min_stake of 0", "stake more"},
		"a lying node":  {func(p *patient) { p.standing.OvercommitBps = 1 << 30 }, "capacity", VerdictFail, "", "trusted"},
		"a broken node": {func(p *patient) {
			p.minBond = math.NewInt(1).MulRaw(1 << 62).MulRaw(1 << 62).MulRaw(1 << 62).MulRaw(1 << 62).MulRaw(64)
		}, "balance", VerdictFail, "broke", "trusted"},
		"bids paused":   {func(p *patient) { p.pause.Bids = true }, "market", VerdictWarn, "new bids are paused", "wait"},
		"market paused": {func(p *patient) { p.pause.Requests = true }, "market", VerdictWarn, "new requests are paused", "wait"},
		"no coins":      {func(p *patient) { p.balance = math.NewInt(135_849) }, "balance", VerdictFail, "135849 uproof; 4 bids at a time take about 543400", " 407551uproof"},
		"few coins":     {func(p *patient) { p.balance = math.NewInt(135_850) }, "balance", VerdictWarn, "135850 uproof", "bank send"},
		"refused":       {func(p *patient) { p.tryErr = errors.Join(chain.ErrRefused, errors.New("no coins")) }, "transactions", VerdictWarn, "no coins", "balance"},
		"ordered only": {func(p *patient) {
			p.tryErr = errors.Join(chain.ErrRefused, errors.New("unordered transactions are not enabled"))
		}, "transactions", VerdictFail, "not enabled", "tx_ttl"},
		"no account":    {func(p *patient) { p.tryErr = chain.ErrNotFound }, "transactions", VerdictFail, "not found", "send it coins"},
		"no simulation": {func(p *patient) { p.tryErr = chain.ErrUnavailable }, "transactions", VerdictFail, "no node answered", "nodes"},

		"verifier is gone": {func(p *patient) { p.cfg.Backends[0].Verifiers = []string{"sp1/*"} }, "verifiers of cpu", VerdictFail, "the chain has no sp1/*", "verifiers"},
		"verifier is revoked": {func(p *patient) {
			p.cfg.Backends[0].Verifiers, p.verifiers["old"] = []string{"circuit", "old"}, verifiertypes.VERIFIER_STATUS_REVOKED
		}, "verifiers of cpu", VerdictWarn, "old is revoked; active: circuit", "verifiers"},
		"sick backend": {func(p *patient) { p.health = backend.ErrFailed }, "backend cpu", VerdictFail, "gnark: the backend failed", "start itself"},
		"no worker":    {func(p *patient) { p.options.Worker = []string{"/does/not/exist"} }, "backend cpu", VerdictFail, "cannot be started", "start itself"},
		"no backend": {func(p *patient) {
			p.openBackend = func(Config, BackendConfig) (backend.Backend, error) { return nil, errors.New("no GPU") }
		}, "backend cpu", VerdictFail, "no GPU", "start itself"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPatient(t)
			tc.change(p)
			d := p.examine(t)
			f := d.of(t, tc.check)
			require.Equal(t, tc.verdict, f.Verdict, "%+v", f)
			require.Contains(t, f.Figure, tc.figure)
			require.Contains(t, f.Fix, tc.fix)
			require.Equal(t, tc.verdict != VerdictFail, d.OK)
			for _, other := range d.Checks {
				require.True(t, other == f || other.Verdict == VerdictOK, "%+v", other)
			}
			require.NotContains(t, f.Check+f.Figure+f.Fix, "secret")
		})
	}
}

// What cannot be checked is skipped, and says because of what.
func TestDoctorSkips(t *testing.T) {
	p := newPatient(t)
	d := p.diagnose(context.Background(), p.home)
	require.False(t, d.OK)
	require.Contains(t, d.of(t, "config").Fix, "proverd init")
	require.Equal(t, Finding{Check: "backends", Verdict: VerdictSkipped, Figure: "there is no valid configuration"}, d.of(t, "backends"))
	require.Equal(t, 2, d.Counts[VerdictFail], "configuration and home")
	require.Equal(t, len(d.Checks)-2, d.Counts[VerdictSkipped])

	p.cfg.Chain.ID = ""
	require.Contains(t, p.examine(t).of(t, "config").Figure, "chain.id: name the chain")
	require.NoError(t, os.WriteFile(filepath.Join(p.home, ConfigFile), []byte("[chain]\nidd = 1\n"), 0o600))
	require.Contains(t, p.diagnose(context.Background(), p.home).of(t, "config").Figure, "unknown key")
	p.cfg.Chain.ID = "test-1"

	p.nodes = nil
	d = p.examine(t)
	require.Equal(t, VerdictFail, d.of(t, "node http://127.0.0.1:26657").Verdict)
	for _, check := range []string{"clock", "submitter", "prover", "self stake", "capacity", "market", "balance", "transactions", "verifiers"} {
		require.Equal(t, Finding{Check: check, Verdict: VerdictSkipped, Figure: "there is no node that answers"}, d.of(t, check))
	}
	require.Equal(t, VerdictOK, d.of(t, "backend cpu").Verdict)

	p = newPatient(t)
	p.openKeyring = func(string, string, io.Reader) (keyring.Keyring, error) { return nil, errors.New("locked") }
	d = p.examine(t)
	require.Contains(t, d.of(t, "keyring").Figure, "locked")
	require.Equal(t, "there is no submitter's key", d.of(t, "balance").Figure)
	require.Equal(t, VerdictOK, d.of(t, "prover").Verdict, "the configuration names it")

	p = newPatient(t)
	p.cfg.Key.Prover, p.link.ActsFor = "", ""
	require.Equal(t, "there is no prover to act for", p.examine(t).of(t, "self stake").Figure)
	p.link.ActsFor = proverAddr
	require.Equal(t, VerdictOK, p.examine(t).of(t, "self stake").Verdict, "the chain names it")

	p = newPatient(t)
	p.err = chain.ErrNotFound
	d = p.examine(t)
	require.Contains(t, d.of(t, "prover").Figure, "is not a prover")
	require.Equal(t, "there is no answer about the prover", d.of(t, "capacity").Figure)
	require.Equal(t, VerdictSkipped, d.of(t, "balance").Verdict)
	p.err = chain.ErrUnavailable
	d = p.examine(t)
	for _, check := range []string{"submitter", "prover", "market", "verifiers"} {
		require.Equal(t, VerdictFail, d.of(t, check).Verdict)
	}
}

func TestDoctorRefusesTheStakeKey(t *testing.T) {
	kr := memoryKeyring()
	owner, err := SetUpKey(memoryKeyring(), KeyConfig{Name: "x"}, words)
	require.NoError(t, err)
	p := newPatient(t)
	p.cfg.Key.Prover, p.link.ActsFor = owner.Address, owner.Address
	require.Contains(t, p.examine(t).of(t, "keyring").Figure, "prover's own key", "it is the submitter's")

	_, err = kr.NewAccount("owner", words, "", sdk.FullFundraiserPath, hd.Secp256k1)
	require.NoError(t, err)
	_, err = SetUpKey(kr, p.cfg.Key, "")
	require.NoError(t, err)
	p.openKeyring = func(string, string, io.Reader) (keyring.Keyring, error) { return kr, nil }
	f := p.examine(t).of(t, "stake key")
	require.Equal(t, VerdictFail, f.Verdict)
	require.Contains(t, f.Fix, "keys delete owner")
}

// A check that hangs ends with its time, and the others go on.
func TestDoctorEnds(t *testing.T) {
	p := newPatient(t)
	p.grace = time.Millisecond
	release := make(chan struct{})
	defer close(release)
	hang := probe{"stuck", time.Millisecond, nil, func(_ context.Context, f facts) ([]Finding, facts) {
		<-release
		f.signer = "changed too late"
		return nil, f
	}}
	found, f := p.run(context.Background(), hang, facts{})
	require.Equal(t, VerdictFail, found[0].Verdict)
	require.Contains(t, found[0].Figure, "no answer within 1ms")
	require.Empty(t, f.signer)

	// One that sees that its time is over says what it knows.
	p.grace = time.Minute
	polite := probe{"polite", time.Millisecond, nil, func(ctx context.Context, f facts) ([]Finding, facts) {
		<-ctx.Done()
		return finding("polite", VerdictFail, "", "%v", ctx.Err()), f
	}}
	found, _ = p.run(context.Background(), polite, facts{})
	require.Contains(t, found[0].Figure, "deadline exceeded")

	broken := probe{"broken", time.Minute, nil, func(context.Context, facts) ([]Finding, facts) { panic("nil") }}
	found, _ = p.run(context.Background(), broken, facts{})
	require.Equal(t, []Finding{{Check: "broken", Verdict: VerdictFail, Figure: "the check broke: nil", Fix: "see that the nodes can be trusted"}}, found)
}
