package memo_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	coreaddress "cosmossdk.io/core/address"

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

// counted counts what it is asked.
type counted struct {
	coreaddress.Codec
	asked int
}

func (c *counted) StringToBytes(text string) ([]byte, error) {
	c.asked++
	return c.Codec.StringToBytes(text)
}

func (c *counted) BytesToString(bz []byte) (string, error) {
	c.asked++
	return c.Codec.BytesToString(bz)
}

// Anybody may ask a node for the text of megabytes: these are not kept.
func TestLongAddressesAreNotKept(t *testing.T) {
	for _, step := range []struct{ length, asked int }{{20, 1}, {255, 1}, {256, 3}, {1 << 20, 3}} {
		inner := &counted{Codec: address.NewBech32Codec("proof")}
		remembered := memo.Addresses(inner, 64)
		for range 3 {
			_, err := remembered.BytesToString(make([]byte, step.length))
			require.NoError(t, err)
		}
		require.Equal(t, step.asked, inner.asked, step.length)
	}
	inner := &counted{Codec: address.NewBech32Codec("proof")}
	remembered := memo.Addresses(inner, 64)
	longest, err := remembered.BytesToString(make([]byte, 255))
	require.NoError(t, err)
	inner.asked = 0
	for range 3 {
		bz, err := remembered.StringToBytes(longest)
		require.NoError(t, err)
		require.Len(t, bz, 255)
	}
	require.Equal(t, 1, inner.asked)
}
