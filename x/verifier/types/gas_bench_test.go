package types_test

import (
	"fmt"
	"testing"

	"github.com/consensys/gnark/frontend"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"

	ours "github.com/proofmarket/proofmarket/x/verifier/proof/groth16"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
)

func parseRaw(b *testing.B, f *groth16test.Fixture) *ours.VerifyingKey {
	b.Helper()
	vk, err := ours.ParseCanonicalKey(f.Raw)
	require.NoError(b, err)
	return vk
}

// BenchmarkVerify measures what VerificationGas charges for: a
// verification of each kind, parsing of the proof included, beside one
// secp256k1 signature check, which costs 1000 gas (law V5).
func BenchmarkVerify(b *testing.B) {
	b.Run("secp256k1", func(b *testing.B) {
		key := secp256k1.GenPrivKey()
		msg := make([]byte, 200)
		sig, err := key.Sign(msg)
		require.NoError(b, err)
		pub := key.PubKey()
		for b.Loop() {
			if !pub.VerifySignature(msg, sig) {
				b.Fatal("bad signature")
			}
		}
	})
	for _, f := range groth16test.All(b) {
		vk := parseRaw(b, f)
		for form, bz := range map[string][]byte{"raw": f.RawProof, "compressed": f.SmallProof} {
			b.Run(f.Name+"/"+form, func(b *testing.B) {
				for b.Loop() {
					p, err := ours.ParseProof(bz, f.Commitments)
					if err != nil {
						b.Fatal(err)
					}
					if err := vk.Verify(p, f.Inputs); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkInputs measures how a verification grows with the public inputs.
func BenchmarkInputs(b *testing.B) {
	for _, n := range []int{1, 2, 3, 4, 8, 16, 64, 256, 512} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f := groth16test.Build(b, "wide", &groth16test.Wide{Inputs: make([]frontend.Variable, n)}, groth16test.WideAssignment(n))
			vk := parseRaw(b, f)
			b.Run("verify", func(b *testing.B) {
				p, err := ours.ParseProof(f.RawProof, 0)
				require.NoError(b, err)
				for b.Loop() {
					if err := vk.Verify(p, f.Inputs); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("parse key", func(b *testing.B) {
				for b.Loop() {
					if _, err := ours.ParseCanonicalKey(f.Raw); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// BenchmarkParseKey measures the preparation of each kind of key.
func BenchmarkParseKey(b *testing.B) {
	for _, f := range groth16test.All(b) {
		b.Run(f.Name, func(b *testing.B) {
			for b.Loop() {
				if _, err := ours.ParseCanonicalKey(f.Raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
