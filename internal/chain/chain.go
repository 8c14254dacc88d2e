// Package chain holds the constants that every part of Proofmarket agrees on:
// the names of the coin and the address prefixes.
package chain

import (
	"os"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

const (
	// Denom is the base denomination: every amount on the chain counts it.
	Denom = "uproof"
	// DisplayDenom is what people read: 1 PROOF = 10^Exponent uproof.
	DisplayDenom = "PROOF"
	// Exponent is the number of decimals of the display denomination.
	Exponent = 6
	// Bech32Prefix starts every account address.
	Bech32Prefix = "proof"
)

// ConfigureBech32 sets the address prefixes in the SDK's process-wide
// configuration. The caller decides whether to seal it: binaries do at start,
// tests leave it open.
//
// It names the configuration's scope in the environment unless that has a name already.
// Without one the SDK asks the system for the names of host and program each time that
// it reads or writes an address, which took 3 % of the time of blocks.
func ConfigureBech32() *sdk.Config {
	if os.Getenv(sdk.EnvConfigScope) == "" {
		_ = os.Setenv(sdk.EnvConfigScope, Bech32Prefix) // failing, it would only stay slow
	}
	config := sdk.GetConfig()
	config.SetBech32PrefixForAccount(Bech32Prefix, Bech32Prefix+"pub")
	config.SetBech32PrefixForValidator(Bech32Prefix+"valoper", Bech32Prefix+"valoperpub")
	config.SetBech32PrefixForConsensusNode(Bech32Prefix+"valcons", Bech32Prefix+"valconspub")
	return config
}

// Coins are the coins of an amount of uproof; none for zero. The amount is not checked:
// SendCoins refuses a negative one, virtual sends do not.
func Coins(amount math.Int) sdk.Coins {
	if amount.IsZero() {
		return nil
	}
	return sdk.Coins{{Denom: Denom, Amount: amount}}
}
