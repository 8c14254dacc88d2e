package types

import "github.com/proofmarket/proofmarket/x/verifier/proof"

// Gas of a verification (law V5). The unit is the SDK's price for one secp256k1
// signature check, 1000 gas. BenchmarkVerify, BenchmarkInputs and
// BenchmarkParseKey in gas_bench_test.go measure both in one run; the smallest
// figures of four runs on a two-core machine, and the gas that they come to:
//
//	secp256k1 check                 0.177 ms   1,000
//	proof, no input, no commitment  0.86  ms   4,900
//	preparing a key                 0.93  ms   5,300
//	first ten inputs, each          0.07  ms     400
//	further inputs, each            0.013 ms      75
//	first commitment                1.24  ms   7,000 (0.1 ms of it for the key)
//	further commitments, each       0.6   ms   3,400 (0.35 ms of it for the key)
//
// The constants add about a quarter for slower processors and noise.
const (
	// GasVerify is charged for every verification.
	GasVerify = 6_500
	// GasPrepareKey is charged for every verification, whether the prepared key
	// is cached or not: gas is the same on every node (law V7), and someone who
	// pushes keys out of the cache gains nothing.
	GasPrepareKey = 6_500
	// GasInput is charged for each of the first manyInputs public inputs.
	GasInput = 500
	// GasFurtherInput is charged for each further one.
	GasFurtherInput = 100
	// GasFirstCommitment is charged for the first commitment.
	GasFirstCommitment = 9_000
	// GasFurtherCommitment is charged for each further one.
	GasFurtherCommitment = 4_500
	// GasCommittedInput is charged for each value hashed with a commitment.
	GasCommittedInput = 10
	// GasKeyInput is charged for each public input when a key is parsed alone.
	GasKeyInput = 10
	// GasKeyCommitment is charged for each commitment when a key is parsed alone.
	GasKeyCommitment = 2_500

	// manyInputs is the number of inputs from which they are cheaper.
	manyInputs = 10
)

// VerificationGas returns the gas of one verification under a key of that
// shape. It cannot overflow: package proof bounds each part.
func VerificationGas(s proof.Shape) uint64 {
	first := min(s.PublicInputs, manyInputs)
	gas := GasVerify + GasPrepareKey + GasInput*first + GasFurtherInput*(s.PublicInputs-first)
	if s.Commitments > 0 {
		gas += GasFirstCommitment + GasFurtherCommitment*(s.Commitments-1)
	}
	return uint64(gas + GasCommittedInput*s.Committed)
}

// PrepareGas returns the gas of parsing a key of that shape, at registration and
// where a statement is checked.
func PrepareGas(s proof.Shape) uint64 {
	return uint64(GasPrepareKey + GasKeyInput*s.PublicInputs + GasKeyCommitment*s.Commitments)
}
