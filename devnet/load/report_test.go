package load

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"
)

// Nearest rank: the smallest value with at least that share of all at or below it.
func TestQuantiles(t *testing.T) {
	upTo := func(n int64) (list []int64) {
		for i := n; i >= 1; i-- { // unsorted
			list = append(list, i)
		}
		return list
	}
	for name, c := range map[string]struct {
		values []int64
		want   Quant
	}{
		"none":        {nil, Quant{}},
		"one":         {[]int64{7}, Quant{P50: 7, P90: 7, P99: 7, Max: 7}},
		"two":         {[]int64{9, 1}, Quant{P50: 1, P90: 9, P99: 9, Max: 9}},
		"ten":         {upTo(10), Quant{P50: 5, P90: 9, P99: 10, Max: 10}},
		"hundred":     {upTo(100), Quant{P50: 50, P90: 90, P99: 99, Max: 100}},
		"two hundred": {upTo(200), Quant{P50: 100, P90: 180, P99: 198, Max: 200}},
	} {
		require.Equal(t, c.want, quantiles(c.values), name)
	}
}

func TestSteadyRate(t *testing.T) {
	begin := time.Unix(1000, 0)
	at := func(seconds ...float64) (list []time.Time) {
		for _, s := range seconds {
			list = append(list, begin.Add(time.Duration(s*float64(time.Second))))
		}
		return list
	}
	for name, c := range map[string]struct {
		settled       []time.Time
		lastSent      float64
		rate, seconds float64
	}{
		"nothing settled":                   {nil, 1, 0, 0},
		"one":                               {at(4), 0, 0.25, 4},
		"a burst at once counts whole":      {at(2, 2, 2, 2), 0, 2, 2},
		"steady: the tail does not count":   {at(1, 2, 3, 4, 5, 5.5, 5.5), 5, 1, 4},
		"steady: the opening does not":      {at(1, 1, 1, 2, 3, 4, 5), 5, 1, 4},
		"a short steady span: all of it is": {at(5, 9, 10), 6, 0.3, 10},
		"all sent before the first settled": {at(5, 6, 7, 10), 3, 0.4, 10},
	} {
		rate, seconds := steady(begin, c.settled, begin.Add(time.Duration(c.lastSent*float64(time.Second))))
		require.InDelta(t, c.rate, rate, 1e-9, name)
		require.InDelta(t, c.seconds, seconds, 1e-9, name)
	}
}

func TestPerSecond(t *testing.T) {
	require.InDelta(t, 2.5, perSecond(5, 2*time.Second), 1e-9)
	require.Zero(t, perSecond(5, 0))
	require.Zero(t, perSecond(5, -time.Second))
}

// Every part of the money counts once.
func TestMoneySum(t *testing.T) {
	m := noMoney()
	require.True(t, m.sum().IsZero())
	parts := []*math.Int{&m.Held, &m.Vaults, &m.Escrow, &m.TxFees, &m.RequestFees, &m.ProtocolFees, &m.Paid, &m.BondsLost, &m.Slashed}
	for i, p := range parts {
		*p = math.NewIntWithDecimal(1, i)
	}
	require.Equal(t, "111111111", m.sum().String())
	for _, other := range []*math.Int{&m.Given, &m.Before, &m.FunderFees, &m.CircuitDeposit, &m.Difference} {
		*other = math.NewInt(5)
	}
	require.Equal(t, "111111111", m.sum().String())
}

func TestReportIsReadable(t *testing.T) {
	r := Report{Mode: ModeMarket, Money: noMoney(), Requests: Requests{Sent: 4, Settled: 2, Refunded: 1, Refused: 1, Reasons: map[string]int{"a": 1, "b": 3}}}
	r.Latency.ProofToSettled = Waits{Count: 2, Millis: Quant{P50: 10, P90: 20, P99: 30, Max: 40}}
	var out bytes.Buffer
	require.NoError(t, r.Text(&out))
	require.Contains(t, out.String(), "4 sent: 2 settled, 1 refunded, 0 cancelled, 1 refused, 0 open")
	require.Contains(t, out.String(), "p50 10 ms, p90 20 ms, p99 30 ms, max 40 ms")
	require.NotContains(t, out.String(), "request to assigned", "nothing was measured")
	require.Less(t, bytes.Index(out.Bytes(), []byte("3 × b")), bytes.Index(out.Bytes(), []byte("1 × a")), "the most frequent first")

	bz, err := json.Marshal(r)
	require.NoError(t, err)
	var back Report
	require.NoError(t, json.Unmarshal(bz, &back))
	require.Equal(t, r, back)
}
