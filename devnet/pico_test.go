package devnet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/types/tx"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/prover/backend/pico/picotest"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// picoNetwork is a node, one prover's sidecar, and a stand-in for the Pico service
// that proves for it.
type picoNetwork struct {
	*Localnet
	out      bytes.Buffer
	service  *Child
	args     []string // of the service
	row      vectors.Row
	key      vectors.Key
	elf      artifact
	input    artifact
	seenLog  int // lines of the service's log that were looked at
	maxFee   math.Int
	askedFee math.Int
}

// A proof that Pico's network made and published fulfils a request for its real
// program and digest, over real processes: node, sidecar, and a service that is
// honest about proving nothing. Its own ELF file and input were not published, so
// the service takes others for them.
func TestPicoProofIsPaid(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), localnetPatience)
	defer cancel()
	n := &picoNetwork{Localnet: newDevnet(testOptions(t, nil))}
	n.opts.Out = &n.out
	n.opts.Genesis = []GenesisChange{
		// The treasury then gets what the market sends there, and nothing else.
		{[]string{"app_state", "distribution", "params", "community_tax"}, "0.000000000000000000"},
	}
	n.askedFee, n.maxFee = math.NewInt(DefaultProvers(1)[0].Price), math.NewInt(demoMaxFee)
	n.prepareProofs(t)
	defer n.Stop()
	n.startService(ctx, t, "prove", "crash")
	n.specs = DefaultProvers(1)
	n.specs[0].Config = n.backendConfig(t)
	require.NoError(t, n.do(ctx, []step{
		{"making keys and genesis", n.makeHomes},
		{"starting the validator", n.startNodes},
		{"publishing ELF file and input", func(context.Context) error { return n.serveFiles(filepath.Dir(n.elf.Path)) }},
		{"registering the prover", func(ctx context.Context) error { return n.registerProvers(ctx) }},
		{"starting the sidecar", n.startProvers},
	}), "%s", &n.out)
	n.requireRealKey(ctx, t)
	require.NoError(t, n.writeRequest(job{
		Verifier: verifiertypes.PicoV122, Program: hex.EncodeToString(n.row.Program[:]), Digest: hex.EncodeToString(n.row.Digest[:]),
		ImageURL: n.fileURL(n.elf), ImageSHA256: n.elf.SHA256, InputURL: n.fileURL(n.input), InputSHA256: n.input.SHA256,
		MaxFee: n.maxFee.String(),
	}))

	t.Run("published proof", func(t *testing.T) {
		id := n.buy(ctx, t, func() {})
		require.Equal(t, []string{id + "-0: prove"}, n.tasks(t))
	})
	t.Run("queue lost, then false proofs", func(t *testing.T) {
		id := n.buy(ctx, t, func() {
			select {
			case <-n.service.Done(): // in the middle of the proof
			case <-ctx.Done():
				t.Fatalf("the service was not asked; log of the sidecar:\n%s", tail(n.provers[0].child.Log))
			}
			n.startService(ctx, t, "other", "forged")
		})
		require.Equal(t, []string{id + "-0: crash", id + "-0: other", id + "-1: forged", id + "-2: prove"}, n.tasks(t))
		log, err := os.ReadFile(n.provers[0].child.Log)
		require.NoError(t, err)
		require.Contains(t, string(log), "the Pico service proved program", "a proof of another statement")
		require.Contains(t, string(log), "the chain would refuse our proof", "words that are no proof")
	})
}

// prepareProofs writes what the service hands out: the published proof, and another
// one that proves something else.
func (n *picoNetwork) prepareProofs(t *testing.T) {
	t.Helper()
	set := vectors.Pico(t)
	n.key = set.Key(t, vectors.PicoV122)
	at := slices.IndexFunc(set.Rows, func(r vectors.Row) bool { return slices.Contains(r.VerifiesUnder, n.key.ID) })
	require.GreaterOrEqual(t, at, 0)
	n.row = set.Rows[at]
	other := slices.IndexFunc(set.Rows, func(r vectors.Row) bool { return r.Program != n.row.Program })
	require.GreaterOrEqual(t, other, 0)

	dir := filepath.Join(n.home, "files")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	publish := func(name, content string) artifact {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		sum := sha256.Sum256([]byte(content))
		return artifact{Path: path, SHA256: hex.EncodeToString(sum[:])}
	}
	elf, input := "\x7fELF, made up: it stands for program "+hex.EncodeToString(n.row.Program[:]), "made up too"
	n.elf, n.input = publish("program.elf", elf), publish("stdin.bin", input)

	list := filepath.Join(n.home, "proofs.json")
	replay := func(r vectors.Row, elf string) picotest.Replay {
		return picotest.Replay{
			ELF: []byte(elf), Input: []byte(input), Program: r.Program, Digest: r.Digest, Proof: r.Proof, Cost: 1_000_000,
		}
	}
	require.NoError(t, picotest.WriteReplays(list, []picotest.Replay{replay(n.row, elf), replay(set.Rows[other], "\x7fELF, another one")}))
	token := filepath.Join(n.home, "token")
	require.NoError(t, os.WriteFile(token, []byte("s3cret\n"), 0o600))
	n.args = []string{"--proofs", list, "--token-file", token, "--disk", filepath.Join(n.home, "service.json")}
}

// startService starts the service, at the same address as before, and waits until it
// listens. Its first tasks come to what is said.
func (n *picoNetwork) startService(ctx context.Context, t *testing.T, tasks ...string) {
	t.Helper()
	var err error
	args := append(slices.Clone(n.args), "--tasks", strings.Join(tasks, ","))
	n.service, err = startChild("pico-stand-in", n.logs(), filepath.Join(binaries, "pico-stand-in"), nil, args...)
	require.NoError(t, err)
	t.Cleanup(func() { n.service.Stop() })
	if slices.Contains(n.args, "--address") {
		return // the sidecar waits for it as well as we could
	}
	listens := regexp.MustCompile(`(?m)^listening at (127\.0\.0\.1:\d+)$`)
	require.NoError(t, n.service.waitFor(ctx, func(context.Context) error {
		log, err := os.ReadFile(n.service.Log)
		if err != nil {
			return err
		}
		found := listens.FindSubmatch(log)
		if found == nil {
			return fmt.Errorf("it says %q", log)
		}
		n.args = append(n.args, "--address", string(found[1]))
		return nil
	}))
}

// backendConfig is what the operator adds to the sidecar's configuration. No trial
// proofs: the proof is made when it is owed.
func (n *picoNetwork) backendConfig(t *testing.T) string {
	t.Helper()
	arg := func(flag string) string { return n.args[slices.Index(n.args, flag)+1] }
	return fmt.Sprintf(`
[[backends]]
name = "pico"
kind = "pico"
verifiers = ["pico/*"]
units_per_second = 1000000
trial_proofs = "never"

[backends.pico]
address = %q
token_file = %q
poll_interval = "200ms"
`, arg("--address"), arg("--token-file"))
}

// requireRealKey checks that genesis registered the key that Pico published.
func (n *picoNetwork) requireRealKey(ctx context.Context, t *testing.T) {
	t.Helper()
	res, err := verifiertypes.NewQueryClient(n.chain.conn).Verifier(ctx, &verifiertypes.QueryVerifierRequest{Id: verifiertypes.PicoV122})
	require.NoError(t, err)
	f, err := verifiertypes.GetFamily(n.key.Family)
	require.NoError(t, err)
	want, err := f.Canonicalize(n.key.Curve, n.key.Published)
	require.NoError(t, err)
	require.Equal(t, want, res.Verifier.Key)
	require.Zero(t, res.Verifier.AddedHeight)
}

// buy sends the request, lets happen what is to happen meanwhile, and checks that
// the published proof fulfilled it and where every coin went.
func (n *picoNetwork) buy(ctx context.Context, t *testing.T, meanwhile func()) (id string) {
	t.Helper()
	prover := n.specs[0]
	before := n.purses(ctx, t)
	id, sent, err := n.sendRequest(ctx)
	require.NoError(t, err)
	meanwhile()
	end, err := n.follow(ctx, id)
	require.NoError(t, err, "log of the sidecar:\n%s", tail(n.provers[0].child.Log))
	require.Equal(t, markettypes.REQUEST_STATUS_FULFILLED, end.Auction.Status, "%s\nlog of the sidecar:\n%s", &n.out, tail(n.provers[0].child.Log))

	// It was bid for and won, alone, at the fee that was asked (law M7).
	require.Equal(t, n.keys[prover.Name], end.Auction.Assignment.Prover)
	require.Equal(t, uint64(1), end.Auction.Bids)
	price := end.Auction.Assignment.Price
	require.Equal(t, n.askedFee.String(), price.String())
	require.True(t, end.Auction.Leader.Bond.IsPositive())
	require.Equal(t, n.keys[prover.submitter()], end.Auction.Leader.Payer)

	// The proof is the published one, and passes on any machine.
	stored, err := n.chain.market.Proof(ctx, &markettypes.QueryProofRequest{RequestId: id})
	require.NoError(t, err)
	require.Equal(t, n.row.Proof, stored.Proof.Proof)
	require.Empty(t, stored.Proof.PublicValues)
	printed, err := n.cli.call(ctx, "query", "market", "proof", id, "--output", "json")
	require.NoError(t, err)
	verify := exec.CommandContext(ctx, n.opts.Marketd, "verify", "-", "--home", n.cli.home)
	verify.Stdin = bytes.NewReader(printed)
	verdict, err := verify.CombinedOutput()
	require.NoError(t, err, "%s", verdict)

	// Every coin: gas apart, the bond is back.
	_, err = n.chain.gasOf(ctx, fmt.Sprintf("proofmarket.market.v1.EventFulfilled.request_id='%q'", id)) // now all are indexed
	require.NoError(t, err)
	params, err := n.chain.market.Params(ctx, &markettypes.QueryParamsRequest{})
	require.NoError(t, err)
	requestFee := params.Params.RequestFee
	protocolFee := price.MulRaw(int64(end.Request.Terms.ProtocolFeeBps)).QuoRaw(10_000)
	require.True(t, requestFee.IsPositive() && protocolFee.IsPositive())
	since := " AND tx.height>=" + strconv.FormatInt(sent.Height, 10)
	paidBy := func(key string) string { return fmt.Sprintf("tx.fee_payer='%s'", n.keys[key]) + since }
	want := purses{
		requester: before.requester.Sub(n.gasPaid(ctx, t, paidBy("requester"), 1)).Sub(requestFee).Sub(price),
		submitter: before.submitter.Sub(n.gasPaid(ctx, t, paidBy(prover.submitter()), 3)), // bid, reveal, proof
		vault:     before.vault.Add(price).Sub(protocolFee),
		treasury:  before.treasury.Add(requestFee).Add(protocolFee),
	}
	require.Equal(t, want.String(), n.purses(ctx, t).String())
	held, err := n.chain.balance(ctx, end.Account)
	require.NoError(t, err)
	require.True(t, held.IsZero(), "the request's account still holds %s", held)
	return id
}

// purses are those that a request moves coins between, in uproof.
type purses struct{ requester, submitter, vault, treasury math.Int }

func (p purses) String() string {
	return fmt.Sprintf("requester %s, submitter %s, vault %s, treasury %s", p.requester, p.submitter, p.vault, p.treasury)
}

func (n *picoNetwork) purses(ctx context.Context, t *testing.T) (p purses) {
	t.Helper()
	prover := n.specs[0]
	var err error
	p.requester, err = n.chain.balance(ctx, n.keys["requester"])
	require.NoError(t, err)
	p.submitter, err = n.chain.balance(ctx, n.keys[prover.submitter()])
	require.NoError(t, err)
	p.vault, err = n.chain.vaultTotal(ctx, n.keys[prover.Name])
	require.NoError(t, err)
	pool, err := distrtypes.NewQueryClient(n.chain.conn).CommunityPool(ctx, &distrtypes.QueryCommunityPoolRequest{})
	require.NoError(t, err)
	in := pool.Pool.AmountOf(chain.Denom)
	require.True(t, in.IsInteger(), "%s", in)
	p.treasury = in.TruncateInt()
	return p
}

// gasPaid is what the transactions that match cost. There must be so many, and none
// may have failed.
func (n *picoNetwork) gasPaid(ctx context.Context, t *testing.T, query string, count int) math.Int {
	t.Helper()
	res, err := n.chain.txs.GetTxsEvent(ctx, &tx.GetTxsEventRequest{Query: query, Limit: 100})
	require.NoError(t, err)
	require.Len(t, res.Txs, count, query)
	sum := math.ZeroInt()
	for i, sent := range res.Txs {
		require.Zero(t, res.TxResponses[i].Code, "%s", res.TxResponses[i].RawLog)
		sum = sum.Add(sent.AuthInfo.Fee.Amount.AmountOf(chain.Denom))
	}
	return sum
}

// tasks are what the service was asked since the last look, and what came of it.
func (n *picoNetwork) tasks(t *testing.T) (list []string) {
	t.Helper()
	log, err := os.ReadFile(n.service.Log)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	for _, line := range lines[n.seenLog:] {
		if task, ok := strings.CutPrefix(line, "task "); ok {
			list = append(list, task)
		}
	}
	n.seenLog = len(lines)
	return list
}
