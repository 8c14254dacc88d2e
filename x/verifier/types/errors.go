package types

import (
	"errors"

	errorsmod "cosmossdk.io/errors"

	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// The module's errors.
var (
	// ErrInvalidStatement means that a statement is malformed.
	ErrInvalidStatement = errorsmod.Register(ModuleName, 2, "malformed statement")
	// ErrVerifierNotFound means that no verifier has that id.
	ErrVerifierNotFound = errorsmod.Register(ModuleName, 3, "unknown verifier")
	// ErrVerifierNotActive means that the verifier, circuit or family takes no new requests.
	ErrVerifierNotActive = errorsmod.Register(ModuleName, 4, "verifier accepts no new requests")
	// ErrVerifierDisabled means that the verifier, circuit or family verifies nothing.
	ErrVerifierDisabled = errorsmod.Register(ModuleName, 5, "verifier does not verify")
	// ErrVerifierExists means that the verifier's id is taken.
	ErrVerifierExists = errorsmod.Register(ModuleName, 6, "verifier already exists")
	// ErrInvalidVerifier means that a verifier's id or constants are malformed.
	ErrInvalidVerifier = errorsmod.Register(ModuleName, 7, "malformed verifier")
	// ErrInvalidStatus means that a verifier, circuit or family cannot take that
	// status now, or that state cannot hold it.
	ErrInvalidStatus = errorsmod.Register(ModuleName, 8, "status cannot be set")
	// ErrInvalidTarget means that what a suspension or revocation is of is malformed.
	ErrInvalidTarget = errorsmod.Register(ModuleName, 9, "malformed target")
	// ErrUnknownFamily means that there is no such family, or that it takes no circuits.
	ErrUnknownFamily = errorsmod.Register(ModuleName, 10, "unknown proof family")
	// ErrInvalidKey means that a verifying key is malformed or not canonical.
	ErrInvalidKey = errorsmod.Register(ModuleName, 11, "malformed verifying key")
	// ErrKeyTooLarge means that a verifying key is longer than allowed.
	ErrKeyTooLarge = errorsmod.Register(ModuleName, 12, "verifying key too large")
	// ErrCircuitNotFound means that no circuit has that id.
	ErrCircuitNotFound = errorsmod.Register(ModuleName, 13, "unknown circuit")
	// ErrCircuitExists means that the circuit is registered already.
	ErrCircuitExists = errorsmod.Register(ModuleName, 14, "circuit already registered")
	// ErrCircuitInUse means that something needs the circuit.
	ErrCircuitInUse = errorsmod.Register(ModuleName, 15, "circuit is in use")
	// ErrNotOwner means that the signer did not register the circuit.
	ErrNotOwner = errorsmod.Register(ModuleName, 16, "not the circuit's owner")
	// 17 was a use that is recorded already.

	// ErrUseNotFound means that no such use is recorded.
	ErrUseNotFound = errorsmod.Register(ModuleName, 18, "circuit use not recorded")
	// ErrInvalidProgram means that the program is none of this verifier's.
	ErrInvalidProgram = errorsmod.Register(ModuleName, 19, "program does not fit the verifier")
	// ErrInvalidDigest means that the digest is out of the verifier's range.
	ErrInvalidDigest = errorsmod.Register(ModuleName, 20, "digest does not fit the verifier")
	// ErrInvalidPublicValues means that public values are missing or wrong.
	ErrInvalidPublicValues = errorsmod.Register(ModuleName, 21, "public values do not fit the statement")
	// ErrMalformedProof means that the proof's bytes are not a proof.
	ErrMalformedProof = errorsmod.Register(ModuleName, 22, "malformed proof")
	// ErrInvalidProof means that the proof does not prove the statement.
	ErrInvalidProof = errorsmod.Register(ModuleName, 23, "invalid proof")
	// ErrInvalidParams means that the parameters are out of range.
	ErrInvalidParams = errorsmod.Register(ModuleName, 24, "invalid parameters")
	// ErrInvalidGenesis means that the genesis state contradicts itself.
	ErrInvalidGenesis = errorsmod.Register(ModuleName, 25, "invalid genesis state")
	// ErrInvariant means that the state contradicts itself: a bug.
	ErrInvariant = errorsmod.Register(ModuleName, 26, "broken invariant")
	// ErrVerification means that verification itself failed.
	ErrVerification = errorsmod.Register(ModuleName, 27, "verification failed unexpectedly")
	// ErrRevoked means that the verifier, circuit or family is revoked, which is final.
	ErrRevoked = errorsmod.Register(ModuleName, 28, "revoked for good")
	// ErrInvalidReason means that the reason for a suspension is too long or not text.
	ErrInvalidReason = errorsmod.Register(ModuleName, 29, "malformed reason")
	// ErrInvalidProgramInfo means that a program's record is malformed.
	ErrInvalidProgramInfo = errorsmod.Register(ModuleName, 40, "malformed program record")
	// ErrProgramNotFound means that the publisher has no record of that program.
	ErrProgramNotFound = errorsmod.Register(ModuleName, 41, "unknown program record")
	// ErrProgramExists means that the publisher has a record of that program already.
	ErrProgramExists = errorsmod.Register(ModuleName, 42, "program already published")
	// ErrProgramNameTaken means that another record of the publisher has that name.
	ErrProgramNameTaken = errorsmod.Register(ModuleName, 43, "program name already taken")
)

// FromKey turns an error about a verifying key into one of the module's.
func FromKey(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, proof.ErrInternal):
		return internal()
	default:
		return errorsmod.Wrap(ErrInvalidKey, err.Error())
	}
}

// FromProof turns an error of a verification into one of the module's.
func FromProof(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, proof.ErrProgram):
		return errorsmod.Wrap(ErrInvalidProgram, err.Error())
	case errors.Is(err, proof.ErrDigest):
		return errorsmod.Wrap(ErrInvalidDigest, err.Error())
	case errors.Is(err, proof.ErrPublicValues):
		return errorsmod.Wrap(ErrInvalidPublicValues, err.Error())
	case errors.Is(err, proof.ErrInvalidProof):
		return errorsmod.Wrap(ErrInvalidProof, err.Error())
	case errors.Is(err, proof.ErrInternal):
		return internal()
	default:
		return errorsmod.Wrap(ErrMalformedProof, err.Error())
	}
}

// internal is ErrVerification without detail: a recovered panic's text, such as
// an address, may differ between nodes.
func internal() error { return errorsmod.Wrap(ErrVerification, "please report these bytes as a bug") }
