// Package chain is the sidecar's way to the chain: it reads the market through
// a node's RPC, and signs, sends and looks up transactions with a submitter's
// key (law P5). It fails over between nodes and keeps no state of its own.
package chain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	jsonrpc "github.com/cometbft/cometbft/rpc/jsonrpc/client"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// Errors of the client, beside what a node's answers hold.
var (
	// ErrUnavailable means that no node answered usefully: try again later.
	ErrUnavailable = errors.New("no node answered")
	// ErrNotFound means that the chain has no such thing.
	ErrNotFound = errors.New("not found on the chain")
	// ErrOtherChain means that every node serves another chain than the one that
	// was seen before, such as one of the same name that was started anew.
	ErrOtherChain = errors.New("the nodes serve another chain than before")
	// ErrRefused means that the chain would refuse, or refused, a transaction.
	ErrRefused = errors.New("the chain refuses the transaction")
	// ErrReadOnly means that the client was made without a keyring.
	ErrReadOnly = errors.New("this client has no key to sign with")
)

// Limits and defaults.
const (
	// DefaultTimeout bounds one call to one node.
	DefaultTimeout = 10 * time.Second
	// DefaultTxTTL is how long a transaction may wait for its block.
	DefaultTxTTL = 2 * time.Minute
	// MaxTxTTL is a little less than the longest that the chain lets an
	// unordered transaction wait.
	MaxTxTTL = 9 * time.Minute
	// DefaultGasPrice is in uproof per unit of gas.
	DefaultGasPrice = "0.025uproof"
	// DefaultGasMarginPercent is added to the gas that simulation used.
	DefaultGasMarginPercent = 40
	// GasReserve is added to that, for each item of a batch. Simulation sees the last block's state, but
	// others' transactions that come first in our block make ours dearer: a reveal
	// costs more after others' reveals. It is small beside a bond.
	GasReserve = 100_000
)

// Config says where the chain is and who signs.
type Config struct {
	// Nodes are RPC addresses, such as http://127.0.0.1:26657, best first.
	Nodes   []string
	ChainID string
	// Keyring holds KeyName, the submitter's key; nil for a client that only reads.
	Keyring keyring.Keyring
	KeyName string
	// GasPrice is a decimal amount of uproof, such as 0.025uproof.
	GasPrice string
	// GasMarginPercent is added to simulated gas.
	GasMarginPercent uint64
	TxTTL            time.Duration
	Timeout          time.Duration
	// Seen is how far an earlier client came; zero for none.
	Seen Seen
}

// Seen is how far a client came on the chain. It never believes a node that
// knows less.
type Seen struct {
	// Height and Time are those of the newest block.
	Height int64
	Time   time.Time
	// State is the height of the newest state that was read. It may be one ahead
	// of Height, or behind it.
	State int64
}

// Client is a connection to the chain. It is safe for concurrent use.
type Client struct {
	cfg    Config
	nodes  []*node
	signer sdk.AccAddress

	mu          sync.Mutex
	current     int            // index into nodes
	failures    map[int]uint64 // by that index, see Nodes
	seen        Seen
	lastTimeout time.Time
	account     *uint64 // number, once known
}

// node is one endpoint.
type node struct {
	url string
	ctx client.Context
}

// Encoding is what it takes to read the chain's messages and to sign ours.
type Encoding struct {
	Registry codectypes.InterfaceRegistry
	Codec    codec.Codec
	TxConfig client.TxConfig
}

// NewEncoding registers the messages that the sidecar reads and sends.
func NewEncoding() Encoding {
	registry := newRegistry()
	cryptocodec.RegisterInterfaces(registry)
	authtypes.RegisterInterfaces(registry)
	markettypes.RegisterInterfaces(registry)
	verifiertypes.RegisterInterfaces(registry)
	cdc := codec.NewProtoCodec(registry)
	return Encoding{Registry: registry, Codec: cdc, TxConfig: authtx.NewTxConfig(cdc, authtx.DefaultSignModes)}
}

// OpenKeyring opens a keyring of the SDK. backend is "test", "file" or another
// that the SDK knows; in is read for a passphrase where one is needed.
func OpenKeyring(backend, dir string, in io.Reader) (keyring.Keyring, error) {
	kr, err := keyring.New(sdk.KeyringServiceName(), backend, dir, in, NewEncoding().Codec)
	if err != nil {
		return nil, fmt.Errorf("open the %s keyring in %s: %w", backend, dir, err)
	}
	return kr, nil
}

// New returns a client. It does not talk to a node yet.
func New(cfg Config) (*Client, error) {
	if cfg.Timeout <= 0 {
		cfg.Timeout = DefaultTimeout
	}
	if cfg.TxTTL <= 0 {
		cfg.TxTTL = DefaultTxTTL
	}
	if cfg.GasPrice == "" {
		cfg.GasPrice = DefaultGasPrice
	}
	switch {
	case len(cfg.Nodes) == 0:
		return nil, errors.New("name at least one node")
	case cfg.ChainID == "":
		return nil, errors.New("name the chain id")
	case cfg.TxTTL > MaxTxTTL:
		return nil, fmt.Errorf("transactions may wait at most %s", MaxTxTTL)
	}
	if _, err := sdk.ParseDecCoins(cfg.GasPrice); err != nil {
		return nil, fmt.Errorf("gas price %q: %w", cfg.GasPrice, err)
	}
	signer, err := signerOf(cfg)
	if err != nil {
		return nil, fmt.Errorf("key %q: %w", cfg.KeyName, err)
	}

	enc := NewEncoding()
	c := &Client{cfg: cfg, signer: signer, seen: cfg.Seen}
	for _, url := range cfg.Nodes {
		rpc, err := dial(url, cfg.Timeout)
		if err != nil {
			return nil, fmt.Errorf("node %s: %w", url, err)
		}
		c.nodes = append(c.nodes, &node{url: url, ctx: client.Context{}.
			WithClient(rpc).
			WithNodeURI(url).
			WithChainID(cfg.ChainID).
			WithCodec(enc.Codec).
			WithInterfaceRegistry(enc.Registry).
			WithTxConfig(enc.TxConfig).
			WithKeyring(cfg.Keyring).
			WithFromName(cfg.KeyName).
			WithFromAddress(signer).
			WithAccountRetriever(authtypes.AccountRetriever{}).
			WithBroadcastMode(flags.BroadcastSync)})
	}
	return c, nil
}

// signerOf is the address of the submitter's key; nil without a keyring.
func signerOf(cfg Config) (sdk.AccAddress, error) {
	if cfg.Keyring == nil {
		return nil, nil
	}
	record, err := cfg.Keyring.Key(cfg.KeyName)
	if err != nil {
		return nil, err
	}
	return record.GetAddress()
}

func dial(url string, timeout time.Duration) (*rpchttp.HTTP, error) {
	hc, err := jsonrpc.DefaultHTTPClient(url)
	if err != nil {
		return nil, err
	}
	hc.Timeout = timeout
	return rpchttp.NewWithClient(url, "/websocket", hc)
}

// Signer is the bech32 address that signs.
func (c *Client) Signer() string { return c.signer.String() }

// ChainID is the chain that this client was made for.
func (c *Client) ChainID() string { return c.cfg.ChainID }

// Seen is how far this client came.
func (c *Client) Seen() Seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen
}

// each calls do with one node after the other, starting with the one that
// answered last, until one gives an answer; a refusal is an answer.
func (c *Client) each(ctx context.Context, do func(*node) error) error {
	c.mu.Lock()
	first := c.current
	c.mu.Unlock()

	var failures []string
	for i := range c.nodes {
		at := (first + i) % len(c.nodes)
		n := c.nodes[at]
		attempt := *n
		attempt.ctx = n.ctx.WithCmdContext(ctx)
		err := do(&attempt)
		if err == nil || isAnswer(err) {
			c.mu.Lock()
			c.current = at
			c.mu.Unlock()
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.nodeFailed(at)
		failures = append(failures, fmt.Sprintf("%s: %v", n.url, err))
	}
	return fmt.Errorf("%w: %s", ErrUnavailable, strings.Join(failures, "; "))
}

// isAnswer tells what a working node said from a node that does not work.
func isAnswer(err error) bool {
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrRefused) {
		return true
	}
	s, ok := status.FromError(err)
	if !ok {
		return false
	}
	switch s.Code() {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return false
	default:
		return true
	}
}

// notFound gives a node's "not found" its type.
func notFound(err error) error {
	if status.Code(err) == codes.NotFound {
		return fmt.Errorf("%w: %s", ErrNotFound, status.Convert(err).Message())
	}
	return err
}
