package auction

import "cosmossdk.io/math"

// FreeStake is the largest min_stake of a new request for which the prover meets every
// condition of Eligibility, in uproof; 0 if it meets them for none. slashBps is the
// penalty's rate that such a request would have. It returns ErrAmount or ErrBps for
// figures out of range.
func FreeStake(f Figures, slashBps, overcommitBps uint32) (math.Int, error) {
	conditions, err := Eligibility(f, Ask{MinStake: math.ZeroInt(), Penalty: math.ZeroInt(), OvercommitBps: overcommitBps})
	if err == nil {
		err = checkBps(slashBps)
	}
	if err != nil {
		return math.ZeroInt(), err
	}
	if _, unmet := FirstUnmet(conditions); unmet {
		return math.ZeroInt(), nil
	}
	free := f.Assets.Sub(share(f.AssignedStake, overcommitBps))
	room := f.Assets.Sub(f.Exposure)
	if !f.MaxExposure.IsZero() {
		room = math.MinInt(room, f.MaxExposure.Sub(f.Exposure))
	}
	if slashBps == 0 {
		return free, nil
	}
	// The largest s with floor(s × slashBps / BpsDenominator) ≤ room.
	most := room.AddRaw(1).MulRaw(BpsDenominator).SubRaw(1).QuoRaw(int64(slashBps))
	return math.MinInt(free, most), nil
}
