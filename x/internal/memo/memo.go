// Package memo spares decoding a record again that has not changed.
package memo

import (
	"bytes"
	"sync/atomic"

	"cosmossdk.io/collections/codec"
)

// Last wraps the codec of an item that is read far more often than written, as
// parameters are: it keeps what it decoded last, and gives that as long as the bytes are
// the same. Decoding is a pure function of the bytes, so every node gets the same value
// whatever it remembers. The value is shared by all readers, in all goroutines: it must be
// of a kind that nobody changes in place, such as a struct of numbers, texts and Ints.
func Last[T any](c codec.ValueCodec[T]) codec.ValueCodec[T] {
	return last[T]{c, new(atomic.Pointer[decoded[T]])}
}

type last[T any] struct {
	codec.ValueCodec[T]
	kept *atomic.Pointer[decoded[T]]
}

// decoded is a value with the bytes that it came from.
type decoded[T any] struct {
	raw   []byte
	value T
}

// Decode implements ValueCodec.
func (l last[T]) Decode(raw []byte) (T, error) {
	if kept := l.kept.Load(); kept != nil && bytes.Equal(kept.raw, raw) {
		return kept.value, nil
	}
	value, err := l.ValueCodec.Decode(raw)
	if err == nil {
		l.kept.Store(&decoded[T]{bytes.Clone(raw), value})
	}
	return value, err
}
