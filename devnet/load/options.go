package load

import (
	"errors"
	"fmt"
	"io"
	"time"

	"cosmossdk.io/math"

	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// Mode says what a generator does.
type Mode string

// The modes.
const (
	// ModeMarket plays every part: requests, bids, reveals and real proofs.
	ModeMarket Mode = "market"
	// ModeBuy only requests, as Options.Job describes; whoever runs provers on the
	// network does the rest.
	ModeBuy Mode = "buy"
	// ModeSpam fills the pools of waiting transactions with bids, which replace one
	// another on one request, and plain sends.
	ModeSpam Mode = "spam"
)

// Bounds and defaults of options.
const (
	MaxAccounts    = 10_000
	MaxProvers     = 100
	MaxConcurrency = 100_000
	// MaxMessages is the most messages or items in one transaction.
	MaxMessages = 32
	// MaxSpamAccounts bounds the accounts of ModeSpam.
	MaxSpamAccounts = 1_000
	// MaxTTL is a little less than the longest that the chain lets an unordered
	// transaction wait.
	MaxTTL = 9 * time.Minute

	defaultRequesters   = 16
	defaultProvers      = 4
	defaultBids         = 3
	defaultConcurrency  = 64
	defaultBidding      = 4
	defaultTimeLimit    = 2 * time.Minute
	defaultTTL          = 30 * time.Second
	defaultPatience     = 5 * time.Minute
	defaultSpamAccounts = 1_000
	defaultGasPrice     = "0.0025" + chain.Denom
	defaultMaxFee       = 2_000_000 // uproof
)

// Endpoint is a node's public servers.
type Endpoint struct {
	// GRPC is its gRPC server, such as 127.0.0.1:9090. Accounts are looked up and
	// transactions sent here.
	GRPC string `json:"grpc"`
	// RPC is its CometBFT RPC server, such as http://127.0.0.1:26657 or tcp://….
	// Blocks are read here, which no gRPC service gives with their results.
	RPC string `json:"rpc"`
}

// Signer is a secp256k1 key that signs, such as a cryptotypes.PrivKey.
type Signer interface {
	PubKey() cryptotypes.PubKey
	Sign(msg []byte) ([]byte, error)
}

// Options say what to load a network with. Zero values take defaults; what is
// not said to have one is needed.
type Options struct {
	// Endpoints are nodes of the network. Accounts are spread over them; one whose
	// node fails goes on to the next.
	Endpoints []Endpoint
	ChainID   string
	// Funder pays for everything. Its coins are spent, or stay with the accounts
	// that Seed names.
	Funder Signer
	// Seed names the generator's accounts: the same seed has the same accounts, and
	// whoever knows it can take what they hold. Empty for one that nobody can guess;
	// the report tells it.
	Seed string
	// Mode is ModeMarket by default.
	Mode Mode

	// Requesters is the number of accounts that request (default 16).
	Requesters int
	// Provers is the number of provers that the generator registers and plays
	// (default 4; none in ModeBuy).
	Provers int
	// Bids is the number of provers that bid on each request (default 3, or all).
	Bids int

	// Rate is the number of requests sent per second, at most Concurrency of them
	// open at a time; 0 keeps Concurrency of them open all the time. In ModeSpam it
	// counts transactions, and 0 means as many as the nodes take.
	Rate float64
	// Concurrency is the most requests open at a time (default 64, or with a Rate
	// what that makes in a minute).
	Concurrency int
	// Requests ends the run after so many requests (in ModeSpam transactions), and
	// Duration after that time, whichever comes first; with neither it goes on until
	// Stop. What is open then is followed to its end.
	Requests int
	Duration time.Duration
	// Stop, once closed, ends the run as Duration does. Nil for never.
	Stop <-chan struct{}

	// BiddingBlocks is the bidding window in blocks (default 4): the shorter, the
	// sooner a request is assigned, and the easier a bid comes too late.
	BiddingBlocks uint64
	// RevealBlocks is the reveal window in blocks (default: the least allowed). It
	// closes by itself once all bids are revealed.
	RevealBlocks uint64
	// TimeLimit is the winner's time to deliver (default 2 minutes).
	TimeLimit time.Duration
	// MaxFee of each request in uproof (default 2 PROOF, or the least allowed).
	MaxFee math.Int
	// Batch is the number of messages or items that one transaction holds at most: 1
	// (the default) to 32.
	Batch int
	// Job is what ModeBuy requests.
	Job *Job

	// SpamAccounts is the number of accounts that send in ModeSpam (default 1,000).
	SpamAccounts int
	// SpamBids is the percentage of ModeSpam's transactions that are bids; the
	// others are sends. Bids need a prover, so one is registered for each 50 accounts.
	SpamBids int

	// GasPrice is a decimal amount of uproof (default 0.0025uproof).
	GasPrice string
	// TTL is how long a transaction may wait for its block, in block time (default
	// 30 seconds). One that is not in a block by then never will be.
	TTL time.Duration
	// Patience is how long no node may give a new block before the run fails
	// (default five minutes).
	Patience time.Duration
	// Progress gets a line every few seconds; nil for none.
	Progress io.Writer
}

// Check fills in the defaults that need no chain, and returns what is wrong.
func (o *Options) Check() error {
	o.fill()
	switch {
	case len(o.Endpoints) == 0:
		return errors.New("name at least one endpoint")
	case o.ChainID == "":
		return errors.New("name the chain id")
	case o.Funder == nil:
		return errors.New("name the key that pays")
	case o.Mode != ModeMarket && o.Mode != ModeBuy && o.Mode != ModeSpam:
		return fmt.Errorf("mode %q is none of market, buy and spam", o.Mode)
	case o.Mode == ModeBuy && o.Job == nil:
		return errors.New("mode buy needs a job: what to request")
	case o.Rate < 0 || o.Rate > MaxConcurrency:
		return fmt.Errorf("rate must be 0 (as fast as it goes) to %d", MaxConcurrency)
	case o.Requests < 0 || o.Duration < 0:
		return errors.New("requests and duration must be 0 (no end) or more")
	case o.TTL < time.Second || o.TTL > MaxTTL:
		return fmt.Errorf("a transaction may wait 1s to %s", MaxTTL)
	case o.MaxFee.IsNegative():
		return errors.New("max fee must not be negative")
	case o.Mode != ModeBuy && o.Bids > o.Provers:
		return fmt.Errorf("%d provers cannot place %d bids on a request", o.Provers, o.Bids)
	}
	for i, e := range o.Endpoints {
		if e.GRPC == "" || e.RPC == "" {
			return fmt.Errorf("endpoint %d: name its gRPC and its RPC address", i+1)
		}
	}
	for _, n := range []struct {
		name       string
		n, lo, top int
	}{
		{"requesters", o.Requesters, 1, MaxAccounts},
		{"provers", o.Provers, 0, MaxProvers},
		{"bids per request", o.Bids, 0, MaxProvers},
		{"concurrency", o.Concurrency, 1, MaxConcurrency},
		{"batch", o.Batch, 1, min(MaxMessages, markettypes.MaxBatch)},
		{"spam accounts", o.SpamAccounts, 2, MaxSpamAccounts},
		{"percentage of bids", o.SpamBids, 0, 100},
	} {
		if n.n < n.lo || n.n > n.top {
			return fmt.Errorf("%s: must be %d to %d, got %d", n.name, n.lo, n.top, n.n)
		}
	}
	if _, err := sdk.ParseDecCoin(o.GasPrice); err != nil {
		return fmt.Errorf("gas price %q: %w", o.GasPrice, err)
	}
	return nil
}

// fill sets defaults.
func (o *Options) fill() {
	if o.Mode == "" {
		o.Mode = ModeMarket
	}
	if o.Mode != ModeMarket {
		o.Provers, o.Bids = 0, 0
	} else {
		setDefault(&o.Provers, defaultProvers)
		setDefault(&o.Bids, min(defaultBids, o.Provers))
	}
	setDefault(&o.Requesters, defaultRequesters)
	if o.Concurrency == 0 && o.Rate > 0 {
		o.Concurrency = max(1, min(MaxConcurrency, int(o.Rate*60)))
	}
	setDefault(&o.Concurrency, defaultConcurrency)
	setDefault(&o.Batch, 1)
	setDefault(&o.SpamAccounts, defaultSpamAccounts)
	setDefault(&o.BiddingBlocks, defaultBidding)
	setDefault(&o.TimeLimit, defaultTimeLimit)
	setDefault(&o.TTL, defaultTTL)
	setDefault(&o.Patience, defaultPatience)
	setDefault(&o.GasPrice, defaultGasPrice)
	if o.MaxFee.IsNil() {
		o.MaxFee = math.ZeroInt()
	}
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}
