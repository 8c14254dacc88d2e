package bn254_test

// What the tests need to know of BN254.
const (
	// flagBits is the number of flag bits in a point's first byte.
	flagBits = 2
	// outsideG1 reports whether G1 has points outside the subgroup.
	outsideG1 = false
)

// falseInfinities are the first bytes of points that are zero otherwise, which
// look like infinity uncompressed and are not its canonical form.
var falseInfinities = []byte{0x40, 0x80, 0xc0}
