package staking_test

import (
	"testing"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"

	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

	"github.com/cosmos/cosmos-sdk/codec"
	codectestutil "github.com/cosmos/cosmos-sdk/codec/testutil"
	"github.com/cosmos/cosmos-sdk/types/msgservice"

	"github.com/proofmarket/proofmarket/internal/chain"
	staking "github.com/proofmarket/proofmarket/x/staking"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// The commands name methods and fields that exist, each method has one, and each
// shows an example.
func TestCommandsMatchTheServices(t *testing.T) {
	files, err := proto.MergedRegistry()
	require.NoError(t, err)
	check := func(service string, commands *autocliv1.ServiceCommandDescriptor) {
		found, err := files.FindDescriptorByName(protoreflect.FullName(service))
		require.NoError(t, err)
		methods := found.(protoreflect.ServiceDescriptor).Methods()
		require.Len(t, commands.RpcCommandOptions, methods.Len())
		for _, c := range commands.RpcCommandOptions {
			method := methods.ByName(protoreflect.Name(c.RpcMethod))
			require.NotNil(t, method, c.RpcMethod)
			require.NotEmpty(t, c.Example, c.RpcMethod)
			for _, arg := range c.PositionalArgs {
				require.NotNil(t, method.Input().Fields().ByName(protoreflect.Name(arg.ProtoField)), "%s %s", c.RpcMethod, arg.ProtoField)
			}
		}
	}
	options := staking.AppModule{}.AutoCLIOptions()
	check("proofmarket.provers.v1.Msg", options.Tx)
	check("proofmarket.provers.v1.Query", options.Query)
}

// Annotations of the messages: signers, service, amino names.
func TestMessagesAreAnnotated(t *testing.T) {
	registry := codectestutil.CodecOptions{
		AccAddressPrefix: chain.Bech32Prefix, ValAddressPrefix: chain.Bech32Prefix + "valoper",
	}.NewInterfaceRegistry()
	staking.AppModule{}.RegisterInterfaces(registry)
	require.NoError(t, registry.SigningContext().Validate())
	files, err := proto.MergedRegistry()
	require.NoError(t, err)
	require.NoError(t, msgservice.ValidateProtoAnnotations(files))
	staking.AppModule{}.RegisterLegacyAminoCodec(codec.NewLegacyAmino())
}

func TestDefaultGenesisIsValid(t *testing.T) {
	cdc := codectestutil.CodecOptions{AccAddressPrefix: chain.Bech32Prefix}.NewCodec()
	m := staking.AppModule{}
	require.Equal(t, types.ModuleName, m.Name())
	bz := m.DefaultGenesis(cdc)
	require.NoError(t, m.ValidateGenesis(cdc, nil, bz))
	require.Error(t, m.ValidateGenesis(cdc, nil, []byte(`{"params":1}`)))
}
