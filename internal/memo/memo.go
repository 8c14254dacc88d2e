// Package memo spares decoding again what was decoded before. Decoding is a pure function
// of its input, so every node gets the same value whatever it remembers.
package memo

import (
	"hash/maphash"
	"sync/atomic"

	"cosmossdk.io/collections/codec"
)

// maxRecord is the length of the longest record that is remembered, in bytes: so what is
// remembered is bounded by the number of slots.
const maxRecord = 16 << 10

// seed is that of all hashes: they only tell where something is remembered.
var seed = maphash.MakeSeed()

// table remembers what inputs came to: one for each of its slots, the latest. Nobody waits
// for anybody else in it.
type table[T any] []atomic.Pointer[decoded[T]]

// decoded is a value with the input that it came from.
type decoded[T any] struct {
	raw   string
	value T
}

// at is the slot of an input with that hash.
func (t table[T]) at(hash uint64) *atomic.Pointer[decoded[T]] { return &t[hash%uint64(len(t))] }

// of gives what decode gives for raw, and remembers it if raw has at most longest bytes.
func (t table[T]) of(raw []byte, longest int, decode func([]byte) (T, error)) (T, error) {
	if len(raw) > longest {
		return decode(raw)
	}
	slot := t.at(maphash.Bytes(seed, raw))
	if kept := slot.Load(); kept != nil && kept.raw == string(raw) {
		return kept.value, nil
	}
	value, err := decode(raw)
	if err == nil {
		slot.Store(&decoded[T]{string(raw), value})
	}
	return value, err
}

// Last wraps the codec of an item that is read far more often than written, as
// parameters are: it keeps what it decoded last, and gives that as long as the bytes are
// the same. The value is shared by all readers, in all goroutines: it must be of a kind
// that nobody changes in place, such as a struct of numbers, texts and Ints. What is longer
// than 16 KiB is decoded each time.
func Last[T any](c codec.ValueCodec[T]) codec.ValueCodec[T] { return Recent(c, 1) }

// Recent wraps the codec of a map in the same way: it keeps at most n records, those that
// were decoded of late. n is at least 1.
func Recent[T any](c codec.ValueCodec[T], n int) codec.ValueCodec[T] {
	return &recent[T]{c, make(table[T], n)}
}

type recent[T any] struct {
	codec.ValueCodec[T]
	kept table[T]
}

// Decode implements ValueCodec.
func (r *recent[T]) Decode(raw []byte) (T, error) {
	return r.kept.of(raw, maxRecord, r.ValueCodec.Decode)
}
