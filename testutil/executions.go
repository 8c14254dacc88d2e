package testutil

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/cosmos/cosmos-sdk/telemetry/registry"
)

// Executions are the parallel executor's own counts.
type Executions struct {
	// Executed is how often a transaction was executed: every time but the first is a
	// conflict with another one.
	Executed int64
	// Validated is how often it was looked whether what a transaction had read still
	// holds.
	Validated int64
}

// CountExecutions switches the parallel executor's counts on, for the whole process, and
// returns what reads them: they go on from there for every application in it. Counting
// costs time, so what is timed belongs into another process.
func CountExecutions(t testing.TB) func() Executions {
	t.Helper()
	reader := sdkmetric.NewManualReader()
	otel.SetMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	require.NoError(t, registry.Get("blockstm").Start(nil))
	return func() (e Executions) {
		var all metricdata.ResourceMetrics
		require.NoError(t, reader.Collect(t.Context(), &all))
		for _, scope := range all.ScopeMetrics {
			for _, m := range scope.Metrics {
				switch m.Name {
				case "executed.txs":
					e.Executed = total(m.Data)
				case "validated.txs":
					e.Validated = total(m.Data)
				}
			}
		}
		return e
	}
}

// total adds up a counter.
func total(data metricdata.Aggregation) (n int64) {
	if sum, ok := data.(metricdata.Sum[int64]); ok {
		for _, p := range sum.DataPoints {
			n += p.Value
		}
	}
	return n
}
