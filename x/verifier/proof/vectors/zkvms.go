package vectors

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// PicoV122 is the id, in its set, of the Pico key that stands built in.
const PicoV122 = "pico-v1.2.2-2026-01-04"

// Point is a point of G2 as Solidity contracts publish it: x0 and y0 are the
// real parts.
type Point struct{ X0, X1, Y0, Y1 string }

// Raw returns the point as gnark writes it, uncompressed.
func (p Point) Raw(t testing.TB) []byte {
	t.Helper()
	return Bytes(t, p.X1, p.X0, p.Y1, p.Y0)
}

// PicoContract is a Pico key as its Solidity contract has it.
type PicoContract struct {
	AlphaG1                           []string
	BetaNegG2, GammaNegG2, DeltaNegG2 Point
	ConstantG1                        []string
	PubG1                             [][]string
}

// picoKeys is the file of Pico's keys.
type picoKeys struct {
	VerifyingKeys []struct {
		ID            string `json:"id"`
		VK            PicoContract
		GnarkVKHex    string
		GnarkVKSha256 string
	}
}

// PicoContractOf returns the contract that a Pico key is from.
func PicoContractOf(t testing.TB, id string) PicoContract {
	t.Helper()
	for _, k := range readJSON[picoKeys](t, "pico/vks.json").VerifyingKeys {
		if k.ID == id {
			return k.VK
		}
	}
	require.Fail(t, "no such key", id)
	return PicoContract{}
}

// Pico returns what was published for Pico.
func Pico(t testing.TB) Set {
	t.Helper()
	set := Set{Name: "pico"}
	for _, k := range readJSON[picoKeys](t, "pico/vks.json").VerifyingKeys {
		bz := Bytes(t, k.GnarkVKHex)
		requireSHA256(t, k.GnarkVKSha256, bz, k.ID)
		set.Keys = append(set.Keys, Key{ID: k.ID, Family: "pico", Curve: proof.CurveBN254, Published: bz})
	}
	type row struct {
		Name, RiscvVKey, PublicValuesDigest string
		PublicValues                        *string
		Proof, VerifiesUnder                []string
	}
	for _, r := range readJSON[struct{ Vectors []row }](t, "pico/vectors.json").Vectors {
		set.Rows = append(set.Rows, Row{
			Name:    r.Name,
			Program: Word(t, r.RiscvVKey), Digest: Word(t, r.PublicValuesDigest),
			PublicValues: optional(t, r.PublicValues), Proof: Bytes(t, r.Proof...),
			VerifiesUnder: r.VerifiesUnder,
		})
	}
	return set
}

// Risc0 returns what was published for RISC Zero: one key, with the constants of
// each release. A key's id is its selector.
func Risc0(t testing.TB) Set {
	t.Helper()
	type file struct {
		VerifyingKeys []struct {
			VK struct {
				AlphaG1                  []string
				BetaG2, GammaG2, DeltaG2 Point
				IcG1                     [][]string
			}
		}
	}
	keys := readJSON[file](t, "risc0/vks.json").VerifyingKeys
	require.Len(t, keys, 1)
	vk := keys[0].VK
	infinity := make([]byte, 64)
	raw := slices.Concat(Bytes(t, vk.AlphaG1...), infinity, vk.BetaG2.Raw(t), vk.GammaG2.Raw(t), infinity, vk.DeltaG2.Raw(t))
	raw = binary.BigEndian.AppendUint32(raw, uint32(len(vk.IcG1)))
	for _, p := range vk.IcG1 {
		raw = append(raw, Bytes(t, p...)...)
	}
	raw = append(raw, make([]byte, 8)...)

	type row struct {
		Name, ControlRoot, Bn254ControlIDSol, Selector, ImageID, Journal, JournalDigest, Seal string
		Verified                                                                              bool
	}
	set := Set{Name: "risc0"}
	for _, r := range readJSON[struct{ Vectors []row }](t, "risc0/vectors.json").Vectors {
		require.True(t, r.Verified, r.Name)
		set.Keys = append(set.Keys, Key{
			ID: r.Selector, Family: "risc0-groth16", Curve: proof.CurveBN254, Published: raw,
			Constants: []proof.Constant{
				{Name: "control_id", Value: Bytes(t, r.Bn254ControlIDSol)},
				{Name: "control_root", Value: Bytes(t, r.ControlRoot)},
			},
		})
		journal := Bytes(t, r.Journal)
		require.Equal(t, Word(t, r.JournalDigest), sha256.Sum256(journal), r.Name)
		set.Rows = append(set.Rows, Row{
			Name: r.Name, Program: Word(t, r.ImageID), Digest: Word(t, r.JournalDigest),
			PublicValues: journal, Proof: Bytes(t, r.Seal), VerifiesUnder: []string{r.Selector},
		})
	}
	return set
}

// SP1 returns what was published for SP1.
func SP1(t testing.TB) Set {
	t.Helper()
	type key struct {
		ID                                       string `json:"id"`
		Kind, VerifierHash, Selector, GnarkVKHex string
		VkRoot                                   *string
	}
	set := Set{Name: "sp1"}
	for _, k := range readJSON[struct{ VerifyingKeys []key }](t, "sp1/vks.json").VerifyingKeys {
		bz := Bytes(t, k.GnarkVKHex)
		requireSHA256(t, k.VerifierHash, bz, k.ID)
		require.Equal(t, k.VerifierHash[:len(k.Selector)], k.Selector, k.ID)
		published := Key{ID: k.ID, Family: "sp1-" + k.Kind, Curve: proof.CurveBN254, Published: bz}
		if k.VkRoot != nil {
			published.Constants = []proof.Constant{{Name: "vk_root", Value: Bytes(t, *k.VkRoot)}}
		}
		set.Keys = append(set.Keys, published)
	}
	type row struct {
		Name, VkID, ProgramVKey, PublicValuesDigest, Proof string
		PublicValues                                       *string
		Verifies                                           bool
	}
	for _, r := range readJSON[struct{ Vectors []row }](t, "sp1/vectors.json").Vectors {
		out := Row{
			Name: r.Name, Program: Word(t, r.ProgramVKey), Digest: Word(t, r.PublicValuesDigest),
			PublicValues: optional(t, r.PublicValues), Proof: Bytes(t, r.Proof),
		}
		if r.Verifies {
			out.VerifiesUnder = []string{r.VkID}
		}
		set.Rows = append(set.Rows, out)
	}
	return set
}
