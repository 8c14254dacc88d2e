package types_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/families"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// Every shape that a family reads has a price, and no price is near the bound.
func TestEveryShapeHasAPrice(t *testing.T) {
	for _, system := range []string{proof.SystemGroth16, proof.SystemPlonk} {
		for _, curve := range []string{proof.CurveBN254, proof.CurveBLS12381} {
			widest := proof.Shape{
				System: system, Curve: curve, PublicInputs: proof.MaxPublicInputs, Commitments: proof.MaxCommitments,
				Committed: proof.MaxCommitments * proof.MaxPublicInputs,
			}
			smallest := types.VerificationGas(proof.Shape{System: system, Curve: curve})
			require.Greater(t, smallest, types.PrepareGas(proof.Shape{System: system, Curve: curve}))
			require.Greater(t, types.VerificationGas(widest), smallest)
			require.Less(t, types.VerificationGas(widest), uint64(types.GasUnpriced))
		}
	}
	builtIn, err := families.BuiltIn()
	require.NoError(t, err)
	for _, b := range builtIn {
		f, err := types.GetFamily(b.Family)
		require.NoError(t, err)
		shape, err := f.Shape(b.Curve, b.Key)
		require.NoError(t, err)
		require.Less(t, types.VerificationGas(shape), uint64(100_000), b.ID)
	}
	require.Equal(t, uint64(types.GasUnpriced), types.VerificationGas(proof.Shape{System: "stark"}))
	require.Equal(t, uint64(types.GasUnpriced), types.PrepareGas(proof.Shape{}))
}

// More inputs and more commitments never cost less (law V5).
func TestPricesGrow(t *testing.T) {
	for _, system := range []string{proof.SystemGroth16, proof.SystemPlonk} {
		for _, curve := range []string{proof.CurveBN254, proof.CurveBLS12381} {
			last := uint64(0)
			for n := range proof.MaxPublicInputs + 1 {
				gas := types.VerificationGas(proof.Shape{System: system, Curve: curve, PublicInputs: n})
				require.Greater(t, gas, last)
				last = gas
			}
			last = 0
			for n := range proof.MaxCommitments + 1 {
				gas := types.VerificationGas(proof.Shape{System: system, Curve: curve, Commitments: n})
				require.Greater(t, gas, last)
				last = gas
			}
		}
	}
}

// No family's price is under its cost, measured here beside a signature check
// (law V5). Only ratios count, and of each thing its fastest run: on a busy
// machine the figures settle with further rounds. It is a benchmark, since what
// neighbours take from it is no fault of the prices: `make gas-check` runs it.
func BenchmarkPricesCoverCosts(b *testing.B) {
	list := zkvms(b)
	for _, system := range []string{proof.SystemGroth16, proof.SystemPlonk} {
		for _, curve := range []string{proof.CurveBN254, proof.CurveBLS12381} {
			c := circuits(b, system, curve)
			for _, name := range names {
				m := c[name]
				m.name = system + " " + curve + " " + name
				list = append(list, m)
			}
		}
	}
	const rounds, runs = 50, 5 // of which the first is enough on a quiet machine
	unit := time.Duration(1 << 62)
	check := signatureCheck(b)
	for _, m := range list {
		b.Run(m.name, func(b *testing.B) {
			verify, prepare := time.Duration(1<<62), time.Duration(1<<62)
			prepareGas := types.PrepareGas(m.shape)
			verifyGas := types.VerificationGas(m.shape) - prepareGas
			covered := func(gas uint64, took time.Duration) bool {
				return gas*uint64(unit) >= uint64(took)*types.GasSignature
			}
			for range rounds {
				unit = min(unit, fastest(b, 20*runs, check))
				verify = min(verify, slowest(b, runs, m.verify))
				prepare = min(prepare, fastest(b, runs, m.prepare))
				if covered(verifyGas, verify) && covered(prepareGas, prepare) {
					return
				}
			}
			require.Truef(b, covered(verifyGas, verify), "a verification costs %s, %.0f gas, its price is %d: run make gas-table",
				verify, float64(verify)/float64(unit)*types.GasSignature, verifyGas)
			require.Truef(b, covered(prepareGas, prepare), "preparing the key costs %s, %.0f gas, its price is %d: run make gas-table",
				prepare, float64(prepare)/float64(unit)*types.GasSignature, prepareGas)
		})
	}
}
