package domainhash_test

import (
	"crypto/sha256"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/internal/domainhash"
)

func TestSumIsTheDocumentedPreimage(t *testing.T) {
	want := sha256.Sum256([]byte("\x00\x00\x00\x01d\x00\x00\x00\x02ab\x00\x00\x00\x00"))
	require.Equal(t, want, domainhash.Sum("d", []byte("ab"), nil))
}

func TestSumSeparatesParts(t *testing.T) {
	require.NotEqual(t, domainhash.Sum("d", []byte("ab"), []byte("c")), domainhash.Sum("d", []byte("a"), []byte("bc")))
	require.NotEqual(t, domainhash.Sum("d", []byte("a")), domainhash.Sum("d", []byte("a"), nil))
	require.NotEqual(t, domainhash.Sum("da"), domainhash.Sum("d", []byte("a")))
}

func TestAmountBounds(t *testing.T) {
	limit := new(big.Int).Lsh(big.NewInt(1), 256)
	_, ok := domainhash.Amount(limit)
	require.False(t, ok)
	_, ok = domainhash.Amount(big.NewInt(-1))
	require.False(t, ok)
	_, ok = domainhash.Amount(nil)
	require.False(t, ok)
	enc, ok := domainhash.Amount(new(big.Int).Sub(limit, big.NewInt(1)))
	require.True(t, ok)
	require.Len(t, enc, domainhash.AmountSize)
	enc, ok = domainhash.Amount(big.NewInt(258))
	require.True(t, ok)
	require.Equal(t, []byte{1, 2}, enc[30:])
}
