package types

import (
	"time"

	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// Urgency is what makes a message urgent (law M17).
type Urgency struct {
	// Key names the assignment that a proof is for, the sealed bid that a reveal opens, or
	// the place of a prover's bid: one pending transaction of each is enough.
	Key []byte
	// Prover is the address of the prover that the signer acts for.
	Prover string
	// Deadline is the block time at which it is expected to be too late, if the chain
	// goes on as usual. It orders what waits on one node, and nothing else.
	Deadline time.Time
	// Statement is what a proof is of.
	Statement verifiertypes.Statement
}
