package app

import (
	"bytes"
	"errors"
	"sync/atomic"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp/txnrunner"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
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

// counted decodes by the first byte, and counts how often it was asked to.
type counted struct {
	sdk.Tx
	asked *atomic.Int64
}

func (c counted) decode(raw []byte) (sdk.Tx, error) {
	c.asked.Add(1)
	switch raw[0] {
	case 'b':
		return c, errors.New("it does not decode")
	case 'w':
		panic("out of range")
	}
	return c, nil
}

// What has been decoded ahead is not decoded again; all else is, and whatever went wrong
// ahead is seen.
func TestDecodedTxs(t *testing.T) {
	c := counted{asked: new(atomic.Int64)}
	d := decodedTxs{decoder: c.decode}
	asks := func(want int64, raw []byte) {
		t.Helper()
		before := c.asked.Load()
		tx, err := d.decode(raw)
		require.NoError(t, err)
		require.Equal(t, c, tx)
		require.Equal(t, want, c.asked.Load()-before)
	}
	good, bad, worse := []byte("good"), []byte("bad"), []byte("worse")
	asks(1, good)
	require.Equal(t, []sdk.Tx{c, nil, nil}, d.ahead([][]byte{good, bad, worse}))
	asks(0, good)
	asks(1, bytes.Clone(good))
	asks(1, good[:3])
	_, err := d.decode(bad)
	require.ErrorContains(t, err, "it does not decode")
	require.Panics(t, func() { _, _ = d.decode(worse) })
	require.Equal(t, []sdk.Tx{}, d.ahead(nil), "another block")
	asks(1, good)
	d.ahead([][]byte{good})
	d.forget()
	asks(1, good)
}

// Law V7: both executors run on what was decoded ahead of their block, and forget it after.
func TestExecutorsDecodeOnce(t *testing.T) {
	block := [][]byte{[]byte("one"), []byte("two"), []byte("three"), []byte("four")}
	for name, runner := range map[string]func(sdk.TxDecoder) sdk.TxRunner{
		"sequential": func(d sdk.TxDecoder) sdk.TxRunner { return txnrunner.NewDefaultRunner(d) },
		"parallel": func(d sdk.TxDecoder) sdk.TxRunner {
			return txnrunner.NewSTMRunner(d, nil, 2, false, func(storetypes.MultiStore) string { return chain.Denom })
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := counted{asked: new(atomic.Int64)}
			d := &decodedTxs{decoder: c.decode}
			d.ahead(block)
			require.EqualValues(t, len(block), c.asked.Load())
			// As the application does it.
			deliver := func(raw []byte, tx sdk.Tx, _ storetypes.MultiStore, _ int, _ map[string]any) *abci.ExecTxResult {
				if tx == nil {
					if _, err := d.decode(raw); err != nil {
						return &abci.ExecTxResult{Code: 1}
					}
				}
				return &abci.ExecTxResult{Data: raw}
			}
			results, err := blockRunner{TxRunner: runner(d.decode), decoded: d}.Run(t.Context(), nil, block, deliver)
			require.NoError(t, err)
			for i, raw := range block {
				require.Equal(t, raw, results[i].Data)
			}
			require.EqualValues(t, len(block), c.asked.Load())
			require.Nil(t, d.block.Load())
		})
	}
}

// The application decodes with what remembers: blocks, and all that the SDK decodes.
func TestApplicationDecodesAhead(t *testing.T) {
	chain.ConfigureBech32()
	built, err := New(log.NewNopLogger(), dbm.NewMemDB(), false, settings{"home": t.TempDir()})
	require.NoError(t, err)
	defer func() { require.NoError(t, built.Close()) }()
	c := counted{asked: new(atomic.Int64)}
	built.decoded.decoder = c.decode
	raw := []byte("good")
	built.decoded.ahead([][]byte{raw})
	tx, err := built.TxDecode(raw)
	require.NoError(t, err)
	require.Equal(t, c, tx)
	require.EqualValues(t, 1, c.asked.Load())
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
