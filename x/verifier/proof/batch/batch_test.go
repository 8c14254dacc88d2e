package batch_test

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/batch"
	"github.com/proofmarket/proofmarket/x/verifier/proof/families"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
)

// published returns all published proofs, each under every key of its makers: valid
// under one of them, false or of another form under the others. What is valid comes
// first.
func published(t testing.TB) (items []batch.Item, valid int) {
	t.Helper()
	var others []batch.Item
	for _, set := range vectors.ZkVMs(t) {
		for _, key := range set.Keys {
			k := parse(t, key)
			for _, row := range set.Rows {
				it := batch.Item{Key: k, Program: row.Program, Digest: row.Digest, PublicValues: row.PublicValues, Proof: row.Proof}
				if slices.Contains(row.VerifiesUnder, key.ID) {
					items = append(items, it)
				} else {
					others = append(others, it)
				}
			}
		}
	}
	return append(items, others...), len(items)
}

// parse takes a published key the way that it takes to the chain.
func parse(t testing.TB, key vectors.Key) proof.Key {
	t.Helper()
	f, ok := families.Get(key.Family)
	require.True(t, ok, key.Family)
	canonical, err := f.Canonicalize(key.Curve, key.Published)
	require.NoError(t, err)
	k, err := f.Parse(key.Curve, canonical, key.Constants)
	require.NoError(t, err)
	return k
}

// pool returns items of all families and curves.
func pool(t testing.TB) []batch.Item {
	t.Helper()
	items, _ := published(t)
	for _, curve := range groth16.Family.Curves() {
		for _, f := range groth16test.AllOn(t, curve) {
			good, small, bad := item(t, f), item(t, f), item(t, f)
			small.Proof, bad.Proof = f.SmallProof, swapped(f)
			items = append(items, good, small, bad)
		}
	}
	return items
}

// mutations are what may be wrong with an item; the first is nothing.
var mutations = []func(*batch.Item){
	func(*batch.Item) {},
	func(it *batch.Item) { it.Proof = nil },
	func(it *batch.Item) { it.Proof = it.Proof[:len(it.Proof)-1] },
	func(it *batch.Item) { it.Proof = append(bytes.Clone(it.Proof), 0) },
	func(it *batch.Item) { it.Proof = make([]byte, len(it.Proof)) },
	func(it *batch.Item) { it.Proof = make([]byte, proof.MaxProofSize+1) },
	func(it *batch.Item) { it.Program[31] ^= 1 },
	func(it *batch.Item) { it.Program[0] = 0xff },
	func(it *batch.Item) { it.Digest[31] ^= 1 },
	func(it *batch.Item) { it.Digest[0] = 0xff },
	func(it *batch.Item) { it.PublicValues = nil },
	func(it *batch.Item) { it.PublicValues = append(bytes.Clone(it.PublicValues), 1) },
	func(it *batch.Item) { it.PublicValues = make([]byte, proof.MaxPublicValuesSize+1) },
	func(it *batch.Item) { it.Proof, it.PublicValues = flip(it.Proof, 0), nil },
	func(it *batch.Item) { it.Proof, it.PublicValues = flip(it.Proof, len(it.Proof)/2), nil },
	func(it *batch.Item) { it.Proof, it.PublicValues = flip(it.Proof, len(it.Proof)-1), nil },
}

// flip changes a bit of a byte.
func flip(bz []byte, at int) []byte {
	out := bytes.Clone(bz)
	if at < len(out) {
		out[at] ^= 1
	}
	return out
}

// direct returns the verdict that the item's key gives.
func direct(it *batch.Item) error {
	return it.Key.Verify(it.Program, it.Digest, it.PublicValues, it.Proof)
}

// law V7: whatever families, curves, keys and errors are in a batch, and in what
// order, each verdict is the direct one, down to the words.
func TestBatchEqualsDirect(t *testing.T) {
	items := pool(t)
	verdicts := map[[2]int]error{}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 16).Draw(t, "items")
		list, want := make([]batch.Item, n), make([]error, n)
		clean := rapid.Bool().Draw(t, "clean")
		for i := range n {
			at, change := rapid.IntRange(0, len(items)-1).Draw(t, "item"), 0
			if !clean && rapid.Bool().Draw(t, "mutated") {
				change = rapid.IntRange(0, len(mutations)-1).Draw(t, "mutation")
			}
			list[i] = items[at]
			mutations[change](&list[i])
			err, known := verdicts[[2]int{at, change}]
			if !known {
				err = direct(&list[i])
				verdicts[[2]int{at, change}] = err
			}
			want[i] = err
		}
		got := batch.Verify(list, rapid.IntRange(-1, 4).Draw(t, "workers"))
		require.Len(t, got, n)
		for i := range want {
			require.Equal(t, want[i], got[i], "item %d of %d", i, n)
		}
	})
}

// Each published proof is valid in one batch with all others, and with all that are
// not valid under the same keys.
func TestPublishedProofs(t *testing.T) {
	items, valid := published(t)
	require.Greater(t, valid, 10)
	for _, err := range batch.Verify(items[:valid], 2) {
		require.NoError(t, err)
	}
	got := batch.Verify(items, 2)
	for i := range items {
		require.Equal(t, i < valid, got[i] == nil)
		require.Equal(t, direct(&items[i]), got[i])
	}
}

// Verdicts go with their items: every mutation of every item, all in one batch, in
// both directions.
func TestAllMutationsAtOnce(t *testing.T) {
	var list []batch.Item
	var want []error
	for _, curve := range groth16.Family.Curves() {
		for _, f := range groth16test.AllOn(t, curve)[:2] {
			for _, mutate := range mutations {
				it := item(t, f)
				mutate(&it)
				list, want = append(list, it), append(want, direct(&it))
			}
		}
	}
	for range 2 {
		require.Equal(t, want, batch.Verify(list, 2))
		slices.Reverse(list)
		slices.Reverse(want)
	}
}

func TestEdges(t *testing.T) {
	require.Empty(t, batch.Verify(nil, 1))
	f := groth16test.All(t)[0]
	good := item(t, f)
	for workers := range 3 {
		require.Equal(t, []error{nil}, batch.Verify([]batch.Item{good}, workers))
	}
	got := batch.Verify([]batch.Item{good, {}, good, {Key: broken{}}, {Key: empty{}}}, 2)
	require.NoError(t, got[0])
	require.NoError(t, got[2])
	for _, i := range []int{1, 3, 4} { // no key; one that panics; one whose claim is none
		require.ErrorIs(t, got[i], proof.ErrInternal, i)
	}
}

// broken is a key that panics, empty one that prepares nothing.
type (
	broken struct{ proof.Key }
	empty  struct{ proof.Key }
)

func (broken) Prepare(_, _ [32]byte, _, _ []byte) (proof.Claim, error) { panic("broken") }

func (empty) Prepare(_, _ [32]byte, _, _ []byte) (proof.Claim, error) { return nil, nil }

// Keys are shared by batches that run at once.
func TestConcurrentBatches(t *testing.T) {
	var list []batch.Item
	for _, curve := range groth16.Family.Curves() {
		for _, f := range groth16test.AllOn(t, curve)[:3] {
			bad := item(t, f)
			bad.Proof = swapped(f)
			list = append(append(list, copies(t, f, 3)...), bad)
		}
	}
	var want []error
	for i := range list {
		want = append(want, direct(&list[i]))
	}
	var got [4][]error
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i] = batch.Verify(list, 2) })
	}
	wg.Wait()
	for i := range got {
		require.Equal(t, want, got[i], fmt.Sprint(i))
	}
}

// FuzzBatch: whatever is done to published proofs, and in whatever order they come,
// each verdict is the direct one. Four bytes are an item: which, where in its proof
// a byte is changed, and how.
func FuzzBatch(f *testing.F) {
	items, valid := published(f)
	f.Add([]byte{})
	f.Add([]byte{0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0})
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 99, 1, byte(valid), 0, 0, 0})
	f.Fuzz(func(t *testing.T, program []byte) {
		const most = 6
		var list []batch.Item
		for op := range slices.Chunk(program, 4) {
			if len(op) < 4 || len(list) == most {
				break
			}
			it := items[int(op[0])%len(items)]
			it.Proof = bytes.Clone(it.Proof)
			it.Proof[(int(op[1])<<8|int(op[2]))%len(it.Proof)] ^= op[3]
			list = append(list, it)
		}
		for i, err := range batch.Verify(list, 2) {
			require.Equal(t, direct(&list[i]), err, "item %d", i)
		}
	})
}
