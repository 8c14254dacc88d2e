package app_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/consensys/gnark-crypto/ecc/bn254"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	simtypes "github.com/cosmos/cosmos-sdk/types/simulation"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"

	verifierkeeper "github.com/proofmarket/proofmarket/x/verifier/keeper"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// verifierModule sends the messages of x/verifier in a simulation. What it suspends and
// revokes are circuits and verifiers that it has added itself, which no request names:
// the market's own simulation suspends none of those that it trades in.
type verifierModule struct{ k *verifierkeeper.Keeper }

// addedVerifier begins the ids of verifiers that the simulation adds.
const addedVerifier = "pico/v9."

// GenerateGenesisState makes the deposits small and somebody the guardian.
func (verifierModule) GenerateGenesisState(s *module.SimulationState) {
	var g types.GenesisState
	s.Cdc.MustUnmarshalJSON(s.GenState[types.ModuleName], &g)
	g.Params.Guardian = s.Accounts[0].Address.String()
	g.Params.CircuitDeposit, g.Params.ProgramDeposit = math.NewInt(1_000), math.NewInt(500)
	s.GenState[types.ModuleName] = s.Cdc.MustMarshalJSON(&g)
}

// RegisterStoreDecoder implements module.AppModuleSimulation.
func (verifierModule) RegisterStoreDecoder(simtypes.StoreDecoderRegistry) {}

// WeightedOperations implements module.AppModuleSimulation.
func (verifierModule) WeightedOperations(module.SimulationState) []simtypes.WeightedOperation {
	return nil
}

// WeightedOperationsX adds the messages of everybody.
func (v verifierModule) WeightedOperationsX(weights simsx.WeightSource, reg simsx.Registry) {
	reg.Add(weights.Get("verifier_register_circuit", 20), v.registerCircuit())
	reg.Add(weights.Get("verifier_withdraw_circuit", 6), v.withdrawCircuit())
	reg.Add(weights.Get("verifier_suspend", 10), v.suspend())
	reg.Add(weights.Get("verifier_publish_program", 20), v.publishProgram())
	reg.Add(weights.Get("verifier_update_program", 10), v.updateProgram())
	reg.Add(weights.Get("verifier_withdraw_program", 5), v.withdrawProgram())
}

// ProposalMsgsX adds the authority's messages.
func (v verifierModule) ProposalMsgsX(weights simsx.WeightSource, reg simsx.Registry) {
	for _, f := range v.proposals() {
		reg.Add(weights.Get("verifier_"+sdk.MsgTypeURL(f.MsgType()), 20), f)
	}
}

// state is what the module exports.
func (v verifierModule) state(ctx context.Context, reporter simsx.SimulationReporter) *types.GenesisState {
	g, err := v.k.ExportGenesis(ctx)
	if err != nil {
		reporter.Fail(err, "state of the verifier")
		return &types.GenesisState{}
	}
	return g
}

// some picks one of a list; it skips when that is empty.
func some[T any](data *simsx.ChainDataSource, reporter simsx.SimulationReporter, list []T) (one T) {
	if len(list) == 0 {
		reporter.Skip("there is none")
		return one
	}
	return list[data.Rand().Intn(len(list))]
}

// added lists the circuits that the simulation has registered: all but that of the
// market's genesis, which took no deposit.
func added(g *types.GenesisState) []types.Circuit {
	return slices.DeleteFunc(slices.Clone(g.Circuits), func(c types.Circuit) bool { return !c.Deposit.IsPositive() })
}

// send1 is a factory of messages with one signer.
func send1[T sdk.Msg](build func(context.Context, *simsx.ChainDataSource, simsx.SimulationReporter) (simsx.SimAccount, T)) simsx.SimMsgFactoryX {
	return simsx.SimMsgFactoryFn[T](func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) ([]simsx.SimAccount, T) {
		signer, msg := build(ctx, data, reporter)
		return []simsx.SimAccount{signer}, msg
	})
}

// rich picks an account that can pay a deposit and a fee.
func rich(data *simsx.ChainDataSource, reporter simsx.SimulationReporter) simsx.SimAccount {
	acc := data.AnyAccountN(5, reporter, simsx.SimAccountFilterFn(func(a simsx.SimAccount) bool {
		return a.LiquidBalance().AmountOf(sdk.DefaultBondDenom).GT(math.NewInt(2_000_000))
	}))
	if !reporter.IsSkipped() {
		acc.LiquidBalance().BlockAmount(sdk.NewInt64Coin(sdk.DefaultBondDenom, 1_000_000))
	}
	return acc
}

// A new circuit is the market's with another point for its first public input.
func (v verifierModule) registerCircuit() simsx.SimMsgFactoryX {
	const points = 64 + 64 + 128 + 128 + 64 + 128 // α, β, β, γ, δ, δ; then the inputs' points after their number
	return send1(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgRegisterCircuit) {
		base, acc := v.state(ctx, reporter).Circuits, rich(data, reporter)
		if len(base) == 0 || reporter.IsSkipped() {
			reporter.Skip("no circuit to change")
			return acc, nil
		}
		key := slices.Clone(base[0].Key)
		if binary.BigEndian.Uint32(key[points:]) == 0 {
			reporter.Skip("a circuit without inputs")
		}
		var point bn254.G1Affine
		point.ScalarMultiplicationBase(big.NewInt(1 + data.Rand().Int63()))
		raw := point.RawBytes()
		copy(key[points+4:], raw[:])
		return acc, &types.MsgRegisterCircuit{Owner: acc.AddressBech32, Family: base[0].Family, Curve: base[0].Curve, Key: key}
	})
}

func (v verifierModule) withdrawCircuit() simsx.SimMsgFactoryX {
	return send1(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgWithdrawCircuit) {
		c := some(data, reporter, added(v.state(ctx, reporter)))
		return data.GetAccount(reporter, c.Owner), &types.MsgWithdrawCircuit{Owner: c.Owner, CircuitId: c.Id}
	})
}

// standing is how something that can be restricted stands.
type standing struct {
	target                         types.Target
	suspended, revoked, deprecated bool
}

// targets lists what the simulation may restrict, and that wanted accepts.
func (v verifierModule) targets(ctx context.Context, reporter simsx.SimulationReporter, wanted func(standing) bool) (list []types.Target) {
	g := v.state(ctx, reporter)
	var all []standing
	for _, c := range added(g) {
		all = append(all, standing{target: types.CircuitTarget(c.Id)})
	}
	for _, f := range g.Verifiers {
		if strings.HasPrefix(f.Id, addedVerifier) {
			all = append(all, standing{
				target: types.VerifierTarget(f.Id), suspended: f.Status == types.VERIFIER_STATUS_SUSPENDED,
				revoked: f.Status == types.VERIFIER_STATUS_REVOKED, deprecated: f.Status == types.VERIFIER_STATUS_DEPRECATED,
			})
		}
	}
	for _, s := range all {
		for _, r := range g.Restrictions {
			if n := len(r.Suspensions); r.Target == s.target {
				s.revoked = s.revoked || r.Revoked
				s.suspended = s.suspended || n > 0 && r.Suspensions[n-1].Ended == nil
			}
		}
		if wanted(s) {
			list = append(list, s.target)
		}
	}
	return list
}

func (v verifierModule) suspend() simsx.SimMsgFactoryX {
	return send1(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgSuspend) {
		guardian := v.state(ctx, reporter).Params.Guardian
		t := some(data, reporter, v.targets(ctx, reporter, func(s standing) bool { return !s.suspended && !s.revoked }))
		return data.GetAccount(reporter, guardian), &types.MsgSuspend{Signer: guardian, Target: t, Reason: "simulation"}
	})
}

// info is what a publisher says of a program.
func info(data *simsx.ChainDataSource, name string) types.ProgramInfo {
	return types.ProgramInfo{
		Name: name, ImageUrl: "https://example.org/" + name, ImageSha256: strings.Repeat("0", 64),
		ImageSize: 1 + data.Rand().Uint64InRange(0, 1<<30), Verifiers: []string{types.PicoV122},
	}
}

func (v verifierModule) publishProgram() simsx.SimMsgFactoryX {
	return send1(func(_ context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgPublishProgram) {
		acc := rich(data, reporter)
		var program [32]byte
		binary.BigEndian.PutUint64(program[24:], data.Rand().Uint64())
		return acc, &types.MsgPublishProgram{
			Publisher: acc.AddressBech32, Program: hex.EncodeToString(program[:]), Info: info(data, fmt.Sprint("p", data.Rand().Uint64())),
		}
	})
}

func (v verifierModule) updateProgram() simsx.SimMsgFactoryX {
	return send1(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgUpdateProgram) {
		p := some(data, reporter, v.state(ctx, reporter).Programs)
		return data.GetAccount(reporter, p.Publisher), &types.MsgUpdateProgram{
			Publisher: p.Publisher, Program: p.Program, Info: info(data, fmt.Sprint("u", data.Rand().Uint64())),
		}
	})
}

func (v verifierModule) withdrawProgram() simsx.SimMsgFactoryX {
	return send1(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgWithdrawProgram) {
		p := some(data, reporter, v.state(ctx, reporter).Programs)
		return data.GetAccount(reporter, p.Publisher), &types.MsgWithdrawProgram{Publisher: p.Publisher, Program: p.Program}
	})
}

// proposals are the authority's messages, which have no signer of their own.
func (v verifierModule) proposals() []simsx.SimMsgFactoryX {
	return []simsx.SimMsgFactoryX{
		proposal(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter, authority string) *types.MsgResume {
			t := some(data, reporter, v.targets(ctx, reporter, func(s standing) bool { return s.suspended && !s.revoked }))
			return &types.MsgResume{Authority: authority, Target: t}
		}),
		proposal(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter, authority string) *types.MsgRevoke {
			t := some(data, reporter, v.targets(ctx, reporter, func(s standing) bool { return !s.revoked }))
			return &types.MsgRevoke{Authority: authority, Target: t}
		}),
		proposal(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter, authority string) *types.MsgDeprecate {
			free := v.targets(ctx, reporter, func(s standing) bool { return !s.suspended && !s.revoked && !s.deprecated })
			t := some(data, reporter, slices.DeleteFunc(free, func(t types.Target) bool { return t.Kind != types.TARGET_KIND_VERIFIER }))
			return &types.MsgDeprecate{Authority: authority, Id: t.Id}
		}),
		proposal(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter, authority string) *types.MsgAddVerifier {
			g := v.state(ctx, reporter)
			i := slices.IndexFunc(g.Verifiers, func(f types.Verifier) bool { return f.Id == types.PicoV122 })
			if i < 0 {
				reporter.Skip("no verifier to copy")
				return nil
			}
			f := g.Verifiers[i]
			return &types.MsgAddVerifier{
				Authority: authority, Id: fmt.Sprint(addedVerifier, data.Rand().Uint32InRange(0, 1<<31), ".0"),
				Family: f.Family, Curve: f.Curve, Key: f.Key, Constants: f.Constants,
			}
		}),
		proposal(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter, authority string) *types.MsgUpdateParams {
			params := v.state(ctx, reporter).Params
			params.CircuitDeposit, params.ProgramDeposit = math.NewInt(1+data.Rand().Int63n(2_000)), math.NewInt(data.Rand().Int63n(1_000))
			params.Guardian = data.AnyAccount(reporter).AddressBech32
			return &types.MsgUpdateParams{Authority: authority, Params: params}
		}),
	}
}

func proposal[T sdk.Msg](build func(context.Context, *simsx.ChainDataSource, simsx.SimulationReporter, string) T) simsx.SimMsgFactoryX {
	return simsx.SimMsgFactoryFn[T](func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) ([]simsx.SimAccount, T) {
		return nil, build(ctx, data, reporter, data.ModuleAccountAddress(reporter, govtypes.ModuleName))
	})
}
