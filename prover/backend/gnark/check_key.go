package gnark

import (
	"encoding/binary"
	"fmt"

	curve "github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark/constraint"
	cs "github.com/consensys/gnark/constraint/bn254"

	"github.com/proofmarket/proofmarket/prover/backend"
)

const (
	g1Size = curve.SizeOfG1AffineCompressed
	g2Size = curve.SizeOfG2AffineCompressed
	// domainConstants is the number of field elements that describe the domain.
	domainConstants = 5
	// compressedBits are set in the first byte of every compressed point.
	compressedBits = 0b11 << 6
)

// keyWalker reads the shape of a serialised proving key without decoding it.
// Its first error sticks.
type keyWalker struct {
	b   []byte
	err error
}

func (w *keyWalker) take(n uint64, what string) []byte {
	if w.err == nil && n > uint64(len(w.b)) {
		w.err = fmt.Errorf("%w: proving key: %s takes %d bytes, %d are left", backend.ErrImage, what, n, len(w.b))
	}
	if w.err != nil {
		return nil
	}
	out := w.b[:n]
	w.b = w.b[n:]
	return out
}

func (w *keyWalker) uint64(what string) uint64 {
	if b := w.take(8, what); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (w *keyWalker) uint32(what string) uint64 {
	if b := w.take(4, what); b != nil {
		return uint64(binary.BigEndian.Uint32(b))
	}
	return 0
}

// points skips n points; WriteTo compresses them, and a point that says
// otherwise would shift all that follows.
func (w *keyWalker) points(n, size uint64, what string) {
	if n > uint64(len(w.b)) {
		n = uint64(len(w.b)) + 1 // too many whatever the size; no overflow
	}
	b := w.take(n*size, what)
	for ; len(b) > 0; b = b[size:] {
		if b[0]&compressedBits == 0 {
			w.err = fmt.Errorf("%w: proving key: %s are not compressed, write the key with WriteTo", backend.ErrImage, what)
			return
		}
	}
}

func (w *keyWalker) slice(size uint64, what string) uint64 {
	n := w.uint32(what)
	w.points(n, size, what)
	return n
}

func (w *keyWalker) flags(n uint64, what string) uint64 {
	set := uint64(0)
	for _, f := range w.take(n, what) {
		if f > 1 && w.err == nil {
			w.err = fmt.Errorf("%w: proving key: %s holds a flag of %d", backend.ErrImage, what, f)
		}
		set += uint64(f)
	}
	return set
}

func (w *keyWalker) equal(got, want uint64, what string) {
	if w.err == nil && got != want {
		w.err = fmt.Errorf("%w: proving key: %s is %d, the constraint system asks for %d", backend.ErrImage, what, got, want)
	}
}

// checkKey holds every length in a serialised proving key against the
// constraint system that it belongs to. Points are checked when decoded.
func checkKey(key []byte, r *cs.R1CS) error {
	info := r.CommitmentInfo.(constraint.Groth16Commitments) // checkCommitments saw to it
	committed := 0
	for _, c := range info {
		committed += len(c.PrivateCommitted)
	}
	wires := uint64(r.GetNbPublicVariables() + r.GetNbSecretVariables() + r.NbInternalVariables)
	private := uint64(max(0, r.GetNbSecretVariables()+r.NbInternalVariables-committed-len(info)))
	cardinality := uint64(1)
	for cardinality < uint64(r.NbConstraints) {
		cardinality <<= 1
	}

	w := &keyWalker{b: key}
	w.equal(w.uint64("domain size"), cardinality, "the domain's size")
	w.take(domainConstants*fr.Bytes+1, "domain")
	w.points(3, g1Size, "alpha, beta and delta")
	a := w.slice(g1Size, "A")
	b1 := w.slice(g1Size, "B in G1")
	w.equal(w.slice(g1Size, "Z"), cardinality-1, "the length of Z")
	w.equal(w.slice(g1Size, "K"), private, "the length of K")
	w.points(2, g2Size, "beta and delta in G2")
	b2 := w.slice(g2Size, "B in G2")
	w.equal(w.uint64("wires"), wires, "the number of wires")
	infA, infB := w.uint64("A at infinity"), w.uint64("B at infinity")
	w.equal(w.flags(wires, "A at infinity"), infA, "the count of A at infinity")
	w.equal(w.flags(wires, "B at infinity"), infB, "the count of B at infinity")
	w.equal(a+infA, wires, "A with its points at infinity")
	w.equal(b1+infB, wires, "B with its points at infinity")
	w.equal(b2, b1, "the length of B in G2")
	w.equal(w.uint32("commitments"), uint64(len(info)), "the number of commitment keys")
	for _, c := range info {
		n := uint64(len(c.PrivateCommitted))
		w.equal(w.slice(g1Size, "commitment basis"), n, "the length of a commitment's basis")
		w.equal(w.slice(g1Size, "commitment proof basis"), n, "the length of a commitment's proof basis")
	}
	if w.err == nil && len(w.b) > 0 {
		w.err = fmt.Errorf("%w: %d bytes follow the proving key", backend.ErrImage, len(w.b))
	}
	return w.err
}
