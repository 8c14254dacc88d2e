package demo

import (
	"bytes"
	"testing"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr/poseidon2"
	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/frontend/cs/r1cs"
	"github.com/consensys/gnark/test"
	"github.com/stretchr/testify/require"
)

// sample is a file whose last chunk is short.
func sample(chunks int) []byte {
	out := make([]byte, chunks*ChunkSize-7)
	for i := range out {
		out[i] = byte(i * 31)
	}
	return out
}

func TestCircuitFitsItsBudget(t *testing.T) {
	ccs, err := frontend.Compile(ecc.BN254.ScalarField(), r1cs.NewBuilder, &Circuit{})
	require.NoError(t, err)
	t.Logf("%d constraints", ccs.GetNbConstraints())
	require.LessOrEqual(t, ccs.GetNbConstraints(), MaxConstraints)
	require.Equal(t, 3, ccs.GetNbPublicVariables(), "the constant one, root and index")
	require.Zero(t, len(ccs.GetCommitments().CommitmentIndexes()))
}

func TestCircuitAcceptsEveryChunk(t *testing.T) {
	for _, chunks := range []int{1, 2, 3, 5} {
		tree, err := NewTree(sample(chunks))
		require.NoError(t, err)
		require.Equal(t, chunks, tree.Leaves())
		for i := range chunks {
			c, err := tree.Assignment(i)
			require.NoError(t, err)
			require.NoError(t, test.IsSolved(&Circuit{}, c, ecc.BN254.ScalarField()))
		}
		_, err = tree.Assignment(chunks)
		require.ErrorContains(t, err, "choose an index")
		_, err = tree.Assignment(-1)
		require.ErrorContains(t, err, "choose an index")
	}
}

func TestCircuitRefusesFalseStatements(t *testing.T) {
	tree, err := NewTree(sample(3))
	require.NoError(t, err)
	other, err := NewTree(sample(4))
	require.NoError(t, err)

	cases := map[string]func(c *Circuit){
		"another root":          func(c *Circuit) { c.Root = other.Root() },
		"another index":         func(c *Circuit) { c.Index = 2 },
		"index past the tree":   func(c *Circuit) { c.Index = 1 + MaxLeaves },
		"another length":        func(c *Circuit) { c.Length = ChunkSize - 1 },
		"another word":          func(c *Circuit) { c.Words[15] = 1 },
		"another sibling":       func(c *Circuit) { c.Path[Depth-1] = 1 },
		"an absent leaf":        func(c *Circuit) { c.Index = 3; c.Length = 0; c.Words = [WordsPerChunk]frontend.Variable{} },
		"words of another leaf": func(c *Circuit) { o, _ := tree.Assignment(0); c.Words = o.Words },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			c, err := tree.Assignment(1)
			require.NoError(t, err)
			require.NoError(t, test.IsSolved(&Circuit{}, c, ecc.BN254.ScalarField()))
			change(c)
			for i := range c.Words {
				if c.Words[i] == nil {
					c.Words[i] = 0
				}
			}
			require.Error(t, test.IsSolved(&Circuit{}, c, ecc.BN254.ScalarField()))
		})
	}
}

// The circuit's gadget and gnark-crypto must be the same function.
func TestNativeLeafIsMerkleDamgard(t *testing.T) {
	chunk := sample(1)
	tree, err := NewTree(chunk)
	require.NoError(t, err)

	h := poseidon2.NewMerkleDamgardHasher()
	write := func(e fr.Element) {
		_, err := h.Write(e.Marshal())
		require.NoError(t, err)
	}
	var length, tag fr.Element
	length.SetUint64(uint64(len(chunk)))
	tag.SetBytes([]byte(leafTag))
	write(length)
	for _, w := range words(chunk) {
		write(w)
	}
	write(tag)
	var want fr.Element
	want.SetBytes(h.Sum(nil))
	require.Equal(t, want, tree.levels[0][0])
}

func TestTreeLimits(t *testing.T) {
	_, err := NewTree(nil)
	require.ErrorContains(t, err, "empty")
	_, err = NewTree(make([]byte, MaxFileSize+1))
	require.ErrorContains(t, err, "larger")
	_, err = ReadTree(bytes.NewReader(sample(2)))
	require.NoError(t, err)
}

func TestTreeTellsPaddingFromZeros(t *testing.T) {
	short, err := NewTree([]byte{1})
	require.NoError(t, err)
	long, err := NewTree([]byte{1, 0})
	require.NoError(t, err)
	require.NotEqual(t, short.Root(), long.Root())
}
