package keeper_test

import (
	"sync/atomic"
	"time"

	dbm "github.com/cosmos/cosmos-db"
)

// dbMeter is a database that counts what is asked of it. Goroutines that ask at the same
// time add up.
type dbMeter struct {
	dbm.DB
	reads, writes, nanos atomic.Int64
}

// usage is what something took: its time, the part of it inside the database, reads
// (single keys and iterators) and keys written.
type usage struct {
	took, db      time.Duration
	reads, writes int64
}

// usage runs do, which tells its time.
func (m *dbMeter) usage(do func() time.Duration) usage {
	before := usage{db: time.Duration(m.nanos.Load()), reads: m.reads.Load(), writes: m.writes.Load()}
	took := do()
	return usage{took, time.Duration(m.nanos.Load()) - before.db, m.reads.Load() - before.reads, m.writes.Load() - before.writes}
}

// timed adds the time since start.
func (m *dbMeter) timed(start time.Time) { m.nanos.Add(int64(time.Since(start))) }

func (m *dbMeter) Get(key []byte) ([]byte, error) {
	m.reads.Add(1)
	defer m.timed(time.Now())
	return m.DB.Get(key)
}

func (m *dbMeter) Has(key []byte) (bool, error) {
	m.reads.Add(1)
	defer m.timed(time.Now())
	return m.DB.Has(key)
}

func (m *dbMeter) Iterator(start, end []byte) (dbm.Iterator, error) {
	m.reads.Add(1)
	defer m.timed(time.Now())
	it, err := m.DB.Iterator(start, end)
	return meteredIterator{it, m}, err
}

func (m *dbMeter) ReverseIterator(start, end []byte) (dbm.Iterator, error) {
	m.reads.Add(1)
	defer m.timed(time.Now())
	it, err := m.DB.ReverseIterator(start, end)
	return meteredIterator{it, m}, err
}

type meteredIterator struct {
	dbm.Iterator
	meter *dbMeter
}

func (i meteredIterator) Next() {
	defer i.meter.timed(time.Now())
	i.Iterator.Next()
}

func (i meteredIterator) Close() error {
	defer i.meter.timed(time.Now())
	return i.Iterator.Close()
}

func (m *dbMeter) NewBatch() dbm.Batch { return meteredBatch{m.DB.NewBatch(), m} }

func (m *dbMeter) NewBatchWithSize(n int) dbm.Batch { return meteredBatch{m.DB.NewBatchWithSize(n), m} }

type meteredBatch struct {
	dbm.Batch
	meter *dbMeter
}

func (b meteredBatch) Set(key, value []byte) error {
	b.meter.writes.Add(1)
	return b.Batch.Set(key, value)
}

func (b meteredBatch) Delete(key []byte) error {
	b.meter.writes.Add(1)
	return b.Batch.Delete(key)
}

func (b meteredBatch) Write() error {
	defer b.meter.timed(time.Now())
	return b.Batch.Write()
}

func (b meteredBatch) WriteSync() error {
	defer b.meter.timed(time.Now())
	return b.Batch.WriteSync()
}
