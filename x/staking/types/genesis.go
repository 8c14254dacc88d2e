package types

import (
	"slices"

	"cosmossdk.io/math"
)

// DefaultGenesis returns the state of a new chain: no provers.
func DefaultGenesis() *GenesisState { return &GenesisState{Params: DefaultParams()} }

// Validate checks what a genesis file can get wrong by itself: ranges, missing
// amounts, duplicates. How records hang together, with each other and with the
// bank, is checked by the keeper's invariants after import. It fails with
// ErrInvalidParams, ErrInvalidProfile or ErrInvalidGenesis.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	provers := map[string]bool{}
	for _, p := range g.Provers {
		if provers[p.Prover.Address] {
			return ErrInvalidGenesis.Wrapf("prover %s twice", p.Prover.Address)
		}
		provers[p.Prover.Address] = true
		if err := p.validate(); err != nil {
			return err
		}
	}
	type key struct {
		prover         string
		generation, id uint64
	}
	vaults, entries, work := map[key]bool{}, map[key]bool{}, map[key]bool{}
	for _, v := range g.Vaults {
		at := key{prover: v.Prover, generation: v.Generation}
		if vaults[at] || !provers[v.Prover] {
			return ErrInvalidGenesis.Wrapf("vault %s/%d twice or without a prover", v.Prover, v.Generation)
		}
		vaults[at] = true
		if err := v.validate(); err != nil {
			return err
		}
	}
	for _, v := range g.Vaults {
		if v.Generation > 1 && !vaults[key{prover: v.Prover, generation: v.Generation - 1}] {
			return ErrInvalidGenesis.Wrapf("vault %s/%d without the one before it", v.Prover, v.Generation)
		}
	}
	for _, a := range g.Assignments {
		at := key{prover: a.Prover, id: a.Number}
		if work[at] || !provers[a.Prover] {
			return ErrInvalidGenesis.Wrapf("assignment %s/%d twice or without a prover", a.Prover, a.Number)
		}
		work[at] = true
		if !isAmount(a.Stake) || !isAmount(a.Penalty) {
			return ErrInvalidGenesis.Wrapf("assignment %s/%d: amounts %s and %s", a.Prover, a.Number, a.Stake, a.Penalty)
		}
	}
	for _, u := range g.Unstakes {
		at := key{u.Prover, u.Generation, u.Id}
		if entries[at] || !vaults[key{prover: u.Prover, generation: u.Generation}] {
			return ErrInvalidGenesis.Wrapf("unstaking %s/%d/%d twice or without a vault", u.Prover, u.Generation, u.Id)
		}
		entries[at] = true
		if err := u.validate(); err != nil {
			return err
		}
	}
	if err := validateCommissions(g.Commissions, provers); err != nil {
		return err
	}
	if err := validateAllowList(g.AllowList); err != nil {
		return err
	}
	return g.validateIncentives()
}

// validateCommissions checks each rate, and that it belongs to one of provers.
func validateCommissions(rates []CommissionRate, provers map[string]bool) error {
	type key struct{ prover, source string }
	seen := map[key]bool{}
	for _, r := range rates {
		at := key{r.Prover, r.Source}
		if seen[at] || !provers[r.Prover] {
			return ErrInvalidGenesis.Wrapf("commission of %s for %q twice or without a prover", r.Prover, r.Source)
		}
		seen[at] = true
		if err := r.Validate(); err != nil {
			return err
		}
	}
	return nil
}

func validateAllowList(list []string) error {
	seen := map[string]bool{}
	for _, addr := range list {
		if seen[addr] {
			return ErrInvalidGenesis.Wrapf("%s is on the allow-list twice", addr)
		}
		seen[addr] = true
	}
	return nil
}

func (p GenesisProver) validate() error {
	r := p.Prover
	switch {
	case r.Generation == 0:
		return ErrInvalidGenesis.Wrapf("prover %s without a generation", r.Address)
	case r.Load.NextAssignment > maxNumber || r.Faults > maxNumber:
		return ErrInvalidGenesis.Wrapf("prover %s counts to %d assignments and %d faults", r.Address, r.Load.NextAssignment, r.Faults)
	case r.CommissionBps > BpsBase:
		return ErrInvalidGenesis.Wrapf("prover %s has a commission of %d basis points", r.Address, r.CommissionBps)
	case r.Load.NextAssignment == 0 || !isAmount(r.Load.AssignedStake) || !isAmount(r.Load.Exposure):
		return ErrInvalidGenesis.Wrapf("prover %s has the load %s", r.Address, r.Load.String())
	case r.Breaker.Validate() != nil || !isAmount(r.Breaker.Losses):
		return ErrInvalidGenesis.Wrapf("prover %s has the breaker %s", r.Address, r.Breaker.String())
	case !slices.IsSorted(r.Causes) || len(slices.Compact(slices.Clone(r.Causes))) != len(r.Causes):
		return ErrInvalidGenesis.Wrapf("prover %s has the causes %v, not ascending", r.Address, r.Causes)
	}
	for _, cause := range r.Causes {
		if _, known := DeactivationCause_name[int32(cause)]; !known || cause == DEACTIVATION_CAUSE_UNSPECIFIED {
			return ErrInvalidGenesis.Wrapf("prover %s has the unknown cause %d", r.Address, cause)
		}
	}
	return p.Profile.Validate()
}

func (v Vault) validate() error {
	fail := func(why string) error {
		return ErrInvalidGenesis.Wrapf("vault %s/%d: %s", v.Prover, v.Generation, why)
	}
	switch {
	case v.Generation == 0 || v.NextUnstake == 0:
		return fail("numbers start at 1")
	case v.NextUnstake > maxNumber:
		return fail("next_unstake is out of range")
	case v.VoidBelow > v.NextUnstake:
		return fail("void_below is beyond next_unstake")
	case !isAmount(v.Commission):
		return fail("commission is " + v.Commission.String())
	}
	figures := v.Figures()
	if err := figures.Check(); err != nil {
		return fail(err.Error())
	}
	if v.Closed != figures.Closed() {
		return fail("closed does not follow from assets and shares")
	}
	if v.Ended && !v.Settled() {
		return fail("it ended and still owes something")
	}
	return nil
}

func (u Unstake) validate() error {
	_, known := UnstakeStatus_name[int32(u.Status)]
	switch {
	case !known || u.Status == UNSTAKE_STATUS_UNSPECIFIED:
		return ErrInvalidGenesis.Wrapf("unstaking %s/%d/%d has the unknown status %d", u.Prover, u.Generation, u.Id, u.Status)
	case !isAmount(u.PoolShares) || u.PoolShares.IsZero():
		return ErrInvalidGenesis.Wrapf("unstaking %s/%d/%d has %s pool shares", u.Prover, u.Generation, u.Id, u.PoolShares)
	case !inQueue(u.ReadyAt):
		return ErrInvalidGenesis.Wrapf("unstaking %s/%d/%d is ready at %s, out of range", u.Prover, u.Generation, u.Id, u.ReadyAt)
	}
	return nil
}

// maxAmountBits bounds the amounts of a genesis file that package vault does not
// bound, so that the sums which the invariants check fit 256 bits.
const maxAmountBits = 240

// maxNumber bounds the counters of a genesis file, so that none of them wraps
// around in the life of a chain.
const maxNumber = 1 << 62

// isAmount reports whether an amount was given, is not negative and not absurd.
func isAmount(amount math.Int) bool {
	return !amount.IsNil() && !amount.IsNegative() && amount.BigIntMut().BitLen() <= maxAmountBits
}
