// Package keeper keeps verifiers and circuits in state and verifies statements
// against them. The module README is its specification.
package keeper

import (
	"fmt"

	"cosmossdk.io/collections"
	"cosmossdk.io/collections/indexes"
	"cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// circuitIndexes are the secondary indexes of circuits.
type circuitIndexes struct {
	// Owner: (owner address, circuit id)
	Owner *indexes.Multi[[]byte, []byte, types.Circuit]
}

// IndexesList implements collections.Indexes.
func (i circuitIndexes) IndexesList() []collections.Index[[]byte, types.Circuit] {
	return []collections.Index[[]byte, types.Circuit]{i.Owner}
}

// Keeper is the only writer of the module's store.
type Keeper struct {
	accounts  types.AccountKeeper
	bank      types.BankKeeper
	pool      types.PoolKeeper
	authority string
	address   sdk.AccAddress // the module's account
	keys      *keyCache      // parsed keys; never decides gas or verdicts
	verdicts  verdictCache   // the same

	schema collections.Schema
	// params: ()
	params collections.Item[types.Params]
	// verifiers: verifier id; without the key
	verifiers collections.Map[string, types.Verifier]
	// verifierKeys: verifier id; apart, so that reading a status is cheap
	verifierKeys collections.Map[string, []byte]
	// circuits: circuit id, 32 bytes; without the key
	circuits *collections.IndexedMap[[]byte, types.Circuit, circuitIndexes]
	// circuitKeys: circuit id, 32 bytes
	circuitKeys collections.Map[[]byte, []byte]
	// restrictions: (kind of target, id)
	restrictions collections.Map[collections.Pair[uint32, string], types.Restriction]
	// restricted is there once a restriction has been laid on any target: until then
	// Standing and verification look for none. None is ever removed.
	restricted collections.Item[bool]
	// revocations: how many targets are revoked; absent for none
	revocations collections.Item[uint64]
	// circuitUses: (circuit id, ref)
	circuitUses collections.KeySet[collections.Pair[[]byte, []byte]]
	// programs: (publisher's address, program, 32 bytes)
	programs *programMap
}

// NewKeeper returns a keeper on the store. It panics if the module account is
// missing from the application's wiring.
func NewKeeper(
	cdc codec.Codec,
	storeService store.KVStoreService,
	accounts types.AccountKeeper,
	bank types.BankKeeper,
	pool types.PoolKeeper,
	authority string,
) *Keeper {
	address := accounts.GetModuleAddress(types.ModuleName)
	if address == nil {
		panic(fmt.Sprintf("the %s module account has not been set", types.ModuleName))
	}
	sb := collections.NewSchemaBuilder(storeService)
	k := &Keeper{
		accounts:  accounts,
		bank:      bank,
		pool:      pool,
		authority: authority,
		address:   address,
		keys:      newKeyCache(cacheSize),
		verdicts:  newVerdictCache(verdictEntries),

		params:       collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		verifiers:    collections.NewMap(sb, types.VerifiersKey, "verifiers", collections.StringKey, codec.CollValue[types.Verifier](cdc)),
		verifierKeys: collections.NewMap(sb, types.VerifierKeysKey, "verifier_keys", collections.StringKey, collections.BytesValue),
		circuitKeys:  collections.NewMap(sb, types.CircuitKeysKey, "circuit_keys", collections.BytesKey, collections.BytesValue),
		restrictions: collections.NewMap(sb, types.RestrictionsKey, "restrictions",
			collections.PairKeyCodec(collections.Uint32Key, collections.StringKey), codec.CollValue[types.Restriction](cdc)),
		restricted:  collections.NewItem(sb, types.RestrictedKey, "restricted", collections.BoolValue),
		revocations: collections.NewItem(sb, types.RevocationsKey, "revocations", collections.Uint64Value),
		circuitUses: collections.NewKeySet(sb, types.CircuitUsesPrefix, "circuit_uses",
			collections.PairKeyCodec(collections.BytesKey, collections.BytesKey)),
	}
	owner := func(_ []byte, c types.Circuit) ([]byte, error) {
		return accounts.AddressCodec().StringToBytes(c.Owner)
	}
	k.circuits = collections.NewIndexedMap(sb, types.CircuitsKey, "circuits", collections.BytesKey,
		codec.CollValue[types.Circuit](cdc), circuitIndexes{
			Owner: indexes.NewMulti(sb, types.CircuitsByOwner, "circuits_by_owner", collections.BytesKey, collections.BytesKey, owner),
		})
	k.programs = newPrograms(sb, cdc)
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.schema = schema
	return k
}

// Schema describes the module's store.
func (k *Keeper) Schema() collections.Schema { return k.schema }
