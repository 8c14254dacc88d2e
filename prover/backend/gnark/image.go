package gnark

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark/backend/groth16"
	cs "github.com/consensys/gnark/constraint/bn254"

	"github.com/proofmarket/proofmarket/prover/backend"
)

const lengthSize = 8

// program is a parsed image.
type program struct {
	r1cs        *cs.R1CS
	pk          *provingKey
	constraints uint64
	nbPublic    int // without the constant one
	nbSecret    int
}

// WriteImage writes the image of a circuit: the constraint system's length as
// a big-endian u64, the constraint system and the proving key, both as gnark's
// WriteTo writes them.
func WriteImage(w io.Writer, system, provingKey io.WriterTo) error {
	var buf bytes.Buffer
	if _, err := system.WriteTo(&buf); err != nil {
		return fmt.Errorf("write the constraint system: %w", err)
	}
	var length [lengthSize]byte
	binary.BigEndian.PutUint64(length[:], uint64(buf.Len()))
	if _, err := w.Write(length[:]); err != nil {
		return err
	}
	if _, err := buf.WriteTo(w); err != nil {
		return err
	}
	_, err := provingKey.WriteTo(w)
	return err
}

// parseImage reads what WriteImage wrote. Lengths are checked before anything
// is allocated for them, and the two halves must fit each other, because gnark
// trusts both and would panic in goroutines that nobody can recover.
func parseImage(image []byte, maxConstraints uint64) (p *program, err error) {
	defer recoverAs(&err, backend.ErrImage)

	system, key, err := splitImage(image)
	if err != nil {
		return nil, err
	}
	if err := checkSystemHeader(system); err != nil {
		return nil, err
	}
	r1cs, ok := groth16.NewCS(ecc.BN254).(*cs.R1CS)
	if !ok {
		return nil, fmt.Errorf("%w: gnark offers no BN254 constraint system", backend.ErrFailed)
	}
	if _, err := r1cs.ReadFrom(bytes.NewReader(system)); err != nil {
		return nil, fmt.Errorf("%w: constraint system: %w", backend.ErrImage, err)
	}
	if err := checkSystem(r1cs, maxConstraints); err != nil {
		return nil, err
	}
	if err := checkKey(key, r1cs); err != nil {
		return nil, err
	}
	pk := new(provingKey)
	if _, err := pk.ReadFrom(bytes.NewReader(key)); err != nil {
		return nil, fmt.Errorf("%w: proving key: %w", backend.ErrImage, err)
	}
	return &program{
		r1cs:        r1cs,
		pk:          pk,
		constraints: uint64(r1cs.GetNbConstraints()),
		nbPublic:    r1cs.GetNbPublicVariables() - 1,
		nbSecret:    r1cs.GetNbSecretVariables(),
	}, nil
}

func splitImage(image []byte) (system, key []byte, err error) {
	if len(image) < lengthSize {
		return nil, nil, fmt.Errorf("%w: %d bytes are too short for the length that starts it", backend.ErrImage, len(image))
	}
	n := binary.BigEndian.Uint64(image)
	rest := image[lengthSize:]
	if n == 0 || n >= uint64(len(rest)) {
		return nil, nil, fmt.Errorf("%w: it announces a constraint system of %d bytes, but %d bytes follow for it and the proving key",
			backend.ErrImage, n, len(rest))
	}
	return rest[:n], rest[n:], nil
}

// recoverAs turns a panic into an error of the given kind.
func recoverAs(err *error, kind error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: gnark panicked: %v", kind, r)
	}
}
