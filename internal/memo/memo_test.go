package memo_test

import (
	"encoding/binary"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"
	"cosmossdk.io/collections/codec"

	"github.com/proofmarket/proofmarket/internal/memo"
)

// counting counts what it decodes, and refuses nothing at all.
type counting struct {
	codec.ValueCodec[uint64]
	decoded int
}

var errEmpty = errors.New("empty")

func (c *counting) Decode(raw []byte) (uint64, error) {
	c.decoded++
	if len(raw) == 0 {
		return 0, errEmpty
	}
	return c.ValueCodec.Decode(raw)
}

func TestLast(t *testing.T) {
	inner := &counting{ValueCodec: collections.Uint64Value}
	remembered := memo.Last[uint64](inner)
	for _, step := range []struct {
		value   uint64
		decoded int
	}{{7, 1}, {7, 1}, {8, 2}, {8, 2}, {7, 3}} {
		raw, err := remembered.Encode(step.value)
		require.NoError(t, err)
		got, err := remembered.Decode(raw)
		require.NoError(t, err)
		require.Equal(t, step.value, got)
		require.Equal(t, step.decoded, inner.decoded)
		clear(raw) // is the caller's, and may change
	}
	_, err := remembered.Decode(nil)
	require.ErrorIs(t, err, errEmpty)
	got, err := remembered.Decode(binary.BigEndian.AppendUint64(nil, 7))
	require.NoError(t, err)
	require.Equal(t, uint64(7), got)
	require.Equal(t, 4, inner.decoded, "an error is not kept, and what was before it is")
}

// However many records there are, each read gives what its bytes say; those that have a
// slot for themselves are decoded once.
func TestRecent(t *testing.T) {
	inner := &counting{ValueCodec: collections.Uint64Value}
	remembered := memo.Recent[uint64](inner, 64)
	read := func(value uint64) {
		t.Helper()
		got, err := remembered.Decode(binary.BigEndian.AppendUint64(nil, value))
		require.NoError(t, err)
		require.Equal(t, value, got)
	}
	for range 5 {
		read(1)
	}
	require.Equal(t, 1, inner.decoded)
	for range 3 {
		for value := range uint64(1_000) {
			read(value)
		}
	}
	require.Greater(t, inner.decoded, 1_000, "it keeps 64")
	_, err := remembered.Decode(nil)
	require.ErrorIs(t, err, errEmpty)
}

// What is remembered is bounded in bytes, too.
func TestLongRecordsAreNotKept(t *testing.T) {
	for _, step := range []struct{ length, decoded int }{{16 << 10, 1}, {16<<10 + 1, 3}} {
		inner := &countingBytes{ValueCodec: collections.BytesValue}
		remembered := memo.Recent[[]byte](inner, 4)
		for range 3 {
			got, err := remembered.Decode(make([]byte, step.length))
			require.NoError(t, err)
			require.Len(t, got, step.length)
		}
		require.Equal(t, step.decoded, inner.decoded)
	}
}

// countingBytes counts what it decodes.
type countingBytes struct {
	codec.ValueCodec[[]byte]
	decoded int
}

func (c *countingBytes) Decode(raw []byte) ([]byte, error) {
	c.decoded++
	return c.ValueCodec.Decode(raw)
}

// Readers of different states share it.
func TestLastTogether(t *testing.T) {
	remembered := memo.Last(collections.Uint64Value)
	var wg sync.WaitGroup
	wrong := make([]bool, 8)
	for i := range wrong {
		raw := binary.BigEndian.AppendUint64(nil, uint64(i%2))
		wg.Go(func() {
			for range 10_000 {
				got, err := remembered.Decode(raw)
				wrong[i] = wrong[i] || err != nil || got != uint64(i%2)
			}
		})
	}
	wg.Wait()
	require.NotContains(t, wrong, true)
}
