package e2e

import (
	"encoding/hex"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/testutil"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	"github.com/proofmarket/proofmarket/x/verifier/proof/vectors"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// A verifier that governance added on a running chain is bid for and paid: its key is the
// one that Pico published, its proof one that Pico's network made. Before, nobody can ask
// for it.
func TestProofUnderAGovernedVerifierIsPaid(t *testing.T) {
	const id = "pico/governed"
	n := newNetwork(t, plainCircuit(t), testutil.WithQuickVotes())
	set := vectors.Pico(t)
	key := set.Key(t, vectors.PicoV122)
	at := slices.IndexFunc(set.Rows, func(r vectors.Row) bool { return slices.Contains(r.VerifiesUnder, key.ID) })
	require.GreaterOrEqual(t, at, 0)
	row := set.Rows[at]
	c := claim{statement: verifiertypes.Statement{
		Verifier: id, Program: hex.EncodeToString(row.Program[:]), Digest: hex.EncodeToString(row.Digest[:]),
	}, publicValues: row.PublicValues, proof: row.Proof}
	n.RequireError(verifiertypes.ErrVerifierNotFound, n.Deliver(n.requester, n.requestMsg(c)))

	f, err := verifiertypes.GetFamily(key.Family)
	require.NoError(t, err)
	canonical, err := f.Canonicalize(key.Curve, key.Published)
	require.NoError(t, err)
	n.Govern(&verifiertypes.MsgAddVerifier{Authority: app.Authority(), Id: id, Family: key.Family, Curve: key.Curve, Key: canonical})

	request := n.request(n.requestMsg(c))
	n.auction(request, threeBids...)
	const winner, price = 1, 4 * million
	forged := c
	forged.proof = slices.Clone(c.proof)
	forged.proof[len(forged.proof)-1] ^= 1
	n.RequireError(verifiertypes.ErrMalformedProof, n.submit(request, winner, forged))
	res := n.submit(request, winner, c)
	n.RequireOK(res)
	var paid markettypes.MsgSubmitProofResponse
	n.MsgResponse(res, 0, &paid)
	require.Equal(t, math.NewInt(price), paid.Price)
	require.Equal(t, markettypes.REQUEST_STATUS_FULFILLED, n.view(request).Auction.Status)
}
