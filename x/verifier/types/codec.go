package types

import (
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/legacy"
	cdctypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/msgservice"
)

// RegisterLegacyAminoCodec registers the messages for amino JSON signing; the
// names are those of the amino.name options in tx.proto.
func RegisterLegacyAminoCodec(cdc *codec.LegacyAmino) {
	cdc.RegisterConcrete(Params{}, "proofmarket/verifier/Params", nil)
	legacy.RegisterAminoMsg(cdc, &MsgRegisterCircuit{}, "proofmarket/verifier/MsgRegisterCircuit")
	legacy.RegisterAminoMsg(cdc, &MsgWithdrawCircuit{}, "proofmarket/verifier/MsgWithdrawCircuit")
	legacy.RegisterAminoMsg(cdc, &MsgAddVerifier{}, "proofmarket/verifier/MsgAddVerifier")
	legacy.RegisterAminoMsg(cdc, &MsgDeprecate{}, "proofmarket/verifier/MsgDeprecate")
	legacy.RegisterAminoMsg(cdc, &MsgSuspend{}, "proofmarket/verifier/MsgSuspend")
	legacy.RegisterAminoMsg(cdc, &MsgResume{}, "proofmarket/verifier/MsgResume")
	legacy.RegisterAminoMsg(cdc, &MsgRevoke{}, "proofmarket/verifier/MsgRevoke")
	legacy.RegisterAminoMsg(cdc, &MsgPublishProgram{}, "proofmarket/MsgPublishProgram")
	legacy.RegisterAminoMsg(cdc, &MsgUpdateProgram{}, "proofmarket/MsgUpdateProgram")
	legacy.RegisterAminoMsg(cdc, &MsgWithdrawProgram{}, "proofmarket/MsgWithdrawProgram")
	legacy.RegisterAminoMsg(cdc, &MsgUpdateParams{}, "proofmarket/verifier/MsgUpdateParams")
}

// RegisterInterfaces registers the messages with the interface registry.
func RegisterInterfaces(r cdctypes.InterfaceRegistry) {
	r.RegisterImplementations((*sdk.Msg)(nil),
		&MsgRegisterCircuit{},
		&MsgWithdrawCircuit{},
		&MsgAddVerifier{},
		&MsgDeprecate{},
		&MsgSuspend{},
		&MsgResume{},
		&MsgRevoke{},
		&MsgPublishProgram{},
		&MsgUpdateProgram{},
		&MsgWithdrawProgram{},
		&MsgUpdateParams{},
	)
	msgservice.RegisterMsgServiceDesc(r, &_Msg_serviceDesc)
}
