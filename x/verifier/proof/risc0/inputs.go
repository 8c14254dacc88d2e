package risc0

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"

	curve "github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	wire "github.com/proofmarket/proofmarket/x/verifier/proof/wire/bn254"
)

// The public inputs, by index.
const (
	inputRootLo = iota
	inputRootHi
	inputClaimLo
	inputClaimHi
	inputControlID
	publicInputs // their number, for every RISC Zero key
)

// claimInputs returns the public inputs that a statement decides.
func claimInputs(program, journal [32]byte) []fr.Element {
	lo, hi := split(claimDigest(program, journal, success))
	return []fr.Element{lo, hi}
}

// constantInputs returns the public inputs that the constants decide, by index;
// the others are zero. Error: proof.ErrConstant.
func constantInputs(c constants) (in [publicInputs]fr.Element, err error) {
	in[inputRootLo], in[inputRootHi] = split(c.controlRoot)
	if err := in[inputControlID].SetBytesCanonical(c.controlID[:]); err != nil {
		return in, fmt.Errorf("%w: %q is not below the scalar field's modulus; give its bytes in the order that the Solidity contracts have",
			proof.ErrConstant, ControlID)
	}
	return in, nil
}

// bind returns the key, in canonical form, for the inputs of the claim alone:
// those that the constants decide are the same in every proof, so that their
// multiples of K are added to K[0] here, once. key has the family's shape; what
// this looks at is checked here, the rest when the result is parsed. Errors:
// proof.ErrConstant, proof.ErrEncoding, proof.ErrPoint.
func bind(key []byte, c constants) ([]byte, error) {
	in, err := constantInputs(c)
	if err != nil {
		return nil, err
	}
	if !wire.IsRaw(key[0]) {
		return nil, fmt.Errorf("%w: the key has compressed points; convert it to gnark's WriteRawTo form", proof.ErrEncoding)
	}
	r := wire.NewReader(key, true)
	header, err := r.Next("key header", headerSize)
	if err != nil {
		return nil, err
	}
	if _, err := r.Uint32("number of points K"); err != nil {
		return nil, err
	}
	var k [1 + publicInputs]curve.G1Affine
	for i := range k {
		if k[i], err = r.G1("key K", true); err != nil {
			return nil, err
		}
	}
	var sum curve.G1Jac
	sum.FromAffine(&k[0])
	for i := range in {
		var term curve.G1Jac
		term.FromAffine(&k[1+i])
		term.ScalarMultiplication(&term, in[i].BigInt(new(big.Int)))
		sum.AddAssign(&term)
	}
	k[0].FromJacobian(&sum)
	bound := binary.BigEndian.AppendUint32(slices.Clone(header), 3)
	for _, i := range []int{0, 1 + inputClaimLo, 1 + inputClaimHi} {
		raw := k[i].RawBytes()
		bound = append(bound, raw[:]...)
	}
	return append(bound, r.Rest()...), nil
}

// split returns the first and the last half of a digest as little-endian numbers.
func split(d digest) (lo, hi fr.Element) {
	r := reversed(d)
	lo.SetBytes(r[16:])
	hi.SetBytes(r[:16])
	return lo, hi
}
