package app

import (
	"encoding/json"
	"time"

	cmttypes "github.com/cometbft/cometbft/types"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/bank"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/mint"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	"github.com/cosmos/cosmos-sdk/x/slashing"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	sdkstaking "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/proofmarket/proofmarket/internal/chain"
)

// MaxBlockGas caps the gas of one block. Verifying a proof takes milliseconds
// and is charged accordingly, so the cap bounds how long a block takes to
// execute; CometBFT's default is no cap at all.
const MaxBlockGas = 100_000_000

// MaxBlockBytes caps the size of one block. CometBFT's default, tens of
// megabytes, could not reach every validator within a block's time.
const MaxBlockBytes = 4 << 20

// evidenceAge is how long a double signature can be punished: as long as a validator's
// stake takes to unbond. CometBFT's default is two days, after which most of it could
// not be. A block takes a second.
const evidenceAge = sdkstaking.DefaultUnbondingTime

// Liveness of validators: one that misses half of the blocks of two hours and 47
// minutes is jailed. The SDK's window of 100 blocks would jail for 51 seconds, less than
// an upgrade of the node's software takes.
const signedBlocksWindow = 10_000

// blocksPerYear turns the yearly inflation into coins per block; it goes with
// the default pause of one second after each block.
const blocksPerYear = 31_557_600

// The SDK's modules take the denomination of their default genesis (staking,
// mint, governance deposits) and of their simulation from this variable.
func init() { sdk.DefaultBondDenom = chain.Denom }

// GenesisState is the modules' genesis by module name.
type GenesisState map[string]json.RawMessage

// DefaultGenesis returns every module's default genesis.
func (app *App) DefaultGenesis() GenesisState {
	return app.BasicManager.DefaultGenesis(app.enc.Codec)
}

// DefaultConsensusParams returns CometBFT's defaults with our caps on a block, and our
// age of evidence.
func DefaultConsensusParams() *cmttypes.ConsensusParams {
	params := cmttypes.DefaultConsensusParams()
	params.Block.MaxGas = MaxBlockGas
	params.Block.MaxBytes = MaxBlockBytes
	params.Evidence.MaxAgeDuration = evidenceAge
	params.Evidence.MaxAgeNumBlocks = int64(evidenceAge / time.Second)
	return params
}

// CoinMetadata describes the chain's coin to wallets.
func CoinMetadata() banktypes.Metadata {
	return banktypes.Metadata{
		Description: "The coin of Proofmarket: pays for proofs and fees, and secures provers and validators.",
		Base:        chain.Denom,
		Display:     chain.DisplayDenom,
		Name:        chain.DisplayDenom,
		Symbol:      chain.DisplayDenom,
		DenomUnits: []*banktypes.DenomUnit{
			{Denom: chain.Denom, Exponent: 0, Aliases: []string{}},
			{Denom: chain.DisplayDenom, Exponent: chain.Exponent, Aliases: []string{}},
		},
	}
}

// bankModule is x/bank with the coin's metadata in its default genesis.
type bankModule struct{ bank.AppModule }

// DefaultGenesis implements module.HasGenesis.
func (bankModule) DefaultGenesis(cdc codec.JSONCodec) json.RawMessage {
	state := banktypes.DefaultGenesisState()
	state.DenomMetadata = []banktypes.Metadata{CoinMetadata()}
	return cdc.MustMarshalJSON(state)
}

// mintModule is x/mint for blocks of one second.
type mintModule struct{ mint.AppModule }

// DefaultGenesis implements module.HasGenesis.
func (mintModule) DefaultGenesis(cdc codec.JSONCodec) json.RawMessage {
	state := minttypes.DefaultGenesisState()
	state.Params.BlocksPerYear = blocksPerYear
	return cdc.MustMarshalJSON(state)
}

// slashingModule is x/slashing with a window that a restart does not fill.
type slashingModule struct{ slashing.AppModule }

// DefaultGenesis implements module.HasGenesis.
func (slashingModule) DefaultGenesis(cdc codec.JSONCodec) json.RawMessage {
	state := slashingtypes.DefaultGenesisState()
	state.Params.SignedBlocksWindow = signedBlocksWindow
	return cdc.MustMarshalJSON(state)
}
