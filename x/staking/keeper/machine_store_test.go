package keeper_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/codec"
	codectestutil "github.com/cosmos/cosmos-sdk/codec/testutil"
	"github.com/cosmos/cosmos-sdk/runtime"
	"github.com/cosmos/cosmos-sdk/store/v2/cachekv"
	"github.com/cosmos/cosmos-sdk/store/v2/cachemulti"
	"github.com/cosmos/cosmos-sdk/store/v2/rootmulti"
	"github.com/cosmos/cosmos-sdk/store/v2/transient"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/staking/keeper"
)

// The random machine runs a million steps and reads the whole state after each
// of them, which a real multistore is too slow for: it hashes, balances trees and
// starts a goroutine for each iterator. These stores keep sorted slices, remember
// which keys were written, and decode each record once.

type memEntry struct {
	key   string
	value []byte
}

// memStore is a key-value store in a sorted slice.
type memStore struct {
	entries []memEntry
	open    int // iterators, which go on over what they began with
	written []string
	read    prefixes // noted unless nil
}

// prefixes are first bytes of keys: collections, in the stores of modules.
type prefixes map[byte]bool

var _ storetypes.KVStore = (*memStore)(nil)

func (s *memStore) GetStoreType() storetypes.StoreType { return storetypes.StoreTypeDB }

func (s *memStore) CacheWrap() storetypes.CacheWrap { return cachekv.NewStore(s) }

// find returns the place of a key, or where it belongs.
func (s *memStore) find(key []byte) (int, bool) {
	return slices.BinarySearchFunc(s.entries, key, func(e memEntry, key []byte) int { return strings.Compare(e.key, string(key)) })
}

func (s *memStore) note(key []byte) {
	if s.read != nil && len(key) > 0 {
		s.read[key[0]] = true
	}
}

func (s *memStore) Get(key []byte) []byte {
	s.note(key)
	if at, found := s.find(key); found {
		return s.entries[at].value
	}
	return nil
}

func (s *memStore) Has(key []byte) bool {
	s.note(key)
	_, found := s.find(key)
	return found
}

// change notes that a key is written and leaves open iterators what they have.
func (s *memStore) change(key []byte) {
	s.written = append(s.written, string(key))
	if s.open > 0 {
		s.entries = slices.Clone(s.entries)
	}
}

func (s *memStore) Set(key, value []byte) {
	storetypes.AssertValidKey(key)
	storetypes.AssertValidValue(value)
	s.change(key)
	at, found := s.find(key)
	if found {
		s.entries[at].value = value
		return
	}
	s.entries = slices.Insert(s.entries, at, memEntry{string(key), value})
}

func (s *memStore) Delete(key []byte) {
	if at, found := s.find(key); found {
		s.change(key)
		s.entries = slices.Delete(s.entries, at, at+1)
	}
}

// window returns the entries from start up to and without end.
func (s *memStore) window(start, end []byte) []memEntry {
	from, to := 0, len(s.entries)
	if start != nil {
		from, _ = s.find(start)
	}
	if end != nil {
		to, _ = s.find(end)
	}
	return s.entries[from:max(from, to)]
}

func (s *memStore) Iterator(start, end []byte) storetypes.Iterator {
	s.open++
	s.note(start)
	return &memIterator{store: s, left: s.window(start, end), start: start, end: end}
}

func (s *memStore) ReverseIterator(start, end []byte) storetypes.Iterator {
	s.open++
	s.note(start)
	return &memIterator{store: s, left: s.window(start, end), start: start, end: end, reverse: true}
}

// clone returns a store of the same content that has not been written to.
func (s *memStore) clone() *memStore { return &memStore{entries: slices.Clone(s.entries)} }

// memIterator walks over the entries that are left.
type memIterator struct {
	store      *memStore
	left       []memEntry
	start, end []byte
	reverse    bool
}

func (i *memIterator) Domain() (start, end []byte) { return i.start, i.end }
func (i *memIterator) Valid() bool                 { return len(i.left) > 0 }
func (i *memIterator) Error() error                { return nil }
func (i *memIterator) Key() []byte                 { return []byte(i.entry().key) }
func (i *memIterator) Value() []byte               { return i.entry().value }

func (i *memIterator) entry() memEntry {
	if i.reverse {
		return i.left[len(i.left)-1]
	}
	return i.left[0]
}

func (i *memIterator) Next() {
	if i.reverse {
		i.left = i.left[:len(i.left)-1]
		return
	}
	i.left = i.left[1:]
}

func (i *memIterator) Close() error {
	if i.store != nil {
		i.store.open--
		i.store = nil
	}
	return nil
}

// memStores is a multistore of them. It cannot be committed.
type memStores struct {
	storetypes.MultiStore
	stores map[storetypes.StoreKey]storetypes.CacheWrapper
}

func (s memStores) GetStoreType() storetypes.StoreType { return storetypes.StoreTypeMulti }

func (s memStores) CacheWrap() storetypes.CacheWrap {
	return s.CacheMultiStore().(storetypes.CacheWrap)
}

func (s memStores) CacheMultiStore() storetypes.CacheMultiStore {
	return cachemulti.NewFromParent(func(key storetypes.StoreKey) storetypes.CacheWrapper { return s.stores[key] })
}

func (s memStores) GetStore(key storetypes.StoreKey) storetypes.Store {
	return s.stores[key].(storetypes.Store)
}

func (s memStores) GetKVStore(key storetypes.StoreKey) storetypes.KVStore {
	return s.stores[key].(storetypes.KVStore)
}

func (s memStores) GetObjKVStore(key storetypes.StoreKey) storetypes.ObjKVStore {
	return s.stores[key].(storetypes.ObjKVStore)
}

// clone returns the same stores, with another content of one where it is given.
func (s memStores) clone(but storetypes.StoreKey, content *memStore) memStores {
	fresh := memStores{stores: map[storetypes.StoreKey]storetypes.CacheWrapper{}}
	for key, store := range s.stores {
		switch kv, ok := store.(*memStore); {
		case key == but:
			fresh.stores[key] = content
		case ok:
			fresh.stores[key] = kv.clone()
		default:
			fresh.stores[key] = transient.NewObjStore()
		}
	}
	return fresh
}

// copied returns a multistore of sorted slices with the content of a real one.
func copied(ctx sdk.Context, root *rootmulti.Store) memStores {
	s := memStores{stores: map[storetypes.StoreKey]storetypes.CacheWrapper{}}
	for _, key := range root.StoreKeysByName() {
		if _, object := key.(*storetypes.ObjectStoreKey); object {
			s.stores[key] = transient.NewObjStore()
			continue
		}
		store := &memStore{}
		it := ctx.KVStore(key).Iterator(nil, nil)
		for ; it.Valid(); it.Next() {
			store.Set(bytes.Clone(it.Key()), bytes.Clone(it.Value()))
		}
		_ = it.Close()
		s.stores[key] = store
	}
	return s
}

// onceCodec decodes each record once and hands out copies of what it was. They
// share what is behind pointers, which nobody may write to; when it forgets them,
// it makes sure that nobody did.
type onceCodec struct {
	codec.Codec
	seen map[reflect.Type]map[string]reflect.Value
}

// maxDecoded bounds how many records of a type onceCodec remembers.
const maxDecoded = 1024

func (c onceCodec) Unmarshal(raw []byte, into proto.Message) error {
	target := reflect.ValueOf(into).Elem()
	of := c.seen[target.Type()]
	if known, ok := of[string(raw)]; ok {
		target.Set(known)
		return nil
	}
	if err := c.Codec.Unmarshal(raw, into); err != nil {
		return err
	}
	if of == nil {
		of = map[string]reflect.Value{}
		c.seen[target.Type()] = of
	}
	if len(of) >= maxDecoded {
		c.forget(of)
	}
	known := reflect.New(target.Type()).Elem()
	known.Set(target)
	of[string(raw)] = known
	return nil
}

// forget drops records, once it has seen that they are as they were decoded.
func (c onceCodec) forget(of map[string]reflect.Value) {
	for raw, known := range of {
		again, err := c.Marshal(known.Addr().Interface().(proto.Message))
		if err != nil || string(again) != raw {
			panic(fmt.Sprintf("somebody wrote to a record behind its reader's back: %v", known.Interface()))
		}
	}
	clear(of)
}

// forgetAll is forget for all types.
func (c onceCodec) forgetAll() {
	for _, of := range c.seen {
		c.forget(of)
	}
}

// decoded is what all machines decoded.
var decoded = onceCodec{seen: map[reflect.Type]map[string]reflect.Value{}}

// machineWorld is the module's fixture before the first step, with accounts that hold
// coins.
type machineWorld struct {
	fixture *fixture
	authKey storetypes.StoreKey
	stores  memStores
	accs    []sdk.AccAddress
	names   map[string]string // of addresses
}

// newMachineWorld makes it once: each run has a copy of the stores.
var newMachineWorld = sync.OnceValue(func() machineWorld {
	t := panicking{}
	f := newFixture(t)
	w := machineWorld{fixture: f, names: map[string]string{}}
	for i := range machineAccounts {
		acc := f.account(t, fmt.Sprintf("account%02d", i), machineCoins)
		w.accs, w.names[string(acc)] = append(w.accs, acc), acc.String()
	}
	cdc := codectestutil.CodecOptions{AccAddressPrefix: chain.Bech32Prefix, ValAddressPrefix: chain.Bech32Prefix + "valoper"}.NewCodec()
	decoded.Codec = cdc
	f.k = keeper.NewKeeper(decoded, runtime.NewKVStoreService(f.key.(*storetypes.KVStoreKey)), f.ak, f.bk, f.distr, f.authority)
	f.msg, f.query = keeper.NewMsgServer(f.k), keeper.NewQueryServer(f.k)
	root := f.ctx.MultiStore().(*rootmulti.Store)
	w.authKey, w.stores = root.StoreKeysByName()[authtypes.StoreKey], copied(f.ctx, root)
	return w
})

// copy returns a fixture of its own over the same keepers.
func (w machineWorld) copy() *fixture {
	clear(w.fixture.refuses)
	f := *w.fixture
	f.ctx = f.ctx.WithMultiStore(w.stores.clone(nil, nil)).WithEventManager(sdk.NewEventManager()).
		WithGasMeter(storetypes.NewInfiniteGasMeter())
	return &f
}

// panicking fails a setup that no test runs in.
type panicking struct{}

func (panicking) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (panicking) FailNow()                          { panic("failed") }

var _ require.TestingT = panicking{}
