package types

import "cosmossdk.io/math"

// Standing is what the market needs to know of a prover before it gives it work
// (law M4). Amounts are in uproof, as of the block's time.
type Standing struct {
	// State is what the prover may do.
	State ProverState
	// Generation of the prover's current vault.
	Generation uint64
	// Faults counts what the authority did: jails, slashes and deactivations; it only
	// rises.
	Faults uint64
	// Assets of the current vault. Rewards count once they vest.
	Assets math.Int
	// SelfStake is the value of the prover's own shares.
	SelfStake math.Int
	// MinSelfStake is the parameter, read live.
	MinSelfStake math.Int
	// AssignedStake sums the stakes of the open assignments.
	AssignedStake math.Int
	// Exposure sums the penalties of the open assignments.
	Exposure math.Int
	// MaxExposure is what the prover bounds its exposure by; 0 for no bound (law
	// S8).
	MaxExposure math.Int
	// OpenAssignments counts them.
	OpenAssignments uint64
}
