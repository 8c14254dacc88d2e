// Package keeper holds the market's state and applies the plans of package
// auction to it.
package keeper

import (
	"cosmossdk.io/collections"
	collcodec "cosmossdk.io/collections/codec"
	"cosmossdk.io/core/store"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/memo"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// recentRequests is how many decoded requests a node remembers: each takes a few KiB, and
// is read by some eight messages while it is open.
const recentRequests = 1 << 12

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

	// objects: id followed by the prover or nothing → types.StatsDelta, what this block
	// adds to statistics. It is empty between blocks.
	objects *storetypes.ObjectStoreKey
	// kv is the store of what follows.
	kv store.KVStoreService

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
	// requests: id → what was asked.
	requests collections.Map[[]byte, types.Request]
	// places: where requests are found, in the keys of places.go.
	places collections.KeySet[[]byte]
	// heads: kind of a queue in places → height or time before which it holds nothing.
	// It is not exported: an import begins at the beginning.
	heads collections.Map[uint64, uint64]
	// inputs: id → inline input of an open request.
	inputs collections.Map[[]byte, []byte]
	// auctions: id → how the request stands.
	auctions collections.Map[[]byte, types.Auction]
	// bids: (id, prover) → bid.
	bids collections.Map[collections.Pair[[]byte, sdk.AccAddress], types.Bid]
	// standby: (id, fee as 32 bytes, order) → ranked prover that offered to stand by.
	standby collections.Map[collections.Triple[[]byte, []byte, uint64], []byte]
	// proofs: id → proof of a fulfilled request.
	proofs collections.Map[[]byte, types.Proof]
	// receipts: id → receipt of a request that has shrunk (law M15).
	receipts collections.Map[[]byte, types.Receipt]
	// marks: kinds of what is hardly ever there, of which there may be some (marks.go).
	// They are not exported: an import sets those it needs.
	marks collections.KeySet[uint64]
	// litter: id of a request that has shrunk and left bids behind, to be removed in
	// pages. It is not exported, and neither are they.
	litter collections.KeySet[[]byte]
	// drained: (id, prover), the last bid looked at while the waiting bonds of a
	// request that is to shrink are paid back in pages. It is not exported: looking
	// again finds them paid.
	drained collections.Item[collections.Pair[[]byte, []byte]]
	// swept: number of revoked targets whose open requests are all refunded.
	swept collections.Item[uint64]
	// sweep: (number of revoked targets, key in places to go on from) of a sweep under
	// way. It is not exported: an import begins again.
	sweep collections.Item[collections.Pair[uint64, []byte]]
	// submitters: submitter → the prover that it acts for.
	submitters collections.Map[sdk.AccAddress, types.SubmitterLink]
	// submittersOf: (prover, submitter) for each link, lapsed or not.
	submittersOf collections.KeySet[collections.Pair[sdk.AccAddress, sdk.AccAddress]]
	// pause: what the authority has paused.
	pause collections.Item[types.Pause]
	// consents: submitter → the prover that may register it.
	consents collections.Map[sdk.AccAddress, []byte]
	// claims: owner → amount in uproof that waits in the claims account.
	claims collections.Map[sdk.AccAddress, math.Int]
	// statements: key of a statement that was proved → id of the request that did it first.
	statements collections.Map[[]byte, []byte]
	// deltas: (id, prover or nothing) → what earlier blocks add to statistics, and could
	// not be folded at their end.
	deltas collections.Map[collections.Pair[[]byte, sdk.AccAddress], types.StatsDelta]
	// proverStats: (prover, epoch plus 1; 0 for all before the latest) → figures.
	proverStats collections.Map[collections.Pair[sdk.AccAddress, uint64], types.ProverStats]
	// marketStats: epoch plus 1, 0 for all before the latest → figures.
	marketStats collections.Map[uint64, types.MarketStats]
	// prices: (verifier, program, slot) → clearing price; the latest MaxPrices, of which
	// the first counted is in slot 0.
	prices collections.Map[priceKey, types.PriceSample]
	// priceCounts: (verifier, program) → how many prices were counted.
	priceCounts collections.Map[programKey, uint64]
}

// NewKeeper makes the keeper. objects is the key of an object store, which the commit of
// each block empties; authority may change the parameters. It panics on
// a schema that does not build, which only a programming error causes.
func NewKeeper(
	cdc codec.BinaryCodec,
	storeService store.KVStoreService,
	objects *storetypes.ObjectStoreKey,
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
		objects: objects, kv: storeService,

		params:   collections.NewItem(sb, types.ParamsPrefix, "params", memo.Last(codec.CollValue[types.Params](cdc))),
		clock:    collections.NewItem(sb, types.ClockPrefix, "clock", memo.Last(codec.CollValue[types.Clock](cdc))),
		halts:    collections.NewMap(sb, types.HaltsPrefix, "halts", collections.Int64Key, codec.CollValue[types.Halt](cdc)),
		imported: collections.NewItem(sb, types.ImportedPrefix, "imported", collections.BoolValue),
		requests: collections.NewMap(sb, types.RequestsPrefix, "requests", collections.BytesKey, memo.Recent(codec.CollValue[types.Request](cdc), recentRequests)),
		places:   collections.NewKeySet(sb, types.PlacesPrefix, "places", collections.BytesKey),
		heads:    collections.NewMap(sb, types.HeadsPrefix, "heads", collections.Uint64Key, collections.Uint64Value),
		inputs:   collections.NewMap(sb, types.InputsPrefix, "inputs", collections.BytesKey, collections.BytesValue),
		auctions: collections.NewMap(sb, types.AuctionsPrefix, "auctions", collections.BytesKey, codec.CollValue[types.Auction](cdc)),
		bids: collections.NewMap(sb, types.BidsPrefix, "bids",
			collections.PairKeyCodec(collections.BytesKey, sdk.AccAddressKey), codec.CollValue[types.Bid](cdc)),
		standby: collections.NewMap(sb, types.StandbyIndexPrefix, "standby",
			collections.TripleKeyCodec(collections.BytesKey, collections.BytesKey, collections.Uint64Key), collections.BytesValue),
		proofs:   collections.NewMap(sb, types.ProofsPrefix, "proofs", collections.BytesKey, codec.CollValue[types.Proof](cdc)),
		receipts: collections.NewMap(sb, types.ReceiptsPrefix, "receipts", collections.BytesKey, codec.CollValue[types.Receipt](cdc)),
		marks:    collections.NewKeySet(sb, types.MarksPrefix, "marks", collections.Uint64Key),
		litter:   collections.NewKeySet(sb, types.LitterPrefix, "litter", collections.BytesKey),
		drained: collections.NewItem(sb, types.DrainedPrefix, "drained",
			collcodec.KeyToValueCodec(collections.PairKeyCodec(collections.BytesKey, collections.BytesKey))),
		swept: collections.NewItem(sb, types.SweptPrefix, "swept", collections.Uint64Value),
		sweep: collections.NewItem(sb, types.SweepPrefix, "sweep",
			collcodec.KeyToValueCodec(collections.PairKeyCodec(collections.Uint64Key, collections.BytesKey))),
		submitters: collections.NewMap(sb, types.SubmittersPrefix, "submitters", sdk.AccAddressKey,
			codec.CollValue[types.SubmitterLink](cdc)),
		submittersOf: collections.NewKeySet(sb, types.SubmittersOfPrefix, "submitters_of",
			collections.PairKeyCodec(sdk.AccAddressKey, sdk.AccAddressKey)),
		pause:      collections.NewItem(sb, types.PausePrefix, "pause", codec.CollValue[types.Pause](cdc)),
		consents:   collections.NewMap(sb, types.ConsentsPrefix, "consents", sdk.AccAddressKey, collections.BytesValue),
		claims:     collections.NewMap(sb, types.ClaimsPrefix, "claims", sdk.AccAddressKey, sdk.IntValue),
		statements: collections.NewMap(sb, types.StatementsPrefix, "statements", collections.BytesKey, collections.BytesValue),
		deltas: collections.NewMap(sb, types.StatsDeltasPrefix, "stats_deltas",
			collections.PairKeyCodec(collections.BytesKey, sdk.AccAddressKey), codec.CollValue[types.StatsDelta](cdc)),
		proverStats: collections.NewMap(sb, types.ProverStatsPrefix, "prover_stats",
			collections.PairKeyCodec(sdk.AccAddressKey, collections.Uint64Key), codec.CollValue[types.ProverStats](cdc)),
		marketStats: collections.NewMap(sb, types.MarketStatsPrefix, "market_stats", collections.Uint64Key, codec.CollValue[types.MarketStats](cdc)),
		prices: collections.NewMap(sb, types.PricesPrefix, "prices",
			collections.TripleKeyCodec(collections.StringKey, collections.BytesKey, collections.Uint64Key), codec.CollValue[types.PriceSample](cdc)),
		priceCounts: collections.NewMap(sb, types.PriceCountsPrefix, "price_counts",
			collections.PairKeyCodec(collections.StringKey, collections.BytesKey), collections.Uint64Value),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.schema = schema
	return k
}

// Schema describes the collections, for decoders in simulation.
func (k *Keeper) Schema() collections.Schema { return k.schema }

// Authority is the address that may change the parameters.
func (k *Keeper) Authority() string { return k.authority }
