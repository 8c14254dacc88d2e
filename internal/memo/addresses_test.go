package memo_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/codec/address"

	"github.com/proofmarket/proofmarket/internal/memo"
)

// What is remembered is what the codec says, errors included, and nobody else's to change.
func TestAddresses(t *testing.T) {
	plain := address.NewBech32Codec("proof")
	for _, n := range []int{1, 7, 4_096} {
		remembered := memo.Addresses(plain, n)
		for range 3 {
			for i := range byte(200) {
				bz := []byte(strings.Repeat(string(rune('a'+i%20)), 20+12*int(i%2)))
				bz[3] = i
				text, err := plain.BytesToString(bz)
				require.NoError(t, err)
				got, err := remembered.BytesToString(bz)
				require.NoError(t, err)
				require.Equal(t, text, got)
				for _, form := range []string{text, strings.ToUpper(text)} {
					back, err := remembered.StringToBytes(form)
					require.NoError(t, err)
					require.Equal(t, bz, back)
					clear(back)
				}
			}
			for _, bad := range []string{"", " ", "proof1", "other1qqqsyqcyq5rqwzqf", "x"} {
				_, want := plain.StringToBytes(bad)
				_, err := remembered.StringToBytes(bad)
				require.Error(t, err)
				require.Equal(t, want.Error(), err.Error())
			}
			text, err := remembered.BytesToString(nil)
			require.NoError(t, err)
			require.Empty(t, text)
		}
	}
}
