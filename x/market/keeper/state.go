package keeper

import (
	"context"
	"errors"
	"strings"
	"time"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/domainhash"
	"github.com/proofmarket/proofmarket/x/internal/find"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// entry is a request as loaded, and its auction as it is being changed.
type entry struct {
	id      []byte
	request types.Request
	auction types.Auction
	// stored is the auction as it stands in the store.
	stored types.Auction
	// verifier is how the verifier stands, once verifierOf has read it.
	verifier *verifierState
}

// account is the account of the request's escrow and bonds.
func (e *entry) account() sdk.AccAddress { return types.RequestAccount(e.id) }

// moment is when something happens: the block, its clock, and whether the block
// is ending.
type moment struct {
	height uint64
	clock  types.Clock
	ending bool
}

// past tells whether the window that ends with the block of that height is over.
func (m moment) past(height uint64) bool {
	return m.height > height || m.ending && m.height == height
}

// passed tells whether a deadline in market time has passed.
func (m moment) passed(deadline time.Time) bool {
	if m.ending {
		return m.clock.PassedAtEnd(deadline, m.height)
	}
	return m.clock.Passed(deadline, m.height)
}

// now is the moment of a message in the present block.
func (k *Keeper) now(ctx context.Context) (moment, error) {
	clock, err := k.GetClock(ctx)
	return moment{height: blockHeight(ctx), clock: clock}, err
}

// blockHeight is the height of the present block.
func blockHeight(ctx context.Context) uint64 {
	return uint64(max(sdk.UnwrapSDKContext(ctx).BlockHeight(), 0))
}

// GetParams gives the parameters.
func (k *Keeper) GetParams(ctx context.Context) (types.Params, error) { return k.params.Get(ctx) }

// GetClock gives the market's clock as of this block.
func (k *Keeper) GetClock(ctx context.Context) (types.Clock, error) { return k.clock.Get(ctx) }

// load reads a request and its auction. It returns ErrRequestNotFound.
func (k *Keeper) load(ctx context.Context, id []byte) (*entry, error) {
	request, err := k.requests.Get(ctx, id)
	if errors.Is(err, collections.ErrNotFound) {
		return nil, k.notFound(ctx, id)
	}
	if err != nil {
		return nil, err
	}
	a, err := k.auctions.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return &entry{id: id, request: request, auction: a, stored: a}, nil
}

// notFound says that there is no such request, or no more.
func (k *Keeper) notFound(ctx context.Context, id []byte) error {
	shrunk, err := k.receipts.Has(ctx, id)
	if err != nil {
		return err
	}
	if shrunk {
		return errorsmod.Wrapf(types.ErrRequestNotFound, "request %s has ended, only its receipt is kept", types.FormatID(id))
	}
	return errorsmod.Wrapf(types.ErrRequestNotFound, "no request has the id %s", types.FormatID(id))
}

// loadByName reads a request by its id in hex. It returns ErrInvalidID or
// ErrRequestNotFound.
func (k *Keeper) loadByName(ctx context.Context, name string) (*entry, error) {
	id, err := types.ParseID(name)
	if err != nil {
		return nil, err
	}
	return k.load(ctx, id)
}

// create stores a new request and queues it.
func (k *Keeper) create(ctx context.Context, e *entry, input []byte) error {
	if err := k.requests.Set(ctx, e.id, e.request); err != nil {
		return err
	}
	if len(input) > 0 {
		if err := k.inputs.Set(ctx, e.id, input); err != nil {
			return err
		}
	}
	return k.save(ctx, e)
}

// save writes the auction and moves the request to the places where it belongs
// now. A request whose place in the queues does not change stays where it is, be
// it among the dead letters.
func (k *Keeper) save(ctx context.Context, e *entry) error {
	if err := k.auctions.Set(ctx, e.id, e.auction); err != nil {
		return err
	}
	if err := k.move(ctx, e.id, placesOf(e.request, e.stored), placesOf(e.request, e.auction)); err != nil {
		return err
	}
	e.stored = e.auction
	return nil
}

// getBid reads a bid; false if there is none.
func (k *Keeper) getBid(ctx context.Context, id []byte, prover sdk.AccAddress) (types.Bid, bool, error) {
	return find.In(ctx, k.kv, k.bids, collections.Join(id, prover))
}

// earlierBid reads the bid of a prover that is about to bid; false if there is none. For
// the first bid on a request it looks for none, which would be a search in the database.
func (k *Keeper) earlierBid(ctx context.Context, e *entry, prover sdk.AccAddress) (types.Bid, bool, error) {
	if e.auction.Bids == 0 {
		return types.Bid{}, false, nil
	}
	return k.getBid(ctx, e.id, prover)
}

// setBid writes a bid.
func (k *Keeper) setBid(ctx context.Context, id []byte, prover sdk.AccAddress, bid types.Bid) error {
	return k.bids.Set(ctx, collections.Join(id, prover), bid)
}

// standbyKey orders standby candidates of a request by fee, then by reveal.
func standbyKey(id []byte, fee math.Int, order uint64) (collections.Triple[[]byte, []byte, uint64], error) {
	amount, ok := domainhash.Amount(fee.BigIntMut())
	if !ok {
		return collections.Triple[[]byte, []byte, uint64]{}, errorsmod.Wrapf(types.ErrInvalidAmount, "fee %s", fee)
	}
	return collections.Join3(id, amount, order), nil
}

// address reads a bech32 address. It returns ErrInvalidAddress.
func (k *Keeper) address(name, s string) (sdk.AccAddress, error) {
	addr, err := k.accounts.AddressCodec().StringToBytes(s)
	if err != nil {
		return nil, errorsmod.Wrapf(types.ErrInvalidAddress, "%s: %s", name, types.Truncate(err.Error()))
	}
	return addr, nil
}

// canonical reads a bech32 address and rewrites it as this module stores it:
// bech32 may come in upper case, and stored names are compared as text. A message that is
// canonical is left alone: a transaction that runs again runs on the same message.
func (k *Keeper) canonical(name string, s *string) (sdk.AccAddress, error) {
	addr, err := k.address(name, *s)
	if err != nil {
		return nil, err
	}
	if lower := strings.ToLower(*s); lower != *s {
		*s = lower
	}
	return addr, nil
}

// format writes an address in bech32.
func (k *Keeper) format(addr sdk.AccAddress) (string, error) {
	return k.accounts.AddressCodec().BytesToString(addr)
}
