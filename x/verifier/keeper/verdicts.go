package keeper

import (
	"context"
	"errors"

	lru "github.com/hashicorp/golang-lru/v2"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/domainhash"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/batch"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// verdictEntries is how many verdicts a node remembers: those of some sixty full blocks, in
// about 4 MiB.
const verdictEntries = 16_384

// verdictCache holds verdicts by the hash of all that they depend on, never by an id
// (law V7). It is not state: whether a verdict is in it never shows in gas, errors or
// verdicts. Transactions may run in parallel on it.
type verdictCache struct {
	lru *lru.Cache[[32]byte, error]
}

// newVerdictCache returns a cache of so many verdicts, or for none one that forgets all.
func newVerdictCache(entries int) verdictCache {
	if entries <= 0 {
		return verdictCache{}
	}
	c, err := lru.New[[32]byte, error](entries)
	if err != nil {
		panic(err) // of a size that is not positive only
	}
	return verdictCache{c}
}

// get tells whether a verdict is known, and which.
func (c verdictCache) get(hash [32]byte) (known bool, verdict error) {
	if c.lru == nil {
		return false, nil
	}
	verdict, known = c.lru.Get(hash)
	return known, verdict
}

// add remembers a verdict, unless something in a library failed.
func (c verdictCache) add(hash [32]byte, verdict error) {
	if c.lru != nil && !errors.Is(verdict, proof.ErrInternal) {
		c.lru.Add(hash, verdict)
	}
}

// task is a verification with all that its verdict depends on.
type task struct {
	source          keySource
	program, digest [32]byte
	publicValues    []byte
	proof           []byte
}

// hash names the task by its content (law V7): key and constants with their family and
// curve, statement, public values and proof. Empty public values are as none.
func (t task) hash() [32]byte {
	key := t.keyHash()
	return domainhash.Sum("proofmarket/verdict/v1", key[:], t.program[:], t.digest[:], t.publicValues, t.proof)
}

func (t task) keyHash() [32]byte {
	return proof.KeyHash(t.source.family.Name(), t.source.curve, t.source.key, t.source.constants)
}

// item is the task for a prepared key. A message cannot tell empty public values from
// none: families that need them take none as the empty string, others take empty as
// not given.
func (t task) item(key proof.Key) batch.Item {
	values := t.publicValues
	if len(values) == 0 {
		values = nil
		if key.NeedsPublicValues() {
			values = []byte{}
		}
	}
	return batch.Item{Key: key, Program: t.program, Digest: t.digest, PublicValues: values, Proof: t.proof}
}

// judge returns the verdict on a task, known or new. The caller has read the key through
// the gas meter and charged for all of it.
func (k *Keeper) judge(t task) error {
	hash := t.hash()
	if known, verdict := k.verdicts.get(hash); known {
		return types.FromProof(verdict)
	}
	key, err := k.prepare(t.source)
	if err != nil {
		return err
	}
	it := t.item(key)
	verdict := key.Verify(it.Program, it.Digest, it.PublicValues, it.Proof)
	k.verdicts.add(hash, verdict)
	return types.FromProof(verdict)
}

// Question is a verification that a block may ask for.
type Question struct {
	Statement    types.Statement
	PublicValues []byte
	Proof        []byte
	// Gas is the most that the verification may cost.
	Gas uint64
}

// VerifyAhead verifies in one batch, on all cores, what a block is going to ask for, so
// that Verify finds the verdicts. It changes no state, charges nothing, and leaves out
// what Verify would refuse before it looks at the proof. It returns how many verdicts
// are new.
func (k *Keeper) VerifyAhead(ctx context.Context, questions []Question) int {
	if k.verdicts.lru == nil {
		return 0
	}
	aside, _ := sdk.UnwrapSDKContext(ctx).CacheContext()
	aside = aside.WithGasMeter(storetypes.NewInfiniteGasMeter())
	var items []batch.Item
	var hashes [][32]byte
	seen := make(map[[32]byte]bool, len(questions))
	for _, q := range questions {
		t, err := k.taskOf(aside, q)
		if err != nil {
			continue
		}
		if shape, err := t.source.family.Shape(t.source.curve, t.source.key); err != nil || types.VerificationGas(shape) > q.Gas {
			continue
		}
		hash := t.hash()
		if known, _ := k.verdicts.get(hash); known || seen[hash] {
			continue
		}
		key, err := k.prepare(t.source)
		if err != nil {
			continue
		}
		seen[hash] = true
		items, hashes = append(items, t.item(key)), append(hashes, hash)
	}
	for i, verdict := range batch.Verify(items, 0) {
		k.verdicts.add(hashes[i], verdict)
	}
	return len(items)
}

// taskOf does what Verify does before it charges. Errors: as Verify's.
func (k *Keeper) taskOf(ctx context.Context, q Question) (t task, err error) {
	if err := proof.CheckSizes(q.PublicValues, q.Proof); err != nil {
		return t, types.FromProof(err)
	}
	t = task{publicValues: q.PublicValues, proof: q.Proof}
	if t.program, t.digest, err = q.Statement.Decode(); err != nil {
		return t, err
	}
	t.source, err = k.admit(ctx, q.Statement, t.program[:], types.Standing.TakesProofs)
	return t, err
}

// SetVerdictCache sets how many verdicts the node remembers; 0 for none, so that every
// proof is verified where it is used. It must be called before the first block.
func (k *Keeper) SetVerdictCache(entries int) { k.verdicts = newVerdictCache(entries) }
