package types

import (
	"bytes"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// MaxRefSize is the longest ref of a circuit use, in bytes.
const MaxRefSize = 64

// DefaultGenesis returns the state of a new chain.
func DefaultGenesis() (*GenesisState, error) {
	verifiers, err := DefaultVerifiers()
	if err != nil {
		return nil, err
	}
	return &GenesisState{Params: DefaultParams(), Verifiers: verifiers}, nil
}

// Validate reports a genesis state that contradicts itself or the laws. Errors:
// ErrInvalidGenesis, ErrInvalidParams and those of the records' own checks.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	for i, v := range g.Verifiers {
		if i > 0 && g.Verifiers[i-1].Id >= v.Id {
			return errorsmod.Wrapf(ErrInvalidGenesis, "verifier %s: verifiers must be sorted by id, each once", v.Id)
		}
		if err := v.Validate(); err != nil {
			return err
		}
	}
	circuits := make(map[string]bool, len(g.Circuits))
	for i, c := range g.Circuits {
		if i > 0 && g.Circuits[i-1].Id >= c.Id {
			return errorsmod.Wrapf(ErrInvalidGenesis, "circuit %s: circuits must be sorted by id, each once", c.Id)
		}
		if err := c.Validate(); err != nil {
			return err
		}
		circuits[c.Id] = true
	}
	if err := checkRestrictions(g.Restrictions, g.Verifiers); err != nil {
		return err
	}
	if err := validatePrograms(g.Programs, g.Verifiers); err != nil {
		return err
	}
	for i, u := range g.CircuitUses {
		if !circuits[u.CircuitId] {
			return errorsmod.Wrapf(ErrInvalidGenesis, "use %x of circuit %.64q, which is not in the list", u.Ref, u.CircuitId)
		}
		if err := CheckRef(u.Ref); err != nil {
			return err
		}
		if i > 0 && !less(g.CircuitUses[i-1], u) {
			return errorsmod.Wrapf(ErrInvalidGenesis, "use %x: circuit uses must be sorted by circuit, then ref, each once", u.Ref)
		}
	}
	return nil
}

// checkRestrictions reports restrictions that are malformed, out of order or of
// verifiers that are not in the list. A circuit may have been withdrawn.
func checkRestrictions(list []Restriction, verifiers []Verifier) error {
	status := make(map[string]VerifierStatus, len(verifiers))
	for _, v := range verifiers {
		status[v.Id] = v.Status
	}
	for i, r := range list {
		if i > 0 && !list[i-1].Target.less(r.Target) {
			return errorsmod.Wrapf(ErrInvalidGenesis, "%s: restrictions must be sorted by kind, then id, each once", r.Target.Describe())
		}
		if err := r.Validate(); err != nil {
			return err
		}
		if r.Target.Kind != TARGET_KIND_VERIFIER {
			continue
		}
		own, ok := status[r.Target.Id]
		if !ok {
			return errorsmod.Wrapf(ErrInvalidGenesis, "restriction of %s, which is not in the list", r.Target.Describe())
		}
		if own == VERIFIER_STATUS_REVOKED && r.Suspended() {
			return errorsmod.Wrapf(ErrInvalidGenesis, "%s is revoked, so its suspension must have ended", r.Target.Describe())
		}
	}
	return nil
}

func less(a, b CircuitUse) bool {
	if a.CircuitId != b.CircuitId {
		return a.CircuitId < b.CircuitId
	}
	return bytes.Compare(a.Ref, b.Ref) < 0
}

// CheckRef bounds a circuit use's ref. Error: ErrInvalidStatement.
func CheckRef(ref []byte) error {
	if len(ref) == 0 || len(ref) > MaxRefSize {
		return errorsmod.Wrapf(ErrInvalidStatement, "the ref of a circuit use has 1 to %d bytes, got %d", MaxRefSize, len(ref))
	}
	return nil
}

// Validate checks everything about the circuit but its place in state: the key
// is parsed and the id recomputed. Errors: ErrInvalidGenesis and those of
// GetCircuitFamily and ParseKey.
func (c Circuit) Validate() error {
	if _, err := GetCircuitFamily(c.Family); err != nil {
		return err
	}
	if _, err := ParseKey(c.Family, c.Curve, c.Key, nil); err != nil {
		return err
	}
	if id := CircuitID(c.Family, c.Curve, c.Key); c.Id != id {
		return errorsmod.Wrapf(ErrInvalidGenesis, "circuit %.64q: the key makes id %s", c.Id, id)
	}
	if _, err := sdk.AccAddressFromBech32(c.Owner); err != nil {
		return errorsmod.Wrapf(ErrInvalidGenesis, "circuit %s: owner: %s", c.Id, err)
	}
	if !validDeposit(c.Deposit) {
		return errorsmod.Wrapf(ErrInvalidGenesis, "circuit %s: deposit must be 0 to 2^%d-1 uproof", c.Id, maxDepositBits)
	}
	if c.AddedHeight < 0 {
		return errorsmod.Wrapf(ErrInvalidGenesis, "circuit %s: added_height is negative", c.Id)
	}
	return nil
}
