package keeper_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/internal/chain"
)

const (
	// machineProvers of the accounts become provers, and any may stake.
	machineProvers  = 8
	machineAccounts = machineProvers + 12
	machineCoins    = 1_000_000 * proof
)

// machine drives the whole module with random messages, calls and blocks.
type machine struct {
	*fixture
	accs              []sdk.AccAddress
	names             map[string]string         // of addresses
	addrs             map[string]sdk.AccAddress // of names
	authKey           storetypes.StoreKey
	store, bank, auth *memStore
	checked           []checked // of the invariants
	bankMsg           banktypes.MsgServer
	supply            string
	held              map[string]map[string]math.Int // denom → holder → balance
	accounts          map[string]*modelVault         // of vaults
	model             *model
}

func newMachine(t *rapid.T) *machine {
	w := newMachineWorld()
	m := &machine{
		fixture: w.copy(), authKey: w.authKey, accs: w.accs, names: w.names, addrs: map[string]sdk.AccAddress{},
		held: map[string]map[string]math.Int{chain.Denom: {}}, accounts: map[string]*modelVault{},
	}
	for _, a := range m.accs {
		m.addrs[m.name(a)] = a
		m.held[chain.Denom][string(a)] = math.NewInt(machineCoins)
	}
	m.bankMsg = bankkeeper.NewMsgServerImpl(m.bk)
	m.supply = m.bk.GetSupply(m.ctx, chain.Denom).String()
	m.watch()
	m.model = newModel(t, m)
	return m
}

// watch looks at the stores that the context is over now.
func (m *machine) watch() {
	stores := m.ctx.MultiStore()
	m.store, m.bank = stores.GetKVStore(m.key).(*memStore), stores.GetKVStore(m.bankKey).(*memStore)
	m.auth, m.checked = stores.GetKVStore(m.authKey).(*memStore), nil
}

// name is an address in bech32.
func (m *machine) name(addr []byte) string {
	if name, known := m.names[string(addr)]; known {
		return name
	}
	return sdk.AccAddress(addr).String()
}

// machineTally counts what all machines did.
var machineTally = struct {
	runs, steps, exits int
	accepted, refused  map[string]int
}{accepted: map[string]int{}, refused: map[string]int{}}

// tallyLine says it in one line.
func tallyLine() string {
	kinds := map[string]bool{}
	for kind := range machineTally.accepted {
		kinds[kind] = true
	}
	for kind := range machineTally.refused {
		kinds[kind] = true
	}
	names := make([]string, 0, len(kinds))
	accepted, refused := 0, 0
	for kind := range kinds {
		accepted, refused = accepted+machineTally.accepted[kind], refused+machineTally.refused[kind]
		names = append(names, fmt.Sprintf("%s %d/%d", kind, machineTally.accepted[kind], machineTally.refused[kind]))
	}
	slices.Sort(names)
	return fmt.Sprintf("%d steps in %d runs, %d to the last coin; %d accepted, %d refused: %s", machineTally.steps, machineTally.runs,
		machineTally.exits, accepted, refused, strings.Join(names, ", "))
}

// call runs something as a transaction and counts it. What is refused is refused
// with an error of some module's, never with a panic or a nameless error.
func (m *machine) call(t *rapid.T, kind string, run func(context.Context) error) error {
	err := m.tx(run)
	t.Logf("%s: %v", kind, err)
	if err == nil {
		machineTally.accepted[kind]++
		return nil
	}
	machineTally.refused[kind]++
	if space, code, _ := errorsmod.ABCIInfo(err, false); !errors.Is(err, errRefused) && (space == errorsmod.UndefinedCodespace || code < 2) {
		require.FailNow(t, "an error without a code", "%s: %s", kind, err)
	}
	return err
}

// send sends a message to its handler.
func send[M, R any](m *machine, t *rapid.T, handler func(context.Context, *M) (*R, error), msg *M) (res *R, err error) {
	t.Logf("%v", msg)
	err = m.call(t, strings.TrimPrefix(reflect.TypeFor[M]().Name(), "Msg"), func(ctx context.Context) (err error) {
		res, err = handler(ctx, msg)
		return err
	})
	return res, err
}

// check runs after every step, and within those of two parts.
func (m *machine) check(t *rapid.T) {
	m.checkInvariants(t)
	m.compare(t)
	if supply := m.bk.GetSupply(m.ctx, chain.Denom).String(); supply != m.supply {
		require.Equal(t, m.supply, supply, "invariant 6: no uproof is made or lost")
	}
}

// checked is what a part of the invariants read when it last found nothing.
type checked struct {
	at    time.Time
	reads [3]prefixes
}

// checkInvariants runs every part of CheckInvariants that may find something
// else than before: that read, in one of its stores, a collection which was
// written to since, or ran at another time. It runs CheckInvariants as a whole first
// where the machine begins, after imports, and at the end.
func (m *machine) checkInvariants(t *rapid.T) {
	stores := [3]*memStore{m.store, m.bank, m.auth}
	var written [3]prefixes
	for i, s := range stores {
		written[i] = prefixes{}
		for _, key := range s.written {
			written[i][key[0]] = true
		}
	}
	checks := m.k.InvariantChecks()
	if m.checked == nil {
		require.NoError(t, m.k.CheckInvariants(m.ctx))
		m.checked = make([]checked, len(checks))
	}
	now := m.ctx.BlockTime()
	for i, check := range checks {
		if m.checked[i].at.Equal(now) && !meet(m.checked[i].reads, written) {
			continue
		}
		c := checked{at: now}
		for j, s := range stores {
			c.reads[j] = prefixes{}
			s.read = c.reads[j]
		}
		if err := check(m.ctx); err != nil {
			require.NoError(t, err)
		}
		for _, s := range stores {
			s.read = nil
		}
		m.checked[i] = c
	}
	m.auth.written = m.auth.written[:0]
}

// meet reports whether anything that was read was written.
func meet(read, written [3]prefixes) bool {
	for i := range read {
		for prefix := range written[i] {
			if read[i][prefix] {
				return true
			}
		}
	}
	return false
}

// run is the module under random use: the invariants of docs/design.md, section
// 7, hold after every step, everybody's holdings are worth what the model says,
// every prover is in the state that it says, and nobody gains by moving (law S2).
func run(t *rapid.T) {
	m := newMachine(t)
	for _, prover := range m.accs[:machineProvers/2] {
		m.register(t, prover, 1000*proof, 1000)
	}
	m.check(t)
	machineTally.runs++
	t.Repeat(map[string]func(*rapid.T){"step": m.step, "": func(*rapid.T) {}})
	if rapid.IntRange(0, 7).Draw(t, "leave") == 7 {
		m.leave(t)
	}
	m.checked = nil
	m.check(t)
	requireSameAfterImport(t, m.fixture)
}

// step does one thing and checks everything.
func (m *machine) step(t *rapid.T) {
	at := rapid.IntRange(0, len(machineActions)-1).Draw(t, "what")
	machineActions[at](m, t)
	m.check(t)
	machineTally.steps++
}

// More steps: make soak-provers. Its last line counts them, with the messages that
// were accepted and refused.
func TestMachine(t *testing.T) {
	rapid.Check(t, run)
	decoded.forgetAll()
	t.Log(tallyLine())
	if machineTally.steps < 20_000 {
		return
	}
	service, err := proto.HybridResolver.FindDescriptorByName("proofmarket.provers.v1.Msg")
	require.NoError(t, err)
	methods := service.(protoreflect.ServiceDescriptor).Methods()
	for i := range methods.Len() {
		require.Positive(t, machineTally.accepted[string(methods.Get(i).Name())], "%s is part of it", methods.Get(i).Name())
	}
}

// The same, led by what code the inputs reach.
func FuzzMachine(f *testing.F) {
	for seed := range byte(4) {
		input := make([]byte, 16<<10)
		_, _ = rand.NewChaCha8([32]byte{seed}).Read(input) // never fails
		f.Add(input)
	}
	f.Fuzz(rapid.MakeFuzz(run))
}

// requireSameAfterImport exports, imports into a fresh module over the same bank
// and accounts, and exports again: invariant 7.
func requireSameAfterImport(t require.TestingT, f *fixture) {
	first, err := f.k.ExportGenesis(f.ctx)
	require.NoError(t, err)
	one, err := json.Marshal(first)
	require.NoError(t, err)
	fresh := f.withEmptyStore(t)
	require.NoError(t, fresh.k.InitGenesis(fresh.ctx, first))
	second, err := fresh.k.ExportGenesis(fresh.ctx)
	require.NoError(t, err)
	two, err := json.Marshal(second)
	require.NoError(t, err)
	require.True(t, bytes.Equal(one, two), "export, import, export differ:\n%s\n%s", one, two)
}
