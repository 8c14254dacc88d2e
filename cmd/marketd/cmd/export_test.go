package cmd

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// An export begins where the exported chain stopped: time does not pass twice.
func TestExportIsDated(t *testing.T) {
	cdc := codec.NewProtoCodec(codectypes.NewInterfaceRegistry())
	first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	last := first.Add(time.Hour)
	for name, tc := range map[string]struct {
		start, clock, want time.Time
	}{
		"blocks were made":      {first, last, last},
		"no block was made":     {first, time.Time{}, first},
		"a later genesis stays": {last, first, last},
	} {
		state := markettypes.DefaultGenesis()
		state.Clock.LastBlockTime = tc.clock
		modules, err := json.Marshal(map[string]json.RawMessage{markettypes.ModuleName: cdc.MustMarshalJSON(state)})
		require.NoError(t, err)
		cmd := &cobra.Command{}
		cmd.SetContext(context.WithValue(context.Background(), client.ClientContextKey, &client.Context{}))
		require.NoError(t, client.SetCmdClientContext(cmd, client.Context{}.WithCodec(cdc)))
		genesis := &genutiltypes.AppGenesis{GenesisTime: tc.start, AppState: modules}
		require.NoError(t, date(cmd, genesis), name)
		require.Equal(t, tc.want, genesis.GenesisTime, name)

		genesis = &genutiltypes.AppGenesis{GenesisTime: first, AppState: []byte(`{}`)}
		require.NoError(t, date(cmd, genesis), "without the market")
		require.Equal(t, first, genesis.GenesisTime)
	}
}
