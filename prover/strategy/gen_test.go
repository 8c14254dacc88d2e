package strategy

import (
	"math/big"
	"time"

	"pgregory.net/rapid"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/market/auction"
)

func policy() Policy {
	p := DefaultPolicy()
	p.Costs = Costs{Fixed: math.NewInt(100), PerMillionUnits: math.NewInt(1_000_000), PerMebibyte: math.ZeroInt()} // one uproof a unit
	p.MarginBps = 2_000
	p.MinMarginBps = 500
	p.MinFee = math.NewInt(50)
	return p
}

func offer() Offer {
	return Offer{
		Verifier: "circuit", Program: "aa", Requester: "proof1requester",
		MaxFee: math.NewInt(1_000_000), MinStake: math.NewInt(1_000), Penalty: math.NewInt(10), TimeLimit: time.Minute,
	}
}

func machine() Backend {
	return Backend{Name: "cpu", Workers: 1, Queue: 2, UnitsPerSecond: 1_000}
}

func stake(own, assets int64) *Stake {
	return &Stake{
		OvercommitBps: 500,
		Figures: auction.Figures{
			Active: true, SelfStake: math.NewInt(own), MinSelfStake: math.NewInt(100), Assets: math.NewInt(assets),
			AssignedStake: math.ZeroInt(), Exposure: math.ZeroInt(), MaxExposure: math.ZeroInt(),
		},
	}
}

// amountGen draws amounts of all sizes up to 2^bits - 1.
func amountGen(bits uint) *rapid.Generator[math.Int] {
	return rapid.Custom(func(t *rapid.T) math.Int {
		n := rapid.UintRange(0, bits).Draw(t, "bits")
		top := new(big.Int).Lsh(big.NewInt(1), n)
		raw := new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "raw"))
		if rapid.Bool().Draw(t, "top") {
			return math.NewIntFromBigInt(top.Sub(top, big.NewInt(1)))
		}
		return math.NewIntFromBigInt(raw.Mod(raw, top))
	})
}

func costsGen(override bool) *rapid.Generator[Costs] {
	return rapid.Custom(func(t *rapid.T) Costs {
		draw := func(name string) math.Int {
			if override && rapid.Bool().Draw(t, name+" as the base") {
				return math.Int{}
			}
			return amountGen(maxAmountBits).Draw(t, name)
		}
		return Costs{Fixed: draw("fixed"), PerMillionUnits: draw("units"), PerMebibyte: draw("bytes")}
	})
}

// policyGen draws any valid policy without filters.
func policyGen() *rapid.Generator[Policy] {
	return rapid.Custom(func(t *rapid.T) Policy {
		p := DefaultPolicy()
		p.Costs = costsGen(false).Draw(t, "costs")
		p.ProgramCosts = map[string]Costs{"aa": costsGen(true).Draw(t, "program costs")}
		p.BackendCosts = map[string]Costs{"cpu": costsGen(true).Draw(t, "backend costs")}
		p.MarginBps = rapid.Uint32Range(0, MaxMarginBps).Draw(t, "margin")
		p.MinMarginBps = rapid.Uint32Range(0, p.MarginBps).Draw(t, "min margin")
		p.LoadFactorBps = rapid.Uint32Range(0, MaxLoadFactorBps).Draw(t, "load factor")
		p.MinFee = amountGen(maxAmountBits).Draw(t, "floor")
		if capped := amountGen(maxAmountBits).Draw(t, "cap"); capped.GTE(p.MinFee) {
			p.MaxFee = capped
		}
		p.MaxPenalty = amountGen(maxAmountBits).Draw(t, "max penalty")
		return p
	})
}

func backendGen() *rapid.Generator[Backend] {
	return rapid.Custom(func(t *rapid.T) Backend {
		return Backend{
			Name: "cpu", Workers: rapid.IntRange(1, 64).Draw(t, "workers"), Queue: rapid.IntRange(1, 1_000).Draw(t, "queue"),
			UnitsPerSecond: rapid.Uint64Min(1).Draw(t, "speed"),
		}
	})
}

func takenGen() *rapid.Generator[Taken] {
	return rapid.Custom(func(t *rapid.T) Taken {
		return Taken{
			Backend: rapid.SampledFrom([]string{"cpu", "cpu", "gpu"}).Draw(t, "backend"),
			Units:   rapid.Uint64().Draw(t, "units"), Left: time.Duration(rapid.Int64Min(0).Draw(t, "left")),
			Proved: rapid.Bool().Draw(t, "proved"), Standing: rapid.Bool().Draw(t, "standing"),
			MinStake: amountGen(255).Draw(t, "stake"), Penalty: amountGen(255).Draw(t, "penalty"),
		}
	})
}

func offerGen() *rapid.Generator[Offer] {
	return rapid.Custom(func(t *rapid.T) Offer {
		o := offer()
		o.MaxFee = amountGen(255).Draw(t, "max fee")
		o.MinStake, o.Penalty = amountGen(255).Draw(t, "min stake"), amountGen(255).Draw(t, "penalty")
		o.TimeLimit = time.Duration(rapid.Int64Min(0).Draw(t, "limit"))
		return o
	})
}

func workGen() *rapid.Generator[Work] {
	return rapid.Custom(func(t *rapid.T) Work {
		return Work{
			Units: rapid.Uint64().Draw(t, "units"), ImageBytes: rapid.Uint64().Draw(t, "image"),
			InputBytes: rapid.Uint64().Draw(t, "input"), Proved: rapid.Bool().Draw(t, "proved"),
		}
	})
}
