package types

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
)

func programQueryCommands() []*autocliv1.RpcCommandOptions {
	return []*autocliv1.RpcCommandOptions{
		{
			RpcMethod: "Programs",
			Use:       "programs",
			Short:     "List what was published of programs: everything, one publisher's, or one program's",
			Example:   "marketd query verifier programs --program 00b9…",
		},
		{
			RpcMethod:      "Program",
			Use:            "program PUBLISHER PROGRAM",
			Short:          "Show what a publisher says of a program",
			Example:        "marketd query verifier program proof1… 00b9…",
			PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "publisher"}, {ProtoField: "program"}},
		},
		{
			RpcMethod:      "ProgramByName",
			Use:            "program-by-name PUBLISHER NAME",
			Short:          "Show the program that a publisher gave a name",
			Example:        "marketd query verifier program-by-name proof1… fibonacci",
			PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "publisher"}, {ProtoField: "name"}},
		},
	}
}

func programTxCommands() []*autocliv1.RpcCommandOptions {
	return []*autocliv1.RpcCommandOptions{
		// publish-program and update-program are written by hand: they hash the image.
		{RpcMethod: "PublishProgram", Skip: true},
		{RpcMethod: "UpdateProgram", Skip: true},
		{
			RpcMethod:      "WithdrawProgram",
			Use:            "withdraw-program PROGRAM",
			Short:          "Withdraw what you published of a program, and get its deposit back",
			Example:        "marketd tx verifier withdraw-program 00b9… --from alice",
			PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "program"}},
		},
	}
}
