package types

import "github.com/proofmarket/proofmarket/x/verifier/proof"

//go:generate make -C ../../.. gas-table

const (
	// GasSignature is the SDK's price for one secp256k1 signature check: the unit
	// that verifications are priced in (law V5).
	GasSignature = 1_000
	// GasCommittedInput is charged for each value hashed with a commitment.
	GasCommittedInput = 10
	// GasUnpriced is charged for what has no price: more than a block holds. No
	// shape that a family reads comes here.
	GasUnpriced = 1 << 40

	// manyInputs is the number of inputs beyond which each costs less.
	manyInputs = 64
)

// price is what a proof system on a curve costs, in gas. The table of prices is
// generated from measurements, in gas_table.go.
type price struct {
	system, curve string
	// verify is charged for every verification.
	verify uint64
	// input is charged for each of the first manyInputs public inputs, further
	// for each one after them.
	input, further uint64
	// commitment is charged for the first commitment, commitments for each one
	// after it.
	commitment, commitments uint64
	// prepare is charged for every key that is parsed, keyInput and keyCommitment
	// for each public input and each commitment of it.
	prepare, keyInput, keyCommitment uint64
}

// priceOf returns the prices of a shape's system and curve, or false.
func priceOf(s proof.Shape) (price, bool) {
	for _, p := range priceTable {
		if p.system == s.System && p.curve == s.Curve {
			return p, true
		}
	}
	return price{}, false
}

// VerificationGas returns the gas of one verification under a key of that shape.
// Preparing the key is charged whether the prepared key is cached or not: gas is
// the same on every node (law V7), and someone who pushes keys out of the cache
// gains nothing. It cannot overflow: package proof bounds each part.
func VerificationGas(s proof.Shape) uint64 {
	p, ok := priceOf(s)
	if !ok {
		return GasUnpriced
	}
	return p.verification(s) + p.preparation(s)
}

// PrepareGas returns the gas of parsing a key of that shape, at registration and
// where a statement is checked.
func PrepareGas(s proof.Shape) uint64 {
	p, ok := priceOf(s)
	if !ok {
		return GasUnpriced
	}
	return p.preparation(s)
}

func (p price) verification(s proof.Shape) uint64 {
	first := min(s.PublicInputs, manyInputs)
	gas := p.verify + p.input*uint64(first) + p.further*uint64(s.PublicInputs-first)
	if s.Commitments > 0 {
		gas += p.commitment + p.commitments*uint64(s.Commitments-1)
	}
	return gas + GasCommittedInput*uint64(s.Committed)
}

func (p price) preparation(s proof.Shape) uint64 {
	return p.prepare + p.keyInput*uint64(s.PublicInputs) + p.keyCommitment*uint64(s.Commitments)
}
