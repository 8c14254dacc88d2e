package groth16_test

import (
	"bytes"
	"math"
	"testing"
	"time"

	gnark "github.com/consensys/gnark/backend/groth16"
	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
)

// BenchmarkGroth16 measures a whole verification, from bytes to verdict, beside
// gnark's own of the same bytes. gnark spreads over two cores and more; ours is
// one thread's work. The best time is the one to compare on a busy machine.
func BenchmarkGroth16(b *testing.B) {
	for _, curve := range groth16.Family.Curves() {
		for _, f := range groth16test.AllOn(b, curve) {
			k, id, digest := key(b, f)
			pv := f.PublicValues()
			b.Run(curve+"/"+f.Name+"/ours", func(b *testing.B) {
				measure(b, func() error { return k.Verify(id, digest, pv, f.RawProof) })
			})
			vk := groth16test.GnarkKey(b, curve, f.Raw)
			w, err := groth16test.GnarkWitness(curve, pv)
			require.NoError(b, err)
			b.Run(curve+"/"+f.Name+"/gnark", func(b *testing.B) {
				measure(b, func() error {
					p := groth16test.NewGnarkProof(curve)
					if _, err := p.ReadFrom(bytes.NewReader(f.RawProof)); err != nil {
						return err
					}
					return gnark.Verify(p, vk, w)
				})
			})
		}
	}
}

// measure runs the loop and reports its best time too.
func measure(b *testing.B, verify func() error) {
	b.Helper()
	best := time.Duration(math.MaxInt64)
	for b.Loop() {
		start := time.Now()
		if err := verify(); err != nil {
			b.Fatal(err)
		}
		best = min(best, time.Since(start))
	}
	b.ReportMetric(float64(best.Nanoseconds()), "best-ns/op")
}
