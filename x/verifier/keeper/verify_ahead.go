package keeper

import (
	"runtime"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/batch"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// Ahead is what a transaction of a block is going to ask for, one after the other.
type Ahead struct {
	Questions []Question
	// Gas is the transaction's limit, for all of them.
	Gas uint64
}

// VerifyAhead verifies in one batch, on all cores, what a block is going to ask for, so
// that Verify finds the verdicts. It changes no state and charges nobody, but does no more
// than transactions have gas for, each and all together: reading keys and verifying costs
// here what it costs them. What Verify would refuse before it looks at the proof ends its
// transaction here too. It returns how many verdicts are new.
func (k *Keeper) VerifyAhead(ctx sdk.Context, txs []Ahead, gas uint64) int {
	if k.verdicts.lru == nil {
		return 0
	}
	ctx, _ = ctx.CacheContext()
	var tasks []task
	var hashes [][32]byte
	seen := map[[32]byte]bool{}
	for _, tx := range txs {
		meter := storetypes.NewGasMeter(min(tx.Gas, gas))
		for _, q := range tx.Questions {
			t, err := k.chargedTask(ctx.WithGasMeter(meter), q)
			if err != nil {
				break
			}
			hash := t.hash()
			if known, _ := k.verdicts.get(hash); known || seen[hash] {
				continue
			}
			seen[hash] = true
			tasks, hashes = append(tasks, t), append(hashes, hash)
		}
		gas -= meter.GasConsumedToLimit()
	}
	hashes, items := k.prepared(tasks, hashes)
	for i, verdict := range batch.Verify(items, 0) {
		k.verdicts.add(hashes[i], verdict)
	}
	k.verdicts.counts.batched.Add(uint64(len(items)))
	return len(items)
}

// chargedTask does all that Verify does before it needs the verdict. Running out of gas
// is sdkerrors.ErrOutOfGas.
func (k *Keeper) chargedTask(ctx sdk.Context, q Question) (t task, err error) {
	defer outOfGas(&err)
	return k.charged(ctx, q)
}

// outOfGas makes an error of running out of gas, and of any other panic.
func outOfGas(err *error) {
	switch recover().(type) {
	case nil:
	case storetypes.ErrorOutOfGas, storetypes.ErrorGasOverflow:
		*err = sdkerrors.ErrOutOfGas
	default:
		*err = types.ErrVerification
	}
}

// prepared returns what a batch takes of the tasks whose keys can be prepared, with their
// hashes. Each key is prepared once, on all cores.
func (k *Keeper) prepared(tasks []task, hashes [][32]byte) (good [][32]byte, items []batch.Item) {
	place := map[[32]byte]int{}
	var sources []keySource
	at := make([]int, len(tasks))
	for i, t := range tasks {
		hash := t.keyHash()
		if _, known := place[hash]; !known {
			place[hash] = len(sources)
			sources = append(sources, t.source)
		}
		at[i] = place[hash]
	}
	keys := make([]proof.Key, len(sources))
	// The error of the first key that fails is no use here: what has no key is left out.
	_ = proof.Each(runtime.GOMAXPROCS(0), len(sources), func(i int) (err error) {
		keys[i], err = k.prepare(sources[i])
		return err
	})
	for i, t := range tasks {
		if key := keys[at[i]]; key != nil {
			good, items = append(good, hashes[i]), append(items, t.item(key))
		}
	}
	return good, items
}
