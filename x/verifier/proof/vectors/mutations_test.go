package vectors_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fp"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/stretchr/testify/require"
)

// change is another value of a field, and what was done to it.
type change struct {
	what  string
	value []byte
}

// changer makes changes of a field. It never yields the field itself, nor the
// same value twice.
type changer struct {
	field []byte
	seen  map[string]bool
	out   []change
	rand  *rand.Rand
}

// newChanger makes changes that depend on the name and the field alone.
func newChanger(name string, field []byte) *changer {
	var seed [32]byte
	copy(seed[:], name)
	return &changer{
		field: field, seen: map[string]bool{string(field): true},
		rand: rand.New(rand.NewChaCha8(seed)),
	}
}

func (c *changer) add(value []byte, format string, args ...any) {
	if !c.seen[string(value)] {
		c.seen[string(value)] = true
		c.out = append(c.out, change{fmt.Sprintf(format, args...), value})
	}
}

// put replaces the bytes from off on.
func (c *changer) put(off int, with []byte, format string, args ...any) {
	if off < 0 || off+len(with) > len(c.field) {
		return
	}
	value := bytes.Clone(c.field)
	copy(value[off:], with)
	c.add(value, format, args...)
}

// bytes flips one bit in each byte, or in limit bytes spread over a long field,
// and sets some bytes to anything.
func (c *changer) bytes(limit int) *changer {
	n := min(limit, len(c.field))
	for i := range n {
		at := i * len(c.field) / n
		c.put(at, []byte{c.field[at] ^ 1<<c.rand.IntN(8)}, "bit flipped in byte %d", at)
	}
	for range n / 8 {
		at := c.rand.IntN(len(c.field))
		c.put(at, []byte{byte(c.rand.Uint32())}, "byte %d changed", at)
	}
	return c
}

// lengths makes the field shorter and longer.
func (c *changer) lengths() *changer {
	n := len(c.field)
	for _, m := range []int{0, 1, n / 2, n - 64, n - 32, n - 1} {
		if m >= 0 && m < n {
			c.add(c.field[:m], "cut to %d bytes", m)
			c.add(c.field[n-m:], "last %d bytes", m)
		}
	}
	for _, m := range []int{1, 4, 32, 64} {
		c.add(slices.Concat(c.field, make([]byte, m)), "%d zeros after", m)
		c.add(slices.Concat(make([]byte, m), c.field), "%d zeros before", m)
	}
	c.add(slices.Concat(c.field, c.field), "doubled")
	return c
}

// words changes the words of 32 bytes from base on: swaps, zeros, ones, and the
// same number written another way.
func (c *changer) words(base int) *changer {
	for off := base; off+32 <= len(c.field); off += 32 {
		w := c.field[off : off+32]
		for other := max(base, off-4*32); other < off; other += 32 { // not all pairs, in a long field
			value := bytes.Clone(c.field)
			copy(value[off:], c.field[other:other+32])
			copy(value[other:], w)
			c.add(value, "words at %d and %d swapped", other, off)
		}
		c.put(off, make([]byte, 32), "word at %d zero", off)
		c.put(off, bytes.Repeat([]byte{0xff}, 32), "word at %d all ones", off)
		for i, modulus := range []*big.Int{fp.Modulus(), fr.Modulus()} {
			name := []string{"p", "r"}[i]
			if sum := new(big.Int).Add(new(big.Int).SetBytes(w), modulus); sum.BitLen() <= 256 {
				c.put(off, sum.FillBytes(make([]byte, 32)), "word at %d plus %s", off, name)
			}
			c.put(off, modulus.FillBytes(make([]byte, 32)), "word at %d is %s", off, name)
		}
	}
	return c
}

// points puts points where the field may have one: each step bytes from base on.
func (c *changer) points(t testing.TB, base, step int) *changer {
	t.Helper()
	for off := base; off+32 <= len(c.field); off += step {
		for _, p := range overlays(t) {
			c.put(off, p.value, "%s at %d", p.what, off)
		}
	}
	return c
}

// counts puts huge lengths where the field may have one.
func (c *changer) counts() *changer {
	for off := 0; off+4 <= len(c.field); off += 4 {
		for _, n := range []uint32{1 << 31, 1<<32 - 1} {
			c.put(off, binary.BigEndian.AppendUint32(nil, n), "length %d at %d", n, off)
		}
	}
	return c
}

// Names of the overlays that tests tell apart.
const (
	generator = "generator of G1"
	outside   = "point outside the subgroup"
)

// overlays are points, infinite and unsound ones among them, raw and compressed.
func overlays(t testing.TB) []change {
	t.Helper()
	_, _, g1, g2 := bn254.Generators()
	rawG1, smallG1, rawG2, smallG2 := g1.RawBytes(), g1.Bytes(), g2.RawBytes(), g2.Bytes()
	off := rawG1
	off[63] ^= 1
	out := outsideG2(t)
	rawOut, smallOut := out.RawBytes(), out.Bytes()
	infinity := append([]byte{0x40}, make([]byte, 63)...)
	return []change{
		{generator, rawG1[:]},
		{"generator of G1, compressed", smallG1[:]},
		{"generator of G2", rawG2[:]},
		{"generator of G2, compressed", smallG2[:]},
		{"point off the curve", off[:]},
		{outside, rawOut[:]},
		{outside + ", compressed", smallOut[:]},
		{"infinity of G1", make([]byte, 64)},
		{"infinity of G2", make([]byte, 128)},
		{"infinity of G1, compressed", infinity[:32]},
		{"infinity of G2, compressed", infinity},
	}
}

// outsideG2 returns a point on the twist that is not in the subgroup.
func outsideG2(t testing.TB) (p bn254.G2Affine) {
	t.Helper()
	for x := uint64(1); x < 100; x++ {
		bz := make([]byte, bn254.SizeOfG2AffineCompressed)
		binary.BigEndian.PutUint64(bz[len(bz)-8:], x)
		bz[0] = 0b10 << 6
		_, _ = p.SetBytes(bz)
		if p.IsOnCurve() && !p.IsInfinity() && !p.IsInSubGroup() {
			return p
		}
	}
	require.Fail(t, "no point outside the subgroup found")
	return p
}
