package app

import (
	"context"

	"github.com/cosmos/ibc-go/v11/modules/apps/transfer"
	transferkeeper "github.com/cosmos/ibc-go/v11/modules/apps/transfer/keeper"
	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"
	transferv2 "github.com/cosmos/ibc-go/v11/modules/apps/transfer/v2"
	porttypes "github.com/cosmos/ibc-go/v11/modules/core/05-port/types"
	ibcapi "github.com/cosmos/ibc-go/v11/modules/core/api"
	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
	ibckeeper "github.com/cosmos/ibc-go/v11/modules/core/keeper"
	tendermint "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"

	"github.com/cosmos/cosmos-sdk/runtime"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
)

// addIBC builds what connects the chain to others: clients that follow their
// headers, connections, channels, and transfers of coins (ICS-20) over channels and,
// in the second version of the protocol, between two clients. No other application
// has a port, so nothing else can be asked of this chain from outside.
func (d keeperDeps) addIBC(k *Keepers) {
	kv, cdc := d.stores.kv, d.enc.Codec
	k.IBCKeeper = ibckeeper.NewKeeper(cdc, runtime.NewKVStoreService(kv[ibcexported.StoreKey]), k.UpgradeKeeper, d.authority)
	k.TransferKeeper = transferkeeper.NewKeeper(cdc, accountCodec, runtime.NewKVStoreService(kv[transfertypes.StoreKey]),
		k.IBCKeeper.ChannelKeeper, d.base.MsgServiceRouter(), k.AccountKeeper, transferBank{k.BankKeeper}, d.authority)
	k.IBCKeeper.SetRouter(porttypes.NewRouter().
		AddRoute(transfertypes.PortID, transfer.NewIBCModule(k.TransferKeeper)))
	k.IBCKeeper.SetRouterV2(ibcapi.NewRouter().
		AddRoute(transfertypes.PortID, transferv2.NewIBCModule(k.TransferKeeper)))
	client := d.enc.tendermintClient(*k)
	k.IBCKeeper.ClientKeeper.AddRoute(tendermint.ModuleName, &client)
}

// tendermintClient returns the light client of chains that run CometBFT, the only
// kind that can be created here.
func (e Encoding) tendermintClient(k Keepers) tendermint.LightClientModule {
	return tendermint.NewLightClientModule(e.Codec, k.IBCKeeper.ClientKeeper.GetStoreProvider())
}

// transferBank is x/bank as the transfer module sees it.
type transferBank struct{ bankkeeper.BaseKeeper }

// SetDenomMetaData describes a coin of another chain in a form that x/bank's own
// rules accept: the transfer module names units that a genesis file with them does
// not validate with. The path that the coin came by becomes an alias.
func (b transferBank) SetDenomMetaData(ctx context.Context, m banktypes.Metadata) {
	m.DenomUnits = []*banktypes.DenomUnit{{Denom: m.Base, Exponent: 0, Aliases: []string{m.Display}}}
	m.Display = m.Base
	b.BaseKeeper.SetDenomMetaData(ctx, m)
}
