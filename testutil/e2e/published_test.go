package e2e

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// published returns a claim whose proof a real zkVM made: hex digits, in which
// spaces only help the eye.
func published(t testing.TB, verifier, program, digest, bytes string) claim {
	t.Helper()
	bz, err := hex.DecodeString(strings.Join(strings.Fields(bytes), ""))
	require.NoError(t, err)
	return claim{statement: verifiertypes.Statement{Verifier: verifier, Program: program, Digest: digest}, proof: bz}
}

// picoClaim is a proof that Pico's network made for Automata's DCAP attestation:
// evm/forge-test/zk/AutomataDcapPicoZkTest.t.sol
// in github.com/automata-network/automata-dcap-attestation at commit
// 5fccc8f658ebc886afe4cabf839d1e711cab1fdb.
func picoClaim(t testing.TB) claim {
	t.Helper()
	return published(t, verifiertypes.PicoV122,
		"00a2d3636751871b1b97c0ada94d69daa8e0a31867b6f2c0e157e4cd198712d0",
		"087351bd6542ac375e4d59ca9f2943ce699caa3cdca845aede845ddd60f2f5ed", `
		07f0e6c5a27d75f71d55b2c01d221f90187fb2c9de210caa349b8c34080e7850
		03043a219734b1fded87e6ca446b906282f912cd970fb2173f6ee09d4bd40d4a
		26e46a5a5c74fe0f420c494cc267804db9bc1fc1ec41085a64df2c9aa51aea5f
		2fce06522248c699cac7a2b25ea4c2c58ce125a5460b6f20c60acc479ff13704
		11d051de551e3fbb31b079c48d03028ba9547a36f2c68c32fb67d33f7c95e3b1
		2a432ad9f5eeb3a01695d993783f6f41a133c0c08424097fca12a32fda883a37
		0a4567419338159acf4497cded7c5ee475b73dd62f0513be2e384aa287fc0588
		1dfe3a8d8cdad455c05585dbb52e510fe6c61fe297c08cc85a74d2a5accc547e`)
}

// A request for a program of the real Pico is bid for, won and fulfilled by the
// proof that Pico's network published, public values or not.
func TestPublishedPicoProofFulfilsARequest(t *testing.T) {
	n := newNetwork(t, plainCircuit(t))
	c := picoClaim(t)
	id := n.request(n.requestMsg(c))
	n.auction(id, threeBids...)
	const winner, price = 1, 4 * million

	forged := c
	forged.proof = append([]byte{}, c.proof...)
	forged.proof[len(forged.proof)-1] ^= 1
	n.RequireError(verifiertypes.ErrMalformedProof, n.submit(id, winner, forged))
	other := published(t, c.statement.Verifier, c.statement.Program, c.statement.Digest, hex.EncodeToString(c.proof))
	other.publicValues = []byte("not what the digest is of")
	n.RequireError(verifiertypes.ErrInvalidPublicValues, n.submit(id, winner, other))
	require.Equal(t, markettypes.REQUEST_STATUS_PENDING, n.view(id).Auction.Status)

	res := n.submit(id, winner, c)
	n.RequireOK(res)
	var paid markettypes.MsgSubmitProofResponse
	n.MsgResponse(res, 0, &paid)
	require.Equal(t, math.NewInt(price), paid.Price)
	require.Equal(t, markettypes.REQUEST_STATUS_FULFILLED, n.view(id).Auction.Status)
}

// Every active verifier of the default genesis takes a proof that its zkVM really
// made, and pays for it.
func TestPublishedProofsOfAllZkVMs(t *testing.T) {
	verifiers, err := verifiertypes.DefaultVerifiers()
	require.NoError(t, err)
	n := newNetwork(t, plainCircuit(t))
	seen := map[string]bool{}
	for _, set := range vectors.ZkVMs(t) {
		for _, row := range set.Rows {
			for _, name := range row.VerifiesUnder {
				v, ok := registered(t, verifiers, set.Key(t, name))
				if !ok {
					continue
				}
				c := claim{statement: verifiertypes.Statement{
					Verifier: v.Id, Program: hex.EncodeToString(row.Program[:]), Digest: hex.EncodeToString(row.Digest[:]),
				}, publicValues: row.PublicValues, proof: row.Proof}
				if v.Status != verifiertypes.VERIFIER_STATUS_ACTIVE {
					n.RequireError(verifiertypes.ErrVerifierNotActive, n.Deliver(n.requester, n.requestMsg(c)))
					continue
				}
				id := n.request(n.requestMsg(c))
				n.auction(id, bid{prover: 0, fee: million})
				n.RequireOK(n.submit(id, 0, c))
				require.Equal(t, markettypes.REQUEST_STATUS_FULFILLED, n.view(id).Auction.Status)
				seen[v.Id] = true
			}
		}
	}
	for _, v := range verifiers {
		require.Equal(t, v.Status == verifiertypes.VERIFIER_STATUS_ACTIVE, seen[v.Id], v.Id)
	}
}

// registered returns the verifier that has a published key.
func registered(t *testing.T, verifiers []verifiertypes.Verifier, key vectors.Key) (verifiertypes.Verifier, bool) {
	t.Helper()
	f, err := verifiertypes.GetFamily(key.Family)
	require.NoError(t, err)
	canonical, err := f.Canonicalize(key.Curve, key.Published)
	require.NoError(t, err)
	want := proof.KeyHash(key.Family, key.Curve, canonical, key.Constants)
	for _, v := range verifiers {
		if proof.KeyHash(v.Family, v.Curve, v.Key, v.ProofConstants()) == want {
			return v, true
		}
	}
	return verifiertypes.Verifier{}, false
}
