package app_test

import (
	"testing"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/msgservice"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	sdkstaking "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
)

func TestDefaultGenesis(t *testing.T) {
	a := testutil.NewApp(t)
	genesis, cdc := a.DefaultGenesis(), a.AppCodec()
	require.NoError(t, a.BasicManager.ValidateGenesis(cdc, a.TxConfig(), genesis))

	var bank banktypes.GenesisState
	cdc.MustUnmarshalJSON(genesis[banktypes.ModuleName], &bank)
	require.Equal(t, []banktypes.Metadata{app.CoinMetadata()}, bank.DenomMetadata)
	require.NoError(t, app.CoinMetadata().Validate())

	var staking sdkstaking.GenesisState
	cdc.MustUnmarshalJSON(genesis[sdkstaking.ModuleName], &staking)
	require.Equal(t, chain.Denom, staking.Params.BondDenom)
	require.Equal(t, chain.Denom, staking.Params.KeyRotationFee.Denom)

	var mint minttypes.GenesisState
	cdc.MustUnmarshalJSON(genesis[minttypes.ModuleName], &mint)
	require.Equal(t, chain.Denom, mint.Params.MintDenom)

	var gov govv1.GenesisState
	cdc.MustUnmarshalJSON(genesis[govtypes.ModuleName], &gov)
	for _, deposit := range []sdk.Coins{gov.Params.MinDeposit, gov.Params.ExpeditedMinDeposit} {
		require.Len(t, deposit, 1)
		require.Equal(t, chain.Denom, deposit[0].Denom)
	}
}

func TestBlockGasIsCapped(t *testing.T) {
	require.EqualValues(t, app.MaxBlockGas, app.DefaultConsensusParams().Block.MaxGas)
	require.NoError(t, app.DefaultConsensusParams().ValidateBasic())
	a := testutil.NewApp(t)
	require.EqualValues(t, app.MaxBlockGas, a.GetConsensusParams(a.Ctx()).Block.MaxGas)
}

func TestExportImportExport(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithAccounts("alice", "bob"), testutil.WithInvariants())
	alice, bob := a.Account("alice"), a.Account("bob")
	a.MustDeliver(alice, send(alice, bob, 12))
	a.Advance(3)
	a.RequireStableExport("verifier", "provers", "market")

	exported := a.Export()
	require.Equal(t, a.Height()+1, exported.Height)
	b := a.Reimport(testutil.WithInvariants())
	require.Equal(t, exported.Height, b.Height(), "goes on at the next height")
	require.Equal(t, a.Balance(bob.Address), b.Balance(bob.Address))
	b.MustDeliver(alice, send(alice, bob, 1))
}

func TestExportForZeroHeightIsRefused(t *testing.T) {
	a := testutil.NewApp(t)
	_, err := a.ExportAppStateAndValidators(true, nil, nil)
	require.ErrorIs(t, err, app.ErrZeroHeightExport)
}

func TestNodeWithoutEmptyBlocksIsRefused(t *testing.T) {
	cfg := cmtcfg.DefaultConsensusConfig()
	require.NoError(t, app.CheckNodeConfig(cfg))
	cfg.CreateEmptyBlocks = false
	err := app.CheckNodeConfig(cfg)
	require.ErrorIs(t, err, app.ErrNodeConfig)
	require.ErrorContains(t, err, "create_empty_blocks = true")

	cfg = cmtcfg.DefaultConsensusConfig()
	cfg.CreateEmptyBlocksInterval = time.Minute
	err = app.CheckNodeConfig(cfg)
	require.ErrorIs(t, err, app.ErrNodeConfig)
	require.ErrorContains(t, err, "create_empty_blocks_interval")
}

type executorOption string

func (o executorOption) Get(key string) any {
	if key == "block-executor" {
		return string(o)
	}
	return nil
}

func TestUnknownExecutorIsRefused(t *testing.T) {
	_, err := app.New(log.NewNopLogger(), dbm.NewMemDB(), false, executorOption("fastest"))
	require.ErrorIs(t, err, app.ErrNodeConfig)
	require.ErrorContains(t, err, "block-stm")
}

func TestMessagesAreAnnotated(t *testing.T) {
	testutil.NewApp(t)
	files, err := proto.MergedRegistry()
	require.NoError(t, err)
	require.NoError(t, msgservice.ValidateProtoAnnotations(files))
}
