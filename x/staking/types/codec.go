package types

import (
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/legacy"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/msgservice"
)

// messages returns one of each of the module's messages, with its amino name.
func messages() []struct {
	name string
	msg  sdk.Msg
} {
	return []struct {
		name string
		msg  sdk.Msg
	}{
		{"MsgRegister", &MsgRegister{}},
		{"MsgStake", &MsgStake{}},
		{"MsgRequestUnstake", &MsgRequestUnstake{}},
		{"MsgCompleteUnstake", &MsgCompleteUnstake{}},
		{"MsgTransferShares", &MsgTransferShares{}},
		{"MsgCancelUnstake", &MsgCancelUnstake{}},
		{"MsgCompleteUnstakes", &MsgCompleteUnstakes{}},
		{"MsgClaimCommission", &MsgClaimCommission{}},
		{"MsgDeactivate", &MsgDeactivate{}},
		{"MsgReactivate", &MsgReactivate{}},
		{"MsgRetire", &MsgRetire{}},
		{"MsgJail", &MsgJail{}},
		{"MsgUnjail", &MsgUnjail{}},
		{"MsgDeactivateProver", &MsgDeactivateProver{}},
		{"MsgLiftDeactivation", &MsgLiftDeactivation{}},
		{"MsgSetCommission", &MsgSetCommission{}},
		{"MsgResetCommission", &MsgResetCommission{}},
		{"MsgSetProfile", &MsgSetProfile{}},
		{"MsgSetBreaker", &MsgSetBreaker{}},
		{"MsgFundIncentives", &MsgFundIncentives{}},
		{"MsgSlashProver", &MsgSlashProver{}},
		{"MsgUpdateAllowList", &MsgUpdateAllowList{}},
		{"MsgUpdateParams", &MsgUpdateParams{}},
	}
}

// RegisterLegacyAminoCodec registers the messages for signing in amino JSON.
func RegisterLegacyAminoCodec(cdc *codec.LegacyAmino) {
	for _, m := range messages() {
		legacy.RegisterAminoMsg(cdc, m.msg, "proofmarket/provers/"+m.name)
	}
	cdc.RegisterConcrete(Params{}, "proofmarket/provers/Params", nil)
}

// RegisterInterfaces registers the messages and their service.
func RegisterInterfaces(registry codectypes.InterfaceRegistry) {
	for _, m := range messages() {
		registry.RegisterImplementations((*sdk.Msg)(nil), m.msg)
	}
	msgservice.RegisterMsgServiceDesc(registry, &_Msg_serviceDesc)
}
