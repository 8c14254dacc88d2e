package auction

import (
	"fmt"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/internal/domainhash"
)

const (
	requestDomain = "proofmarket/request/v1"
	bidDomain     = "proofmarket/bid/v1"

	statementDomain = "proofmarket/statement/v1"
)

// RequestID names a request (law M1). It covers the requester, so that nobody
// else can occupy it, and the nonce, so that a requester may ask twice for one
// statement. program and digest are 32 raw bytes each; ErrSize otherwise.
func RequestID(chainID string, requester []byte, nonce uint64, verifier string, program, digest []byte) ([IDSize]byte, error) {
	if len(program) != IDSize || len(digest) != IDSize {
		return [IDSize]byte{}, fmt.Errorf("program and digest must be %d bytes: %w", IDSize, ErrSize)
	}
	return domainhash.Sum(requestDomain, []byte(chainID), requester, domainhash.Uint64(nonce), []byte(verifier), program, digest), nil
}

// Commitment seals a bid (law M5). It covers the chain, the request and the
// prover, so that it opens nothing but this bid. prover is the prover's raw
// address; salt is SaltSize random bytes that the bidder keeps until it reveals.
// It returns ErrSize or ErrAmount.
func Commitment(chainID string, requestID, prover []byte, fee math.Int, standby bool, salt []byte) ([domainhash.Size]byte, error) {
	var none [domainhash.Size]byte
	if len(requestID) != IDSize {
		return none, fmt.Errorf("request id must be %d bytes: %w", IDSize, ErrSize)
	}
	if len(salt) != SaltSize {
		return none, fmt.Errorf("salt must be %d bytes: %w", SaltSize, ErrSize)
	}
	if err := CheckAmount(fee); err != nil {
		return none, fmt.Errorf("fee: %w", err)
	}
	amount, ok := domainhash.Amount(fee.BigIntMut())
	if !ok {
		return none, fmt.Errorf("fee: %w", ErrAmount)
	}
	return domainhash.Sum(bidDomain, []byte(chainID), requestID, prover, amount, domainhash.Bool(standby), salt), nil
}

// StatementKey names a statement (law V3), by which proofs of one thing are told
// from proofs of another (law M14). program and digest are 32 raw bytes each;
// ErrSize otherwise.
func StatementKey(verifier string, program, digest []byte) ([IDSize]byte, error) {
	if len(program) != IDSize || len(digest) != IDSize {
		return [IDSize]byte{}, fmt.Errorf("program and digest must be %d bytes: %w", IDSize, ErrSize)
	}
	return domainhash.Sum(statementDomain, []byte(verifier), program, digest), nil
}
