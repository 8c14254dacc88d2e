package load

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
)

func goodOptions() Options {
	return Options{Endpoints: []Endpoint{{GRPC: "127.0.0.1:9090", RPC: "http://127.0.0.1:26657"}}, ChainID: "test-1", Funder: secp256k1.GenPrivKey()}
}

func TestOptions(t *testing.T) {
	o := goodOptions()
	require.NoError(t, o.Check())
	require.Equal(t, ModeMarket, o.Mode)
	require.Equal(t, defaultProvers, o.Provers)
	require.Equal(t, defaultConcurrency, o.Concurrency)

	o = goodOptions()
	o.Rate = 5
	require.NoError(t, o.Check())
	require.Equal(t, 300, o.Concurrency, "what the rate makes in a minute")

	o = goodOptions()
	o.Provers = 1
	require.NoError(t, o.Check())
	require.Equal(t, 1, o.Bids, "no more bids than provers")

	for want, change := range map[string]func(*Options){
		"endpoint":           func(o *Options) { o.Endpoints = nil },
		"endpoint 1":         func(o *Options) { o.Endpoints[0].RPC = "" },
		"chain id":           func(o *Options) { o.ChainID = "" },
		"the key that pays":  func(o *Options) { o.Funder = nil },
		"none of market":     func(o *Options) { o.Mode = "mine" },
		"needs a job":        func(o *Options) { o.Mode = ModeBuy },
		"rate":               func(o *Options) { o.Rate = -1 },
		"requests and":       func(o *Options) { o.Requests = -1 },
		"may wait":           func(o *Options) { o.TTL = MaxTTL + 1 },
		"max fee":            func(o *Options) { o.MaxFee = math.NewInt(-1) },
		"cannot place":       func(o *Options) { o.Provers, o.Bids = 2, 3 },
		"batch":              func(o *Options) { o.Batch = MaxMessages + 1 },
		"concurrency":        func(o *Options) { o.Concurrency = MaxConcurrency + 1 },
		"requesters":         func(o *Options) { o.Requesters = -1 },
		"spam accounts":      func(o *Options) { o.SpamAccounts = MaxSpamAccounts + 1 },
		"percentage of bids": func(o *Options) { o.SpamBids = 101 },
		"gas price":          func(o *Options) { o.GasPrice = "cheap" },
	} {
		o := goodOptions()
		change(&o)
		require.ErrorContains(t, o.Check(), want)
	}
}

func TestReadJob(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "job.json")
	write := func(text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	const word = "9A00000000000000000000000000000000000000000000000000000000000001"
	const base = `"program": "0x` + word + `", "digest": "` + word + `", "image-url": "https://a.example/b", "image-sha256": "` + word + `"`

	require.NoError(t, os.WriteFile(filepath.Join(folder, "input.bin"), []byte("abc"), 0o600))
	write(`{` + base + `, "max-fee": "1.5PROOF", "time-limit": "90s", "bidding-blocks": "7", "input": "input.bin"}`)
	job, err := ReadJob(path)
	require.NoError(t, err)
	require.Equal(t, "circuit", job.Statement.Verifier)
	require.Equal(t, "9a00000000000000000000000000000000000000000000000000000000000001", job.Statement.Program)
	require.Equal(t, "1500000", job.MaxFee.String())
	require.Equal(t, 90*time.Second, job.TimeLimit)
	require.EqualValues(t, 7, job.BiddingBlocks)
	require.Equal(t, "abc", string(job.Input.Inline))

	for text, want := range map[string]string{
		`[]`:                                  "JSON object",
		`{"program": "00"}`:                   "64 hex digits",
		`{` + base + `, "max-fee": "much"}`:   "max-fee",
		`{` + base + `, "max-fee": "0"}`:      "more than 0",
		`{` + base + `, "nonce": "1"}`:        "leave it out",
		`{` + base + `, "public-values": ""}`: "digest",
		`{` + base + `, "wait": "true"}`:      "not a flag",
		`{` + base + `, "input": "no"}`:       "no such file",
		`{"program": "` + word + `"}`:         "names no",
	} {
		write(text)
		_, err := ReadJob(path)
		require.ErrorContains(t, err, want, text)
	}
	write(`{"program": "` + string(make([]byte, maxJobBytes)) + `"}`)
	_, err = ReadJob(path)
	require.ErrorContains(t, err, "at most")
}
