package types

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	errorsmod "cosmossdk.io/errors"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/families"
)

// PicoV122 is the id of the verifier that the current Pico network uses.
const PicoV122 = families.PicoV122

// DefaultVerifiers returns the verifiers of a new chain, sorted by id: the ones
// that are built into the offline verifier too.
func DefaultVerifiers() ([]Verifier, error) {
	builtIn, err := families.BuiltIn()
	if err != nil {
		return nil, errorsmod.Wrap(ErrInvalidKey, err.Error())
	}
	var out []Verifier
	for _, b := range builtIn {
		out = append(out, FromPublished(b))
	}
	return out, nil
}

// FromPublished returns the verifier that a published key makes.
func FromPublished(p proof.Published) Verifier {
	v := Verifier{Id: p.ID, Family: p.Family, Curve: p.Curve, Key: p.Key, Status: VERIFIER_STATUS_ACTIVE}
	if p.Deprecated {
		v.Status = VERIFIER_STATUS_DEPRECATED
	}
	for _, c := range p.Constants {
		v.Constants = append(v.Constants, Constant{Name: c.Name, Value: c.Value})
	}
	return v
}

// Validate checks everything about the verifier but its place in state: the
// key is parsed. Errors: ErrInvalidVerifier, ErrInvalidStatus, ErrUnknownFamily,
// ErrKeyTooLarge, ErrInvalidKey.
func (v Verifier) Validate() error {
	if err := CheckVerifierID(v.Id); err != nil {
		return err
	}
	if err := CheckStatus(v.Status); err != nil {
		return errorsmod.Wrap(err, v.Id)
	}
	if v.AddedHeight < 0 {
		return errorsmod.Wrapf(ErrInvalidVerifier, "%s: added_height is negative", v.Id)
	}
	_, err := ParseKey(v.Family, v.Curve, v.Key, v.ProofConstants())
	return err
}

// CheckStatus reports whether state may hold the status as a verifier's own.
// Error: ErrInvalidStatus.
func CheckStatus(s VerifierStatus) error {
	switch s {
	case VERIFIER_STATUS_ACTIVE, VERIFIER_STATUS_DEPRECATED, VERIFIER_STATUS_REVOKED:
		return nil
	default:
		return errorsmod.Wrapf(ErrInvalidStatus, "%s is none of ACTIVE, DEPRECATED and REVOKED, which a verifier may have of its own", s.Name())
	}
}

// Verifies reports whether proofs are verified in this status.
func (s VerifierStatus) Verifies() bool {
	return s == VERIFIER_STATUS_ACTIVE || s == VERIFIER_STATUS_DEPRECATED
}

// Name returns the status as people write it: without the common prefix.
func (s VerifierStatus) Name() string { return strings.TrimPrefix(s.String(), "VERIFIER_STATUS_") }

// ProofConstants returns the constants as package proof knows them.
func (v Verifier) ProofConstants() []proof.Constant { return toProof(v.Constants) }

func toProof(constants []Constant) []proof.Constant {
	var out []proof.Constant
	for _, c := range constants {
		out = append(out, proof.Constant{Name: c.Name, Value: c.Value})
	}
	return out
}

// KeyHash returns the sha256 of the verifier's key: 64 lower-case hex digits.
func (v Verifier) KeyHash() string {
	h := sha256.Sum256(v.Key)
	return hex.EncodeToString(h[:])
}

// GetFamily returns the family of that name. Error: ErrUnknownFamily.
func GetFamily(name string) (proof.Family, error) {
	f, ok := families.Get(name)
	if !ok {
		return nil, errorsmod.Wrapf(ErrUnknownFamily, "%.32q is none of %s", name, families.Names())
	}
	return f, nil
}

// ParseKey parses a canonical key of a family. Errors: ErrUnknownFamily,
// ErrKeyTooLarge, ErrInvalidVerifier, ErrInvalidKey, ErrVerification.
func ParseKey(family, curve string, key []byte, constants []proof.Constant) (proof.Key, error) {
	f, err := GetFamily(family)
	if err != nil {
		return nil, err
	}
	if len(key) > proof.MaxKeySize {
		return nil, errorsmod.Wrapf(ErrKeyTooLarge, "%d bytes, at most %d are allowed", len(key), proof.MaxKeySize)
	}
	if err := proof.CheckConstants(constants); err != nil {
		return nil, errorsmod.Wrap(ErrInvalidVerifier, err.Error())
	}
	k, err := f.Parse(curve, key, constants)
	return k, FromKey(err)
}

// CircuitID returns the id of the circuit that a key makes: 64 lower-case hex
// digits.
func CircuitID(family, curve string, key []byte) string {
	id := proof.CircuitID(family, curve, key)
	return hex.EncodeToString(id[:])
}

// GetCircuitFamily returns the family of that name, which takes circuits. Error:
// ErrUnknownFamily.
func GetCircuitFamily(name string) (proof.Family, error) {
	f, err := GetFamily(name)
	if err != nil {
		return nil, err
	}
	if !f.Permissionless() {
		return nil, errorsmod.Wrapf(ErrUnknownFamily, "keys of family %q are added by the authority, not as circuits", name)
	}
	return f, nil
}
