package app

import (
	"github.com/cosmos/gogoproto/proto"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/std"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	txsigning "github.com/cosmos/cosmos-sdk/x/tx/signing"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/internal/memo"
)

// Encoding is how the chain reads and writes its types.
type Encoding struct {
	Registry codectypes.InterfaceRegistry
	Codec    codec.Codec
	Amino    *codec.LegacyAmino
	TxConfig client.TxConfig
}

// recentAddresses is how many addresses of accounts are remembered with their text.
const recentAddresses = 1 << 13

// accountCodec, validatorCodec and consensusCodec read and write addresses. The
// prefixes are the chain's own rather than the SDK's process-wide setting, so
// that the order of initialisation does not matter here.
var (
	accountCodec   = memo.Addresses(address.NewBech32Codec(chain.Bech32Prefix), recentAddresses)
	validatorCodec = address.NewBech32Codec(chain.Bech32Prefix + "valoper")
	consensusCodec = address.NewBech32Codec(chain.Bech32Prefix + "valcons")
)

// newEncoding returns the codecs with the SDK's basic types; modules add theirs.
func newEncoding() (Encoding, error) {
	registry, err := codectypes.NewInterfaceRegistryWithOptions(codectypes.InterfaceRegistryOptions{
		ProtoFiles: proto.HybridResolver,
		SigningOptions: txsigning.Options{
			AddressCodec:          accountCodec,
			ValidatorAddressCodec: validatorCodec,
		},
	})
	if err != nil {
		return Encoding{}, err
	}
	cdc := codec.NewProtoCodec(registry)
	amino := codec.NewLegacyAmino()
	std.RegisterLegacyAminoCodec(amino)
	std.RegisterInterfaces(registry)
	return Encoding{
		Registry: registry,
		Codec:    cdc,
		Amino:    amino,
		TxConfig: authtx.NewTxConfig(cdc, authtx.DefaultSignModes),
	}, nil
}
