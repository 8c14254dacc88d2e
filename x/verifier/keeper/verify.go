package keeper

import (
	"context"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// keySource is a key as state holds it: read through the gas meter, not parsed.
type keySource struct {
	family    proof.Family
	curve     string
	key       []byte
	constants []proof.Constant
}

// subject is the verifier or circuit that a statement names, without the key.
type subject struct {
	target    types.Target
	family    string
	curve     string
	constants []proof.Constant
	status    types.VerifierStatus // its own: ACTIVE for a circuit
}

// subject reads what a decoded statement names, but not the key. Errors:
// types.ErrVerifierNotFound, ErrCircuitNotFound.
func (k *Keeper) subject(ctx context.Context, st types.Statement, program []byte) (s subject, err error) {
	if st.IsCircuit() {
		c, err := k.getCircuit(ctx, program)
		return circuitSubject(c), err
	}
	v, err := k.getVerifier(ctx, st.Verifier)
	return verifierSubject(v), err
}

// verifierSubject is the subject of statements under the verifier.
func verifierSubject(v types.Verifier) subject {
	return subject{
		target: types.VerifierTarget(v.Id), family: v.Family, curve: v.Curve, constants: v.ProofConstants(), status: v.Status,
	}
}

// circuitSubject is the subject of statements about the circuit.
func circuitSubject(c types.Circuit) subject {
	return subject{target: types.CircuitTarget(c.Id), family: c.Family, curve: c.Curve, status: types.VERIFIER_STATUS_ACTIVE}
}

// source reads the subject's key, at the metered price of its bytes.
func (k *Keeper) source(ctx context.Context, s subject, program []byte) (src keySource, err error) {
	src = keySource{curve: s.curve, constants: s.constants}
	if src.family, err = types.GetFamily(s.family); err != nil {
		return src, err
	}
	if s.target.Kind == types.TARGET_KIND_CIRCUIT {
		src.key, err = k.circuitKeys.Get(ctx, program)
	} else {
		src.key, err = k.verifierKeys.Get(ctx, s.target.Id)
	}
	return src, err
}

// prepare returns the prepared key. The caller has charged for parsing it,
// whether the cache has it or not (law V7).
func (k *Keeper) prepare(s keySource) (proof.Key, error) {
	hash := proof.KeyHash(s.family.Name(), s.curve, s.key, s.constants)
	return k.keys.get(hash, len(s.key), func() (proof.Key, error) {
		key, err := s.family.Parse(s.curve, s.key, s.constants)
		return key, types.FromKey(err)
	})
}

// admit reads the key that a statement names, after allowed has said that its
// verifier or circuit stands well enough.
func (k *Keeper) admit(ctx context.Context, st types.Statement, program []byte, allowed func(types.Standing) error) (src keySource, err error) {
	s, err := k.subject(ctx, st, program)
	if err != nil {
		return src, err
	}
	standing, err := k.standing(ctx, s)
	if err != nil {
		return src, err
	}
	if err := allowed(standing); err != nil {
		return src, err
	}
	return k.source(ctx, s, program)
}

// CheckStatement reports whether a request for the statement may be made (law
// M1): its verifier or circuit is known and, with its family, ACTIVE, and program
// and digest are values that a proof can be about, in their canonical ranges. Errors:
// types.ErrInvalidStatement, ErrVerifierNotFound, ErrCircuitNotFound,
// ErrVerifierNotActive, ErrInvalidProgram, ErrInvalidDigest.
func (k *Keeper) CheckStatement(ctx context.Context, st types.Statement) error {
	program, digest, err := st.Decode()
	if err != nil {
		return err
	}
	s, err := k.admit(ctx, st, program[:], types.Standing.TakesRequests)
	if err != nil {
		return err
	}
	shape, err := s.family.Shape(s.curve, s.key)
	if err != nil {
		return types.FromKey(err)
	}
	sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(types.PrepareGas(shape), "check statement")
	key, err := k.prepare(s)
	if err != nil {
		return err
	}
	return types.FromProof(key.CheckStatement(program, digest))
}

// Verify returns nil if the proof proves the statement; publicValues is empty
// where they do not come with the proof. Sizes are checked first, then the key
// is read and gas charged, and only then is anything parsed (law V4), or the verdict
// that the node knows already is taken (law V7). Errors:
// types.ErrInvalidStatement, ErrVerifierNotFound, ErrCircuitNotFound,
// ErrVerifierDisabled, ErrMalformedProof, ErrInvalidPublicValues,
// ErrInvalidProgram, ErrInvalidDigest, ErrInvalidProof, ErrVerification.
func (k *Keeper) Verify(ctx context.Context, st types.Statement, publicValues, bz []byte) error {
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	t, err := k.charged(sdkCtx, Question{Statement: st, PublicValues: publicValues, Proof: bz})
	if err != nil {
		return err
	}
	_, err = k.judge(t, sdkCtx.ExecMode() != sdk.ExecModeSimulate)
	return err
}

// charged reads what a verification needs and charges for all of it. Errors: as Verify's,
// but for those about the proof.
func (k *Keeper) charged(ctx sdk.Context, q Question) (task, error) {
	t, err := k.taskOf(ctx, q)
	if err != nil {
		return t, err
	}
	shape, err := t.source.family.Shape(t.source.curve, t.source.key)
	if err != nil {
		return t, types.FromKey(err)
	}
	ctx.GasMeter().ConsumeGas(types.VerificationGas(shape), "proof verification")
	return t, nil
}

// DryRun verifies as a transaction would, with the context's gas meter, forgets
// everything that it wrote, and does not remember the verdict. Errors: as Verify's, and
// sdkerrors.ErrOutOfGas.
func (k *Keeper) DryRun(ctx sdk.Context, q Question) error {
	_, err := k.apart(ctx, q, false)
	return err
}

// Examine is DryRun for a proof that is going to be in a block: the verdict is remembered.
// fresh tells whether the proof had to be verified for it.
func (k *Keeper) Examine(ctx sdk.Context, q Question) (fresh bool, err error) {
	return k.apart(ctx, q, true)
}

func (k *Keeper) apart(ctx sdk.Context, q Question, remember bool) (fresh bool, err error) {
	defer outOfGas(&err)
	cached, _ := ctx.CacheContext()
	t, err := k.charged(cached, q)
	if err != nil {
		return false, err
	}
	return k.judge(t, remember)
}

// Hold records that ref, such as an open request, needs the statement's circuit,
// which cannot be withdrawn until Release (law V2). To hold it twice is to hold it once.
// It does nothing for other verifiers. Errors: types.ErrInvalidStatement,
// ErrCircuitNotFound.
func (k *Keeper) Hold(ctx context.Context, st types.Statement, ref []byte) error {
	use, ok, err := circuitUse(st, ref)
	if err != nil || !ok {
		return err
	}
	if has, err := k.circuits.Has(ctx, use.K1()); err != nil {
		return err
	} else if !has {
		return circuitNotFound(use.K1())
	}
	return k.circuitUses.Set(ctx, use)
}

// Release undoes Hold. Errors: types.ErrInvalidStatement, ErrUseNotFound.
func (k *Keeper) Release(ctx context.Context, st types.Statement, ref []byte) error {
	use, ok, err := circuitUse(st, ref)
	if err != nil || !ok {
		return err
	}
	if has, err := k.circuitUses.Has(ctx, use); err != nil {
		return err
	} else if !has {
		return errorsmod.Wrapf(types.ErrUseNotFound, "of circuit %s by %x", st.Program, ref)
	}
	return k.circuitUses.Remove(ctx, use)
}

// Held reports whether ref needs the statement's circuit, after Hold and before
// Release; false for other verifiers. Error: types.ErrInvalidStatement.
func (k *Keeper) Held(ctx context.Context, st types.Statement, ref []byte) (bool, error) {
	use, ok, err := circuitUse(st, ref)
	if err != nil || !ok {
		return false, err
	}
	return k.circuitUses.Has(ctx, use)
}

// circuitUse returns the key of a circuit use; false for other verifiers.
func circuitUse(st types.Statement, ref []byte) (use collections.Pair[[]byte, []byte], ok bool, err error) {
	program, _, err := st.Decode()
	if err != nil || !st.IsCircuit() {
		return use, false, err
	}
	return collections.Join(program[:], ref), true, types.CheckRef(ref)
}
