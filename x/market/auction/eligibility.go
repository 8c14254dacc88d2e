package auction

import "cosmossdk.io/math"

// Reason names a condition of eligibility (law M4).
type Reason string

// The conditions, in the order in which they are checked.
const (
	// ReasonState: the prover must be active.
	ReasonState Reason = "state"
	// ReasonSelfStake: its own stake must reach the minimum.
	ReasonSelfStake Reason = "self_stake"
	// ReasonVault: its vault must hold the request's stake beside a part of what
	// is assigned already.
	ReasonVault Reason = "vault"
	// ReasonExposure: its vault must cover every penalty that it may owe.
	ReasonExposure Reason = "exposure"
	// ReasonMaxExposure: the penalties must stay within the limit that it set for
	// itself, if it did (law S8).
	ReasonMaxExposure Reason = "max_exposure"
)

// Figures is how a prover stands, in uproof.
type Figures struct {
	Active        bool
	SelfStake     math.Int
	MinSelfStake  math.Int
	Assets        math.Int
	AssignedStake math.Int
	Exposure      math.Int
	// MaxExposure is the prover's own limit on Exposure; 0 for none.
	MaxExposure math.Int
}

// Ask is what a request asks of its prover.
type Ask struct {
	// MinStake is the stake that must be free, in uproof.
	MinStake math.Int
	// Penalty is what a missed deadline costs, in uproof.
	Penalty math.Int
	// OvercommitBps is the part of the assigned stake that must be free besides.
	OvercommitBps uint32
}

// Condition is one condition with its figures. Have and Need are zero for
// ReasonState; Have is zero for ReasonMaxExposure where there is no limit.
type Condition struct {
	Reason Reason
	OK     bool
	Have   math.Int
	Need   math.Int
}

// Eligibility checks every condition of laws M4 and S8. It returns all of them, met or
// not, so that a bidder sees every figure; ErrAmount or ErrBps for figures out
// of range.
func Eligibility(f Figures, ask Ask) ([]Condition, error) {
	names := []string{"self stake", "min self stake", "assets", "assigned stake", "exposure", "max exposure", "min stake", "penalty"}
	err := checkAmounts(names, f.SelfStake, f.MinSelfStake, f.Assets, f.AssignedStake, f.Exposure, f.MaxExposure, ask.MinStake, ask.Penalty)
	if err != nil {
		return nil, err
	}
	if err := checkBps(ask.OvercommitBps); err != nil {
		return nil, err
	}
	atLeast := func(reason Reason, have, need math.Int) Condition {
		return Condition{Reason: reason, OK: have.GTE(need), Have: have, Need: need}
	}
	exposure := f.Exposure.Add(ask.Penalty)
	limit := atLeast(ReasonMaxExposure, f.MaxExposure, exposure)
	limit.OK = limit.OK || f.MaxExposure.IsZero()
	return []Condition{
		{Reason: ReasonState, OK: f.Active, Have: math.ZeroInt(), Need: math.ZeroInt()},
		atLeast(ReasonSelfStake, f.SelfStake, f.MinSelfStake),
		atLeast(ReasonVault, f.Assets, ask.MinStake.Add(share(f.AssignedStake, ask.OvercommitBps))),
		atLeast(ReasonExposure, f.Assets, exposure),
		limit,
	}, nil
}

// FirstUnmet returns the first condition that is not met; false if all are.
func FirstUnmet(conditions []Condition) (Condition, bool) {
	for _, c := range conditions {
		if !c.OK {
			return c, true
		}
	}
	return Condition{}, false
}
