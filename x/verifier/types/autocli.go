package types

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
)

// AutoCLIOptions describes the commands that AutoCLI makes for the module.
func AutoCLIOptions() *autocliv1.ModuleOptions {
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: _Query_serviceDesc.ServiceName,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{
					RpcMethod: "Params",
					Use:       "params",
					Short:     "Show the module's parameters",
					Example:   "marketd query verifier params --output json",
				},
				{
					RpcMethod: "Verifiers",
					Use:       "verifiers",
					Short:     "List the registered verifiers",
					Example:   "marketd query verifier verifiers --page-limit 10",
				},
				{
					RpcMethod:      "Verifier",
					Use:            "verifier ID",
					Short:          "Show one verifier",
					Example:        "marketd query verifier verifier pico/v1.2.2",
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "id"}},
				},
				{
					RpcMethod: "Circuits",
					Use:       "circuits",
					Short:     "List the registered circuits, all or one owner's",
					Example:   "marketd query verifier circuits --owner proof1…",
				},
				{
					RpcMethod:      "Circuit",
					Use:            "circuit ID",
					Short:          "Show one circuit, and whether a request uses it",
					Example:        "marketd query verifier circuit 1f6a…",
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "id"}},
				},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: _Msg_serviceDesc.ServiceName,
			// register-circuit is written by hand: it reads and converts a file.
			EnhanceCustomCommand: true,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "RegisterCircuit", Skip: true},
				{
					RpcMethod:      "WithdrawCircuit",
					Use:            "withdraw-circuit ID",
					Short:          "Withdraw your circuit, which nothing uses, and get its deposit back",
					Example:        "marketd tx verifier withdraw-circuit 1f6a… --from alice",
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "circuit_id"}},
				},
				{
					RpcMethod:      "AddVerifier",
					Use:            "add-verifier-proposal ID FAMILY CURVE KEY_FILE",
					Short:          "Propose a new verifier",
					Example:        "marketd tx verifier add-verifier-proposal pico/v2.0.0 pico bn254 key.raw --title … --summary … --deposit 10000000uproof --from alice",
					GovProposal:    true,
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "id"}, {ProtoField: "family"}, {ProtoField: "curve"}, {ProtoField: "key"}},
				},
				{
					RpcMethod:      "SetVerifierStatus",
					Use:            "set-verifier-status-proposal ID STATUS",
					Short:          "Propose to deprecate, reactivate or revoke a verifier",
					Example:        "marketd tx verifier set-verifier-status-proposal pico/v1.2.2 verifier-status-deprecated --title … --summary … --deposit 10000000uproof --from alice",
					GovProposal:    true,
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "id"}, {ProtoField: "status"}},
				},
				{
					RpcMethod:      "UpdateParams",
					Use:            "update-params-proposal PARAMS",
					Short:          "Propose new parameters; all must be given",
					Example:        `marketd tx verifier update-params-proposal '{"circuit_deposit":"10000000","max_key_size":16384}' --title … --summary … --deposit 10000000uproof --from alice`,
					GovProposal:    true,
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "params"}},
				},
			},
		},
	}
}
