package machine

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	plaingroth16 "github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// errRefused is why bank does not pay an account that the machine has shut.
var errRefused = errors.New("the machine has shut this account")

// tb reports what goes wrong in the fixture to rapid, so that it is shrunk like any
// other failure.
type tb struct {
	testing.TB
	rt      *rapid.T
	cleanup []func()
}

func (t *tb) Errorf(format string, args ...any) { t.rt.Errorf(format, args...) }
func (t *tb) Fatalf(format string, args ...any) { t.rt.Fatalf(format, args...) }
func (t *tb) FailNow()                          { t.rt.FailNow() }
func (t *tb) Cleanup(f func())                  { t.cleanup = append(t.cleanup, f) }
func (t *tb) Helper()                           {}

// done runs what the fixture left to do.
func (t *tb) done() {
	for i := len(t.cleanup) - 1; i >= 0; i-- {
		t.cleanup[i]()
	}
	t.cleanup = nil
}

// hook is a module that runs a function in EndBlock: one before all others, which
// is where the machine's messages run, and one after all others.
type hook func(ctx sdk.Context) error

// EndBlock implements appmodule.HasEndBlocker.
func (h hook) EndBlock(ctx context.Context) error { return h(sdk.UnwrapSDKContext(ctx)) }

// IsOnePerModuleType implements depinject.OnePerModuleType.
func (h hook) IsOnePerModuleType() {}

// IsAppModule implements appmodule.AppModule.
func (h hook) IsAppModule() {}

// options sets the chain up: accounts, no inflation, a guardian, small amounts.
func options() []testutil.Option {
	return []testutil.Option{
		testutil.WithAccounts(accountNames()...),
		testutil.WithBalance(math.NewInt(startBalance)),
		testutil.WithGenesis(func(cdc codec.Codec, genesis app.GenesisState) {
			testutil.MutateGenesis(cdc, genesis, minttypes.ModuleName, func(s *minttypes.GenesisState) {
				zero := math.LegacyZeroDec()
				s.Minter.Inflation, s.Params.InflationMin, s.Params.InflationMax, s.Params.InflationRateChange = zero, zero, zero, zero
			})
			testutil.MutateGenesis(cdc, genesis, verifiertypes.ModuleName, func(s *verifiertypes.GenesisState) {
				s.Params.Guardian = testutil.NewAccount(guardian).String()
				s.Params.CircuitDeposit = math.NewInt(circuitDeposit)
			})
			testutil.MutateGenesis(cdc, genesis, markettypes.ModuleName, func(s *markettypes.GenesisState) { s.Params = startMarketParams() })
			testutil.MutateGenesis(cdc, genesis, proverstypes.ModuleName, func(s *proverstypes.GenesisState) { s.Params = startProversParams() })
		}),
	}
}

// install puts the machine's hooks into an application.
func (m *machine) install(a *testutil.App) {
	m.app = a
	manager := a.ModuleManager
	manager.Modules["machine-first"] = hook(m.guard(m.messages))
	manager.Modules["machine-last"] = hook(m.guard(m.endOfBlock))
	manager.OrderEndBlockers = append(append([]string{"machine-first"}, manager.OrderEndBlockers...), "machine-last")
	a.BankKeeper.AppendSendRestriction(func(_ context.Context, _, to sdk.AccAddress, _ sdk.Coins) (sdk.AccAddress, error) {
		if m.w.shut[to.String()] {
			return nil, errRefused
		}
		return to, nil
	})
}

// guard keeps a failure inside the application until the block is over: rapid's
// panics must not pass through it.
func (m *machine) guard(f func(sdk.Context)) func(sdk.Context) error {
	return func(ctx sdk.Context) error {
		if m.panicked != nil {
			return nil
		}
		defer func() {
			if r := recover(); r != nil {
				m.panicked = r
			}
		}()
		f(ctx)
		return nil
	}
}

// deliver runs a message as a transaction of the present block does, but for the
// ante handler: on a branch of the state that is written if it succeeds.
func (m *machine) deliver(msg sdk.Msg) (proto.Message, error) {
	handler := m.app.MsgServiceRouter().Handler(msg)
	m.txs++
	ctx, write := m.ctx.CacheContext()
	// What the treasury is owed is credited per transaction (law M18).
	ctx = ctx.WithTxBytes([]byte{1}).WithTxIndex(m.txs)
	res, err := handler(ctx, msg)
	if m.author != nil {
		m.author.sent = append(m.author.sent, sent{msg, err})
	}
	if err != nil {
		return nil, err
	}
	write()
	if len(res.MsgResponses) != 1 {
		return nil, fmt.Errorf("%T has %d responses", msg, len(res.MsgResponses))
	}
	return responseOf(res.MsgResponses[0]), nil
}

func responseOf(packed *codectypes.Any) proto.Message {
	message, _ := packed.GetCachedValue().(proto.Message)
	return message
}

// setup registers the circuits and the first provers; none of it counts as a step.
func (m *machine) setup() {
	ok := func(msg sdk.Msg) {
		_, err := m.deliver(msg)
		require.NoError(m.tb, err, "%T", msg)
	}
	for _, key := range m.pool.keys {
		ok(&verifiertypes.MsgRegisterCircuit{
			Owner: m.addr(guardian), Family: plaingroth16.Name, Curve: proof.CurveBN254, Key: key,
		})
		m.w.add(m.addr(guardian), -circuitDeposit)
	}
	for i, name := range proverNames[:3] {
		prover, worker := m.addr(name), m.addr(workerNames[i])
		why, do := m.w.register(prover, 1_000, 50*million)
		m.sendDo(&proverstypes.MsgRegister{Prover: prover, CommissionBps: 1_000, SelfStake: math.NewInt(50 * million)}, why, do)
		why, do = m.w.consent(worker, prover)
		m.sendDo(&markettypes.MsgConsentSubmitter{Submitter: worker, Prover: prover}, why, do)
		why, do = m.w.registerSubmitters(prover, []string{worker})
		m.sendDo(&markettypes.MsgRegisterSubmitter{Prover: prover, Submitters: []string{worker}}, why, do)
	}
	if m.crowded {
		for _, name := range crowdNames {
			m.registerWith(m.addr(name), 0, crowdStake)
		}
	}
	poor := m.app.Account("poor").Address
	ok(banktypes.NewMsgSend(poor, m.app.Account(guardian).Address, coins(startBalance-6*million)))
	m.w.add(poor.String(), -(startBalance - 6*million))
	m.w.add(m.addr(guardian), startBalance-6*million)
}

// balance is what the chain says an account holds.
func (m *machine) balance(ctx sdk.Context, addr sdk.AccAddress) int64 {
	return m.app.BankKeeper.GetBalance(ctx, addr, chain.Denom).Amount.Int64()
}

// block runs one block, gap after the last.
func (m *machine) block(gap time.Duration) {
	m.gap = gap
	m.app.BlockAfter(gap)
	if m.panicked != nil {
		panic(m.panicked)
	}
	if m.author != nil {
		m.author.block(gap)
	}
}
