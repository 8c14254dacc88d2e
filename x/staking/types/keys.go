// Package types holds what the provers module shows to the outside: messages,
// queries, events, errors, parameters, genesis and the shape of its records.
package types

import (
	"strconv"
	"strings"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/ownaccount"
)

const (
	// ModuleName is the module's name and the name of its module account. The
	// folder is x/staking; that name belongs to the SDK's validator staking.
	ModuleName = "provers"
	// StoreKey names the module's store.
	StoreKey = ModuleName

	// DenomPrefix starts every vault share denom.
	DenomPrefix = "vault/"
	// vaultKind separates vault accounts from others of this module.
	vaultKind = "vault"
)

// Prefixes of the module's collections. Numbers are never reused.
var (
	ParamsPrefix           = collections.NewPrefix(0)
	ProversPrefix          = collections.NewPrefix(1)
	ProfilesPrefix         = collections.NewPrefix(2)
	VaultsPrefix           = collections.NewPrefix(3)
	AssignmentsPrefix      = collections.NewPrefix(4)
	UnstakesPrefix         = collections.NewPrefix(5)
	UnstakesByStakerPrefix = collections.NewPrefix(6)
	QueuePrefix            = collections.NewPrefix(7)
	ParkedPrefix           = collections.NewPrefix(8)
	RipePrefix             = collections.NewPrefix(9)
	FailedPrefix           = collections.NewPrefix(10)
	PurgePrefix            = collections.NewPrefix(11)
	CommissionsPrefix      = collections.NewPrefix(12)
	CommissionQueuePrefix  = collections.NewPrefix(13)
	AllowListPrefix        = collections.NewPrefix(14)
	OpenUnstakesPrefix     = collections.NewPrefix(15)
	DirtyPrefix            = collections.NewPrefix(20)
	DirtyCursorPrefix      = collections.NewPrefix(21)
	TalliesPrefix          = collections.NewPrefix(22)
	RankingPrefix          = collections.NewPrefix(23)
	TotalsPrefix           = collections.NewPrefix(24)
	RipeCursorPrefix       = collections.NewPrefix(25)
	EpochClockPrefix       = collections.NewPrefix(30)
	RunningEpochsPrefix    = collections.NewPrefix(31)
	ProverEpochsPrefix     = collections.NewPrefix(32)
	PayoutsPrefix          = collections.NewPrefix(33)
	HeadsPrefix            = collections.NewPrefix(40)
)

// VaultAddress returns the account that holds the coins of one vault
// generation, and of no other (law S12).
func VaultAddress(prover sdk.AccAddress, generation uint64) sdk.AccAddress {
	return ownaccount.Address(ModuleName, vaultKind, prover, sdk.Uint64ToBigEndian(generation))
}

// ShareDenom returns the denom of the shares of one vault generation (law S3).
// prover is the address in bech32.
func ShareDenom(prover string, generation uint64) string {
	return DenomPrefix + prover + "/" + strconv.FormatUint(generation, 10)
}

// IsShareDenom reports whether denom belongs to the vaults. Nothing else may
// use the prefix.
func IsShareDenom(denom string) bool { return strings.HasPrefix(denom, DenomPrefix) }

// ParseShareDenom splits a share denom into the prover's bech32 address and the
// generation. Only the exact form that ShareDenom writes is accepted.
func ParseShareDenom(denom string) (prover string, generation uint64, err error) {
	parts := strings.Split(denom, "/")
	if len(parts) != 3 || !IsShareDenom(denom) {
		return "", 0, ErrInvalidDenom.Wrapf("%q is not of the form %s<prover>/<generation>", denom, DenomPrefix)
	}
	generation, err = strconv.ParseUint(parts[2], 10, 64)
	if err != nil || generation == 0 || ShareDenom(parts[1], generation) != denom {
		return "", 0, ErrInvalidDenom.Wrapf("%q names no vault generation", denom)
	}
	return parts[1], generation, nil
}
