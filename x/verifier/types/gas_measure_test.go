package types_test

import (
	"strings"
	"testing"
	"time"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark/frontend"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk"
	"github.com/proofmarket/proofmarket/x/verifier/proof/plonk/plonktest"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// wide are the circuits that are measured beside the fixtures: the ones around the
// number of inputs from which sums are computed in another way, and the widest.
var wide = map[string]int{"64 inputs": 64, "65 inputs": 65, "512 inputs": proof.MaxPublicInputs}

// names are the circuits that are measured, by increasing number of inputs, then
// of commitments.
var names = []string{
	"no input", "nine inputs", "64 inputs", "65 inputs", "512 inputs",
	"no commitment", "one commitment", "two commitments",
}

// curveIDs are the curves as gnark names them.
var curveIDs = map[string]ecc.ID{proof.CurveBN254: ecc.BN254, proof.CurveBLS12381: ecc.BLS12_381}

// measured is something that has a price: a key of a shape, what it takes to
// prepare it, and what it takes to verify proofs under it.
type measured struct {
	name    string
	shape   proof.Shape
	prepare func() error
	verify  []func() error
}

// newMeasured measures a key of a family and proofs of one statement.
func newMeasured(
	t testing.TB, name string, f proof.Family, curve string, key []byte, constants []proof.Constant,
	program [32]byte, publicValues []byte, digest [32]byte, proofs ...[]byte,
) measured {
	t.Helper()
	k, err := f.Parse(curve, key, constants)
	require.NoError(t, err)
	m := measured{name: name, shape: k.Shape(), prepare: func() error {
		_, err := f.Parse(curve, key, constants)
		return err
	}}
	for _, bz := range proofs {
		m.verify = append(m.verify, func() error { return k.Verify(program, digest, publicValues, bz) })
		require.NoError(t, m.verify[len(m.verify)-1](), name)
	}
	return m
}

// circuits are circuits of a proof system on a curve, by name.
func circuits(t testing.TB, system, curve string) map[string]measured {
	t.Helper()
	out := map[string]measured{}
	assignment := func(n int) (circuit, solved frontend.Circuit) {
		return &groth16test.Wide{Inputs: make([]frontend.Variable, n)}, groth16test.WideAssignmentOn(curve, n)
	}
	if system == proof.SystemGroth16 {
		list := groth16test.AllOn(t, curve)
		for _, name := range names {
			if n, ok := wide[name]; ok {
				circuit, solved := assignment(n)
				list = append(list, groth16test.BuildOn(t, curve, name, circuit, solved))
			}
		}
		for _, f := range list {
			out[f.Name] = newMeasured(t, f.Name, groth16.Family, curve, f.Raw, nil,
				f.ID(), f.PublicValues(), f.Digest(), f.RawProof, f.SmallProof)
		}
		return out
	}
	list := plonktest.On(t, curve)
	for _, name := range names {
		if n, ok := wide[name]; ok {
			circuit, solved := assignment(n)
			list = append(list, plonktest.Build(t, curveIDs[curve], name, circuit, solved))
		}
	}
	for _, f := range list {
		name := strings.ReplaceAll(f.Name, "-", " ")
		out[name] = newMeasured(t, name, plonk.Family, curve, f.Key, nil,
			f.ID(), f.PublicValues(), f.Digest(), f.RawProof, f.SmallProof)
	}
	return out
}

// zkvms are the published proofs, with the keys that they verify under.
func zkvms(t testing.TB) (list []measured) {
	t.Helper()
	for _, set := range vectors.ZkVMs(t) {
		for _, row := range set.Rows {
			for _, id := range row.VerifiesUnder {
				key := set.Key(t, id)
				f, err := types.GetFamily(key.Family)
				require.NoError(t, err)
				canonical, err := f.Canonicalize(key.Curve, key.Published)
				require.NoError(t, err)
				list = append(list, newMeasured(t, key.Family+" "+row.Name, f, key.Curve, canonical, key.Constants,
					row.Program, row.PublicValues, row.Digest, row.Proof))
			}
		}
	}
	require.NotEmpty(t, list)
	return list
}

// signatureCheck is the unit of prices.
func signatureCheck(t testing.TB) func() error {
	t.Helper()
	key := secp256k1.GenPrivKeyFromSecret([]byte("gas"))
	msg := make([]byte, 200)
	sig, err := key.Sign(msg)
	require.NoError(t, err)
	pub := key.PubKey()
	return func() error {
		if !pub.VerifySignature(msg, sig) {
			return proof.ErrInvalidProof
		}
		return nil
	}
}

// fastest returns the shortest of n runs: the one that was disturbed least.
func fastest(t testing.TB, n int, f func() error) time.Duration {
	t.Helper()
	best := time.Duration(1 << 62)
	for range n {
		began := time.Now()
		err := f()
		best = min(best, time.Since(began))
		require.NoError(t, err)
	}
	return best
}

// slowest is the largest of the fastest runs of several ways to do a thing.
func slowest(t testing.TB, n int, ways []func() error) (worst time.Duration) {
	t.Helper()
	for _, f := range ways {
		worst = max(worst, fastest(t, n, f))
	}
	return worst
}
