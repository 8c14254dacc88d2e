package app

import (
	"context"

	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// modulePermissions lists the module accounts and what each may do with supply.
func modulePermissions() map[string][]string {
	return map[string][]string{
		authtypes.FeeCollectorName:          nil,
		distrtypes.ModuleName:               nil,
		minttypes.ModuleName:                {authtypes.Minter},
		stakingtypes.BondedPoolName:         {authtypes.Burner, authtypes.Staking},
		stakingtypes.NotBondedPoolName:      {authtypes.Burner, authtypes.Staking},
		stakingtypes.KeyRotationFeePoolName: {authtypes.Burner},
		govtypes.ModuleName:                 {authtypes.Burner},
		// Hold what is on its way to the treasury; requests, bonds and deposits
		// have accounts of their own (law M18).
		verifiertypes.ModuleName: nil,
		markettypes.ModuleName:   nil,
		// Mints and burns vault shares, never the chain's coin (law S3).
		proverstypes.ModuleName: {authtypes.Minter, authtypes.Burner},
		// Mints and burns coins of other chains (ibc/…), never the chain's own or
		// shares: those wait in the account of the channel that they left by.
		transfertypes.ModuleName: {authtypes.Minter, authtypes.Burner},
	}
}

// BlockedAddresses returns the addresses that may not receive coins by a plain
// send: every module account (law S11). A coin sent there by hand would break
// the module's own accounts or be lost. Governance is blocked too, unlike in
// many chains: its deposits come through its own keeper, which the block does
// not concern, and what it spends comes from the community pool.
func BlockedAddresses() map[string]bool {
	blocked := make(map[string]bool)
	for name := range modulePermissions() {
		blocked[authtypes.NewModuleAddress(name).String()] = true
	}
	return blocked
}

// Authority returns the address that may change parameters and stop things: the
// governance module's account.
func Authority() string {
	return authtypes.NewModuleAddress(govtypes.ModuleName).String()
}

// poolRestriction is a send restriction: nothing but the chain's coin goes to the
// account of x/distribution. The community pool and validators' rewards are lists of
// coins that every block reads and writes whole, and a chain that somebody made up
// can send any number of different ones. It fails with ErrPoolCoin.
func poolRestriction(_ context.Context, _, to sdk.AccAddress, coins sdk.Coins) (sdk.AccAddress, error) {
	if !to.Equals(authtypes.NewModuleAddress(distrtypes.ModuleName)) {
		return to, nil
	}
	for _, coin := range coins {
		if coin.Denom != chain.Denom {
			return nil, ErrPoolCoin.Wrapf("%s; send %s", coin.Denom, chain.Denom)
		}
	}
	return to, nil
}
