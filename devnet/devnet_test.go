package devnet

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// binaries holds the node, the sidecar and the stand-in for a Pico service, built once for all tests.
var binaries string

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == unreliable {
		os.Exit(runUnreliable(os.Args[2]))
	}
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "devnet-test-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		if err := touchSources(); err != nil {
			panic(err)
		}
		build := exec.Command("go", "build", "-ldflags", "-s -w", "-o", dir, "../cmd/marketd", "../cmd/proverd",
			"../prover/backend/pico/picotest/cmd/pico-stand-in")
		if out, err := build.CombinedOutput(); err != nil {
			panic(string(out))
		}
		binaries = dir
		return m.Run()
	}())
}

// touchSources looks at every Go file of the repository: the binaries are made
// of them, and go test repeats a test only if something changed that it saw.
func touchSources() error {
	return filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".go" {
			_, err = os.Stat(path)
		}
		return err
	})
}

func testOptions(t *testing.T, out io.Writer) Options {
	t.Helper()
	return Options{
		Home: filepath.Join(t.TempDir(), "net"), Marketd: filepath.Join(binaries, "marketd"), Proverd: filepath.Join(binaries, "proverd"),
		File: filepath.Join("..", "README.md"), BlockTime: 400 * time.Millisecond, Out: out,
		// All three sidecars must have bid by then, on a busy machine too.
		bidding: 3 * demoBidding,
	}
}

// lastLine runs one demonstration and returns its last line.
func lastLine(t *testing.T, change func(*Options)) string {
	t.Helper()
	var out bytes.Buffer
	opts := testOptions(t, &out)
	opts.Once = true
	change(&opts)
	err := Run(t.Context(), opts)
	t.Log(out.String())
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	return lines[len(lines)-1]
}

// Real processes over real sockets: a request ends with a proof that the chain
// verified, and the last line says who got what.
func TestOnceIsFulfilled(t *testing.T) {
	require.Regexp(t, `^fulfilled request=[0-9a-f]{64} winner=proof1[0-9a-z]+ price=4000000uproof paid=3800000uproof refunded=6000000uproof$`,
		lastLine(t, func(*Options) {}))
}

func TestOnceWithAFailingWinnerIsRefunded(t *testing.T) {
	require.Regexp(t, `^refunded request=[0-9a-f]{64} slashed=100000000uproof$`,
		lastLine(t, func(o *Options) { o.FailWinner = true }))
}

// One running network, looked at from outside.
func TestNetwork(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), localnetPatience)
	defer cancel()
	var out bytes.Buffer
	n := newDevnet(testOptions(t, &out))
	defer n.Stop()
	require.NoError(t, n.start(ctx), "%s", &out)
	t.Run("servers answer", func(t *testing.T) { n.testServers(ctx, t) })
	t.Run("killed sidecar loses nothing", func(t *testing.T) { n.testKilledSidecar(ctx, t) })
}

// REST with its description, metrics and gRPC with reflection are up.
func (n *Localnet) testServers(ctx context.Context, t *testing.T) {
	for url, want := range map[string]string{
		"http://" + loopback(n.nodes[0].ports.REST) + "/proofmarket/market/v1/params":        `"request_fee"`,
		"http://" + loopback(n.nodes[0].ports.REST) + "/proofmarket/verifier/v1/verifiers":   `"pico/v1.2.2"`,
		"http://" + loopback(n.nodes[0].ports.REST) + "/proofmarket/provers/v1/provers":      n.keys["alpha"],
		"http://" + loopback(n.nodes[0].ports.REST) + "/cosmos/bank/v1beta1/denoms_metadata": `"PROOF"`,
		"http://" + loopback(n.nodes[0].ports.REST) + "/openapi.json":                        "/proofmarket/market/v1/requests",
		"http://" + loopback(n.nodes[0].ports.REST) + "/docs":                                "<html",
		"http://" + loopback(n.nodes[0].ports.REST) + "/metrics?format=prometheus":           "marketd_",
		"http://" + loopback(n.nodes[0].ports.Metrics) + "/metrics":                          "cometbft_consensus_height",
		"http://" + loopback(n.filesPort) + "/" + filepath.Base(n.circuit.Image.Path):        "",
	} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusOK, res.StatusCode, "%s: %.200s", url, body)
		require.Contains(t, string(body), want, url)
	}

	names := reflectedServices(ctx, t, loopback(n.nodes[0].ports.GRPC))
	require.Subset(t, names, []string{"proofmarket.market.v1.Query", "proofmarket.provers.v1.Query", "proofmarket.verifier.v1.Query"})
}

// A sidecar that is killed without warning after its bid and again after its
// reveal loses nothing: it goes on and delivers (law P1).
func (n *Localnet) testKilledSidecar(ctx context.Context, t *testing.T) {
	id, _, err := n.sendRequest(ctx)
	require.NoError(t, err)

	alpha := n.provers[0]
	address := n.keys[alpha.spec.Name]
	restart := func() {
		alpha.Kill()
		require.NoError(t, alpha.Start(nil))
	}
	bid := func() (markettypes.BidState, error) {
		res, err := n.chain.market.Bids(ctx, &markettypes.QueryBidsRequest{RequestId: id})
		if err != nil {
			return 0, err
		}
		for _, b := range res.Bids {
			if b.Prover == address {
				return b.Bid.State, nil
			}
		}
		return markettypes.BID_STATE_UNSPECIFIED, nil
	}
	until := func(what string, reached func() (bool, error)) {
		t.Helper()
		tick := time.NewTicker(pollEvery)
		defer tick.Stop()
		for {
			ok, err := reached()
			require.NoError(t, err)
			if ok {
				return
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				t.Fatalf("never came to: %s; log of the sidecar:\n%s", what, tail(alpha.child.Log))
			}
		}
	}

	until("a sealed bid", func() (bool, error) { s, err := bid(); return s == markettypes.BID_STATE_SEALED, err })
	restart()
	until("a ranked bid", func() (bool, error) { s, err := bid(); return s == markettypes.BID_STATE_RANKED, err })
	restart()
	until("the end", func() (bool, error) {
		view, err := n.chain.request(ctx, id)
		return view.Stage == markettypes.STAGE_DONE, err
	})
	view, err := n.chain.request(ctx, id)
	require.NoError(t, err)
	require.Equal(t, markettypes.REQUEST_STATUS_FULFILLED, view.Auction.Status, "log of the sidecar:\n%s", tail(alpha.child.Log))
	require.Equal(t, address, view.Auction.Assignment.Prover)
}
