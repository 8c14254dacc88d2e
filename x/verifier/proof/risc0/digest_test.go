package risc0

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

// The digests on the way to the public inputs are those that RISC Zero's own
// code computes for the receipt of release 2.2 (known answers).
func TestDigests(t *testing.T) {
	decode := func(s string) digest {
		bz, err := hex.DecodeString(s)
		require.NoError(t, err)
		return digest(bz)
	}
	claim := claimDigest(
		decode("39b8aec425bb4e7eb994a0e4b6e9dbeceba907cf70f463cba7dc9786fe2dfb86"),
		decode("3b8839d29d6fc9286b8f95f9c676ff10c1add3c8bfe3b8d6153be90020ed91be"), success)
	require.Equal(t, "a9615b59ce3ca4310d0831a7e0fb92d05f55a0f16caaaabfc0e88935b757a3d6", hex.EncodeToString(claim[:]))

	key, err := unhex(keyHex)
	require.NoError(t, err)
	vk := keyDigest(key)
	require.Equal(t, "21c5fdd9b4d576b17581f50b755482ba7a2134a3b5186e8e454acfa1f69511ab", hex.EncodeToString(vk[:]))

	parameters := parametersDigest(constants{
		controlID:   decode("04446e66d300eb7fb45c9726bb53c793dda407a62e9601618bb43c5c14657ac0"),
		controlRoot: decode("ce52bf56033842021af3cf6db8a50d1b7535c125a34f1a22c6fdcf002c5a1529"),
	}, key)
	require.Equal(t, "bb001d444841d70e8bc0c7d034b349044bf3cf0117afb702b2f1e898b7dd13cc", hex.EncodeToString(parameters[:]))
	// SYSTEM_STATE_ZERO_DIGEST of the Solidity contracts.
	after := taggedStruct("risc0.SystemState", []digest{{}}, make([]byte, 4))
	require.Equal(t, "a3acc27117418996340b84e5a90f3ef4c49d22c79e44aad822ec9c313e1eb8e2", hex.EncodeToString(after[:]))
}

// Every part of a claim changes its digest.
func TestClaimDigestCoversEverything(t *testing.T) {
	a, b := digest{1}, digest{2}
	seen := map[digest]string{}
	for name, d := range map[string]digest{
		"plain":        claimDigest(a, b, success),
		"swapped":      claimDigest(b, a, success),
		"exit code 1":  claimDigest(a, b, exitCode{user: 1}),
		"exit 2³¹":     claimDigest(a, b, exitCode{user: 1 << 31}),
		"paused":       claimDigest(a, b, exitCode{system: 1}),
		"split":        claimDigest(a, b, exitCode{system: 2}),
		"other image":  claimDigest(digest{3}, b, success),
		"other output": claimDigest(a, digest{3}, success),
	} {
		require.Empty(t, seen[d], name)
		seen[d] = name
	}
}

// Both halves of a digest are little-endian numbers below 2¹²⁸.
func TestSplit(t *testing.T) {
	var d digest
	d[0], d[15], d[16], d[31] = 1, 2, 3, 4
	lo, hi := split(d)
	require.Equal(t, "2"+"0000000000000000000000000000"+"01", lo.Text(16))
	require.Equal(t, "4"+"0000000000000000000000000000"+"03", hi.Text(16))
}
