package chain_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proofmarket/proofmarket/internal/chain"
)

func TestParseAmount(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "1500000": "1500000", "1500000uproof": "1500000", "1.5PROOF": "1500000", "1.5 PROOF": "1500000",
		"0.000001PROOF": "1", "-2PROOF": "-2000000", "-7": "-7", "010": "10", strings.Repeat("9", 70): strings.Repeat("9", 70),
	} {
		got, err := chain.ParseAmount(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got.String(), text)
	}
	for _, text := range []string{
		"", "PROOF", "uproof", "1.5", "1.5uproof", "0.0000001PROOF", "1e6", "1,5PROOF", "five", "0x10", "1proof", "1 2", "1_000",
		strings.Repeat("9", 79) + "PROOF", strings.Repeat("9", 60) + "PROOF", strings.Repeat("9", 81), "NaN", "∞PROOF",
	} {
		_, err := chain.ParseAmount(text)
		require.Error(t, err, text)
	}
}
