package bls12381_test

// What the tests need to know of BLS12-381.
const (
	// flagBits is the number of flag bits in a point's first byte.
	flagBits = 3
	// outsideG1 reports whether G1 has points outside the subgroup.
	outsideG1 = true
)

// falseInfinities are the first bytes of points that are zero otherwise, which
// look like infinity uncompressed and are not its canonical form.
var falseInfinities = []byte{0x00, 0x20, 0x60, 0x80, 0xa0, 0xc0, 0xe0}
