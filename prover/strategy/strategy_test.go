package strategy

import (
	stdmath "math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"
)

func policy() Policy {
	p := DefaultPolicy()
	p.FixedCost = math.NewInt(100)
	p.PerMillionUnits = math.NewInt(1_000_000) // one uproof a unit
	p.MarginBps = 2_000
	p.MinMarginBps = 500
	p.MinFee = math.NewInt(50)
	p.UnitsPerSecond = 1_000
	p.MaxJobs = 2
	return p
}

func offer() Offer {
	return Offer{
		Verifier: "circuit", Program: "aa", Requester: "proof1requester",
		MaxFee: math.NewInt(1_000_000), Penalty: math.NewInt(10), TimeLimit: time.Minute,
	}
}

func TestPrice(t *testing.T) {
	cases := map[string]struct {
		malleate func(*Policy, *Offer, *uint64, *Load)
		fee      int64 // 0 for no bid
		later    bool
		reason   string
	}{
		"cost and margin":      {func(*Policy, *Offer, *uint64, *Load) {}, 1_320, false, "cost us 1100"},
		"rounds up":            {func(p *Policy, _ *Offer, u *uint64, _ *Load) { p.FixedCost = math.ZeroInt(); *u = 53 }, 64, false, ""},
		"floor":                {func(p *Policy, _ *Offer, _ *uint64, _ *Load) { p.MinFee = math.NewInt(5_000) }, 5_000, false, ""},
		"gives way to max_fee": {func(_ *Policy, o *Offer, _ *uint64, _ *Load) { o.MaxFee = math.NewInt(1_200) }, 1_200, false, ""},
		"down to min margin":   {func(_ *Policy, o *Offer, _ *uint64, _ *Load) { o.MaxFee = math.NewInt(1_155) }, 1_155, false, ""},
		"not below min margin": {func(_ *Policy, o *Offer, _ *uint64, _ *Load) { o.MaxFee = math.NewInt(1_154) }, 0, false, "least price 1155"},
		"not below the floor": {func(p *Policy, o *Offer, _ *uint64, _ *Load) {
			p.MinFee = math.NewInt(5_000)
			o.MaxFee = math.NewInt(4_999)
		}, 0, false, "least price 5000"},
		"verifier on the list":    {func(p *Policy, _ *Offer, _ *uint64, _ *Load) { p.Verifiers = []string{"circuit"} }, 1_320, false, ""},
		"verifier not on it":      {func(p *Policy, _ *Offer, _ *uint64, _ *Load) { p.Verifiers = []string{"pico/v1.2.2"} }, 0, false, "verifier circuit"},
		"program on the list":     {func(p *Policy, _ *Offer, _ *uint64, _ *Load) { p.Programs = []string{"aa"} }, 1_320, false, ""},
		"program not on it":       {func(p *Policy, _ *Offer, _ *uint64, _ *Load) { p.Programs = []string{"bb"} }, 0, false, "program aa is not"},
		"denied program":          {func(p *Policy, _ *Offer, _ *uint64, _ *Load) { p.DeniedPrograms = []string{"aa"} }, 0, false, "deny list"},
		"denied requester":        {func(p *Policy, o *Offer, _ *uint64, _ *Load) { p.DeniedRequesters = []string{o.Requester} }, 0, false, "deny list"},
		"penalty at the limit":    {func(p *Policy, _ *Offer, _ *uint64, _ *Load) { p.MaxPenalty = math.NewInt(10) }, 1_320, false, ""},
		"penalty past the limit":  {func(p *Policy, _ *Offer, _ *uint64, _ *Load) { p.MaxPenalty = math.NewInt(9) }, 0, false, "would cost 10"},
		"units at the limit":      {func(p *Policy, _ *Offer, _ *uint64, _ *Load) { p.MaxUnits = 1_000 }, 1_320, false, ""},
		"units past the limit":    {func(p *Policy, _ *Offer, _ *uint64, _ *Load) { p.MaxUnits = 999 }, 0, false, "our limit is 999"},
		"time just enough":        {func(_ *Policy, o *Offer, _ *uint64, _ *Load) { o.TimeLimit = 2 * time.Second }, 1_320, false, ""},
		"time too short":          {func(_ *Policy, o *Offer, _ *uint64, _ *Load) { o.TimeLimit = 2*time.Second - 1 }, 0, false, "would not be ready"},
		"time too short for all":  {func(_ *Policy, o *Offer, _ *uint64, l *Load) { o.TimeLimit = 2 * time.Second; l.Units = 1 }, 0, true, "beside the 1"},
		"a place is free":         {func(_ *Policy, _ *Offer, _ *uint64, l *Load) { l.Jobs = 1 }, 1_320, false, ""},
		"no place is free":        {func(_ *Policy, _ *Offer, _ *uint64, l *Load) { l.Jobs = 2 }, 0, true, "2 places"},
		"absurd work":             {func(_ *Policy, _ *Offer, u *uint64, l *Load) { *u, l.Units = stdmath.MaxUint64, stdmath.MaxUint64 }, 0, true, "would not be ready"},
		"standing by is optional": {func(p *Policy, _ *Offer, _ *uint64, _ *Load) { p.Standby = true }, 1_320, false, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p, o, units, load := policy(), offer(), uint64(1_000), Load{}
			tc.malleate(&p, &o, &units, &load)
			require.NoError(t, p.Validate())
			d := p.Price(o, units, load)
			require.Equal(t, tc.fee > 0, d.Bid, d.Reason)
			require.Equal(t, tc.later, d.Later)
			require.NotEmpty(t, d.Reason)
			require.Contains(t, d.Reason, tc.reason)
			if d.Bid {
				require.Equal(t, math.NewInt(tc.fee), d.Fee)
				require.Equal(t, p.Standby, d.Standby)
			}
		})
	}
}

func TestScreenNeedsNoEstimate(t *testing.T) {
	p, o := policy(), offer()
	require.True(t, p.Screen(o, Load{}).Bid)
	o.MaxFee = math.NewInt(104) // fixed cost and least margin are 105
	require.Contains(t, p.Screen(o, Load{}).Reason, "least price 105")
}

func TestFeeNeverPassesTheBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := policy()
		p.FixedCost = math.NewInt(rapid.Int64Range(0, 1e12).Draw(t, "fixed"))
		p.PerMillionUnits = math.NewInt(rapid.Int64Range(0, 1e12).Draw(t, "unit"))
		p.MinFee = math.NewInt(rapid.Int64Range(0, 1e9).Draw(t, "floor"))
		p.MarginBps = rapid.Uint32Range(0, MaxMarginBps).Draw(t, "margin")
		p.MinMarginBps = rapid.Uint32Range(0, p.MarginBps).Draw(t, "min margin")
		o := offer()
		o.MaxFee = math.NewInt(rapid.Int64Range(0, 1e15).Draw(t, "max fee"))
		o.TimeLimit = 1 << 62
		units := rapid.Uint64Range(0, 1e9).Draw(t, "units")
		d := p.Price(o, units, Load{})
		if d.Bid {
			require.True(t, d.Fee.LTE(o.MaxFee))
			require.True(t, d.Fee.GTE(p.cost(units)))
			require.True(t, d.Fee.GTE(p.MinFee))
		}
	})
}

func TestValidate(t *testing.T) {
	require.NoError(t, DefaultPolicy().Validate())
	for name, malleate := range map[string]func(*Policy){
		"nil amount":        func(p *Policy) { p.FixedCost = math.Int{} },
		"negative amount":   func(p *Policy) { p.MinFee = math.NewInt(-1) },
		"margin too large":  func(p *Policy) { p.MarginBps = MaxMarginBps + 1 },
		"margins crossed":   func(p *Policy) { p.MinMarginBps = p.MarginBps + 1 },
		"no speed":          func(p *Policy) { p.UnitsPerSecond = 0 },
		"no place for jobs": func(p *Policy) { p.MaxJobs = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			p := DefaultPolicy()
			malleate(&p)
			require.Error(t, p.Validate())
		})
	}
	p := DefaultPolicy()
	p.MarginBps = MaxMarginBps
	require.NoError(t, p.Validate())
}
