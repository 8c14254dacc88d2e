package proof

import "errors"

// Every error of this package and of the families wraps exactly one of these.
var (
	// ErrCurve means that the family has no such curve.
	ErrCurve = errors.New("unknown curve")
	// ErrConstant means that a verifier's constants do not fit its family.
	ErrConstant = errors.New("bad constants")
	// ErrSize means that a key or proof has a length that it cannot have.
	ErrSize = errors.New("wrong size")
	// ErrEncoding means that bytes are not the one canonical form of a value.
	ErrEncoding = errors.New("not canonical")
	// ErrPoint means that a point is not on its curve, not in its subgroup, or
	// is infinity where that is not allowed.
	ErrPoint = errors.New("bad point")
	// ErrProgram means that the statement's program is not one of this key.
	ErrProgram = errors.New("bad program")
	// ErrDigest means that the statement's digest is out of range.
	ErrDigest = errors.New("bad digest")
	// ErrPublicValues means that the public values are missing, malformed, or
	// do not hash to the statement's digest.
	ErrPublicValues = errors.New("bad public values")
	// ErrInvalidProof means that the proof is well formed and proves nothing:
	// it is false, or about another statement or key.
	ErrInvalidProof = errors.New("invalid proof")
	// ErrInternal means that verification panicked. Nothing was verified.
	ErrInternal = errors.New("verification failed unexpectedly")
)
