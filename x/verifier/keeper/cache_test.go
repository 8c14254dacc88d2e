package keeper

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"testing"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// namedKey is a key that is told apart by a number only.
type namedKey struct {
	proof.Key
	n byte
}

func (namedKey) Shape() proof.Shape { return proof.Shape{} }

// unit is the weight of a namedKey of no bytes.
const unit = keyMemory

func TestKeyCacheDropsLeastRecentlyUsed(t *testing.T) {
	c := newKeyCache(2 * unit)
	parsed := 0
	get := func(n byte) byte {
		k, err := c.get([32]byte{n}, 0, func() (proof.Key, error) { parsed++; return namedKey{n: n}, nil })
		require.NoError(t, err)
		return k.(namedKey).n
	}
	for _, step := range []struct {
		n      byte
		parsed int
	}{{1, 1}, {2, 2}, {1, 2}, {3, 3}, {1, 3}, {2, 4}, {3, 5}} {
		require.Equal(t, step.n, get(step.n))
		require.Equal(t, step.parsed, parsed, "after %d", step.n)
		require.LessOrEqual(t, c.order.Len(), 2)
		require.Len(t, c.byKey, c.order.Len())
		require.Equal(t, c.order.Len()*unit, c.sum)
	}
}

// The bound is on memory: one large key takes the place of many small ones.
func TestKeyCacheCountsBytes(t *testing.T) {
	c := newKeyCache(10 * unit)
	get := func(n byte, size int) {
		_, err := c.get([32]byte{n}, size, func() (proof.Key, error) { return namedKey{n: n}, nil })
		require.NoError(t, err)
	}
	for n := range byte(10) {
		get(n, 0)
	}
	require.Equal(t, 10, c.order.Len())
	get(10, 4*unit/keyByteMemory)
	require.Equal(t, 6, c.order.Len())
	require.Equal(t, 10*unit, c.sum)
	get(11, 20*unit/keyByteMemory)
	require.Zero(t, c.order.Len(), "larger than the whole cache")
	require.Zero(t, c.sum)
}

// TestWeightBoundsMemory: no prepared key takes more memory than its weight says.
func TestWeightBoundsMemory(t *testing.T) {
	type shape struct{ inputs, commitments int }
	check := func(name, family, curve string, key []byte, constants []proof.Constant) {
		const copies = 20
		var before, after runtime.MemStats
		var keys [copies]proof.Key
		f, err := types.GetFamily(family)
		require.NoError(t, err)
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range keys {
			keys[i], err = f.Parse(curve, key, constants)
			require.NoError(t, err, name)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		bound := weight(keys[0].Shape(), len(key))
		require.LessOrEqual(t, int(after.HeapAlloc-before.HeapAlloc)/copies, bound, name)
		runtime.KeepAlive(keys)
	}
	_, _, a1, a2 := bn254.Generators()
	_, _, b1, b2 := bls12381.Generators()
	rawA1, rawA2, rawB1, rawB2 := a1.RawBytes(), a2.RawBytes(), b1.RawBytes(), b2.RawBytes()
	for _, s := range []shape{{0, 0}, {20, 0}, {64, 0}, {65, 0}, {proof.MaxPublicInputs, 0}, {0, 1}, {64, proof.MaxCommitments}, {490, proof.MaxCommitments}} {
		name := fmt.Sprintf("%+v", s)
		check(name, "groth16", proof.CurveBN254, groth16Key(rawA1[:], rawA2[:], s.inputs, s.commitments), nil)
		check(name, "groth16", proof.CurveBLS12381, groth16Key(rawB1[:], rawB2[:], s.inputs, s.commitments), nil)
	}
	verifiers, err := types.DefaultVerifiers()
	require.NoError(t, err)
	for _, v := range verifiers {
		check(v.Id, v.Family, v.Curve, v.Key, v.ProofConstants())
	}
}

// groth16Key returns a key of that shape, in which all points are generators.
func groth16Key(g1, g2 []byte, inputs, commitments int) []byte {
	var k []byte
	points := func(list ...[]byte) {
		for _, p := range list {
			k = append(k, p...)
		}
	}
	count := func(n int) { k = binary.BigEndian.AppendUint32(k, uint32(n)) }
	points(g1, g1, g2, g2, g1, g2)
	count(1 + inputs + commitments)
	for range 1 + inputs + commitments {
		points(g1)
	}
	count(commitments)
	for range commitments {
		count(0)
	}
	count(commitments)
	for range commitments {
		points(g2, g2)
	}
	return k
}

func TestKeyCacheRemembersNoErrors(t *testing.T) {
	c := newKeyCache(2 * unit)
	_, err := c.get([32]byte{1}, 0, func() (proof.Key, error) { return nil, proof.ErrPoint })
	require.ErrorIs(t, err, proof.ErrPoint)
	require.Zero(t, c.order.Len())
}

func TestKeyCacheInParallel(t *testing.T) {
	c := newKeyCache(3 * unit)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				n := byte((i + j) % 5)
				k, err := c.get([32]byte{n}, 0, func() (proof.Key, error) { return namedKey{n: n}, nil })
				if err != nil || k.(namedKey).n != n {
					t.Errorf("asked for %d, got %v, %v", n, k, err)
				}
			}
		})
	}
	wg.Wait()
	require.LessOrEqual(t, c.order.Len(), 3)
}
