package types

import (
	"slices"

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

// list is args whose last field takes all that follows.
func list(fields ...string) []*autocliv1.PositionalArgDescriptor {
	all := args(fields...)
	all[len(all)-1].Varargs = true
	return all
}

func example(command string) string { return version.AppName + " " + command }

func txCommands() *autocliv1.ServiceCommandDescriptor {
	return &autocliv1.ServiceCommandDescriptor{
		Service:              _Msg_serviceDesc.ServiceName,
		EnhanceCustomCommand: true,
		RpcCommandOptions:    slices.Concat(proverCommands(), stakerCommands(), authorityCommands()),
	}
}

// proverCommands are those that a prover signs.
func proverCommands() []*autocliv1.RpcCommandOptions {
	return []*autocliv1.RpcCommandOptions{
		{
			RpcMethod: "Register", Use: "register [self-stake]",
			Short:          "Become a prover, with a vault of your own",
			Long:           "Become a prover. self-stake is in uproof and at least min_self_stake (see query provers params); --commission-bps is in 1/10000.",
			Example:        example(`tx provers register 1000000000 --commission-bps 500 --profile '{"name":"fast prover"}' --from prover`),
			PositionalArgs: args("self_stake"),
		},
		{
			RpcMethod: "TransferShares", Use: "transfer-shares [recipient] [shares]", Short: "Give shares of your own vault away",
			Long:           "Give shares of your own vault away, as a bank send of them fails. You keep none, which deactivates you, or at least min_self_stake. With --all, and 0 for shares, all of them go.",
			Example:        example("tx provers transfer-shares proof1… 5000000 --from prover"),
			PositionalArgs: args("recipient", "shares"),
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
		{
			RpcMethod: "SetCommission", Use: "set-commission [bps]", Short: "Set your commission on rewards, in 1/10000",
			Long:           "Set your default commission, or with --source that on rewards from one source. A higher rate counts after commission_notice, a lower one at once.",
			Example:        example("tx provers set-commission 800 --source market --from prover"),
			PositionalArgs: args("bps"),
		},
		{
			RpcMethod: "ResetCommission", Use: "reset-commission", Short: "Give a source your default commission again",
			Long:    "Give the source named with --source your default commission again, after commission_notice where that is higher. Without --source, drop the pending change of the default.",
			Example: example("tx provers reset-commission --source market --from prover"),
		},
		{
			RpcMethod: "SetProfile", Use: "set-profile [profile]", Short: "Say anew who you are",
			Example:        example(`tx provers set-profile '{"name":"fast prover","icon_url":"https://…"}' --from prover`),
			PositionalArgs: args("profile"),
		},
		{
			RpcMethod: "SetBreaker", Use: "set-breaker [max-exposure] [loss-limit]", Short: "Set your own limits, in uproof; 0 for none",
			Long:           "Set your own limits. No work is given to you that would take the sum of open penalties past max-exposure; losses past loss-limit within an epoch deactivate you until you reactivate.",
			Example:        example("tx provers set-breaker 500000000 200000000 --from prover"),
			PositionalArgs: args("max_exposure", "loss_limit"),
		},
	}
}

// stakerCommands are those that anybody signs, a prover too.
func stakerCommands() []*autocliv1.RpcCommandOptions {
	return []*autocliv1.RpcCommandOptions{
		{
			RpcMethod: "Stake", Use: "stake [prover] [amount]", Short: "Stake uproof with a prover against shares of its vault",
			Example:        example("tx provers stake proof1… 5000000 --min-shares-out 4900000 --from delegator"),
			PositionalArgs: args("prover", "amount"),
		},
		{
			RpcMethod: "RequestUnstake", Use: "request-unstake [prover] [shares]", Short: "Start to unstake shares of a prover's vault",
			Long:           "Start to unstake. The value waits unstake_delay, can be slashed until then, and is paid by itself. With --all, and 0 for shares, all that you hold leaves. --generation names an earlier vault of the prover.",
			Example:        example("tx provers request-unstake proof1… 0 --all --from delegator"),
			PositionalArgs: args("prover", "shares"),
		},
		{
			RpcMethod: "CancelUnstake", Use: "cancel-unstake [prover] [ids]...", Short: "Stake unstakings of yours again, at today's price",
			Long:           "Stake unstakings again, 1 to 100 of one vault. What makes no whole share stays as the last of them. Into a vault that is not active only its prover stakes.",
			Example:        example("tx provers cancel-unstake proof1… 7 8 --min-shares-out 4900000 --from delegator"),
			PositionalArgs: list("prover", "ids"),
		},
		{
			RpcMethod: "CompleteUnstake", Use: "complete-unstake [prover] [id]", Short: "Pay an unstaking that is ready; it goes to its staker",
			Example:        example("tx provers complete-unstake proof1… 7 --generation 1 --from anyone"),
			PositionalArgs: args("prover", "id"),
		},
		{
			RpcMethod: "CompleteUnstakes", Use: "complete-unstakes [prover] [ids]...", Short: "Pay many unstakings of one vault; each fails alone",
			Long:           "Pay 1 to 100 unstakings of one vault. The result tells for each what was paid, or why not; query the transaction to see it.",
			Example:        example("tx provers complete-unstakes proof1… 7 8 9 --generation 1 --from anyone"),
			PositionalArgs: list("prover", "ids"),
		},
		{
			RpcMethod: "FundIncentives", Use: "fund-incentives [amount]", Short: "Add uproof to the incentive pool",
			Long:           "Add to the incentive pool, which pays provers and their stakers once an epoch. Nobody gets it back.",
			Example:        example("tx provers fund-incentives 1000000000 --from alice"),
			PositionalArgs: args("amount"),
		},
	}
}

// authorityCommands are proposals to governance.
func authorityCommands() []*autocliv1.RpcCommandOptions {
	authority := func(method, use, short string) *autocliv1.RpcCommandOptions {
		return &autocliv1.RpcCommandOptions{
			RpcMethod: method, Use: use + " [prover]", Short: short, GovProposal: true, PositionalArgs: args("prover"),
			Example: example("tx provers " + use + " proof1… --from alice --title … --summary … --deposit 10000000uproof"),
		}
	}
	return []*autocliv1.RpcCommandOptions{
		authority("Jail", "jail", "Propose to jail a prover"),
		authority("Unjail", "unjail", "Propose to lift a jail"),
		authority("DeactivateProver", "deactivate-prover", "Propose to deactivate a prover"),
		authority("LiftDeactivation", "lift-deactivation", "Propose to lift the authority's deactivation"),
		{
			RpcMethod: "SlashProver", Use: "slash-prover [prover] [amount] [reason]", Short: "Propose to slash a prover; the treasury takes it",
			GovProposal: true, PositionalArgs: args("prover", "amount", "reason"),
			Example: example("tx provers slash-prover proof1… 5000000 fraud --from alice --title … --summary … --deposit 10000000uproof"),
		},
		{
			RpcMethod: "UpdateAllowList", Use: "update-allow-list", Short: "Propose who may register while the parameter allow_list is set",
			GovProposal: true,
			Example:     example("tx provers update-allow-list --add proof1… --remove proof1… --from alice --title … --summary … --deposit 10000000uproof"),
		},
		{
			RpcMethod: "UpdateParams", Use: "update-params [params]", Short: "Propose new parameters, all of them", GovProposal: true,
			Example:        example(`tx provers update-params "$(` + version.AppName + ` query provers params --output json | jq .params)" --from alice --title … --summary … --deposit 10000000uproof`),
			PositionalArgs: args("params"),
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
			{
				RpcMethod: "Provers", Use: "provers", Short: "List provers, the largest vault first",
				Example: example("query provers provers --state active --page-limit 20"),
			},
			{
				RpcMethod: "Positions", Use: "positions [staker]", Short: "List what a staker holds of all vaults, with its value",
				Example: example("query provers positions proof1… --output json"), PositionalArgs: args("staker"),
			},
			{
				RpcMethod: "Totals", Use: "totals", Short: "Show the number of provers by state and what all vaults hold",
				Example: example("query provers totals"),
			},
			{
				RpcMethod: "Vault", Use: "vault [prover]", Short: "Show a prover's vault: assets, shares and their price, pool, rewards, commission, free capacity",
				Example: example("query provers vault proof1… --generation 1"), PositionalArgs: args("prover"),
			},
			{
				RpcMethod: "Unstakes", Use: "unstakes", Short: "List unstakings of a staker, a prover or both",
				Example: example("query provers unstakes --staker proof1… --prover proof1…"),
			},
			{
				RpcMethod: "Commission", Use: "commission [prover]", Short: "Show a prover's commission rates, now and pending",
				Example: example("query provers commission proof1…"), PositionalArgs: args("prover"),
			},
			{
				RpcMethod: "AllowList", Use: "allow-list", Short: "List who may register while the parameter allow_list is set",
				Example: example("query provers allow-list --page-limit 20"),
			},
			{
				RpcMethod: "Incentives", Use: "incentives", Short: "Show the incentive pool, the running epoch and the last payout",
				Example: example("query provers incentives --output json"),
			},
			{
				RpcMethod: "ProverEpochs", Use: "epochs [prover]", Short: "Show a prover's fees, rewards and stake-time in recent epochs",
				Example: example("query provers epochs proof1… --epochs 7"), PositionalArgs: args("prover"),
			},
			{
				RpcMethod: "APR", Use: "apr [prover]", Short: "Show what a prover's vault yielded over recent epochs, as a yearly rate",
				Example: example("query provers apr proof1… --epochs 7"), PositionalArgs: args("prover"),
			},
			{
				RpcMethod: "Assignments", Use: "assignments [prover]", Short: "List a prover's open assignments",
				Example: example("query provers assignments proof1…"), PositionalArgs: args("prover"),
			},
		},
	}
}
