package chain_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/codec/address"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
)

func TestConfigureBech32(t *testing.T) {
	t.Setenv(sdk.EnvConfigScope, "")
	require.Same(t, chain.ConfigureBech32(), sdk.GetConfig())
	addr := sdk.AccAddress("address_____________")
	text, err := address.NewBech32Codec(chain.Bech32Prefix).BytesToString(addr)
	require.NoError(t, err)
	require.Equal(t, addr.String(), text)
	require.Zero(t, testing.AllocsPerRun(10, func() { sdk.GetConfig() }), "it is looked up by asking the system")
}

// An operator's scope stays.
func TestConfigureBech32InAnotherScope(t *testing.T) {
	t.Setenv(sdk.EnvConfigScope, "theirs")
	require.Same(t, chain.ConfigureBech32(), sdk.GetConfig())
	require.Equal(t, chain.Bech32Prefix, sdk.GetConfig().GetBech32AccountAddrPrefix())
}
