package types

import (
	"slices"
	"strings"

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

// shares is args whose last field, a number of shares, may be left out for --all.
func shares(fields ...string) []*autocliv1.PositionalArgDescriptor {
	all := args(append(fields, "shares")...)
	all[len(all)-1].Optional = true
	return all
}

// flags gives the fields that are no arguments a text each: name, text, name, text.
func flags(namesAndTexts ...string) map[string]*autocliv1.FlagOptions {
	options := map[string]*autocliv1.FlagOptions{}
	for pair := range slices.Chunk(namesAndTexts, 2) {
		options[pair[0]] = &autocliv1.FlagOptions{Usage: pair[1]}
	}
	return options
}

// atLeast is flags with a least result, 0 for any: left out, it would be no
// number, which amino JSON signs in another form than the chain reads it.
func atLeast(field, text string, namesAndTexts ...string) map[string]*autocliv1.FlagOptions {
	options := flags(namesAndTexts...)
	options[field] = &autocliv1.FlagOptions{Usage: text, DefaultValue: "0"}
	return options
}

// Texts of flags that several commands have.
const (
	generationText = "generation of the vault (default: the current one)"
	minSharesText  = "fail rather than get fewer shares; 0 for any number"
	epochsText     = "look back so many epochs, 1 to 30 (default 30)"
)

// example writes commands that run as they stand on a development network, whose
// keys are alpha, bravo, charlie, delegator, requester and faucet.
func example(commands ...string) string {
	lines := make([]string, len(commands))
	for i, c := range commands {
		lines[i] = "  " + version.AppName + " " + c
	}
	return strings.Join(lines, "\n")
}

// proposal completes an example of a proposal to governance.
func proposal(command, title string) string {
	return command + ` --title "` + title + `" --summary "Why, in a sentence" --deposit 10000000uproof --from faucet`
}

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
			Long:           "Become a prover, or after retiring one again, with a new vault. self-stake is in uproof and at least min_self_stake (query provers params).",
			Example:        example(`tx provers register 1000PROOF --commission-bps 500 --profile '{"name":"fast prover"}' --from requester`),
			PositionalArgs: args("self_stake"),
			FlagOptions: flags("commission_bps", "what you keep of rewards, in 1/10000: 500 is 5 %",
				"profile", `who you are: {"name": at most 128 bytes, "icon_url": at most 512}`),
		},
		{
			RpcMethod: "TransferShares", Use: "transfer-shares [recipient] [shares]", Short: "Give shares of your own vault away",
			Long:           "Give shares of your own vault away, as a bank send of them fails. You keep none, which deactivates you, or at least min_self_stake. With --all instead of a number, all of them go.",
			Example:        example("tx provers transfer-shares delegator 5000000 --from alpha", "tx provers transfer-shares delegator --all --from alpha"),
			PositionalArgs: shares("recipient"),
			FlagOptions:    flags("all", "all that you hold, instead of a number", "generation", generationText),
		},
		{
			RpcMethod: "ClaimCommission", Use: "claim-commission", Short: "Take the commission that your vault owes you",
			Long:        "Take the commission that your vault owes you, in any state. query provers vault shows how much it is.",
			Example:     example("tx provers claim-commission --from alpha", "tx provers claim-commission --generation 1 --from alpha"),
			FlagOptions: flags("generation", generationText),
		},
		{
			RpcMethod: "Deactivate", Use: "deactivate", Short: "Take no more work for now",
			Long:    "Take no more work until you reactivate. Work that is open goes on.",
			Example: example("tx provers deactivate --from alpha"),
		},
		{
			RpcMethod: "Reactivate", Use: "reactivate", Short: "Take work again",
			Long:    "Take work again, after deactivate, after your stake fell below min_self_stake, or after losses passed your own loss-limit. You need min_self_stake.",
			Example: example("tx provers reactivate --from alpha"),
		},
		{
			RpcMethod: "Retire", Use: "retire", Short: "Stop being a prover; holders of shares still unstake",
			Long:    "Stop being a prover, once no assignment is open (query provers assignments). Holders of shares, you too, still unstake, and commission stays yours to claim.",
			Example: example("tx provers retire --from alpha"),
		},
		{
			RpcMethod: "SetCommission", Use: "set-commission [bps]", Short: "Set your commission on rewards, in 1/10000",
			Long:           "Set your default commission, or with --source that on rewards from one source; 1500 is 15 %. A higher rate counts after commission_notice, a lower one at once; query provers commission shows what is pending.",
			Example:        example("tx provers set-commission 1500 --from alpha", "tx provers set-commission 1200 --source market --from alpha"),
			PositionalArgs: args("bps"),
			FlagOptions:    flags("source", "source of the rewards, market or incentive (default: all without a rate of their own)"),
		},
		{
			RpcMethod: "ResetCommission", Use: "reset-commission", Short: "Give a source your default commission again",
			Long:        "Give the source named with --source your default commission again, after commission_notice where that is higher. Without --source, drop the pending change of the default.",
			Example:     example("tx provers reset-commission --source market --from alpha", "tx provers reset-commission --from alpha"),
			FlagOptions: flags("source", "source of the rewards (default: drop the pending change of the default)"),
		},
		{
			RpcMethod: "SetProfile", Use: "set-profile [profile]", Short: "Say anew who you are",
			Long:           "Replace your profile, all of it: a name of at most 128 bytes and the address of an icon of at most 512.",
			Example:        example(`tx provers set-profile '{"name":"fast prover","icon_url":"https://example.org/icon.png"}' --from alpha`),
			PositionalArgs: args("profile"),
		},
		{
			RpcMethod: "SetBreaker", Use: "set-breaker [max-exposure] [loss-limit]", Short: "Set your own limits, in uproof; 0 for none",
			Long:           "Set your own limits. No work is given to you that would take the sum of open penalties past max-exposure; losses past loss-limit within an epoch deactivate you until you reactivate.",
			Example:        example("tx provers set-breaker 500000000 200000000 --from alpha", "tx provers set-breaker 0 0 --from alpha"),
			PositionalArgs: args("max_exposure", "loss_limit"),
		},
	}
}

// stakerCommands are those that anybody signs, a prover too.
func stakerCommands() []*autocliv1.RpcCommandOptions {
	return []*autocliv1.RpcCommandOptions{
		{
			RpcMethod: "Stake", Use: "stake [prover] [amount]", Short: "Stake uproof with a prover against shares of its vault",
			Long:           "Stake uproof with an ACTIVE prover, at least min_stake, against shares of its vault. Its rewards raise what they are worth, its slashes lower it; unstaking takes unstake_delay.",
			Example:        example("tx provers stake alpha 5000000 --from delegator", "tx provers stake alpha 5000000 --min-shares-out 4900000 --from delegator"),
			PositionalArgs: args("prover", "amount"),
			FlagOptions:    atLeast("min_shares_out", minSharesText),
		},
		{
			RpcMethod: "RequestUnstake", Use: "request-unstake [prover] [shares]", Short: "Start to unstake shares of a prover's vault",
			Long:           "Start to unstake. The value waits unstake_delay, can be slashed until then, and is paid by itself; query provers unstakes shows when. With --all instead of a number, all that you hold leaves.",
			Example:        example("tx provers request-unstake alpha 5000000 --from delegator", "tx provers request-unstake alpha --all --from delegator"),
			PositionalArgs: shares("prover"),
			FlagOptions: atLeast("min_out", "fail rather than unstake less uproof; 0 for any amount",
				"all", "all that you hold, instead of a number", "generation", generationText),
		},
		{
			RpcMethod: "CancelUnstake", Use: "cancel-unstake [prover] [ids]...", Short: "Stake unstakings of yours again, at today's price",
			Long:           "Stake unstakings again, 1 to 100 of the current vault; query provers unstakes lists them. What makes no whole share stays as the last of them. Into a vault that is not active only its prover stakes.",
			Example:        example("tx provers cancel-unstake alpha 1 --from delegator", "tx provers cancel-unstake alpha 1 2 --min-shares-out 9000000 --from delegator"),
			PositionalArgs: list("prover", "ids"),
			FlagOptions:    atLeast("min_shares_out", minSharesText, "generation", generationText),
		},
		{
			RpcMethod: "CompleteUnstake", Use: "complete-unstake [prover] [id]", Short: "Pay an unstaking that is ready; it goes to its staker",
			Long:           "Pay an unstaking that is ready, to its staker, whoever sends this. Unstakings complete by themselves; this is for one that failed, or for who will not wait for the queue.",
			Example:        example("tx provers complete-unstake alpha 1 --from delegator"),
			PositionalArgs: args("prover", "id"),
			FlagOptions:    flags("generation", generationText),
		},
		{
			RpcMethod: "CompleteUnstakes", Use: "complete-unstakes [prover] [ids]...", Short: "Pay many unstakings of one vault; each fails alone",
			Long:           "Pay 1 to 100 unstakings of one vault. One that cannot be paid keeps none of the others: the transaction's events name those that were, query provers unstakes lists those that were not, and complete-unstake says why.",
			Example:        example("tx provers complete-unstakes alpha 1 2 3 --from delegator"),
			PositionalArgs: list("prover", "ids"),
			FlagOptions:    flags("generation", generationText),
		},
		{
			RpcMethod: "FundIncentives", Use: "fund-incentives [amount]", Short: "Add uproof to the incentive pool",
			Long:           "Add to the incentive pool, which pays provers and their stakers once an epoch. Nobody gets it back.",
			Example:        example("tx provers fund-incentives 1000000000 --from faucet"),
			PositionalArgs: args("amount"),
		},
	}
}

// authorityCommands are proposals to governance.
func authorityCommands() []*autocliv1.RpcCommandOptions {
	authority := func(method, use, short, long string) *autocliv1.RpcCommandOptions {
		return &autocliv1.RpcCommandOptions{
			RpcMethod: method, Use: use + " [prover]", Short: short, Long: long, GovProposal: true, PositionalArgs: args("prover"),
			Example: example(proposal("tx provers "+use+" bravo", short)),
		}
	}
	return []*autocliv1.RpcCommandOptions{
		authority("Jail", "jail", "Propose to jail a prover",
			"Propose to jail a prover, retired ones too: no work and no registering again until unjail. It counts as a fault."),
		authority("Unjail", "unjail", "Propose to lift a jail", "Propose to lift a jail. Causes of deactivation that stand go on to hold."),
		authority("DeactivateProver", "deactivate-prover", "Propose to deactivate a prover",
			"Propose to deactivate a prover. It counts as a fault, and only lift-deactivation ends it."),
		authority("LiftDeactivation", "lift-deactivation", "Propose to lift the authority's deactivation",
			"Propose to lift what deactivate-prover did. The prover's own causes go on to hold."),
		{
			RpcMethod: "SlashProver", Use: "slash-prover [prover] [amount] [reason]", Short: "Propose to slash a prover; the treasury takes it",
			Long:        "Propose to slash a prover by amount, in uproof, or what its vault and unstaking pool hold if that is less. reason has 1 to 64 bytes.",
			GovProposal: true, PositionalArgs: args("prover", "amount", "reason"),
			Example: example(proposal("tx provers slash-prover bravo 5000000 fraud", "Slash bravo")),
		},
		{
			RpcMethod: "UpdateAllowList", Use: "update-allow-list", Short: "Propose who may register while the parameter allow_list is set",
			Long:        "Propose to add and remove addresses, up to 100 in all. Provers that are registered stay.",
			GovProposal: true,
			Example:     example(proposal("tx provers update-allow-list --add alpha --add bravo --remove charlie", "Who may register")),
			FlagOptions: flags("add", "add this one; repeat it for each", "remove", "remove this one; repeat it for each"),
		},
		{
			RpcMethod: "UpdateParams", Use: "update-params [params]", Short: "Propose new parameters, all of them", GovProposal: true,
			Long:           "Propose new parameters, all of them: take today's and change some. Durations are like 168h or 30s.",
			Example:        example(proposal(`tx provers update-params "$(`+version.AppName+` query provers params --output json | jq '.params | .unstake_delay = .commission_notice')"`, "New parameters")),
			PositionalArgs: args("params"),
		},
	}
}

func queryCommands() *autocliv1.ServiceCommandDescriptor {
	return &autocliv1.ServiceCommandDescriptor{
		Service:              _Query_serviceDesc.ServiceName,
		EnhanceCustomCommand: true,
		RpcCommandOptions: slices.Concat(stakeQueries(), moduleQueries(), []*autocliv1.RpcCommandOptions{
			{
				RpcMethod: "Prover", Use: "prover [prover]", Short: "Show a prover with its state, load and stake",
				Long:    "Show a prover: its state and why, faults, commission, open work, breaker, and in uproof the assets of its vault and its own part of them.",
				Example: example("query provers prover alpha"), PositionalArgs: args("prover"),
			},
			{
				RpcMethod: "Provers", Use: "provers", Short: "List provers, active ones first, by the size of their vaults",
				Long:        "List provers, all or those in one state: active ones first, then deactivated, jailed and retired ones, and in each state the largest vault first. The order is as of the end of the last block.",
				Example:     example("query provers provers --state active --page-limit 20"),
				FlagOptions: flags("state", "keep only provers in this state"),
			},
			{
				RpcMethod: "Commission", Use: "commission [prover]", Short: "Show a prover's commission rates, now and pending",
				Long:    "Show a prover's commission rates in 1/10000: the default, those of sources that have their own, and what is announced, with the time from which it counts. A rate of 0 shows no bps.",
				Example: example("query provers commission alpha"), PositionalArgs: args("prover"),
			},
			{
				RpcMethod: "ProverEpochs", Use: "epochs [prover]", Short: "Show a prover's fees, rewards and stake-time in recent epochs",
				Long:    "Show what a prover did in the running epoch and in those that ended, latest first. Amounts are in uproof, times in uproof nanoseconds: assets times how long they were there.",
				Example: example("query provers epochs alpha --epochs 7"), PositionalArgs: args("prover"),
				FlagOptions: flags("epochs", epochsText),
			},
			{
				RpcMethod: "APR", Use: "apr [prover]", Short: "Show what a prover's vault yielded over recent epochs, as a yearly rate",
				Long:    "Show what a prover's vault yielded over recent epochs that ended, as a yearly rate in 1/10000, without compounding and without slashes: apr_bps of 1250 is 12.5 %, none is 0.",
				Example: example("query provers apr alpha --epochs 7"), PositionalArgs: args("prover"),
				FlagOptions: flags("epochs", epochsText),
			},
			{
				RpcMethod: "Assignments", Use: "assignments [prover]", Short: "List a prover's open assignments",
				Long:    "List a prover's open assignments by number, with stake and penalty in uproof. Unstakings wait for those that were open when they began.",
				Example: example("query provers assignments alpha"), PositionalArgs: args("prover"),
			},
		}),
	}
}

// stakeQueries are about stakers and vaults.
func stakeQueries() []*autocliv1.RpcCommandOptions {
	return []*autocliv1.RpcCommandOptions{
		{
			RpcMethod: "Positions", Use: "positions [staker]", Short: "List what a staker holds of all vaults, with its value",
			Long:    "List the shares that a staker holds, of all vaults and generations, with their value in uproof. Unstakings are not among them.",
			Example: example("query provers positions delegator"), PositionalArgs: args("staker"),
		},
		{
			RpcMethod: "Vault", Use: "vault [prover]", Short: "Show a prover's vault: assets, shares and their price, pool, rewards, commission, free capacity",
			Long:    "Show a prover's vault as of the last block, in uproof: assets, unvested rewards, unstaking pool, commission, the price of a share, what a slash can take, and the penalties of open work and of work that it can still take.",
			Example: example("query provers vault alpha", "query provers vault alpha --generation 1"), PositionalArgs: args("prover"),
			FlagOptions: flags("generation", generationText),
		},
		{
			RpcMethod: "Unstakes", Use: "unstakes", Short: "List unstakings of a staker, a prover or both",
			Long:        "List unstakings with their id, the time from which they may complete (ready_at), what they wait for, and what they would be paid now, in uproof. Name a staker, a prover or both.",
			Example:     example("query provers unstakes --staker delegator", "query provers unstakes --staker delegator --prover alpha"),
			FlagOptions: flags("staker", "whose unstakings (default: everybody's)", "prover", "from whose vaults (default: all)"),
		},
	}
}

// moduleQueries are about no prover in particular.
func moduleQueries() []*autocliv1.RpcCommandOptions {
	return []*autocliv1.RpcCommandOptions{
		{
			RpcMethod: "Params", Use: "params", Short: "Show the parameters", Example: example("query provers params", "query provers params --output json"),
			Long: "Show the parameters; amounts are in uproof, bps in 1/10000.",
		},
		{
			RpcMethod: "Totals", Use: "totals", Short: "Show the number of provers by state and what all vaults hold",
			Long:    "Show the number of provers by state, and in uproof what all vaults hold, as of the end of the last block. A state without provers is not shown; pending, if there, counts vaults that wait to be counted.",
			Example: example("query provers totals"),
		},
		{
			RpcMethod: "AllowList", Use: "allow-list", Short: "List who may register while the parameter allow_list is set",
			Long:    "List the addresses that may register while the parameter allow_list is set; while it is not, anybody may.",
			Example: example("query provers allow-list --page-limit 20"),
		},
		{
			RpcMethod: "Incentives", Use: "incentives", Short: "Show the incentive pool, the running epoch and the last payout",
			Long:    "Show the incentive pool and the budget of an epoch in uproof, the running epoch and when it ends, and what the last one that ended was paid.",
			Example: example("query provers incentives"),
		},
	}
}
