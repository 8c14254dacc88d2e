package types

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
)

// AutoCLIOptions describes the commands that AutoCLI makes for the module.
func AutoCLIOptions() *autocliv1.ModuleOptions {
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service:           _Query_serviceDesc.ServiceName,
			RpcCommandOptions: append(queryCommands(), programQueryCommands()...),
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: _Msg_serviceDesc.ServiceName,
			// Some commands are written by hand: those that read files.
			EnhanceCustomCommand: true,
			RpcCommandOptions:    append(txCommands(), programTxCommands()...),
		},
	}
}

func queryCommands() []*autocliv1.RpcCommandOptions {
	return []*autocliv1.RpcCommandOptions{
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
		{
			RpcMethod:   "Restrictions",
			Use:         "restrictions",
			Short:       "List what has been suspended or revoked, and when",
			Example:     "marketd query verifier restrictions --kind family --output json",
			FlagOptions: map[string]*autocliv1.FlagOptions{"kind": {Usage: "keep only restrictions of a verifier, circuit or family"}},
		},
		// Verify takes files: marketd verify reads them.
		{RpcMethod: "Verify", Skip: true},
	}
}

func txCommands() []*autocliv1.RpcCommandOptions {
	return []*autocliv1.RpcCommandOptions{
		// register-circuit is written by hand: it reads and converts a file.
		{RpcMethod: "RegisterCircuit", Skip: true},
		{
			RpcMethod:      "WithdrawCircuit",
			Use:            "withdraw-circuit ID",
			Short:          "Withdraw your circuit, which nothing uses, and get its deposit back",
			Example:        "marketd tx verifier withdraw-circuit 1f6a… --from alice",
			PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "circuit_id"}},
		},
		{
			RpcMethod: "AddVerifier",
			Use:       "add-verifier-proposal ID FAMILY CURVE KEY_FILE",
			Short:     "Propose a new verifier",
			Long: "Propose a new verifier. KEY_FILE holds the key in the canonical form of its family, as section Concepts of x/verifier/README.md has it. " +
				"SP1 v6 has the constant vk_root, RISC Zero control_id and control_root; their values are base64.",
			Example: `marketd tx verifier add-verifier-proposal pico/v2.0.0 pico bn254 key.raw --title … --summary … --deposit 10000000uproof --from alice
marketd tx verifier add-verifier-proposal sp1-groth16/v6.2.0 sp1-groth16 bn254 groth16_vk.bin \
  --constants '{"name":"vk_root","value":"AIzVbhDC/iR5XP8eHR9A06MkUo0xVnTaRdJq+zduhnA="}' --title … --summary … --deposit 10000000uproof --from alice`,
			GovProposal:    true,
			PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "id"}, {ProtoField: "family"}, {ProtoField: "curve"}, {ProtoField: "key"}},
			FlagOptions:    map[string]*autocliv1.FlagOptions{"constants": {Usage: "a constant as JSON, {\"name\": …, \"value\": base64}; repeat it for each, sorted by name"}},
		},
		{
			RpcMethod: "Suspend",
			Use:       "suspend KIND ID --reason TEXT",
			Short:     "Suspend a verifier, a circuit or a family at once (the guardian only)",
			Long: "Suspend a verifier, a circuit or a family at once: nothing verifies under it until the authority resumes or revokes it. " +
				"KIND is verifier, circuit or family. " +
				"Only the guardian can use this command; the authority suspends by a proposal that carries MsgSuspend.",
			Example:        `marketd tx verifier suspend verifier pico/v1.2.2 --reason "forged proof seen" --from guardian`,
			PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "target.kind"}, {ProtoField: "target.id"}},
			FlagOptions:    map[string]*autocliv1.FlagOptions{"target": {Hidden: true}, "reason": {Usage: "why, in at most 256 bytes; everybody can read it"}},
		},
		{
			RpcMethod:      "Resume",
			Use:            "resume-proposal KIND ID",
			Short:          "Propose to end a suspension, or else to make a deprecated verifier active again",
			Example:        "marketd tx verifier resume-proposal verifier pico/v1.2.2 --title … --summary … --deposit 10000000uproof --from alice",
			GovProposal:    true,
			PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "target.kind"}, {ProtoField: "target.id"}},
			FlagOptions:    map[string]*autocliv1.FlagOptions{"target": {Hidden: true}},
		},
		{
			RpcMethod:      "Deprecate",
			Use:            "deprecate-proposal ID",
			Short:          "Propose that a verifier takes no new requests",
			Example:        "marketd tx verifier deprecate-proposal pico/v1.2.2 --title … --summary … --deposit 10000000uproof --from alice",
			GovProposal:    true,
			PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "id"}},
		},
		{
			RpcMethod:      "Revoke",
			Use:            "revoke-proposal KIND ID",
			Short:          "Propose to stop a verifier, a circuit or a family for good",
			Example:        "marketd tx verifier revoke-proposal family pico --title … --summary … --deposit 10000000uproof --from alice",
			GovProposal:    true,
			PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "target.kind"}, {ProtoField: "target.id"}},
			FlagOptions:    map[string]*autocliv1.FlagOptions{"target": {Hidden: true}},
		},
		{
			RpcMethod:      "UpdateParams",
			Use:            "update-params-proposal PARAMS",
			Short:          "Propose new parameters; all must be given",
			Example:        `marketd tx verifier update-params-proposal '{"circuit_deposit":"10000000","max_key_size":16384,"guardian":"proof1…","program_deposit":"1000000"}' --title … --summary … --deposit 10000000uproof --from alice`,
			GovProposal:    true,
			PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "params"}},
		},
	}
}
