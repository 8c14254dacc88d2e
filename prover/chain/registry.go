package chain

import (
	"github.com/cosmos/gogoproto/proto"

	"github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/x/tx/signing"

	chainconst "github.com/proofmarket/proofmarket/internal/chain"
)

// newRegistry returns a registry that reads this chain's addresses, whatever
// the process-wide configuration says.
func newRegistry() codectypes.InterfaceRegistry {
	registry, err := codectypes.NewInterfaceRegistryWithOptions(codectypes.InterfaceRegistryOptions{
		ProtoFiles: proto.HybridResolver,
		SigningOptions: signing.Options{
			AddressCodec:          address.NewBech32Codec(chainconst.Bech32Prefix),
			ValidatorAddressCodec: address.NewBech32Codec(chainconst.Bech32Prefix + "valoper"),
		},
	})
	if err != nil {
		// The options are constants: this cannot depend on input.
		panic(err)
	}
	return registry
}
