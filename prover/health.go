package prover

import "github.com/proofmarket/proofmarket/prover/chain"

// health is how the sidecar is, as its server tells.
type health struct{}

func newHealth() *health { return &health{} }

// worked takes note of a block whose work was done.
func (h *health) worked(chain.Head) {}

// failed takes note of a block whose work could not be done.
func (h *health) failed(error) {}
