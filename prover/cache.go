package prover

import (
	"context"
	"sync"

	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// maxKeys bounds the verifying keys that are kept.
const maxKeys = 256

// keyCache keeps verifying keys: a circuit's never change, and a verifier's only
// with an event. The zero value is empty.
type keyCache struct {
	mu   sync.Mutex
	keys map[verifiertypes.Statement]proof.Key // without digests
}

// get returns the key for a statement, from the chain if need be.
func (c *keyCache) get(ctx context.Context, from Chain, st verifiertypes.Statement) (proof.Key, error) {
	name := verifiertypes.Statement{Verifier: st.Verifier}
	if st.Verifier == chain.CircuitVerifier {
		name.Program = st.Program
	}
	c.mu.Lock()
	key, ok := c.keys[name]
	c.mu.Unlock()
	if ok {
		return key, nil
	}
	key, err := from.Key(ctx, st)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil || len(c.keys) >= maxKeys {
		c.keys = make(map[verifiertypes.Statement]proof.Key)
	}
	c.keys[name] = key
	return key, nil
}

// forget drops all keys.
func (c *keyCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys = nil
}

// stakeCache keeps how the chain sees us, for one block and until a reveal of ours
// changes it. The zero value is empty.
type stakeCache struct {
	mu     sync.Mutex
	height int64
	known  bool
	last   chain.Standing
	// changes counts calls of forget.
	changes int
}

// get returns how the chain sees us at a height or later, asking it if need be.
func (c *stakeCache) get(ctx context.Context, from Chain, prover string, height int64) (chain.Standing, error) {
	c.mu.Lock()
	last, known, changes := c.last, c.known && c.height >= height, c.changes
	c.mu.Unlock()
	if known {
		return last, nil
	}
	now, err := from.Standing(ctx, prover)
	if err != nil {
		return chain.Standing{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes == changes {
		c.last, c.height, c.known = now, height, true
	}
	return now, nil
}

// forget drops the answer. Call it before a job counts as revealed: from then on the
// chain's figures hold its stake, and the job's own do not (law P4).
func (c *stakeCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = false
	c.changes++
}

// generation changes with each forget.
func (c *stakeCache) generation() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changes
}
