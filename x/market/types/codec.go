package types

import (
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/legacy"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/msgservice"
)

// RegisterLegacyAminoCodec registers the messages for signing in amino JSON,
// under the names that the protobuf files give.
func RegisterLegacyAminoCodec(cdc *codec.LegacyAmino) {
	cdc.RegisterConcrete(Params{}, "proofmarket/market/Params", nil)
	legacy.RegisterAminoMsg(cdc, &MsgRequest{}, "proofmarket/market/MsgRequest")
	legacy.RegisterAminoMsg(cdc, &MsgCancel{}, "proofmarket/market/MsgCancel")
	legacy.RegisterAminoMsg(cdc, &MsgBid{}, "proofmarket/market/MsgBid")
	legacy.RegisterAminoMsg(cdc, &MsgReveal{}, "proofmarket/market/MsgReveal")
	legacy.RegisterAminoMsg(cdc, &MsgSubmitProof{}, "proofmarket/market/MsgSubmitProof")
	legacy.RegisterAminoMsg(cdc, &MsgRefund{}, "proofmarket/market/MsgRefund")
	legacy.RegisterAminoMsg(cdc, &MsgClaim{}, "proofmarket/market/MsgClaim")
	legacy.RegisterAminoMsg(cdc, &MsgConsentSubmitter{}, "proofmarket/MsgConsentSubmitter")
	legacy.RegisterAminoMsg(cdc, &MsgWithdrawConsent{}, "proofmarket/MsgWithdrawConsent")
	legacy.RegisterAminoMsg(cdc, &MsgRegisterSubmitter{}, "proofmarket/MsgRegisterSubmitter")
	legacy.RegisterAminoMsg(cdc, &MsgUnregisterSubmitter{}, "proofmarket/MsgUnregisterSubmitter")
	legacy.RegisterAminoMsg(cdc, &MsgRaiseFee{}, "proofmarket/market/MsgRaiseFee")
	legacy.RegisterAminoMsg(cdc, &MsgBidBatch{}, "proofmarket/market/MsgBidBatch")
	legacy.RegisterAminoMsg(cdc, &MsgRevealBatch{}, "proofmarket/market/MsgRevealBatch")
	legacy.RegisterAminoMsg(cdc, &MsgSetPause{}, "proofmarket/market/MsgSetPause")
	legacy.RegisterAminoMsg(cdc, &MsgUpdateParams{}, "proofmarket/market/MsgUpdateParams")
}

// RegisterInterfaces registers the messages and their service.
func RegisterInterfaces(registry codectypes.InterfaceRegistry) {
	registry.RegisterImplementations((*sdk.Msg)(nil),
		&MsgRequest{}, &MsgCancel{}, &MsgBid{}, &MsgReveal{}, &MsgSubmitProof{}, &MsgRefund{}, &MsgClaim{},
		&MsgConsentSubmitter{}, &MsgWithdrawConsent{}, &MsgRegisterSubmitter{}, &MsgUnregisterSubmitter{},
		&MsgRaiseFee{}, &MsgBidBatch{}, &MsgRevealBatch{}, &MsgSetPause{}, &MsgUpdateParams{},
	)
	msgservice.RegisterMsgServiceDesc(registry, &_Msg_serviceDesc)
}
