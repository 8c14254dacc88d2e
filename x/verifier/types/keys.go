// Package types holds the verifier module's messages, state types, errors and
// parameters.
package types

import (
	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/ownaccount"
)

const (
	// ModuleName is the module's name and that of its account.
	ModuleName = "verifier"
	// StoreKey is the name of the module's store.
	StoreKey = ModuleName
	// CircuitVerifier is the verifier id of statements about circuits (law V2).
	// No registered verifier can have it.
	CircuitVerifier = "circuit"
	// IDSize is the length of a circuit id, a program and a digest in bytes.
	IDSize = 32
	// accountKind names the accounts that hold circuits' deposits.
	accountKind = "circuit"
)

// Prefixes of the module's collections.
var (
	ParamsKey         = collections.NewPrefix(0)
	VerifiersKey      = collections.NewPrefix(1)
	CircuitsKey       = collections.NewPrefix(2)
	CircuitsByOwner   = collections.NewPrefix(3)
	CircuitUsesPrefix = collections.NewPrefix(4)
	VerifierKeysKey   = collections.NewPrefix(5)
	CircuitKeysKey    = collections.NewPrefix(6)
	RestrictionsKey   = collections.NewPrefix(7)
	ProgramsKey       = collections.NewPrefix(8)
	ProgramsByName    = collections.NewPrefix(9)
	ProgramsByProgram = collections.NewPrefix(10)
	RevocationsKey    = collections.NewPrefix(11)
	RestrictedKey     = collections.NewPrefix(12)
)

// CircuitAccount returns the account that holds a circuit's deposit.
func CircuitAccount(id []byte) sdk.AccAddress {
	return ownaccount.Address(ModuleName, accountKind, id)
}
