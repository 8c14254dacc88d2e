// Package demo holds the circuit that the demonstration buys proofs of: "I know
// chunk number Index of the file whose Merkle root is Root", without showing
// the chunk. It is proof of possession, as a storage provider would give it.
//
// A file is cut into chunks of ChunkSize bytes. A chunk is a leaf, a tree of
// fixed Depth holds up to MaxLeaves of them, and both hash with Poseidon2 over
// the scalar field of BN254 (width 2, gnark-crypto's default parameters):
//
//	compress(l, r) = the second lane of permutation(l, r), plus r
//	leaf           = fold of compress from 0 over: length, 16 words, tag
//	node           = compress(left, right)
//	absent leaf    = 0
//
// A word is 31 bytes of the chunk, big-endian, the last ones padded with zero
// bytes; the length keeps padded chunks apart from chunks that end in zeros.
// The tag closes each leaf: a node could pass for a leaf only if its right
// child were the tag, which would be a preimage under Poseidon2.
//
// The public inputs are Root and Index, in this order. The circuit does not
// limit words to 31 bytes: a root made by Tree binds them by itself.
package demo

import (
	"math/big"

	"github.com/consensys/gnark/frontend"
	"github.com/consensys/gnark/std/permutation/poseidon2"
)

const (
	// Depth is the number of levels of the tree above its leaves.
	Depth = 16
	// MaxLeaves is the largest number of chunks in a file.
	MaxLeaves = 1 << Depth
	// WordSize is the number of bytes of a chunk in one field element.
	WordSize = 31
	// WordsPerChunk is the number of field elements in a chunk.
	WordsPerChunk = 16
	// ChunkSize is the number of bytes in a chunk; the last may be shorter.
	ChunkSize = WordSize * WordsPerChunk
	// MaxFileSize is the largest file, in bytes, that a tree holds (32.5 MB).
	MaxFileSize = MaxLeaves * ChunkSize
	// MaxConstraints is the budget of the circuit.
	MaxConstraints = 1 << 13

	leafTag = "proofmarket/chunk/v1"
)

// Circuit states that Words and Length are leaf number Index of the tree with
// this Root.
type Circuit struct {
	Root  frontend.Variable `gnark:",public"`
	Index frontend.Variable `gnark:",public"`

	Length frontend.Variable
	Words  [WordsPerChunk]frontend.Variable
	// Path lists the siblings on the way from the leaf to the root.
	Path [Depth]frontend.Variable
}

// Define implements frontend.Circuit.
func (c *Circuit) Define(api frontend.API) error {
	hash, err := poseidon2.NewPoseidon2(api)
	if err != nil {
		return err
	}

	node := hash.Compress(0, c.Length)
	for _, w := range c.Words {
		node = hash.Compress(node, w)
	}
	node = hash.Compress(node, tagValue())

	for level, right := range api.ToBinary(c.Index, Depth) {
		sibling := c.Path[level]
		// right says that our node is the right child at this level.
		l := api.Select(right, sibling, node)
		r := api.Select(right, node, sibling)
		node = hash.Compress(l, r)
	}
	api.AssertIsEqual(node, c.Root)
	return nil
}

func tagValue() *big.Int {
	return new(big.Int).SetBytes([]byte(leafTag))
}
