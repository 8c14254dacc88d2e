package gnark

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark/backend/witness"

	"github.com/proofmarket/proofmarket/prover/backend"
)

// A full binary witness is three big-endian u32 (public values, secret values,
// their sum) and that many field elements of 32 bytes, public ones first.
const witnessHeader = 3 * 4

// parseInput reads a full witness for p and returns it with its public part:
// the public inputs as 32-byte big-endian words.
func parseInput(p *program, input []byte) (w witness.Witness, publicValues []byte, err error) {
	defer recoverAs(&err, backend.ErrInput)

	if len(input) < witnessHeader {
		return nil, nil, fmt.Errorf("%w: a witness of %d bytes is shorter than its header", backend.ErrInput, len(input))
	}
	public, secret, total := binary.BigEndian.Uint32(input), binary.BigEndian.Uint32(input[4:]), binary.BigEndian.Uint32(input[8:])
	if uint64(public) != uint64(p.nbPublic) || uint64(secret) != uint64(p.nbSecret) || uint64(total) != uint64(p.nbPublic+p.nbSecret) {
		return nil, nil, fmt.Errorf("%w: a witness of %d public and %d secret values (%d in all), the circuit takes %d and %d",
			backend.ErrInput, public, secret, total, p.nbPublic, p.nbSecret)
	}
	if want := witnessHeader + fr.Bytes*(p.nbPublic+p.nbSecret); len(input) != want {
		return nil, nil, fmt.Errorf("%w: a witness of %d bytes, %d expected", backend.ErrInput, len(input), want)
	}
	if w, err = witness.New(ecc.BN254.ScalarField()); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", backend.ErrFailed, err)
	}
	if _, err = w.ReadFrom(bytes.NewReader(input)); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", backend.ErrInput, err)
	}
	return w, bytes.Clone(input[witnessHeader : witnessHeader+fr.Bytes*p.nbPublic]), nil
}
