package keeper

import (
	"context"
	"errors"
	"sync/atomic"

	lru "github.com/hashicorp/golang-lru/v2"

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
	lru    *lru.Cache[[32]byte, error]
	counts *counters
}

// counters count how verdicts came about.
type counters struct{ known, direct, batched atomic.Uint64 }

// Counts says how verdicts came about since the node started.
type Counts struct {
	// Known were remembered, Direct found by verifying one proof, Batched by verifying
	// many ahead of a block.
	Known, Direct, Batched uint64
}

// Counts returns how verdicts came about so far.
func (k *Keeper) Counts() Counts {
	c := k.verdicts.counts
	return Counts{Known: c.known.Load(), Direct: c.direct.Load(), Batched: c.batched.Load()}
}

// newVerdictCache returns a cache of so many verdicts, or for none one that forgets all.
func newVerdictCache(entries int) verdictCache {
	if entries <= 0 {
		return verdictCache{counts: &counters{}}
	}
	c, err := lru.New[[32]byte, error](entries)
	if err != nil {
		panic(err) // of a size that is not positive only
	}
	return verdictCache{c, &counters{}}
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

// judge returns the verdict on a task, known or new, and whether it is new. The caller has
// read the key through the gas meter and charged for all of it. What nobody pays for is
// not remembered: it must not push out what blocks are going to ask for.
func (k *Keeper) judge(t task, remember bool) (fresh bool, err error) {
	hash := t.hash()
	if known, verdict := k.verdicts.get(hash); known {
		k.verdicts.counts.known.Add(1)
		return false, types.FromProof(verdict)
	}
	key, err := k.prepare(t.source)
	if err != nil {
		return true, err
	}
	it := t.item(key)
	verdict := key.Verify(it.Program, it.Digest, it.PublicValues, it.Proof)
	k.verdicts.counts.direct.Add(1)
	if remember {
		k.verdicts.add(hash, verdict)
	}
	return true, types.FromProof(verdict)
}

// Question is a verification that is asked for.
type Question struct {
	Statement    types.Statement
	PublicValues []byte
	Proof        []byte
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
