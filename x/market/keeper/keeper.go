// Package keeper holds the market's state and applies the plans of package
// auction to it.
package keeper

import (
	"cosmossdk.io/collections"
	"cosmossdk.io/collections/indexes"
	"cosmossdk.io/core/store"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// requestIndexes look requests up by requester.
type requestIndexes struct {
	// Requester: (requester, id).
	Requester *indexes.Multi[sdk.AccAddress, []byte, types.Request]
}

// IndexesList implements collections.Indexes.
func (i requestIndexes) IndexesList() []collections.Index[[]byte, types.Request] {
	return []collections.Index[[]byte, types.Request]{i.Requester}
}

// auctionIndexes look auctions up by status.
type auctionIndexes struct {
	// Status: (status, id).
	Status *indexes.Multi[int32, []byte, types.Auction]
}

// IndexesList implements collections.Indexes.
func (i auctionIndexes) IndexesList() []collections.Index[[]byte, types.Auction] {
	return []collections.Index[[]byte, types.Auction]{i.Status}
}

// Keeper holds the market's state. Every key that a message touches contains the
// request's id or an address of the signer's, so messages on different requests
// do not meet (law M18).
type Keeper struct {
	accounts  types.AccountKeeper
	bank      types.BankKeeper
	pool      types.PoolKeeper
	verifier  types.VerifierKeeper
	provers   types.ProversKeeper
	authority string

	schema collections.Schema
	// params: the parameters.
	params collections.Item[types.Params]
	// clock: the market's clock.
	clock collections.Item[types.Clock]
	// halts: block time in ns since 1970 of the first block after it → halt; the
	// latest MaxHalts.
	halts collections.Map[int64, types.Halt]
	// imported: whether the state was imported and no block followed. It is not
	// exported: a second import sets it again.
	imported collections.Item[bool]
	// requests: id → what was asked; never changes.
	requests *collections.IndexedMap[[]byte, types.Request, requestIndexes]
	// inputs: id → inline input of an open request.
	inputs collections.Map[[]byte, []byte]
	// auctions: id → how the request stands.
	auctions *collections.IndexedMap[[]byte, types.Auction, auctionIndexes]
	// bids: (id, prover) → bid.
	bids collections.Map[collections.Pair[[]byte, sdk.AccAddress], types.Bid]
	// standby: (id, fee as 32 bytes, order) → ranked prover that offered to stand by.
	standby collections.Map[collections.Triple[[]byte, []byte, uint64], []byte]
	// heightQueue: (height, id): what falls due at the end of that block.
	heightQueue collections.KeySet[collections.Pair[uint64, []byte]]
	// timeQueue: (market time in ns since 1970, id): what falls due after that time.
	timeQueue collections.KeySet[collections.Pair[int64, []byte]]
	// deadLetters: id of a request whose queue item failed.
	deadLetters collections.KeySet[[]byte]
	// proofs: id → proof of a fulfilled request.
	proofs collections.Map[[]byte, types.Proof]
	// submitters: submitter → the prover that it acts for.
	submitters collections.Map[sdk.AccAddress, types.SubmitterLink]
	// consents: submitter → the prover that may register it.
	consents collections.Map[sdk.AccAddress, []byte]
	// claims: owner → amount in uproof that waits in the claims account.
	claims collections.Map[sdk.AccAddress, math.Int]
}

// NewKeeper makes the keeper. authority may change the parameters. It panics on
// a schema that does not build, which only a programming error causes.
func NewKeeper(
	cdc codec.BinaryCodec,
	storeService store.KVStoreService,
	accounts types.AccountKeeper,
	bank types.BankKeeper,
	pool types.PoolKeeper,
	verifier types.VerifierKeeper,
	provers types.ProversKeeper,
	authority string,
) *Keeper {
	sb := collections.NewSchemaBuilder(storeService)
	k := &Keeper{
		accounts: accounts, bank: bank, pool: pool, verifier: verifier, provers: provers, authority: authority,

		params:   collections.NewItem(sb, types.ParamsPrefix, "params", codec.CollValue[types.Params](cdc)),
		clock:    collections.NewItem(sb, types.ClockPrefix, "clock", codec.CollValue[types.Clock](cdc)),
		halts:    collections.NewMap(sb, types.HaltsPrefix, "halts", collections.Int64Key, codec.CollValue[types.Halt](cdc)),
		imported: collections.NewItem(sb, types.ImportedPrefix, "imported", collections.BoolValue),
		requests: collections.NewIndexedMap(sb, types.RequestsPrefix, "requests", collections.BytesKey,
			codec.CollValue[types.Request](cdc), newRequestIndexes(sb, accounts)),
		inputs: collections.NewMap(sb, types.InputsPrefix, "inputs", collections.BytesKey, collections.BytesValue),
		auctions: collections.NewIndexedMap(sb, types.AuctionsPrefix, "auctions", collections.BytesKey,
			codec.CollValue[types.Auction](cdc), newAuctionIndexes(sb)),
		bids: collections.NewMap(sb, types.BidsPrefix, "bids",
			collections.PairKeyCodec(collections.BytesKey, sdk.AccAddressKey), codec.CollValue[types.Bid](cdc)),
		standby: collections.NewMap(sb, types.StandbyIndexPrefix, "standby",
			collections.TripleKeyCodec(collections.BytesKey, collections.BytesKey, collections.Uint64Key), collections.BytesValue),
		heightQueue: collections.NewKeySet(sb, types.HeightQueuePrefix, "height_queue",
			collections.PairKeyCodec(collections.Uint64Key, collections.BytesKey)),
		timeQueue: collections.NewKeySet(sb, types.TimeQueuePrefix, "time_queue",
			collections.PairKeyCodec(collections.Int64Key, collections.BytesKey)),
		deadLetters: collections.NewKeySet(sb, types.DeadLettersPrefix, "dead_letters", collections.BytesKey),
		proofs:      collections.NewMap(sb, types.ProofsPrefix, "proofs", collections.BytesKey, codec.CollValue[types.Proof](cdc)),
		submitters: collections.NewMap(sb, types.SubmittersPrefix, "submitters", sdk.AccAddressKey,
			codec.CollValue[types.SubmitterLink](cdc)),
		consents: collections.NewMap(sb, types.ConsentsPrefix, "consents", sdk.AccAddressKey, collections.BytesValue),
		claims:   collections.NewMap(sb, types.ClaimsPrefix, "claims", sdk.AccAddressKey, sdk.IntValue),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.schema = schema
	return k
}

// newRequestIndexes builds the indexes of requests.
func newRequestIndexes(sb *collections.SchemaBuilder, accounts types.AccountKeeper) requestIndexes {
	return requestIndexes{Requester: indexes.NewMulti(sb, types.RequestsByRequesterPrefix, "requests_by_requester",
		sdk.AccAddressKey, collections.BytesKey, func(_ []byte, r types.Request) (sdk.AccAddress, error) {
			return accounts.AddressCodec().StringToBytes(r.Requester)
		})}
}

// newAuctionIndexes builds the indexes of auctions.
func newAuctionIndexes(sb *collections.SchemaBuilder) auctionIndexes {
	return auctionIndexes{Status: indexes.NewMulti(sb, types.AuctionsByStatusPrefix, "auctions_by_status",
		collections.Int32Key, collections.BytesKey, func(_ []byte, a types.Auction) (int32, error) {
			return int32(a.Status), nil
		})}
}

// Schema describes the collections, for decoders in simulation.
func (k *Keeper) Schema() collections.Schema { return k.schema }

// Authority is the address that may change the parameters.
func (k *Keeper) Authority() string { return k.authority }
