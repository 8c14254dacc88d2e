package keeper

import (
	"context"

	"github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// UsesCircuit tells whether an open request names the circuit, whose raw id it takes: it
// cannot be withdrawn then (law V2). The places by verifier tell, in one look.
func (k *Keeper) UsesCircuit(ctx context.Context, id []byte) (bool, error) {
	owner := ownerPrefix(placeVerifier, []byte(verifiertypes.CircuitVerifier))
	open := append(append(owner, byte(types.REQUEST_STATUS_PENDING)), id...)
	keys, err := k.keysIn(ctx, prefixSpan(open), 1)
	return len(keys) > 0, err
}
