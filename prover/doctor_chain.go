package prover

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"cosmossdk.io/math"

	chainconst "github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/prover/backend"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/x/market/auction"
	provertypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

const (
	// maxLag is how many blocks a node may be behind the best.
	maxLag = 5
	// maxBlockAge is how old the last block may be, and maxClockLag how much the
	// machine's clock may be behind it. Time limits are in the chain's time.
	maxBlockAge = time.Minute
	maxClockLag = 5 * time.Second
)

// nodeAnswer is what one node said, or why it did not.
type nodeAnswer struct {
	url    string // without credentials
	status chain.NodeStatus
	err    error
}

// checkNodes asks every node at once, and connects where one is usable.
func (d *doctor) checkNodes(ctx context.Context, f facts) ([]Finding, facts) {
	answers := d.askNodes(ctx, *f.cfg)
	best := chain.Head{}
	for _, a := range answers {
		if a.err == nil && a.status.ChainID == f.cfg.Chain.ID && a.status.Height > best.Height {
			best = chain.Head{Height: a.status.Height, Time: a.status.Time}
		}
	}
	usable := false
	for _, a := range answers {
		usable = usable || a.usable(f.cfg.Chain.ID)
	}
	var found []Finding
	for _, a := range answers {
		found = append(found, a.finding(f.cfg.Chain.ID, best.Height, usable))
	}
	if !usable {
		return found, f
	}
	kr := f.keyring
	if f.signer == "" {
		kr = nil
	}
	client, err := d.connect(*f.cfg, kr)
	if err != nil {
		return append(found, finding("nodes", VerdictFail, "correct [chain] in "+ConfigFile, "%v", err)...), f
	}
	f.head, f.chain = &best, client
	return found, f
}

func (d *doctor) askNodes(ctx context.Context, cfg Config) []nodeAnswer {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(cfg.Chain.Timeout))
	defer cancel()
	answers := make([]nodeAnswer, len(cfg.Chain.Nodes))
	var group sync.WaitGroup
	for i, address := range cfg.Chain.Nodes {
		group.Go(func() {
			status, err := d.askNode(ctx, address)
			answers[i] = nodeAnswer{url: address, status: status, err: err}
			if u, err := url.Parse(address); err == nil {
				answers[i].url = u.Redacted()
			}
		})
	}
	group.Wait()
	return answers
}

func (a nodeAnswer) usable(chainID string) bool {
	return a.err == nil && a.status.ChainID == chainID && !a.status.CatchingUp && a.status.Height > 0
}

// finding says how a node stands. One that cannot be used is a failure, but where
// another stands in for it.
func (a nodeAnswer) finding(chainID string, best int64, another bool) Finding {
	name, verdict := "node "+a.url, VerdictFail
	if another {
		verdict = VerdictWarn
	}
	s := a.status
	behind := fmt.Sprintf("height %d, %d behind the best", s.Height, max(0, best-s.Height))
	switch {
	case a.err != nil:
		return finding(name, verdict, "start the node, or correct chain.nodes", "%v", a.err)[0]
	case s.ChainID != chainID:
		return finding(name, VerdictFail, "correct chain.nodes or chain.id", "it serves chain %q, not %q", s.ChainID, chainID)[0]
	case s.Height <= 0:
		return finding(name, verdict, "wait for its first block", "it has no block yet")[0]
	case s.CatchingUp:
		return finding(name, verdict, "wait until it has caught up, or name another node in chain.nodes", "it is catching up: %s", behind)[0]
	case best-s.Height > maxLag:
		return finding(name, VerdictWarn, "see why it lags, or name a better one first in chain.nodes", "it lags: %s", behind)[0]
	default:
		return well(name, "in sync: %s", behind)[0]
	}
}

// checkClock compares the machine's clock with the last block's time. The sidecar goes
// by the chain's, but people and logs go by the machine's, and TLS needs it.
func (d *doctor) checkClock(_ context.Context, f facts) ([]Finding, facts) {
	age := d.now().Sub(f.head.Time).Round(time.Millisecond)
	switch {
	case age < -maxClockLag:
		return finding("clock", VerdictWarn, "set the clock, such as with chrony or systemd-timesyncd", "this machine's clock is %s behind the last block's time", -age), f
	case age > maxBlockAge:
		return finding("clock", VerdictWarn, "set the clock; if it is right, the chain stands still or the nodes lag", "the last block is %s old by this machine's clock", age), f
	default:
		return well("clock", "the last block is %s old by this machine's clock", age), f
	}
}

// checkLink asks for whom the submitter acts (law M3).
func (d *doctor) checkLink(ctx context.Context, f facts) ([]Finding, facts) {
	link, err := f.chain.Link(ctx, f.signer)
	if err != nil {
		return finding("submitter", VerdictFail, "see that the nodes work", "%v", err), f
	}
	commands := f.cfg.LinkCommands(f.signer)
	both := commands[0].Command + " ; then, with the prover's key: " + commands[1].Command
	switch {
	case link.ActsFor != "" && (f.prover == "" || sameAddress(link.ActsFor, f.prover)):
		f.prover = link.ActsFor
		return well("submitter", "%s acts for prover %s", f.signer, link.ActsFor), f
	case link.ActsFor != "":
		return finding("submitter", VerdictFail, "set key.prover to that, or use another key", "%s acts for prover %s, but key.prover is %s", f.signer, link.ActsFor, f.prover), f
	case link.Consent != "" && (f.prover == "" || sameAddress(link.Consent, f.prover)):
		return finding("submitter", VerdictFail, commands[1].Command, "%s consented to act for %s, which has not registered it", f.signer, link.Consent), f
	case link.Consent != "":
		return finding("submitter", VerdictFail, both, "%s consented to act for %s, but key.prover is %s", f.signer, link.Consent, f.prover), f
	case link.Link != nil:
		return finding("submitter", VerdictFail, both, "the link of %s to prover %s has lapsed: it was of vault generation %d", f.signer, link.Link.Prover, link.Link.Generation), f
	default:
		return finding("submitter", VerdictFail, both, "%s acts for no prover", f.signer), f
	}
}

// causeFixes are what ends each cause of a deactivation.
var causeFixes = map[provertypes.DeactivationCause]struct{ what, fix string }{
	provertypes.DEACTIVATION_CAUSE_SELF_STAKE: {"its own stake is too small", "stake more: marketd tx provers stake PROVER AMOUNT, then marketd tx provers reactivate, --from " + stakeKey},
	provertypes.DEACTIVATION_CAUSE_OWN_WISH:   {"it asked for it", "marketd tx provers reactivate --from " + stakeKey},
	provertypes.DEACTIVATION_CAUSE_AUTHORITY:  {"the authority decided so", "ask the chain's governance"},
	provertypes.DEACTIVATION_CAUSE_BREAKER:    {"penalties passed its loss limit", "find out why proofs were missed, then marketd tx provers reactivate --from " + stakeKey},
}

// checkProver says whether the prover is there and takes work, and why it does not.
func (d *doctor) checkProver(ctx context.Context, f facts) ([]Finding, facts) {
	view, err := f.chain.Prover(ctx, f.prover)
	if errors.Is(err, chain.ErrNotFound) {
		return finding("prover", VerdictFail, "register it: marketd tx provers register SELF_STAKE --from "+stakeKey, "%s is not a prover", f.prover), f
	}
	if err != nil {
		return finding("prover", VerdictFail, "see that the nodes work", "%v", err), f
	}
	f.view = &view
	switch view.State {
	case provertypes.PROVER_STATE_ACTIVE:
		return well("prover", "%s is active, vault generation %d", f.prover, view.Prover.Generation), f
	case provertypes.PROVER_STATE_JAILED:
		return finding("prover", VerdictFail, "ask the chain's governance", "%s is jailed", f.prover), f
	case provertypes.PROVER_STATE_RETIRED:
		return finding("prover", VerdictFail, "register it again: marketd tx provers register SELF_STAKE --from "+stakeKey+" ; then link the submitter again", "%s has retired", f.prover), f
	default:
		var why, fixes []string
		for _, c := range view.Prover.Causes {
			why, fixes = append(why, causeFixes[c].what), append(fixes, causeFixes[c].fix)
		}
		return finding("prover", VerdictFail, strings.Join(fixes, "; "), "%s is not active: %s", f.prover, strings.Join(why, ", ")), f
	}
}

// checkSelfStake holds the prover's own stake against the chain's minimum (law S1).
func (d *doctor) checkSelfStake(ctx context.Context, f facts) ([]Finding, facts) {
	s, err := f.chain.Standing(ctx, f.prover)
	if err != nil {
		return finding("self stake", VerdictFail, "see that the nodes work", "%v", err), f
	}
	if s.SelfStake.LT(s.MinSelfStake) {
		lacks := s.MinSelfStake.Sub(s.SelfStake)
		return finding("self stake", VerdictFail, fmt.Sprintf("marketd tx provers stake %s %s --from %s", f.prover, lacks, stakeKey),
			"%s uproof, the chain asks for %s", s.SelfStake, s.MinSelfStake), f
	}
	return well("self stake", "%s uproof, the chain asks for %s", s.SelfStake, s.MinSelfStake), f
}

// checkCapacity says how large a request the stake still carries (laws M4 and S8).
func (d *doctor) checkCapacity(ctx context.Context, f facts) ([]Finding, facts) {
	s, err := f.chain.Standing(ctx, f.prover)
	if err != nil {
		return finding("capacity", VerdictFail, "see that the nodes work", "%v", err), f
	}
	counted := s.SelfStake
	if f.cfg.Filter.CountDelegations {
		counted = s.Assets
	}
	limit := counted
	if s.MaxExposure.IsPositive() {
		limit = math.MinInt(limit, s.MaxExposure)
	}
	conditions, err := auction.Eligibility(s.Figures, auction.Ask{MinStake: math.ZeroInt(), Penalty: math.ZeroInt(), OvercommitBps: s.OvercommitBps})
	if err != nil {
		return finding("capacity", VerdictFail, "see that the nodes can be trusted", "%v", err), f
	}
	kept := math.ZeroInt() // what the assigned stake asks to stay free besides
	for _, c := range conditions {
		if c.Reason == auction.ReasonVault {
			kept = c.Need
		}
	}
	stake, exposure := counted.Sub(kept), limit.Sub(s.Exposure)
	figure := fmt.Sprintf("vault %s uproof, of which %s count; assigned stake %s, exposure %s: free for a min_stake of %s and a penalty of %s",
		s.Assets, counted, s.AssignedStake, s.Exposure, math.MaxInt(stake, math.ZeroInt()), math.MaxInt(exposure, math.ZeroInt()))
	if !stake.IsPositive() || !exposure.IsPositive() {
		return finding("capacity", VerdictWarn, "stake more, or wait until work under way ends; see also the prover's own limit, max_exposure", "%s", figure), f
	}
	return well("capacity", "%s", figure), f
}

// checkMarket says what is paused (law M16), and takes note of the least bond.
func (d *doctor) checkMarket(ctx context.Context, f facts) ([]Finding, facts) {
	params, pause, err := f.chain.Market(ctx)
	if err != nil {
		return finding("market", VerdictFail, "see that the nodes work", "%v", err), f
	}
	f.minBond = params.MinBidBond
	fix := "wait until the chain's governance resumes it; what was won is proved all the same"
	switch {
	case pause.Bids:
		return finding("market", VerdictWarn, fix, "new bids are paused"), f
	case pause.Requests:
		return finding("market", VerdictWarn, fix, "new requests are paused"), f
	default:
		return well("market", "nothing is paused; the least bond is %s uproof", params.MinBidBond), f
	}
}

// checkBalance holds the submitter's coins against what bids at a time cost.
func (d *doctor) checkBalance(ctx context.Context, f facts) ([]Finding, facts) {
	if f.minBond.IsNil() {
		return finding("balance", VerdictSkipped, "", "the least bond is not known"), f
	}
	have, err := f.chain.Balance(ctx, f.signer)
	if err != nil {
		return finding("balance", VerdictFail, "see that the nodes work", "%v", err), f
	}
	cost, err := f.cfg.JobCost(f.minBond)
	if err != nil {
		return finding("balance", VerdictFail, "correct chain.gas_price", "%v", err), f
	}
	bids := f.cfg.JobsAtOnce()
	if d.options.Bids > 0 {
		bids = d.options.Bids
	}
	want := cost.Total().MulRaw(int64(bids))
	figure := fmt.Sprintf("%s uproof; %d bids at a time take about %s (each a bond of %s or more, and %s for gas)", have, bids, want, cost.Bond, cost.Fees)
	switch {
	case have.GTE(want):
		return well("balance", "%s", figure), f
	case have.GTE(cost.Total()):
		return finding("balance", VerdictWarn, f.cfg.FundCommand(f.signer, want.Sub(have)).Command, "%s", figure), f
	default:
		return finding("balance", VerdictFail, f.cfg.FundCommand(f.signer, want.Sub(have)).Command, "%s", figure), f
	}
}

// checkTransactions has a node simulate a transaction like the sidecar's.
func (d *doctor) checkTransactions(ctx context.Context, f facts) ([]Finding, facts) {
	err := f.chain.TryTransaction(ctx)
	switch {
	case err == nil:
		return well("transactions", "the chain takes unordered ones of this key, which may wait %s", time.Duration(f.cfg.Chain.TxTTL)), f
	case errors.Is(err, chain.ErrNotFound):
		return finding("transactions", VerdictFail, "send it coins: see balance", "%v", err), f
	case errors.Is(err, chain.ErrRefused) && strings.Contains(err.Error(), "unordered"):
		return finding("transactions", VerdictFail, "lower chain.tx_ttl if it is too long; else this chain cannot be served", "%v", err), f
	case errors.Is(err, chain.ErrRefused):
		return finding("transactions", VerdictWarn, "see balance", "a transaction of this key that moves 1 %s would be refused: %v", chainconst.Denom, err), f
	default:
		return finding("transactions", VerdictFail, "see that the nodes work", "%v", err), f
	}
}

// checkVerifiers holds the verifiers that each backend serves against the chain's.
func (d *doctor) checkVerifiers(ctx context.Context, f facts) ([]Finding, facts) {
	known, err := f.chain.Verifiers(ctx)
	if err != nil {
		return finding("verifiers", VerdictFail, "see that the nodes work", "%v", err), f
	}
	// Circuits are not in the list: each has a status of its own.
	known[chain.CircuitVerifier] = verifiertypes.VERIFIER_STATUS_ACTIVE
	var found []Finding
	for _, b := range f.cfg.Backends {
		found = append(found, verifiersOf(b, known))
	}
	return found, f
}

// verifiersOf says which verifiers of a backend's are there and active.
func verifiersOf(b BackendConfig, known map[string]verifiertypes.VerifierStatus) Finding {
	name := "verifiers of " + b.Name
	var active, wrong []string
	for _, pattern := range b.Verifiers {
		matched := false
		for _, id := range slices.Sorted(maps.Keys(known)) {
			if !backend.MatchVerifier(pattern, id) {
				continue
			}
			matched = true
			if status := known[id]; status == verifiertypes.VERIFIER_STATUS_ACTIVE {
				active = append(active, id)
			} else {
				wrong = append(wrong, id+" is "+strings.ToLower(strings.TrimPrefix(status.String(), "VERIFIER_STATUS_")))
			}
		}
		if !matched {
			wrong = append(wrong, "the chain has no "+pattern)
		}
	}
	fix := "correct verifiers of this backend; `marketd query verifier verifiers` lists what there is"
	switch {
	case len(active) == 0:
		return finding(name, VerdictFail, fix, "none is active: %s", strings.Join(wrong, ", "))[0]
	case len(wrong) > 0:
		return finding(name, VerdictWarn, fix, "%s; active: %s", strings.Join(wrong, ", "), strings.Join(active, ", "))[0]
	default:
		return well(name, "active: %s", strings.Join(active, ", "))[0]
	}
}
