//go:build icicle

package gnark

import (
	"context"
	"fmt"
	"sync"

	"github.com/consensys/gnark/backend/accelerated/icicle"
	iciclebn254 "github.com/consensys/gnark/backend/accelerated/icicle/groth16/bn254"
	"github.com/consensys/gnark/backend/groth16"
	"github.com/consensys/gnark/backend/witness"
	cs "github.com/consensys/gnark/constraint/bn254"
	"github.com/ingonyama-zk/icicle-gnark/v3/wrappers/golang/runtime"

	"github.com/proofmarket/proofmarket/prover/backend"
)

// Accelerator names what makes the proofs.
const Accelerator = "icicle"

// provingKey is the form of a proving key that proveGroth16 takes. On disk both
// forms are the same bytes.
type provingKey = iciclebn254.ProvingKey

// proveGroth16 proves on the GPU. gnark panics where the device fails; the caller
// recovers. Only the package of this curve is used, so that only its library need
// be there.
func proveGroth16(r1cs *cs.R1CS, pk *provingKey, w witness.Witness) (groth16.Proof, error) {
	if err := loadDevice(); err != nil {
		return nil, err
	}
	cfg, err := icicle.NewConfig()
	if err != nil {
		return nil, fmt.Errorf("%w: configure ICICLE: %w", backend.ErrFailed, err)
	}
	return iciclebn254.Prove(r1cs, pk, w, cfg)
}

// release gives back what a key holds in the GPU's memory. A key may be used
// again after it.
func release(pk *provingKey) { pk.FreeGPUResources() }

// acceleratorHealth reports whether ICICLE finds its libraries and a GPU.
func acceleratorHealth(ctx context.Context) error {
	if err := loadDevice(); err != nil {
		return err
	}
	return ctx.Err()
}

// loadDevice asks for the GPU once. gnark itself would panic, and only the first
// time that a proof is made.
var loadDevice = sync.OnceValue(func() error {
	if err := runtime.LoadBackendFromEnvOrDefault(); err != runtime.Success {
		return fmt.Errorf("%w: ICICLE's CUDA libraries cannot be loaded (set ICICLE_BACKEND_INSTALL_DIR): %s", backend.ErrFailed, err.AsString())
	}
	device := runtime.CreateDevice("CUDA", 0)
	if !runtime.IsDeviceAvailable(&device) {
		return fmt.Errorf("%w: ICICLE finds no CUDA device", backend.ErrFailed)
	}
	return nil
})
