package keeper_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/banktest"
	"github.com/proofmarket/proofmarket/x/internal/treasury"
	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

type contextT = context.Context

// treasuryAddr is where fakePool puts the treasury's coins.
var treasuryAddr = authtypes.NewModuleAddress("pool")

// fakePool stands for x/distribution: it takes the coins into an account of its own.
type fakePool struct{ b *banktest.Fixture }

func (p fakePool) FundCommunityPool(ctx context.Context, amount sdk.Coins, sender sdk.AccAddress) error {
	return p.b.Bank.SendCoins(ctx, sender, treasuryAddr, amount)
}

// fakeProvers stands for the module provers. Its state is in a store, so that it
// follows transactions and cache contexts.
type fakeProvers struct {
	b   *banktest.Fixture
	key storetypes.StoreKey
	// failRewards makes AddRewards fail; panicOnSlash makes Slash panic.
	failRewards  bool
	panicOnSlash bool
	// openFails and closeFails are what those calls fail with.
	openFails, closeFails error
	// epoch is the statistics epoch that runs; failEpoch makes CurrentEpoch fail.
	epoch     uint64
	failEpoch bool
}

type fakeAssignment struct{ Stake, Penalty int64 }

type fakeProver struct {
	State                              stakingtypes.ProverState
	Generation, Faults, Next           uint64
	Assets, SelfStake, Slashed, Reward int64
	MaxExposure                        int64
	Open                               map[uint64]fakeAssignment
}

func newFakeProvers(b *banktest.Fixture, key storetypes.StoreKey) *fakeProvers {
	return &fakeProvers{b: b, key: key, epoch: 7}
}

func (p *fakeProvers) CurrentEpoch(context.Context) (uint64, error) {
	if p.failEpoch {
		return 0, errors.New("no epoch")
	}
	return p.epoch, nil
}

// vault is where a fake prover's coins are.
func vault(prover sdk.AccAddress) sdk.AccAddress { return account("vault of " + prover.String()) }

// add registers an active prover.
func (p *fakeProvers) add(f *fixture, addr sdk.AccAddress, assets int64) {
	p.b.Fund(f.tb, vault(addr), assets)
	p.set(f.Ctx, addr, fakeProver{State: stakingtypes.PROVER_STATE_ACTIVE, Generation: 1, Assets: assets, SelfStake: assets, Open: map[uint64]fakeAssignment{}})
}

// change changes a prover.
func (p *fakeProvers) change(ctx context.Context, addr sdk.AccAddress, change func(*fakeProver)) {
	prover, _ := p.get(ctx, addr)
	change(&prover)
	p.set(ctx, addr, prover)
}

func (p *fakeProvers) store(ctx context.Context) storetypes.KVStore {
	return sdk.UnwrapSDKContext(ctx).KVStore(p.key)
}

func (p *fakeProvers) get(ctx context.Context, addr sdk.AccAddress) (prover fakeProver, found bool) {
	bz := p.store(ctx).Get(append([]byte("prover/"), addr...))
	if bz == nil {
		return prover, false
	}
	if err := json.Unmarshal(bz, &prover); err != nil {
		panic(err)
	}
	return prover, true
}

func (p *fakeProvers) set(ctx context.Context, addr sdk.AccAddress, prover fakeProver) {
	bz, err := json.Marshal(prover)
	if err != nil {
		panic(err)
	}
	p.store(ctx).Set(append([]byte("prover/"), addr...), bz)
}

// dump writes the store of the fakes as text.
func (p *fakeProvers) dump(ctx context.Context) string {
	var s strings.Builder
	it := p.store(ctx).Iterator(nil, nil)
	defer it.Close()
	for ; it.Valid(); it.Next() {
		fmt.Fprintf(&s, "%x=%s\n", it.Key(), it.Value())
	}
	return s.String()
}

func (p *fakeProvers) Find(ctx context.Context, addr sdk.AccAddress) (record stakingtypes.Prover, is bool, err error) {
	prover, found := p.get(ctx, addr)
	return stakingtypes.Prover{Generation: prover.Generation}, found && prover.State != stakingtypes.PROVER_STATE_RETIRED, nil
}

func (p *fakeProvers) StandingOf(ctx context.Context, addr sdk.AccAddress, _ stakingtypes.Prover) (stakingtypes.Standing, error) {
	return p.Standing(ctx, addr)
}

func (p *fakeProvers) Params(context.Context) (stakingtypes.Params, error) {
	return stakingtypes.Params{MinSelfStake: math.NewInt(1_000_000)}, nil
}

func (p *fakeProvers) Standing(ctx context.Context, addr sdk.AccAddress) (stakingtypes.Standing, error) {
	prover, found := p.get(ctx, addr)
	if !found {
		return stakingtypes.Standing{}, stakingtypes.ErrProverNotFound
	}
	params, err := p.Params(ctx)
	s := stakingtypes.Standing{
		State: prover.State, Generation: prover.Generation, Faults: prover.Faults, Assets: math.NewInt(prover.Assets),
		SelfStake: math.NewInt(prover.SelfStake), MinSelfStake: params.MinSelfStake,
		AssignedStake: math.ZeroInt(), Exposure: math.ZeroInt(), MaxExposure: math.NewInt(prover.MaxExposure), OpenAssignments: uint64(len(prover.Open)),
	}
	for _, a := range prover.Open {
		s.AssignedStake, s.Exposure = s.AssignedStake.AddRaw(a.Stake), s.Exposure.AddRaw(a.Penalty)
	}
	return s, err
}

func (p *fakeProvers) OpenAssignment(ctx context.Context, addr sdk.AccAddress, stake, penalty math.Int) (uint64, error) {
	if p.openFails != nil {
		return 0, p.openFails
	}
	prover, found := p.get(ctx, addr)
	if !found || prover.State != stakingtypes.PROVER_STATE_ACTIVE {
		return 0, stakingtypes.ErrProverNotActive
	}
	prover.Next++
	prover.Open[prover.Next] = fakeAssignment{stake.Int64(), penalty.Int64()}
	p.set(ctx, addr, prover)
	return prover.Next, nil
}

func (p *fakeProvers) CloseAssignment(ctx context.Context, addr sdk.AccAddress, number uint64) error {
	if p.closeFails != nil {
		return p.closeFails
	}
	prover, _ := p.get(ctx, addr)
	if _, open := prover.Open[number]; !open {
		return stakingtypes.ErrAssignmentUnknown
	}
	delete(prover.Open, number)
	p.set(ctx, addr, prover)
	return nil
}

func (p *fakeProvers) AddRewards(ctx context.Context, addr, from sdk.AccAddress, source string, amount, _ math.Int) error {
	if p.failRewards {
		return stakingtypes.ErrInvalidReward
	}
	if source != "market" {
		return fmt.Errorf("source %q", source)
	}
	prover, _ := p.get(ctx, addr)
	prover.Assets += amount.Int64()
	prover.Reward += amount.Int64()
	p.set(ctx, addr, prover)
	return p.b.Bank.SendCoins(ctx, from, vault(addr), sdk.NewCoins(sdk.NewCoin(chain.Denom, amount)))
}

func (p *fakeProvers) Slash(ctx context.Context, addr sdk.AccAddress, _ string, amount math.Int) (math.Int, error) {
	if p.panicOnSlash {
		panic("slash")
	}
	prover, _ := p.get(ctx, addr)
	slashed := math.MinInt(amount, math.NewInt(prover.Assets))
	prover.Assets -= slashed.Int64()
	prover.Slashed += slashed.Int64()
	p.set(ctx, addr, prover)
	return slashed, treasury.Collect(ctx, p.b.Bank, vault(addr), stakingtypes.ModuleName, chain.Denom, slashed)
}

// fakeVerifier stands for the module verifier: a proof is the hash of its statement.
type fakeVerifier struct {
	key storetypes.StoreKey
	// status is what verifiers, and "circuit", have of their own.
	status map[string]verifiertypes.VerifierStatus
	// laid is what is laid on targets.
	laid map[verifiertypes.Target]*verifiertypes.Restriction
	// verified counts the calls of Verify, asked those of Standing.
	verified, asked int
	// revocations counts what was revoked: it never falls.
	revocations uint64
}

// The targets of requests: requestMsg's verifier and its family; the circuit
// that ofCircuit makes of its program, and the family of circuits.
var (
	onVerifier = verifiertypes.VerifierTarget("pico/v1")
	onFamily   = verifiertypes.FamilyTarget("pico")
	onCircuit  = verifiertypes.CircuitTarget(types.FormatID(account32("program")))
	onCircuits = verifiertypes.FamilyTarget("groth16")
)

func newFakeVerifier(key storetypes.StoreKey) *fakeVerifier {
	return &fakeVerifier{key: key, laid: map[verifiertypes.Target]*verifiertypes.Restriction{}, status: map[string]verifiertypes.VerifierStatus{
		"pico/v1": verifiertypes.VERIFIER_STATUS_ACTIVE, "circuit": verifiertypes.VERIFIER_STATUS_ACTIVE,
	}}
}

// on gives what is laid on the target.
func (v *fakeVerifier) on(target verifiertypes.Target) *verifiertypes.Restriction {
	if v.laid[target] == nil {
		v.laid[target] = &verifiertypes.Restriction{Target: target}
	}
	return v.laid[target]
}

// suspend suspends a target from the present block on; one that is already, stays so.
func (f *fixture) suspend(target verifiertypes.Target) {
	if r := f.verifier.on(target); !r.Suspended() {
		require.NoError(f.t, r.Suspend(f.Ctx.BlockTime(), "", ""))
	}
}

// resume ends the suspension of a target.
func (f *fixture) resume(target verifiertypes.Target) { f.verifier.on(target).End(f.Ctx.BlockTime()) }

// revoke revokes a target for good.
func (f *fixture) revoke(target verifiertypes.Target) {
	f.resume(target)
	f.verifier.revocations++
	if target.Kind == verifiertypes.TARGET_KIND_VERIFIER {
		f.verifier.status[target.Id] = verifiertypes.VERIFIER_STATUS_REVOKED
		return
	}
	f.verifier.on(target).Revoked = true
}

func (v *fakeVerifier) proof(st verifiertypes.Statement) []byte {
	sum := sha256.Sum256([]byte(st.Verifier + st.Program + st.Digest))
	return sum[:]
}

func (v *fakeVerifier) CheckStatement(_ context.Context, st verifiertypes.Statement) error {
	if _, _, err := st.Decode(); err != nil {
		return err
	}
	if v.status[st.Verifier] == verifiertypes.VERIFIER_STATUS_UNSPECIFIED {
		return verifiertypes.ErrVerifierNotFound
	}
	return v.standing(st).TakesRequests()
}

func (v *fakeVerifier) Verify(_ context.Context, st verifiertypes.Statement, _, proof []byte) error {
	if err := v.standing(st).TakesProofs(); err != nil {
		return err
	}
	v.verified++
	if string(proof) != string(v.proof(st)) {
		return verifiertypes.ErrInvalidProof
	}
	return nil
}

func (v *fakeVerifier) hold(ref []byte) []byte { return append([]byte("hold/"), ref...) }

func (v *fakeVerifier) Hold(ctx context.Context, _ verifiertypes.Statement, ref []byte) error {
	store := sdk.UnwrapSDKContext(ctx).KVStore(v.key)
	if store.Has(v.hold(ref)) {
		return errors.New("held twice")
	}
	store.Set(v.hold(ref), []byte{1})
	return nil
}

func (v *fakeVerifier) Release(ctx context.Context, _ verifiertypes.Statement, ref []byte) error {
	store := sdk.UnwrapSDKContext(ctx).KVStore(v.key)
	if !store.Has(v.hold(ref)) {
		return errors.New("not held")
	}
	store.Delete(v.hold(ref))
	return nil
}

func (v *fakeVerifier) Held(ctx context.Context, st verifiertypes.Statement, ref []byte) (bool, error) {
	return st.IsCircuit() && sdk.UnwrapSDKContext(ctx).KVStore(v.key).Has(v.hold(ref)), nil
}

// standing puts together what is laid on the statement's verifier or circuit and
// on its family.
func (v *fakeVerifier) standing(st verifiertypes.Statement) verifiertypes.Standing {
	name, _, _ := strings.Cut(st.Verifier, "/")
	target, family := verifiertypes.VerifierTarget(st.Verifier), verifiertypes.FamilyTarget(name)
	if st.Verifier == "circuit" {
		target, family = verifiertypes.CircuitTarget(st.Program), onCircuits
	}
	return verifiertypes.NewStanding(v.status[st.Verifier], *v.on(target), *v.on(family))
}

func (v *fakeVerifier) Revocations(context.Context) (uint64, error) { return v.revocations, nil }

func (v *fakeVerifier) Standing(_ context.Context, st verifiertypes.Statement) (verifiertypes.Standing, error) {
	v.asked++
	return v.standing(st), nil
}
