package app

import (
	"bytes"
	"errors"
	"testing"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
)

// Whatever goes wrong ahead of a block goes into the log alone: here there is nothing to
// decode transactions with.
func TestAPanicAheadOfABlockIsLogged(t *testing.T) {
	var out bytes.Buffer
	ctx := sdk.NewContext(nil, cmtproto.Header{}, false, log.NewLogger(&out))
	require.NotPanics(t, func() { (&App{ahead: 1}).verifyAhead(ctx, [][]byte{proofURL}) })
	require.Contains(t, out.String(), "verification ahead of a block panicked")
}

// What has been decoded ahead is what execution would decode; all else it decodes itself.
func TestDecodedTxs(t *testing.T) {
	type known struct{ sdk.Tx }
	good, bad, worse := []byte("good"), []byte("bad"), []byte("worse")
	decoder := func(raw []byte) (sdk.Tx, error) {
		switch {
		case bytes.Equal(raw, bad):
			return known{}, errors.New("it does not decode")
		case bytes.Equal(raw, worse):
			panic("out of range")
		}
		return known{}, nil
	}
	var d decodedTxs
	require.Nil(t, d.at(0, good), "nothing was decoded")
	d.decode([][]byte{good, bad, worse, good}, decoder)
	require.Equal(t, known{}, d.at(0, good))
	require.Equal(t, known{}, d.at(3, good))
	for i, raw := range map[int][]byte{1: bad, 2: worse, -1: good, 4: good} {
		require.Nil(t, d.at(i, raw), "%d", i)
	}
	require.Nil(t, d.at(3, bad), "another block")
	d.forget()
	require.Nil(t, d.at(0, good))
}

// What is no number was taken for 0, which switches off what it sets.
func TestSettingsOfVerificationAreNumbers(t *testing.T) {
	chain.ConfigureBech32()
	for name, tc := range map[string]struct {
		value any
		good  bool
	}{
		"a number": {7, true}, "none": {0, true}, "text of a number": {"12", true}, "not set": {nil, true},
		"a word": {"many", false}, "negative": {-1, false}, "a list": {[]string{"1"}, false}, "yes": {true, false}, "a fraction": {1.9, false},
	} {
		for _, key := range []string{KeyVerdicts, KeyAhead} {
			t.Run(key+" "+name, func(t *testing.T) {
				built, err := New(log.NewNopLogger(), dbm.NewMemDB(), false, settings{key: tc.value, "home": t.TempDir()})
				if !tc.good {
					require.ErrorIs(t, err, ErrNodeConfig)
					require.ErrorContains(t, err, key)
					return
				}
				require.NoError(t, err)
				require.NoError(t, built.Close())
			})
		}
	}
}

type settings map[string]any

// Get implements servertypes.AppOptions.
func (s settings) Get(key string) any { return s[key] }

// A node has to come to an end with what costs the sender nothing. Past it, proofs wait as
// they are: refusing them would let an attacker shut out others.
func TestLooksAreBounded(t *testing.T) {
	var l looks
	allowed := func(height int64, assignment, prover string) bool {
		t.Helper()
		ok, err := l.allow(height, assignment, prover)
		require.NoError(t, err)
		return ok
	}
	for range looksOfAssignment {
		require.True(t, allowed(5, "a", "p"))
		l.note("a", "p", 20_000)
	}
	_, err := l.allow(5, "a", "p")
	require.ErrorIs(t, err, ErrTooManyProofs)
	require.True(t, allowed(5, "b", "p"), "another assignment")
	l.note("b", "p", looksOfProver)
	require.False(t, allowed(5, "c", "p"), "it waits unverified")
	require.True(t, allowed(5, "d", "q"), "another prover")
	l.note("d", "q", looksOfNode)
	require.False(t, allowed(5, "e", "r"), "all have had their part")
	require.True(t, allowed(6, "a", "p"), "the next block")
}
