package types

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"

	"github.com/cosmos/cosmos-sdk/version"
)

// AutoCLIOptions describes the module's commands.
func AutoCLIOptions() *autocliv1.ModuleOptions {
	return &autocliv1.ModuleOptions{Tx: txCommands(), Query: queryCommands()}
}

func args(fields ...string) []*autocliv1.PositionalArgDescriptor {
	list := make([]*autocliv1.PositionalArgDescriptor, len(fields))
	for i, field := range fields {
		list[i] = &autocliv1.PositionalArgDescriptor{ProtoField: field}
	}
	return list
}

func example(command string) string { return version.AppName + " " + command }

func txCommands() *autocliv1.ServiceCommandDescriptor {
	authority := func(method, use, short string) *autocliv1.RpcCommandOptions {
		return &autocliv1.RpcCommandOptions{
			RpcMethod: method, Use: use + " [prover]", Short: short, GovProposal: true, PositionalArgs: args("prover"),
			Example: example("tx provers " + use + " proof1… --from alice --title … --summary … --deposit 10000000uproof"),
		}
	}
	return &autocliv1.ServiceCommandDescriptor{
		Service:              _Msg_serviceDesc.ServiceName,
		EnhanceCustomCommand: true,
		RpcCommandOptions: []*autocliv1.RpcCommandOptions{
			{
				RpcMethod: "Register", Use: "register [self-stake]",
				Short:          "Become a prover, with a vault of your own",
				Long:           "Become a prover. self-stake is in uproof and at least min_self_stake (see query provers params); --commission-bps is in 1/10000.",
				Example:        example(`tx provers register 1000000000 --commission-bps 500 --profile '{"name":"fast prover"}' --from prover`),
				PositionalArgs: args("self_stake"),
			},
			{
				RpcMethod: "Stake", Use: "stake [prover] [amount]", Short: "Stake uproof with a prover against shares of its vault",
				Example:        example("tx provers stake proof1… 5000000 --min-shares-out 4900000 --from delegator"),
				PositionalArgs: args("prover", "amount"),
			},
			{
				RpcMethod: "RequestUnstake", Use: "request-unstake [prover] [shares]", Short: "Start to unstake shares of a prover's vault",
				Long:           "Start to unstake. The value waits unstake_delay, can be slashed until then, and is paid by itself. --generation names an earlier vault of the prover.",
				Example:        example("tx provers request-unstake proof1… 5000000 --from delegator"),
				PositionalArgs: args("prover", "shares"),
			},
			{
				RpcMethod: "CompleteUnstake", Use: "complete-unstake [prover] [id]", Short: "Pay an unstaking that is ready; it goes to its staker",
				Example:        example("tx provers complete-unstake proof1… 7 --generation 1 --from anyone"),
				PositionalArgs: args("prover", "id"),
			},
			{
				RpcMethod: "ClaimCommission", Use: "claim-commission", Short: "Take the commission that your vault owes you",
				Example: example("tx provers claim-commission --from prover"),
			},
			{
				RpcMethod: "Deactivate", Use: "deactivate", Short: "Take no more work for now",
				Example: example("tx provers deactivate --from prover"),
			},
			{
				RpcMethod: "Reactivate", Use: "reactivate", Short: "Take work again",
				Example: example("tx provers reactivate --from prover"),
			},
			{
				RpcMethod: "Retire", Use: "retire", Short: "Stop being a prover; holders of shares still unstake",
				Example: example("tx provers retire --from prover"),
			},
			authority("Jail", "jail", "Propose to jail a prover"),
			authority("Unjail", "unjail", "Propose to lift a jail"),
			authority("DeactivateProver", "deactivate-prover", "Propose to deactivate a prover"),
			authority("LiftDeactivation", "lift-deactivation", "Propose to lift the authority's deactivation"),
			{
				RpcMethod: "UpdateParams", Use: "update-params [params]", Short: "Propose new parameters, all of them", GovProposal: true,
				Example:        example(`tx provers update-params "$(` + version.AppName + ` query provers params --output json | jq .params)" --from alice --title … --summary … --deposit 10000000uproof`),
				PositionalArgs: args("params"),
			},
		},
	}
}

func queryCommands() *autocliv1.ServiceCommandDescriptor {
	return &autocliv1.ServiceCommandDescriptor{
		Service:              _Query_serviceDesc.ServiceName,
		EnhanceCustomCommand: true,
		RpcCommandOptions: []*autocliv1.RpcCommandOptions{
			{RpcMethod: "Params", Use: "params", Short: "Show the parameters", Example: example("query provers params --output json")},
			{
				RpcMethod: "Prover", Use: "prover [prover]", Short: "Show a prover with its state, load and stake",
				Example: example("query provers prover proof1…"), PositionalArgs: args("prover"),
			},
			{RpcMethod: "Provers", Use: "provers", Short: "List all provers", Example: example("query provers provers --page-limit 20")},
			{
				RpcMethod: "Vault", Use: "vault [prover]", Short: "Show a prover's vault: assets, shares, pool, rewards, commission, account",
				Example: example("query provers vault proof1… --generation 1"), PositionalArgs: args("prover"),
			},
			{
				RpcMethod: "Unstakes", Use: "unstakes", Short: "List unstakings of a staker, a prover or both",
				Example: example("query provers unstakes --staker proof1… --prover proof1…"),
			},
			{
				RpcMethod: "Assignments", Use: "assignments [prover]", Short: "List a prover's open assignments",
				Example: example("query provers assignments proof1…"), PositionalArgs: args("prover"),
			},
		},
	}
}
