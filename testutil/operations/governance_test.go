package operations

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
)

// maxFee is what the open request has in escrow, in uproof.
const maxFee = 5_000_000

// propose sends a proposal from the files of governance.md, with what the file leaves
// open filled in, and votes for it. It returns its number.
func (n *network) propose(name string, fill ...string) int {
	n.t.Helper()
	text := strings.NewReplacer(fill...).Replace(page(n.t, filepath.Join("node", "proposals", name+".json")))
	path := filepath.Join(n.alice.dir, name+".json")
	require.NoError(n.t, os.WriteFile(path, []byte(text), 0o600))
	for range 5 {
		n.alice.mustTx("gov", "submit-proposal", path, "--from", "validator")
		n.proposals++
		err := n.alice.tx("gov", "vote", strconv.Itoa(n.proposals), "yes", "--from", "validator")
		if err == nil {
			return n.proposals
		}
		require.ErrorContains(n.t, err, "inactive proposal", "on a busy machine the vote may come too late")
	}
	require.Fail(n.t, "no vote came in time", name)
	return 0
}

// pass waits until proposals are over, all of which must have passed.
func (n *network) pass(ids ...int) {
	n.t.Helper()
	type answer struct {
		Proposal struct {
			Title  string `json:"title"`
			Status string `json:"status"`
			Reason string `json:"failed_reason"`
		} `json:"proposal"`
	}
	for _, id := range ids {
		var a answer
		n.alice.until(fmt.Sprintf("the end of proposal %d", id), func() bool {
			var err error
			a, err = get[answer](n.alice, fmt.Sprintf("%s/cosmos/gov/v1/proposals/%d", n.alice.rest, id))
			return err == nil && a.Proposal.Status != "PROPOSAL_STATUS_VOTING_PERIOD"
		})
		require.Equal(n.t, "PROPOSAL_STATUS_PASSED", a.Proposal.Status, "%s: %s", a.Proposal.Title, a.Proposal.Reason)
	}
}

// params reads a module's parameters as its query prints them.
func (n *network) params(module string) map[string]any {
	n.t.Helper()
	type answer struct {
		Params map[string]any `json:"params"`
	}
	return query[answer](n.alice, module, "params").Params
}

// requireChanged checks that exactly these parameters differ.
func (n *network) requireChanged(before, after, want map[string]any) {
	n.t.Helper()
	changed := make(map[string]any)
	for name, value := range after {
		if before[name] != value {
			changed[name] = value
		}
	}
	require.Equal(n.t, want, changed)
	for name := range before {
		require.Contains(n.t, after, name)
	}
}

// verifierStatus is that of a registered verifier.
func (n *network) verifierStatus(id string) string {
	n.t.Helper()
	type answer struct {
		Verifier struct {
			Status string `json:"status"`
		} `json:"verifier"`
	}
	return query[answer](n.alice, "verifier", "verifier", id).Verifier.Status
}

// paused tells whether new requests are refused.
func (n *network) paused() bool {
	n.t.Helper()
	type answer struct {
		Pause struct {
			Requests bool `json:"requests"`
			Bids     bool `json:"bids"`
		} `json:"pause"`
	}
	p := query[answer](n.alice, "market", "params").Pause
	require.Equal(n.t, p.Requests, p.Bids)
	return p.Requests
}

// governFirst changes the parameters of the three modules, registers a verifier,
// pauses the market and spends from the community pool.
func (n *network) governFirst() {
	market, provers, verifier := n.params("market"), n.params("provers"), n.params("verifier")
	guardian, recipient := n.alice.address("guardian"), n.bob.address("validator")
	held := n.balance(recipient)
	_, err := n.alice.tryMarketd("query", "verifier", "verifier", "pico/rehearsal")
	require.ErrorContains(n.t, err, "pico/rehearsal")

	n.alice.mustTx("distribution", "fund-community-pool", "2000000uproof", "--from", "user")
	n.pass(
		n.propose("market-params"), n.propose("provers-params"), n.propose("verifier-params", "GUARDIAN", guardian),
		n.propose("add-verifier"), n.propose("pause"), n.propose("community-pool-spend", "RECIPIENT", recipient),
	)
	n.requireChanged(market, n.params("market"), map[string]any{"request_fee": "20000"})
	n.requireChanged(provers, n.params("provers"), map[string]any{"max_unstakes": 20.0})
	n.requireChanged(verifier, n.params("verifier"), map[string]any{"guardian": guardian})
	require.Equal(n.t, "VERIFIER_STATUS_ACTIVE", n.verifierStatus("pico/rehearsal"))
	require.True(n.t, n.paused())
	require.Equal(n.t, held+1_000_000, n.balance(recipient))
	require.ErrorContains(n.t, n.sendRequest(), "paused")
}

// suspend lets the guardian stop a verifier at once, and nobody else.
func (n *network) suspend() {
	stop := []string{"verifier", "suspend", "verifier", "pico/v1.2.2", "--reason", "rehearsal", "--from"}
	require.ErrorContains(n.t, n.alice.tx(append(stop, "user")...), "guardian")
	require.Equal(n.t, "VERIFIER_STATUS_ACTIVE", n.verifierStatus("pico/v1.2.2"))
	n.alice.mustTx(append(stop, "guardian")...)
	require.Equal(n.t, "VERIFIER_STATUS_SUSPENDED", n.verifierStatus("pico/v1.2.2"))
}

// governSecond ends the suspension and the pause.
func (n *network) governSecond() {
	require.ErrorContains(n.t, n.alice.tx("verifier", "suspend", "verifier", "pico/v1.2.2", "--reason", "again", "--from", "guardian"), "SUSPENDED already")
	n.pass(n.propose("resume-verifier"), n.propose("unpause"))
	require.Equal(n.t, "VERIFIER_STATUS_ACTIVE", n.verifierStatus("pico/v1.2.2"))
	require.False(n.t, n.paused())
}

// jobFile is what sendRequest asks for.
func (n *network) jobFile() string { return filepath.Join(n.alice.dir, "job.json") }

// sendRequest asks for a proof, under the verifier that governance registered, of a
// statement for which a proof was published.
func (n *network) sendRequest() error {
	row := n.published()
	job, err := json.Marshal(map[string]string{
		"verifier": "pico/rehearsal", "program": fmt.Sprintf("%x", row.Program), "digest": fmt.Sprintf("%x", row.Digest),
		"image-url": "https://example.org/image", "image-sha256": strings.Repeat("11", 32),
		"input-url": "https://example.org/input", "input-sha256": strings.Repeat("22", 32),
	})
	require.NoError(n.t, err)
	require.NoError(n.t, os.WriteFile(n.jobFile(), job, 0o600))
	return n.alice.tx("market", "request", "--job", n.jobFile(), "--max-fee", strconv.Itoa(maxFee),
		"--bidding-blocks", "5000", "--from", "user")
}

// published is a proof that verifies under the key of the registered verifier.
func (n *network) published() vectors.Row {
	set := vectors.Pico(n.t)
	for _, row := range set.Rows {
		for _, key := range row.VerifiesUnder {
			if strings.HasPrefix(key, "pico-v1.2.2-") {
				return row
			}
		}
	}
	require.Fail(n.t, "no published proof")
	return vectors.Row{}
}

// useNewVerifier makes a request under the verifier that governance registered, and
// has a published proof of it verified with the key from the chain.
func (n *network) useNewVerifier() {
	require.NoError(n.t, n.sendRequest())
	type answer struct {
		Views []struct {
			Request struct {
				ID string `json:"id"`
			} `json:"request"`
		} `json:"views"`
	}
	views := query[answer](n.alice, "market", "requests").Views
	require.Len(n.t, views, 1)
	n.request = views[0].Request.ID

	path := filepath.Join(n.alice.dir, "proof.bin")
	for _, c := range []struct {
		change byte
		valid  bool
	}{{0, true}, {1, false}} {
		proof := append([]byte(nil), n.published().Proof...)
		proof[len(proof)-1] ^= c.change
		require.NoError(n.t, os.WriteFile(path, proof, 0o600))
		_, err := n.alice.tryMarketd("verify", "--request", n.request, "--proof", path)
		require.Equal(n.t, c.valid, err == nil, "%v", err)
	}
}
