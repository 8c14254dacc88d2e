package operations

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// votingPeriod is that of this chain, in seconds: a proposal must be voted on in it.
const votingPeriod = 25

// network is two validators who follow the pages. Alice coordinates, has the larger
// stake and keeps all states; Bob keeps the last ones.
type network struct {
	t          *testing.T
	alice, bob *operator
	telemetry  *collector
	proposals  int // how many there were
	request    string
}

// Two people make a chain by the ceremony's commands, govern it, keep it through
// rollbacks and a new key, and take its state into a new chain. One test, because all
// of it needs a chain that has lived, and each start costs.
func TestLifeOfAChain(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	n := &network{t: t, alice: newOperator(ctx, t, "alice"), bob: newOperator(ctx, t, "bob"), telemetry: newCollector(t)}
	n.ceremony()
	n.governFirst()
	n.archiveAndPruned()
	n.metrics()
	n.suspend()
	n.rollBack()
	n.rotateKey()
	n.governSecond()
	n.useNewVerifier()
	n.moreNodes(ctx)
	n.newChain()
}

// ceremony follows "Genesis ceremony" of validator.md, and the two start.
func (n *network) ceremony() {
	t, a, b := n.t, n.alice, n.bob
	for _, o := range []*operator{a, b} {
		o.sh(script(t, "validator.md", "### 1. Everybody: keys"))
	}
	for _, key := range []string{"user", "guardian"} {
		a.marketd("keys", "add", key)
	}
	fund := script(t, "validator.md", "### 2. Coordinator: accounts and parameters")
	for _, address := range []string{a.address("validator"), b.address("validator"), a.address("user"), a.address("guardian")} {
		a.sh(fund, "ADDRESS="+address)
	}
	changeGenesis(t, a.file("config", "genesis.json"), fmt.Sprintf("%ds", votingPeriod), "app_state", "gov", "params", "voting_period")
	changeGenesis(t, a.file("config", "genesis.json"), fmt.Sprintf("%ds", votingPeriod/2), "app_state", "gov", "params", "expedited_voting_period")
	a.marketd("genesis", "validate")

	sign := script(t, "validator.md", "### 3. Everybody: sign")
	a.copyTo(b, "config", "genesis.json")
	_, port, _ := strings.Cut(a.p2p, ":")
	first := a.sh(strings.ReplaceAll(sign, "26656", port))
	_, port, _ = strings.Cut(b.p2p, ":")
	// Bob's stake is smaller, so that Alice's vote decides.
	second := b.sh(strings.NewReplacer("500000000000uproof", "400000000000uproof", "26656", port).Replace(sign))
	require.Equal(t, strings.Fields(first)[0], strings.Fields(second)[0], "both signed under one file")

	signed, err := os.ReadFile(b.dir + "/gentx-bob.json")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(a.dir+"/gentx-bob.json", signed, 0o600))
	hash := strings.Fields(a.sh(script(t, "validator.md", "### 4. Coordinator: collect")))
	a.copyTo(b, "config", "genesis.json")
	check := script(t, "validator.md", "### 5. Everybody: compare")
	for _, o := range []*operator{a, b} {
		require.Contains(t, strings.Fields(o.sh(check)), hash[len(hash)-2])
	}

	a.sh(script(t, "storage.md", "### Archive node"))
	b.sh(script(t, "storage.md", "### Small node"))
	n.telemetry.configure(a)
	b.env = append(b.env, "MARKETD_API_ENABLE=false") // as configuration.md has a validator
	a.env = append(a.env, fmt.Sprintf("MARKETD_STATE_SYNC_SNAPSHOT_INTERVAL=%d", snapshotInterval), "MARKETD_STATE_SYNC_SNAPSHOT_KEEP_RECENT=1000")
	id := a.marketd("comet", "show-node-id")
	b.sh(script(t, "network.md", "## Peers and seeds"), "PEERS="+id+"@"+a.p2p)
	a.start()
	b.start()
	agree(a, b)
}

// changeGenesis sets a text within a genesis file, as a coordinator does by hand.
func changeGenesis(t *testing.T, path, value string, fields ...string) {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.UseNumber()
	var genesis map[string]any
	require.NoError(t, decoder.Decode(&genesis))
	at := genesis
	for _, f := range fields[:len(fields)-1] {
		at = at[f].(map[string]any)
	}
	last := fields[len(fields)-1]
	require.Contains(t, at, last)
	at[last] = value
	b, err = json.MarshalIndent(genesis, "", " ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, b, 0o600))
}

// archiveAndPruned asks both for an old state: one has it, the other says that it has
// not. Their chain is the same.
func (n *network) archiveAndPruned() {
	guardian := n.alice.address("guardian")
	n.bob.reaches(30) // states are removed every ten blocks
	old := []string{"query", "bank", "balance", guardian, "uproof", "--height", "5", "--output", "json"}
	out, err := n.alice.tryMarketd(old...)
	require.NoError(n.t, err)
	require.Contains(n.t, out, `"1000000000000"`)
	_, err = n.bob.tryMarketd(old...)
	require.ErrorContains(n.t, err, "Version has either been pruned")
	agree(n.alice, n.bob)
}

// rollBack takes Bob's last block back, first its state, then the block too.
func (n *network) rollBack() {
	for _, heading := range []string{"### The state is wrong", "### The block is wrong too"} {
		n.bob.stop()
		before := n.alice.height()
		out := n.bob.sh(script(n.t, "storage.md", heading))
		require.Contains(n.t, out, "Rolled back state to height")
		to, err := strconv.ParseInt(strings.Fields(out)[5], 10, 64)
		require.NoError(n.t, err)
		require.Less(n.t, to, before+1, "it is behind now")
		n.bob.start()
		agree(n.alice, n.bob)
	}
}

// rotateKey gives Bob's validator another consensus key. The chain waits meanwhile:
// Alice alone has less than two thirds.
func (n *network) rotateKey() {
	old := n.bob.marketd("comet", "show-validator")
	out := n.bob.sh(script(n.t, "validator.md", "### Make the new key and announce it"))
	m := regexp.MustCompile(`(?m)^height: "(\d+)"$`).FindStringSubmatch(out)
	require.NotNil(n.t, m, out)
	height, err := strconv.ParseInt(m[1], 10, 64)
	require.NoError(n.t, err)
	n.bob.reaches(height + 1)
	n.bob.stop()
	n.bob.sh(script(n.t, "validator.md", "### Put it in place"))
	require.NotEqual(n.t, old, n.bob.marketd("comet", "show-validator"))
	n.bob.start()
	agree(n.alice, n.bob)
	type validators struct {
		List []struct {
			Key struct {
				Value string `json:"value"`
			} `json:"consensus_pubkey"`
			Status string `json:"status"`
			Jailed bool   `json:"jailed"`
		} `json:"validators"`
	}
	keys := make(map[string]bool)
	for _, v := range query[validators](n.alice, "staking", "validators").List {
		require.Equal(n.t, "BOND_STATUS_BONDED", v.Status)
		require.False(n.t, v.Jailed)
		keys[v.Key.Value] = true
	}
	var now struct {
		Key string `json:"key"`
	}
	require.NoError(n.t, json.Unmarshal([]byte(n.bob.marketd("comet", "show-validator")), &now))
	require.True(n.t, keys[now.Key])
}

// balance is what an address holds, in uproof.
func (n *network) balance(address string) int64 {
	n.t.Helper()
	type answer struct {
		Balance struct {
			Amount string `json:"amount"`
		} `json:"balance"`
	}
	amount, err := strconv.ParseInt(query[answer](n.alice, "bank", "balance", address, "uproof").Balance.Amount, 10, 64)
	require.NoError(n.t, err)
	return amount
}

// stage is where the open request stands.
func (n *network) stage() string {
	n.t.Helper()
	type answer struct {
		View struct {
			Stage   string `json:"stage"`
			Request struct {
				Status string `json:"status"`
			} `json:"request"`
		} `json:"view"`
	}
	return query[answer](n.alice, "market", "request", n.request).View.Stage
}

// newChain ends the chain at a height that both know, and goes on from its state
// under another chain id: balances and the open request are as they were, and the
// request's money comes back when it ends there.
func (n *network) newChain() {
	t := n.t
	end := n.alice.height() + 8
	for _, o := range []*operator{n.alice, n.bob} {
		o.stop()
		o.sh(script(t, "storage.md", "### 1. Stop at one height"), fmt.Sprintf("HALT_HEIGHT=%d", end))
	}
	for _, o := range []*operator{n.alice, n.bob} {
		o.start()
	}
	for _, o := range []*operator{n.alice, n.bob} {
		o.until("the halt", func() bool { return strings.Contains(o.log(), "halt per configuration height") })
	}
	user, stage := n.alice.address("user"), n.stage()
	held := n.balance(user)
	require.Equal(t, "STAGE_BIDDING", stage)
	var sums []string
	for _, o := range []*operator{n.alice, n.bob} {
		o.stop()
		out := o.sh(script(t, "storage.md", "### 2. Export"))
		sums = append(sums, strings.Fields(out)[len(strings.Fields(out))-2])
	}
	require.Equal(t, sums[0], sums[1], "both have one state")
	for _, o := range []*operator{n.alice, n.bob} {
		o.sh(script(t, "storage.md", "### 3. Begin the new chain"))
		o.start("--inv-check-period", "1")
	}
	agree(n.alice, n.bob)
	s, err := n.alice.status()
	require.NoError(t, err)
	require.Equal(t, "proofmarket-2", s.Result.Node.Network)
	require.GreaterOrEqual(t, n.alice.height(), end, "heights go on")
	require.Equal(t, held, n.balance(user))
	require.Equal(t, stage, n.stage())

	n.pass(n.propose("revoke-verifier"))
	n.alice.until("the refund", func() bool { return n.stage() == "STAGE_DONE" })
	require.Equal(t, held+maxFee, n.balance(user))
	agree(n.alice, n.bob)
}
