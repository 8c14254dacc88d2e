package demo

import (
	"fmt"
	"io"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr/poseidon2"
)

// Tree is the Merkle tree of a file's chunks.
type Tree struct {
	chunks [][]byte
	// levels[0] are the leaves, levels[Depth] the root. Only nodes over a chunk
	// are stored: the others are absent, see empty.
	levels [Depth + 1][]fr.Element
	// empty[n] is the node at level n with no chunk below it.
	empty [Depth + 1]fr.Element
	perm  *poseidon2.Permutation
}

// ReadTree builds the tree of what r holds: at least one byte, at most
// MaxFileSize.
func ReadTree(r io.Reader) (*Tree, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	return NewTree(data)
}

// NewTree builds the tree of data: at least one byte, at most MaxFileSize.
func NewTree(data []byte) (*Tree, error) {
	if len(data) == 0 {
		return nil, fmt.Errorf("the file is empty: choose one with at least one byte")
	}
	if len(data) > MaxFileSize {
		return nil, fmt.Errorf("the file is larger than %d bytes, the most that a tree of %d levels holds", MaxFileSize, Depth)
	}
	t := &Tree{perm: poseidon2.NewDefaultPermutation()}
	for start := 0; start < len(data); start += ChunkSize {
		t.chunks = append(t.chunks, data[start:min(start+ChunkSize, len(data))])
	}

	t.levels[0] = make([]fr.Element, len(t.chunks))
	for i, chunk := range t.chunks {
		leaf, err := t.leaf(chunk)
		if err != nil {
			return nil, err
		}
		t.levels[0][i] = leaf
	}
	for n := range Depth {
		parent, err := t.compress(t.empty[n], t.empty[n])
		if err != nil {
			return nil, err
		}
		t.empty[n+1] = parent
		below := t.levels[n]
		t.levels[n+1] = make([]fr.Element, (len(below)+1)/2)
		for i := range t.levels[n+1] {
			if t.levels[n+1][i], err = t.compress(below[2*i], t.node(n, 2*i+1)); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// Leaves is the number of chunks in the file.
func (t *Tree) Leaves() int { return len(t.chunks) }

// Root is the root of the tree.
func (t *Tree) Root() fr.Element { return t.levels[Depth][0] }

// Assignment returns the circuit's inputs that prove knowledge of chunk number
// index. It fails if the file has no such chunk.
func (t *Tree) Assignment(index int) (*Circuit, error) {
	if index < 0 || index >= len(t.chunks) {
		return nil, fmt.Errorf("the file has %d chunks of %d bytes: choose an index from 0 to %d, not %d",
			len(t.chunks), ChunkSize, len(t.chunks)-1, index)
	}
	c := &Circuit{Root: t.Root(), Index: index, Length: len(t.chunks[index])}
	for i, w := range words(t.chunks[index]) {
		c.Words[i] = w
	}
	for n := range Depth {
		c.Path[n] = t.node(n, (index>>n)^1)
	}
	return c, nil
}

// node returns node number i of level n, which may be absent.
func (t *Tree) node(n, i int) fr.Element {
	if i < len(t.levels[n]) {
		return t.levels[n][i]
	}
	return t.empty[n]
}

// leaf hashes one chunk.
func (t *Tree) leaf(chunk []byte) (fr.Element, error) {
	var tag, length, state fr.Element
	tag.SetBigInt(tagValue())
	length.SetUint64(uint64(len(chunk)))

	w := words(chunk)
	blocks := append([]fr.Element{length}, w[:]...)
	blocks = append(blocks, tag)
	for _, block := range blocks {
		next, err := t.compress(state, block)
		if err != nil {
			return fr.Element{}, err
		}
		state = next
	}
	return state, nil
}

func (t *Tree) compress(l, r fr.Element) (fr.Element, error) {
	lanes := [2]fr.Element{l, r}
	if err := t.perm.Permutation(lanes[:]); err != nil {
		return fr.Element{}, fmt.Errorf("poseidon2: %w", err)
	}
	var out fr.Element
	out.Add(&lanes[1], &r)
	return out, nil
}

// words cuts a chunk of at most ChunkSize bytes into field elements.
func words(chunk []byte) (out [WordsPerChunk]fr.Element) {
	var padded [ChunkSize]byte
	copy(padded[:], chunk)
	for i := range out {
		out[i].SetBytes(padded[i*WordSize : (i+1)*WordSize])
	}
	return out
}
