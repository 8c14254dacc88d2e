package devnet

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec/address"

	"github.com/proofmarket/proofmarket/internal/chain"
	sidecar "github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/x/market/auction"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

const (
	// openRequests is how many requests are open at a time: what a sidecar's queue
	// takes.
	openRequests = 4
	buyerPoll    = 250 * time.Millisecond
	crashMaxFee  = proof
	// Windows in blocks and time limits are random. Those for reveals and proofs are
	// long enough for a sidecar that a busy machine takes long to start again: they end
	// with the last reveal and the proof anyway. The one for bids doubles, up to a
	// bound, each time that it closed before anybody was ready.
	leastBidding, biddingSpread, mostLonger = 6, 10, 32
	leastReveal, revealSpread               = 200, 200
	leastLimit, limitSpread                 = 5 * time.Minute, 5 * time.Minute
)

// buyer keeps some requests open.
type buyer struct {
	n      *Localnet
	client *sidecar.Client
	rng    *rand.Rand

	longer uint64 // bidding windows are so many times as long as at first

	mu       sync.Mutex
	requests []*bought // in the order in which they were sent
	stopped  bool
	failed   error
}

// bought is a request that was sent.
type bought struct {
	id     string
	sent   sidecar.SignedTx
	placed bool // the chain has it
	ended  bool
	sold   bool // it ended after bids
	longer uint64
	gone   bool // it expired on its way
}

func newBuyer(n *Localnet, seed uint64) (*buyer, error) {
	chain.ConfigureBech32()
	keys, err := sidecar.OpenKeyring(keyringBackend, n.cli.keyringDir(), nil)
	if err != nil {
		return nil, err
	}
	client, err := sidecar.New(sidecar.Config{
		Nodes: []string{"http://" + loopback(n.nodes[0].ports.RPC)}, ChainID: ChainID, Keyring: keys, KeyName: "requester",
		GasPrice: gasPrices, GasMarginPercent: sidecar.DefaultGasMarginPercent,
	})
	return &buyer{n: n, client: client, rng: rand.New(rand.NewPCG(seed, 1)), longer: 1}, err
}

// run sends requests until it is stopped, and then waits for the last one's end.
func (b *buyer) run(ctx context.Context) error {
	err := b.loop(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed = err
	return err
}

func (b *buyer) loop(ctx context.Context) error {
	tick := time.NewTicker(buyerPoll)
	defer tick.Stop()
	for {
		open := 0
		for _, r := range b.list() {
			if !r.ended && !r.gone {
				if err := b.follow(ctx, r); err != nil {
					return err
				}
			}
			if !r.ended && !r.gone {
				open++
			}
		}
		b.mu.Lock()
		stopped := b.stopped
		b.mu.Unlock()
		if stopped && open == 0 {
			return nil
		}
		for ; !stopped && open < openRequests; open++ {
			if err := b.send(ctx); err != nil {
				return fmt.Errorf("send a request: %w", err)
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d requests are open: %w", open, ctx.Err())
		case <-tick.C:
		}
	}
}

// follow finds out how a request stands.
func (b *buyer) follow(ctx context.Context, r *bought) error {
	view, err := b.n.chain.request(ctx, r.id)
	switch {
	case err == nil:
		b.mu.Lock()
		defer b.mu.Unlock()
		a := view.Auction
		r.placed, r.ended = true, a.Status != markettypes.REQUEST_STATUS_PENDING
		r.sold = r.ended && a.EndReason != markettypes.END_REASON_NO_BIDS
		if a.EndReason == markettypes.END_REASON_NO_BIDS {
			b.longer = max(b.longer, min(2*r.longer, mostLonger))
		}
		return nil
	case status.Code(err) != codes.NotFound || r.placed:
		return err
	}
	head, err := b.client.Head(ctx)
	if err != nil {
		return err
	}
	res, err := b.client.LookUp(ctx, r.sent.Hash)
	if err != nil || res.Err() != nil {
		return errors.Join(err, res.Err())
	}
	if !res.Found && !head.Time.Before(r.sent.Expires) {
		b.mu.Lock()
		defer b.mu.Unlock()
		r.gone = true
	}
	return nil
}

// send sends one request.
func (b *buyer) send(ctx context.Context) error {
	c := b.n.circuit
	b.mu.Lock()
	nonce := uint64(len(b.requests)) + 1
	b.mu.Unlock()
	msg := &markettypes.MsgRequest{
		Requester: b.n.keys["requester"],
		Statement: verifiertypes.Statement{Verifier: verifiertypes.CircuitVerifier, Program: c.CircuitID, Digest: c.Digest},
		Image:     markettypes.Image{Url: b.n.fileURL(c.Image), Sha256: c.Image.SHA256},
		Input:     markettypes.Input{Url: b.n.fileURL(c.Input), Sha256: c.Input.SHA256},
		MaxFee:    math.NewInt(crashMaxFee), MinStake: math.NewInt(demoMinStake),
		TimeLimit:     (leastLimit + time.Duration(b.rng.Int64N(int64(limitSpread)))).Truncate(time.Second),
		BiddingBlocks: (leastBidding + b.rng.Uint64N(biddingSpread)) * b.longer,
		RevealBlocks:  leastReveal + b.rng.Uint64N(revealSpread),
		Nonce:         nonce,
	}
	id, err := requestID(msg)
	if err != nil {
		return err
	}
	signed, err := b.client.Sign(ctx, msg)
	if err != nil {
		return err
	}
	// The same bytes, until the node has them: a block takes them once at most.
	for err = b.client.Broadcast(ctx, signed.Raw); err != nil; err = b.client.Broadcast(ctx, signed.Raw) {
		if errors.Is(err, sidecar.ErrRefused) || ctx.Err() != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests = append(b.requests, &bought{id: id, sent: signed, longer: b.longer})
	return nil
}

// requestID is the id that the chain will give a request.
func requestID(msg *markettypes.MsgRequest) (string, error) {
	requester, err := rawAddress(msg.Requester)
	if err != nil {
		return "", err
	}
	program, err := hex.DecodeString(msg.Statement.Program)
	if err != nil {
		return "", err
	}
	digest, err := hex.DecodeString(msg.Statement.Digest)
	if err != nil {
		return "", err
	}
	id, err := auction.RequestID(ChainID, requester, msg.Nonce, msg.Statement.Verifier, program, digest)
	return hex.EncodeToString(id[:]), err
}

func rawAddress(bech32 string) ([]byte, error) {
	return address.NewBech32Codec(chain.Bech32Prefix).StringToBytes(bech32)
}

// list returns the requests as they are known now.
func (b *buyer) list() []*bought {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]*bought(nil), b.requests...)
}

// placed returns the ids of the requests that the chain has.
func (b *buyer) placed() (ids []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.requests {
		if r.placed {
			ids = append(ids, r.id)
		}
	}
	return ids
}

// counts returns how many requests were sent and how many have ended.
func (b *buyer) counts() (sent, ended int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.requests {
		if r.ended {
			ended++
		}
	}
	return len(b.requests), ended
}

// soldAfter counts the requests that ended after bids, without the first ones.
func (b *buyer) soldAfter(first int) (sold int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.requests[first:] {
		if r.sold {
			sold++
		}
	}
	return sold
}

// stop lets no more requests be sent.
func (b *buyer) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
}

// failure is why it ended too early; nil while it works.
func (b *buyer) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed
}
