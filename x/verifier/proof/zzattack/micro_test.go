package zzattack
import ("testing";"slices";"math/big";"github.com/consensys/gnark-crypto/ecc/bn254"
"github.com/proofmarket/proofmarket/x/verifier/proof/benchtest")
func BenchmarkMicro(b *testing.B){
 _,_,g1,g2:=bn254.Generators()
 g2.ScalarMultiplication(&g2,big.NewInt(987654321987654321)); g1.ScalarMultiplication(&g1,big.NewInt(987654321987654321))
 l:=bn254.PrecomputeLines(g2)
 ls:=make([][2][66]bn254.LineEvaluationAff,0); ls=append(ls,l,l,l)
 b.Run("miller1",func(b *testing.B){benchtest.Measure(b,func() error{_,err:=bn254.MillerLoop([]bn254.G1Affine{g1},[]bn254.G2Affine{g2});return err})})
 b.Run("miller2",func(b *testing.B){benchtest.Measure(b,func() error{_,err:=bn254.MillerLoop([]bn254.G1Affine{g1,g1},[]bn254.G2Affine{g2,g2});return err})})
 b.Run("miller3",func(b *testing.B){benchtest.Measure(b,func() error{_,err:=bn254.MillerLoop([]bn254.G1Affine{g1,g1,g1},[]bn254.G2Affine{g2,g2,g2});return err})})
 b.Run("fixed2",func(b *testing.B){benchtest.Measure(b,func() error{c:=slices.Clone(ls[:2]);_,err:=bn254.MillerLoopFixedQ([]bn254.G1Affine{g1,g1},c);return err})})
 b.Run("fixed3",func(b *testing.B){benchtest.Measure(b,func() error{c:=slices.Clone(ls[:3]);_,err:=bn254.MillerLoopFixedQ([]bn254.G1Affine{g1,g1,g1},c);return err})})
 b.Run("precompute",func(b *testing.B){benchtest.Measure(b,func() error{l=bn254.PrecomputeLines(g2);return nil})})
 b.Run("sub2",func(b *testing.B){benchtest.Measure(b,func() error{g2.IsInSubGroup();return nil})})
 e,_:=bn254.Pair([]bn254.G1Affine{g1},[]bn254.G2Affine{g2})
 ml,_:=bn254.MillerLoop([]bn254.G1Affine{g1},[]bn254.G2Affine{g2})
 b.Run("final",func(b *testing.B){benchtest.Measure(b,func() error{bn254.FinalExponentiation(&ml,&e);return nil})})
}
