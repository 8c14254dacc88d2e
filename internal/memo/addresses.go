package memo

import (
	"bytes"
	"hash/maphash"

	"cosmossdk.io/core/address"

	sdkaddress "github.com/cosmos/cosmos-sdk/types/address"
)

// maxText is the length of the longest text of an address that is remembered: of its bytes
// in groups of five bits, with room for a prefix.
const maxText = 2 * sdkaddress.MaxAddrLen

// Addresses wraps an address codec: it keeps at most n addresses of late, each way. A
// record names accounts in text, of whose bech32 every message reads several. What is
// longer than any account's address is not kept: queries bring whatever they like.
func Addresses(c address.Codec, n int) address.Codec {
	return &addresses{c, c.BytesToString, make(table[[]byte], n), make(table[string], n)}
}

type addresses struct {
	address.Codec
	text  func([]byte) (string, error) // the codec's, made once
	bytes table[[]byte]
	texts table[string]
}

// StringToBytes implements Codec. The bytes are the caller's.
func (a *addresses) StringToBytes(text string) ([]byte, error) {
	if len(text) > maxText {
		return a.Codec.StringToBytes(text)
	}
	slot := a.bytes.at(maphash.String(seed, text))
	if kept := slot.Load(); kept != nil && kept.raw == text {
		return bytes.Clone(kept.value), nil
	}
	bz, err := a.Codec.StringToBytes(text)
	if err == nil {
		slot.Store(&decoded[[]byte]{text, bytes.Clone(bz)})
	}
	return bz, err
}

// BytesToString implements Codec.
func (a *addresses) BytesToString(bz []byte) (string, error) {
	return a.texts.of(bz, sdkaddress.MaxAddrLen, a.text)
}
