//go:build !icicle

package gnark

import (
	"context"

	"github.com/consensys/gnark/backend/groth16"
	groth16bn254 "github.com/consensys/gnark/backend/groth16/bn254"
	"github.com/consensys/gnark/backend/witness"
	cs "github.com/consensys/gnark/constraint/bn254"
)

// Accelerator names what makes the proofs.
const Accelerator = "cpu"

// provingKey is the form of a proving key that proveGroth16 takes. On disk both
// forms are the same bytes.
type provingKey = groth16bn254.ProvingKey

func proveGroth16(r1cs *cs.R1CS, pk *provingKey, w witness.Witness) (groth16.Proof, error) {
	return groth16.Prove(r1cs, pk, w)
}

// release gives back what a key holds outside of Go's memory.
func release(*provingKey) {}

// acceleratorHealth reports whether the accelerator can work: a processor can.
func acceleratorHealth(ctx context.Context) error { return ctx.Err() }
