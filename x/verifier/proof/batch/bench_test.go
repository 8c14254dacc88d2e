package batch_test

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"

	gnark "github.com/consensys/gnark/backend/groth16"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/testutil/benchtest"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/batch"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
)

// BenchmarkBatch measures whole verifications, from bytes to verdicts, on one core
// with -cpu 1, beside gnark's own of one proof: of parsed points (gnark/verify), and
// of the same bytes (gnark/bytes). Numbers of batches are for all their proofs.
func BenchmarkBatch(b *testing.B) {
	for _, curve := range groth16.Family.Curves() {
		for _, f := range groth16test.AllOn(b, curve)[:2] { // without and with a commitment
			name := curve + "/" + f.Name
			benchmarkGnark(b, name, f)
			good := item(b, f)
			b.Run(name+"/ours", func(b *testing.B) {
				benchtest.Measure(b, func() error {
					return good.Key.Verify(good.Program, good.Digest, good.PublicValues, good.Proof)
				})
			})
			for _, n := range []int{1, 8, 32, 128} {
				items := copies(b, f, n)
				measure(b, fmt.Sprintf("%s/%d", name, n), items, 0)
				if n > 1 {
					items[n/3].Proof = swapped(f)
					measure(b, fmt.Sprintf("%s/%d with a bad one", name, n), items, 1)
				}
			}
		}
	}
}

// BenchmarkBatchOfKeys measures batches of four proofs under each of n keys.
func BenchmarkBatchOfKeys(b *testing.B) {
	for _, n := range []int{2, 8} {
		var items []batch.Item
		for i := range n {
			f := groth16test.Build(b, fmt.Sprint(i), &groth16test.Wide{}, &groth16test.Wide{X: 0})
			items = append(items, copies(b, f, 4)...)
		}
		measure(b, fmt.Sprint(n), items, 0)
		measure(b, fmt.Sprintf("%d, each alone", n), nil, 0, items...)
	}
}

func benchmarkGnark(b *testing.B, name string, f *groth16test.Fixture) {
	b.Helper()
	vk := groth16test.GnarkKey(b, f.Curve, f.Raw)
	w, err := groth16test.GnarkWitness(f.Curve, f.PublicValues())
	require.NoError(b, err)
	p := groth16test.NewGnarkProof(f.Curve)
	_, err = p.ReadFrom(bytes.NewReader(f.RawProof))
	require.NoError(b, err)
	b.Run(name+"/gnark/verify", func(b *testing.B) {
		benchtest.Measure(b, func() error { return gnark.Verify(p, vk, w) })
	})
	b.Run(name+"/gnark/bytes", func(b *testing.B) {
		benchtest.Measure(b, func() error {
			p := groth16test.NewGnarkProof(f.Curve)
			if _, err := p.ReadFrom(bytes.NewReader(f.RawProof)); err != nil {
				return err
			}
			return gnark.Verify(p, vk, w)
		})
	})
}

// measure measures a batch with so many bad proofs, then each of alone by itself.
func measure(b *testing.B, name string, items []batch.Item, bad int, alone ...batch.Item) {
	b.Helper()
	b.Run(name, func(b *testing.B) {
		benchtest.Measure(b, func() error {
			refused := 0
			for _, err := range batch.Verify(items, runtime.GOMAXPROCS(0)) {
				if err != nil {
					refused++
				}
			}
			if refused != bad {
				return fmt.Errorf("%d proofs refused, not %d", refused, bad)
			}
			for _, it := range alone {
				if err := it.Key.Verify(it.Program, it.Digest, it.PublicValues, it.Proof); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// item is a fixture's valid proof.
func item(t testing.TB, f *groth16test.Fixture) batch.Item {
	t.Helper()
	k, err := groth16.Family.Parse(f.Curve, f.Raw, nil)
	require.NoError(t, err)
	return batch.Item{Key: k, Program: f.ID(), Digest: f.Digest(), PublicValues: f.PublicValues(), Proof: f.RawProof}
}

// copies are n times a fixture's valid proof: equal points save nothing.
func copies(t testing.TB, f *groth16test.Fixture, n int) []batch.Item {
	t.Helper()
	items := make([]batch.Item, n)
	for i := range items {
		items[i] = item(t, f)
	}
	return items
}

// swapped is the fixture's proof with C in the place of A: well formed and false.
func swapped(f *groth16test.Fixture) []byte {
	n := 64
	if f.Curve == proof.CurveBLS12381 {
		n = 96
	}
	return append(bytes.Clone(f.RawProof[3*n:4*n]), f.RawProof[n:]...)
}
