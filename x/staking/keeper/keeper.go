// Package keeper holds the state of the provers module and everything that
// changes it. Arithmetic is package vault's; this package loads records, asks
// for a plan and applies it.
package keeper

import (
	"context"

	"cosmossdk.io/collections"
	collcodec "cosmossdk.io/collections/codec"
	"cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/memo"
	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

type (
	// VaultKey is (prover, generation).
	VaultKey = collections.Pair[sdk.AccAddress, uint64]
	// AssignmentKey is (prover, number).
	AssignmentKey = collections.Pair[sdk.AccAddress, uint64]
	// UnstakeKey is (prover, generation, id).
	UnstakeKey = collections.Triple[sdk.AccAddress, uint64, uint64]
	// StakerKey is (staker, prover, generation, id).
	StakerKey = collections.Quad[sdk.AccAddress, sdk.AccAddress, uint64, uint64]
	// OpenKey is (staker, prover).
	OpenKey = collections.Pair[sdk.AccAddress, sdk.AccAddress]
	// QueueKey is (ready_at in Unix nanoseconds, prover, generation, id).
	QueueKey = collections.Quad[int64, sdk.AccAddress, uint64, uint64]
	// ParkedKey is (prover, mark, generation, id).
	ParkedKey = collections.Quad[sdk.AccAddress, uint64, uint64, uint64]
	// RankKey is (state, assets inverted, prover, generation).
	RankKey = collections.Quad[int32, []byte, sdk.AccAddress, uint64]
	// CommissionKey is (prover, source); source is empty for the default.
	CommissionKey = collections.Pair[sdk.AccAddress, string]
	// CommissionQueueKey is (effective_at in Unix nanoseconds, prover, source).
	CommissionQueueKey = collections.Triple[int64, sdk.AccAddress, string]
	// EpochKey is (epoch, prover).
	EpochKey = collections.Pair[uint64, sdk.AccAddress]
)

// recentVaults is how many decoded vaults a node remembers: a bid and a reveal read one each.
const recentVaults = 1 << 12

// Keeper owns the module's state. Nothing in it is written by transactions on
// two different provers (law M18): every key starts with a prover, except the
// queue's, which is read at the end of blocks only.
type Keeper struct {
	ak        types.AccountKeeper
	bk        types.BankKeeper
	pool      types.PoolKeeper
	authority string
	kv        store.KVStoreService

	// Schema of the store.
	Schema collections.Schema

	params collections.Item[types.Params]
	// provers: address → record, without the profile.
	provers collections.Map[sdk.AccAddress, types.Prover]
	// profiles: address → profile; one for each prover.
	profiles collections.Map[sdk.AccAddress, types.Profile]
	// vaults: (prover, generation) → record; none is ever deleted.
	vaults collections.Map[VaultKey, types.Vault]
	// assignments: (prover, number) → open assignment.
	assignments collections.Map[AssignmentKey, types.Assignment]
	// unstakes: (prover, generation, id) → entry that was not paid.
	unstakes collections.Map[UnstakeKey, types.Unstake]
	// byStaker: (staker, prover, generation, id), the index of unstakes.
	byStaker collections.KeySet[StakerKey]
	// openUnstakes: (staker, prover) → number of entries, none if there are none;
	// void ones count until they are deleted.
	openUnstakes collections.Map[OpenKey, uint64]
	// queue: (ready_at, prover, generation, id) of entries with status QUEUED.
	queue collections.KeySet[QueueKey]
	// parked: (prover, mark, generation, id) of entries with status PARKED.
	parked collections.KeySet[ParkedKey]
	// failed: (prover, generation, id) of entries with status FAILED.
	failed collections.KeySet[UnstakeKey]
	// ripe: provers with parked entries that ended an assignment since.
	ripe collections.KeySet[sdk.AccAddress]
	// purge: (prover, generation) of vaults with void entries left to delete.
	purge collections.KeySet[VaultKey]
	// dirty: (prover, generation) of vaults that changed since they were counted.
	dirty collections.KeySet[VaultKey]
	// dirtyCursor: the last vault that was counted, while others wait.
	dirtyCursor collections.Item[VaultKey]
	// tallies: (prover, generation) → what totals and ranking know of a vault.
	tallies collections.Map[VaultKey, types.VaultTally]
	// ranking: (state, assets inverted, prover, generation) of current vaults, the
	// largest of each state first.
	ranking collections.KeySet[RankKey]
	// totals: the sum of all tallies.
	totals collections.Item[types.Totals]
	// ripeCursor: the last ripe prover that was looked at, while others wait.
	ripeCursor collections.Item[sdk.AccAddress]
	// commissions: (prover, source) → rate of a source that has its own, and of
	// the default while it has a pending change.
	commissions collections.Map[CommissionKey, types.CommissionRate]
	// commissionQueue: (effective_at, prover, source) of pending changes.
	commissionQueue collections.KeySet[CommissionQueueKey]
	// allowList: addresses that may register while the parameter says so.
	allowList collections.KeySet[sdk.AccAddress]
	// epochClock: the running epoch. Written at the end of blocks only.
	epochClock collections.Item[types.EpochClock]
	// running: prover → its figures of the running epoch, of the one before while
	// that is scored.
	running collections.Map[sdk.AccAddress, types.RunningEpoch]
	// proverEpochs: (epoch, prover) → figures of an epoch that ended.
	proverEpochs collections.Map[EpochKey, types.ProverEpoch]
	// payouts: epoch → payout. Written at the end of blocks only.
	payouts collections.Map[uint64, types.Payout]
	// heads: queue → time or epoch before which it holds nothing, none for unknown.
	heads collections.Map[uint64, uint64]
}

// NewKeeper returns a keeper over the store. authority is the address that may
// send the authority's messages unless the consensus parameters name another.
// It panics when the module account is missing, which is a wiring error.
func NewKeeper(
	cdc codec.Codec, storeService store.KVStoreService,
	ak types.AccountKeeper, bk types.BankKeeper, pool types.PoolKeeper, authority string,
) *Keeper {
	if ak.GetModuleAddress(types.ModuleName) == nil {
		panic("the " + types.ModuleName + " module account has not been set")
	}
	addr := sdk.AccAddressKey
	number := collections.Uint64Key
	pair := collections.PairKeyCodec(addr, number)
	triple := collections.TripleKeyCodec(addr, number, number)

	sb := collections.NewSchemaBuilder(storeService)
	k := &Keeper{
		ak: ak, bk: bk, pool: pool, authority: authority, kv: storeService,
		params:      collections.NewItem(sb, types.ParamsPrefix, "params", memo.Last(codec.CollValue[types.Params](cdc))),
		provers:     collections.NewMap(sb, types.ProversPrefix, "provers", addr, codec.CollValue[types.Prover](cdc)),
		profiles:    collections.NewMap(sb, types.ProfilesPrefix, "profiles", addr, codec.CollValue[types.Profile](cdc)),
		vaults:      collections.NewMap(sb, types.VaultsPrefix, "vaults", pair, memo.Recent(codec.CollValue[types.Vault](cdc), recentVaults)),
		assignments: collections.NewMap(sb, types.AssignmentsPrefix, "assignments", pair, codec.CollValue[types.Assignment](cdc)),
		unstakes:    collections.NewMap(sb, types.UnstakesPrefix, "unstakes", triple, codec.CollValue[types.Unstake](cdc)),
		byStaker: collections.NewKeySet(sb, types.UnstakesByStakerPrefix, "unstakes_by_staker",
			collections.QuadKeyCodec(addr, addr, number, number)),
		openUnstakes: collections.NewMap(sb, types.OpenUnstakesPrefix, "open_unstakes",
			collections.PairKeyCodec(addr, addr), collections.Uint64Value),
		queue: collections.NewKeySet(sb, types.QueuePrefix, "queue",
			collections.QuadKeyCodec(collections.Int64Key, addr, number, number)),
		parked: collections.NewKeySet(sb, types.ParkedPrefix, "parked",
			collections.QuadKeyCodec(addr, number, number, number)),
		failed: collections.NewKeySet(sb, types.FailedPrefix, "failed", triple),
		ripe:   collections.NewKeySet(sb, types.RipePrefix, "ripe", addr),
		purge:  collections.NewKeySet(sb, types.PurgePrefix, "purge", pair),
		dirty:  collections.NewKeySet(sb, types.DirtyPrefix, "dirty", pair),
		dirtyCursor: collections.NewItem(sb, types.DirtyCursorPrefix, "dirty_cursor",
			collcodec.KeyToValueCodec(pair)),
		tallies: collections.NewMap(sb, types.TalliesPrefix, "tallies", pair, codec.CollValue[types.VaultTally](cdc)),
		ranking: collections.NewKeySet(sb, types.RankingPrefix, "ranking",
			collections.QuadKeyCodec(collections.Int32Key, collections.BytesKey, addr, number)),
		totals:     collections.NewItem(sb, types.TotalsPrefix, "totals", codec.CollValue[types.Totals](cdc)),
		ripeCursor: collections.NewItem(sb, types.RipeCursorPrefix, "ripe_cursor", collcodec.KeyToValueCodec(addr)),
		commissions: collections.NewMap(sb, types.CommissionsPrefix, "commissions",
			collections.PairKeyCodec(addr, collections.StringKey), codec.CollValue[types.CommissionRate](cdc)),
		commissionQueue: collections.NewKeySet(sb, types.CommissionQueuePrefix, "commission_queue",
			collections.TripleKeyCodec(collections.Int64Key, addr, collections.StringKey)),
		allowList:  collections.NewKeySet(sb, types.AllowListPrefix, "allow_list", addr),
		epochClock: collections.NewItem(sb, types.EpochClockPrefix, "epoch_clock", codec.CollValue[types.EpochClock](cdc)),
		running:    collections.NewMap(sb, types.RunningEpochsPrefix, "running_epochs", addr, codec.CollValue[types.RunningEpoch](cdc)),
		proverEpochs: collections.NewMap(sb, types.ProverEpochsPrefix, "prover_epochs",
			collections.PairKeyCodec(number, addr), codec.CollValue[types.ProverEpoch](cdc)),
		payouts: collections.NewMap(sb, types.PayoutsPrefix, "payouts", number, codec.CollValue[types.Payout](cdc)),
		heads:   collections.NewMap(sb, types.HeadsPrefix, "heads", number, collections.Uint64Value),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.Schema = schema
	return k
}

// Params returns the module's parameters.
func (k *Keeper) Params(ctx context.Context) (types.Params, error) { return k.params.Get(ctx) }

// SetParams replaces the parameters. It fails with ErrInvalidParams.
func (k *Keeper) SetParams(ctx context.Context, params types.Params) error {
	if err := params.Validate(); err != nil {
		return err
	}
	if err := k.params.Set(ctx, params); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventParamsUpdated{Params: params})
}
