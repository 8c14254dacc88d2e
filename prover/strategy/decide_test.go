package strategy

import (
	stdmath "math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"
)

// scene is a request and how we stand, to be changed by a case.
type scene struct {
	p     Policy
	o     Offer
	w     Work
	b     Backend
	taken []Taken
	stake *Stake
	bar   []Reason
	none  bool // no backend
}

func (s scene) figures() Figures {
	f := Figures{Load: NewLoad(s.b, s.taken), Jobs: len(s.taken), Taken: s.taken, Stake: s.stake, Barred: s.bar}
	if !s.none {
		f.Backend = &s.b
	}
	return f
}

func newScene() scene {
	return scene{p: policy(), o: offer(), w: Work{Units: 1_000}, b: machine()}
}

func job(units uint64) Taken {
	return Taken{Backend: "cpu", Units: units, Left: time.Hour, Standing: true, MinStake: math.NewInt(1_000), Penalty: math.NewInt(10)}
}

func TestFees(t *testing.T) {
	for name, tc := range map[string]struct {
		malleate func(*scene)
		fee      int64
	}{
		"cost and margin":      {func(*scene) {}, 1_320},
		"rounds up":            {func(s *scene) { s.p.Costs.Fixed = math.ZeroInt(); s.w.Units = 53 }, 64},
		"floor":                {func(s *scene) { s.p.MinFee = math.NewInt(5_000) }, 5_000},
		"cap":                  {func(s *scene) { s.p.MaxFee = math.NewInt(1_200) }, 1_200},
		"gives way to max_fee": {func(s *scene) { s.o.MaxFee = math.NewInt(1_200) }, 1_200},
		"to the lower limit": {func(s *scene) {
			s.o.MaxFee = math.NewInt(1_250)
			s.p.MaxFee = math.NewInt(1_200)
		}, 1_200},
		"down to min margin": {func(s *scene) { s.o.MaxFee = math.NewInt(1_155) }, 1_155},
		"bytes": {func(s *scene) {
			s.p.Costs.PerMebibyte = math.NewInt(1_000)
			s.w.ImageBytes, s.w.InputBytes = Mebibyte, Mebibyte/2
		}, 3_120},
		"part of a mebibyte rounds up": {func(s *scene) { s.p.Costs.PerMebibyte = math.NewInt(1); s.w.InputBytes = 1 }, 1_322},
		"the program's own costs": {func(s *scene) {
			s.p.ProgramCosts = map[string]Costs{"aa": {Fixed: math.ZeroInt()}, "bb": {PerMillionUnits: math.ZeroInt()}}
		}, 1_200},
		"the backend's own costs": {func(s *scene) { s.p.BackendCosts = map[string]Costs{"cpu": {PerMillionUnits: math.NewInt(2_000_000)}} }, 2_520},
		"the program's before the backend's": {func(s *scene) {
			s.p.BackendCosts = map[string]Costs{"cpu": {Fixed: math.NewInt(500), PerMillionUnits: math.ZeroInt()}}
			s.p.ProgramCosts = map[string]Costs{"aa": {PerMillionUnits: math.NewInt(3_000_000)}}
		}, 4_200},
		"no load, no extra":      {func(s *scene) { s.p.LoadFactorBps = 10_000 }, 1_320},
		"half loaded":            {func(s *scene) { s.p.LoadFactorBps = 10_000; s.taken = []Taken{job(1)} }, 1_980},
		"another backend's load": {func(s *scene) { s.p.LoadFactorBps = 10_000; s.taken = []Taken{{Backend: "gpu", Units: 1}} }, 1_320},
		"a proof made is no load": {func(s *scene) {
			s.p.LoadFactorBps = 10_000
			s.taken = []Taken{{Backend: "cpu", Units: 1 << 60, Proved: true}}
		}, 1_320},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene()
			tc.malleate(&s)
			require.NoError(t, s.p.Validate())
			d := s.p.Decide(s.o, s.w, s.figures())
			require.True(t, d.Bid, d.Reason())
			require.Empty(t, d.Reasons)
			require.Equal(t, math.NewInt(tc.fee), d.Fee)
			require.Contains(t, d.Reason(), "cost us "+d.Price.Cost.String())
		})
	}
}

func TestRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		malleate func(*scene)
		code     Code
		later    bool
		text     string
		screened bool // seen before the work is known
	}{
		"verifier":         {func(s *scene) { s.p.Verifiers = []string{"pico/v1.2.2", "circ"} }, CodeVerifier, false, "verifier circuit", true},
		"verifier pattern": {func(s *scene) { s.p.Verifiers = []string{"pico/*"} }, CodeVerifier, false, "verifier circuit", true},
		"no backend":       {func(s *scene) { s.none = true }, CodeNoBackend, false, "serves verifier circuit", true},
		"program":          {func(s *scene) { s.p.Programs = []string{"bb"} }, CodeProgram, false, "program aa is not", true},
		"denied program":   {func(s *scene) { s.p.DeniedPrograms = []string{"aa"} }, CodeProgramDenied, false, "deny list", true},
		"requester":        {func(s *scene) { s.p.Requesters = []string{"proof1other"} }, CodeRequester, false, "proof1requester is not", true},
		"denied requester": {func(s *scene) { s.p.DeniedRequesters = []string{s.o.Requester} }, CodeRequesterDenied, false, "deny list", true},
		"penalty":          {func(s *scene) { s.p.MaxPenalty = math.NewInt(9) }, CodePenalty, false, "would cost 10", true},
		"input size":       {func(s *scene) { s.p.MaxInputBytes = 9; s.w.InputBytes = 10 }, CodeInputBytes, false, "10 bytes, our limit is 9", false},
		"units":            {func(s *scene) { s.p.MaxUnits = 999 }, CodeUnits, false, "our limit is 999", false},
		"min margin":       {func(s *scene) { s.o.MaxFee = math.NewInt(1_154) }, CodeMaxFee, true, "least price 1155", false},
		"fixed cost alone": {func(s *scene) { s.o.MaxFee = math.NewInt(104) }, CodeMaxFee, true, "least price", true},
		"floor":            {func(s *scene) { s.p.MinFee = math.NewInt(5_000); s.o.MaxFee = math.NewInt(4_999) }, CodeMaxFee, true, "least price 5000", true},
		"cap":              {func(s *scene) { s.p.MaxFee = math.NewInt(1_154) }, CodePriceCap, true, "price.max_fee 1154", false},
		"load raises the least price": {func(s *scene) {
			s.p.LoadFactorBps, s.taken = 2, []Taken{job(1)}
			s.o.MaxFee = math.NewInt(1_155)
		}, CodeMaxFee, true, "least price 1157", false},
		"time too short":         {func(s *scene) { s.o.TimeLimit = 2*time.Second - 1 }, CodeTimeLimit, false, "not be ready", false},
		"time too short for all": {func(s *scene) { s.o.TimeLimit = 2 * time.Second; s.taken = []Taken{job(1)} }, CodeBusy, true, "beside the 1", false},
		"would delay another": {func(s *scene) {
			s.taken = []Taken{{Backend: "cpu", Units: 1_000, Left: 2*time.Second - 1}}
		}, CodeBusy, true, "room for 999", false},
		"absurd work": {func(s *scene) {
			s.w.Units = stdmath.MaxUint64
			s.o.MaxFee = math.NewInt(stdmath.MaxInt64).MulRaw(1 << 40)
		}, CodeTimeLimit, false, "would not be ready", false},
		"no place":     {func(s *scene) { s.taken = []Taken{job(1), job(1)} }, CodeQueue, true, "2 places", true},
		"no job left":  {func(s *scene) { s.p.MaxJobs = 1; s.taken = []Taken{{Backend: "gpu"}} }, CodeMaxJobs, true, "all 1 places", true},
		"stopped":      {func(s *scene) { s.b.Stop = &Reason{Code: CodeStopped, Text: "no bids", Later: true} }, CodeStopped, true, "no bids", true},
		"barred":       {func(s *scene) { s.bar = []Reason{{Code: CodeChain, Text: "paused", Later: true}} }, CodeChain, true, "paused", true},
		"inactive":     {func(s *scene) { s.stake = stake(5_000, 5_000); s.stake.Active = false }, CodeStake, true, "not active", true},
		"own stake":    {func(s *scene) { s.stake = stake(999, 5_000) }, CodeStake, true, "own stake does not carry one more beside 0 standing bids: vault has 999, needs 1000", true},
		"assets":       {func(s *scene) { s.stake = stake(999, 999); s.p.CountDelegations = true }, CodeStake, true, "vault has 999", true},
		"max exposure": {func(s *scene) { s.stake = stake(5_000, 5_000); s.stake.MaxExposure = math.NewInt(9) }, CodeStake, true, "max_exposure has 9, needs 10", true},
		"assigned stake": {func(s *scene) {
			s.stake = stake(1_049, 5_000)
			s.stake.AssignedStake = math.NewInt(1_000)
		}, CodeStake, true, "vault has 1049, needs 1050", true},
		"standing bids": {func(s *scene) {
			s.stake, s.taken = stake(1_049, 5_000), []Taken{job(1)}
		}, CodeStake, true, "beside 1 standing bids: vault has 1049, needs 1050", true},
		"a standing bid that asks for more": {func(s *scene) {
			big := job(1)
			big.MinStake = math.NewInt(3_000)
			s.stake, s.taken = stake(3_049, 5_000), []Taken{big}
		}, CodeStake, true, "vault has 3049, needs 3050", true},
		"exposure of standing bids": {func(s *scene) {
			s.stake, s.taken = stake(2_000, 5_000), []Taken{job(1)}
			s.taken[0].Penalty = math.NewInt(1_991)
		}, CodeStake, true, "exposure has 2000, needs 2001", true},
		"figures out of range": {func(s *scene) {
			s.stake = stake(1_000, 1_000)
			s.stake.AssignedStake = math.NewIntFromUint64(1).MulRaw(1 << 62).MulRaw(1 << 62).MulRaw(1 << 62).MulRaw(1 << 62)
		}, CodeStake, true, "make no sense", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene()
			tc.malleate(&s)
			require.NoError(t, s.p.Validate())
			d := s.p.Decide(s.o, s.w, s.figures())
			require.False(t, d.Bid)
			require.Equal(t, tc.code, d.Code(), d.Reason())
			require.Equal(t, tc.later, d.Later)
			require.Contains(t, d.Reason(), tc.text)
			require.True(t, d.Fee.IsZero())
			require.Equal(t, tc.screened, !s.p.Screen(s.o, s.figures()).Bid)
		})
	}
}

func TestTakes(t *testing.T) {
	for name, malleate := range map[string]func(*scene){
		"verifier on the list":    func(s *scene) { s.p.Verifiers = []string{"x", "circuit"} },
		"verifier pattern":        func(s *scene) { s.p.Verifiers = []string{"circ*"} },
		"program on the list":     func(s *scene) { s.p.Programs = []string{"aa"} },
		"requester on the list":   func(s *scene) { s.p.Requesters = []string{s.o.Requester} },
		"penalty at the limit":    func(s *scene) { s.p.MaxPenalty = math.NewInt(10) },
		"input at the limit":      func(s *scene) { s.p.MaxInputBytes, s.w.InputBytes = 10, 10 },
		"units at the limit":      func(s *scene) { s.p.MaxUnits = 1_000 },
		"time just enough":        func(s *scene) { s.o.TimeLimit = 2 * time.Second },
		"time enough for both":    func(s *scene) { s.o.TimeLimit = 4 * time.Second; s.taken = []Taken{job(1_000)} },
		"two at a time":           func(s *scene) { s.o.TimeLimit = 3 * time.Second; s.b.Workers = 2; s.taken = []Taken{job(1_000)} },
		"another just in time":    func(s *scene) { s.taken = []Taken{{Backend: "cpu", Units: 1_000, Left: 2 * time.Second}} },
		"no deadline to keep":     func(s *scene) { s.taken = []Taken{{Backend: "cpu", Units: 1_000}} },
		"a place is free":         func(s *scene) { s.taken = []Taken{job(1)} },
		"one job left":            func(s *scene) { s.p.MaxJobs = 2; s.taken = []Taken{job(1)} },
		"proved needs no place":   func(s *scene) { s.w.Proved = true; s.taken = []Taken{job(1), job(1)} },
		"proved needs no time":    func(s *scene) { s.w.Proved = true; s.o.TimeLimit = 1 },
		"stake just enough":       func(s *scene) { s.stake = stake(1_000, 1_000) },
		"delegated stake":         func(s *scene) { s.stake = stake(100, 1_000); s.p.CountDelegations = true },
		"stake for both":          func(s *scene) { s.stake, s.taken = stake(1_050, 5_000), []Taken{job(1)} },
		"stake counted elsewhere": func(s *scene) { s.stake, s.taken = stake(1_000, 1_000), []Taken{job(1)}; s.taken[0].Standing = false },
		"standing by":             func(s *scene) { s.p.Standby = true },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene()
			malleate(&s)
			require.True(t, s.w.Proved || s.p.Screen(s.o, s.figures()).Bid)
			d := s.p.Decide(s.o, s.w, s.figures())
			require.True(t, d.Bid, d.Reason())
			require.Equal(t, s.p.Standby, d.Standby)
			require.Empty(t, d.Code())
		})
	}
}

func TestAllReasonsAreGiven(t *testing.T) {
	s := newScene()
	s.p.Programs, s.p.MaxUnits, s.o.MaxFee = []string{"bb"}, 1, math.OneInt()
	s.taken = []Taken{job(1), job(1)}
	d := s.p.Decide(s.o, s.w, s.figures())
	var codes []Code
	for _, r := range d.Reasons {
		codes = append(codes, r.Code)
	}
	require.Equal(t, []Code{CodeProgram, CodeUnits, CodeQueue, CodeMaxFee}, codes)
	require.False(t, d.Later, "one reason stays")
	require.Equal(t, CodeProgram, d.Code())
	require.NotNil(t, d.Price)

	require.Equal(t, CodeUnits, Refuse(d.Reasons[2], d.Reasons[1]).Code(), "one that stays comes first")
	require.True(t, Refuse(d.Reasons[2]).Later)
}

func TestPolicyValidate(t *testing.T) {
	require.NoError(t, DefaultPolicy().Validate())
	for text, malleate := range map[string]func(*Policy){
		"price.fixed_cost":                      func(p *Policy) { p.Costs.Fixed = math.Int{} },
		"price.per_million_units":               func(p *Policy) { p.Costs.PerMillionUnits = math.NewInt(-1) },
		"price.per_mebibyte":                    func(p *Policy) { p.Costs.PerMebibyte = math.NewInt(1 << 62).MulRaw(1 << 62).MulRaw(1 << 4) },
		"price.min_fee":                         func(p *Policy) { p.MinFee = math.NewInt(-1) },
		"price.max_fee must be zero":            func(p *Policy) { p.MaxFee = math.Int{} },
		"price.max_fee must not":                func(p *Policy) { p.MinFee, p.MaxFee = math.NewInt(2), math.OneInt() },
		"filter.max_penalty":                    func(p *Policy) { p.MaxPenalty = math.NewInt(-1) },
		"price.margin_bps":                      func(p *Policy) { p.MarginBps = MaxMarginBps + 1 },
		"price.min_margin_bps":                  func(p *Policy) { p.MinMarginBps = p.MarginBps + 1 },
		"price.load_factor_bps":                 func(p *Policy) { p.LoadFactorBps = MaxLoadFactorBps + 1 },
		"price.programs aa: fixed_cost":         func(p *Policy) { p.ProgramCosts = map[string]Costs{"aa": {Fixed: math.NewInt(-1)}} },
		"price.backends gpu: per_mebibyte":      func(p *Policy) { p.BackendCosts = map[string]Costs{"gpu": {PerMebibyte: math.NewInt(-1)}} },
		"filter.max_jobs":                       func(p *Policy) { p.MaxJobs = -1 },
		`filter.verifiers: "a*b"`:               func(p *Policy) { p.Verifiers = []string{"a*b"} },
		`filter.verifiers: ""`:                  func(p *Policy) { p.Verifiers = []string{""} },
		"price.margin_bps must be at most 1000": func(p *Policy) { p.MarginBps = stdmath.MaxUint32 },
	} {
		p := DefaultPolicy()
		malleate(&p)
		require.ErrorContains(t, p.Validate(), text)
	}
	p := DefaultPolicy()
	p.MarginBps, p.LoadFactorBps, p.Verifiers = MaxMarginBps, MaxLoadFactorBps, []string{"*", "pico/*", "circuit"}
	p.MaxFee = p.MinFee
	p.ProgramCosts = map[string]Costs{strings.Repeat("aa", 32): {}}
	require.NoError(t, p.Validate())
}

func TestLoad(t *testing.T) {
	b := Backend{Name: "cpu", Workers: 2, Queue: 9, UnitsPerSecond: 100}
	one := func(units uint64, left time.Duration) Taken { return Taken{Backend: "cpu", Units: units, Left: left} }
	for name, tc := range map[string]struct {
		taken []Taken
		want  Load
	}{
		"idle":     {nil, Load{Slack: noSlack}},
		"one":      {[]Taken{one(300, 10*time.Second)}, Load{Jobs: 1, Units: 300, Slack: 2_000 - 2*300}},
		"beside":   {[]Taken{one(300, 10*time.Second), one(500, time.Hour)}, Load{Jobs: 2, Units: 800, Slack: 2_000 - 500 - 2*300}},
		"late":     {[]Taken{one(1_001, 10*time.Second)}, Load{Jobs: 1, Units: 1_001, Slack: 0}},
		"no limit": {[]Taken{one(300, 0)}, Load{Jobs: 1, Units: 300, Slack: noSlack}},
		"absurd": {
			[]Taken{one(stdmath.MaxUint64, time.Second), one(stdmath.MaxUint64, stdmath.MaxInt64)},
			Load{Jobs: 2, Units: stdmath.MaxUint64},
		},
		"not ours": {[]Taken{{Backend: "gpu", Units: 7, Left: 1}, {Backend: "cpu", Units: 7, Left: 1, Proved: true}}, Load{Slack: noSlack}},
	} {
		require.Equal(t, tc.want, NewLoad(b, tc.taken), name)
	}
}
