package types

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
)

// AutoCLIOptions describes the commands that need no code of their own. Requests,
// bids, reveals and proofs have hand-written ones in client/cli.
func AutoCLIOptions() *autocliv1.ModuleOptions {
	return &autocliv1.ModuleOptions{
		Query: queryOptions(),
		Tx:    txOptions(),
	}
}

// args names the fields that are given by position.
func args(fields ...string) []*autocliv1.PositionalArgDescriptor {
	var list []*autocliv1.PositionalArgDescriptor
	for _, f := range fields {
		list = append(list, &autocliv1.PositionalArgDescriptor{ProtoField: f})
	}
	return list
}

// varargs names the list field that takes all arguments.
func varargs(field string) []*autocliv1.PositionalArgDescriptor {
	return []*autocliv1.PositionalArgDescriptor{{ProtoField: field, Varargs: true}}
}

// queryOptions describes the queries.
func queryOptions() *autocliv1.ServiceCommandDescriptor {
	return &autocliv1.ServiceCommandDescriptor{
		Service:              _Query_serviceDesc.ServiceName,
		EnhanceCustomCommand: true,
		RpcCommandOptions: []*autocliv1.RpcCommandOptions{
			{RpcMethod: "Params", Use: "params", Short: "Show the market's parameters, and what is paused", Example: "  marketd query market params --output json"},
			{RpcMethod: "Clock", Use: "clock", Short: "Show the market's clock: market time, time lost to halts, grace", Example: "  marketd query market clock"},
			{
				RpcMethod: "Request", Use: "request ID", Short: "Show a request, where it stands, and its inline input",
				Example: "  marketd query market request 5f1c...", PositionalArgs: args("id"),
			},
			{
				RpcMethod: "Requests", Use: "requests", Short: "List requests: all, or by requester, prover, verifier, program, status, or what is due",
				Example: "  marketd query market requests --status pending\n" +
					"  marketd query market requests --requester proof1... --due refundable\n" +
					"  marketd query market requests --prover proof1... --status pending\n" +
					"  marketd query market requests --verifier pico/v1.2.2 --program 00ab... --page-limit 20",
			},
			{
				RpcMethod: "Bids", Use: "bids REQUEST_ID", Short: "List the bids for a request",
				Example: "  marketd query market bids 5f1c...", PositionalArgs: args("request_id"),
			},
			{
				RpcMethod: "Bid", Use: "bid REQUEST_ID PROVER", Short: "Show one prover's bid for a request",
				Example: "  marketd query market bid 5f1c... proof1...", PositionalArgs: args("request_id", "prover"),
			},
			{RpcMethod: "Proof", Skip: true},
			{
				RpcMethod: "Submitter", Use: "submitter ADDRESS", Short: "Show for which prover an address acts",
				Example: "  marketd query market submitter proof1...", PositionalArgs: args("address"),
			},
			{
				RpcMethod: "Submitters", Use: "submitters PROVER", Short: "List the submitters of a prover, lapsed links too",
				Example: "  marketd query market submitters proof1...", PositionalArgs: args("prover"),
			},
			{
				RpcMethod: "Work", Use: "work PROVER", Short: "Show what a prover has to do, and what it can take on",
				Example: "  marketd query market work proof1...", PositionalArgs: args("prover"),
			},
			{
				RpcMethod: "ProverStats", Use: "prover-stats PROVER", Short: "Show a prover's statistics, of its lifetime and of the latest epochs",
				Example: "  marketd query market prover-stats proof1...", PositionalArgs: args("prover"),
			},
			{RpcMethod: "Stats", Use: "stats", Short: "Show the market's statistics, of its lifetime and of the latest epochs", Example: "  marketd query market stats"},
			{
				RpcMethod: "Quote", Use: "quote VERIFIER PROGRAM", Short: "Show what proofs of a program cost lately",
				Example:        "  marketd query market quote pico/v1.2.2 00ab...\n  marketd query market quote circuit 5f1c... --output json | jq -r .p50",
				PositionalArgs: args("verifier", "program"),
			},
			{
				RpcMethod: "Receipt", Use: "receipt REQUEST_ID", Short: "Show how a request ended, however long ago",
				Example: "  marketd query market receipt 5f1c...", PositionalArgs: args("request_id"),
			},
			{
				RpcMethod: "ReceiptByStatement", Use: "receipt-by-statement VERIFIER PROGRAM DIGEST", Short: "Show the receipt of the request that first proved a statement",
				Example: "  marketd query market receipt-by-statement circuit 5f1c... 03d2...", PositionalArgs: args("verifier", "program", "digest"),
			},
			{
				RpcMethod: "DeadLetters", Use: "dead-letters", Short: "List requests whose queue item failed; retry them with refund",
				Example: "  marketd query market dead-letters",
			},
			{
				RpcMethod: "Claim", Use: "claim ADDRESS", Short: "Show what waits for an address to claim",
				Example: "  marketd query market claim proof1...", PositionalArgs: args("address"),
			},
			{
				RpcMethod: "MayBid", Use: "may-bid REQUEST_ID PROVER", Short: "Show whether a prover may bid for a request, condition by condition",
				Example: "  marketd query market may-bid 5f1c... proof1...", PositionalArgs: args("request_id", "prover"),
			},
		},
	}
}

// txOptions describes the messages.
func txOptions() *autocliv1.ServiceCommandDescriptor {
	return &autocliv1.ServiceCommandDescriptor{
		Service:              _Msg_serviceDesc.ServiceName,
		EnhanceCustomCommand: true,
		RpcCommandOptions: []*autocliv1.RpcCommandOptions{
			{RpcMethod: "Request", Skip: true},
			{RpcMethod: "Bid", Skip: true},
			{RpcMethod: "Reveal", Skip: true},
			{RpcMethod: "BidBatch", Skip: true},
			{RpcMethod: "RevealBatch", Skip: true},
			{RpcMethod: "SubmitProof", Skip: true},
			{RpcMethod: "Claim", Skip: true},
			{
				RpcMethod: "Cancel", Use: "cancel REQUEST_ID", Short: "Take your request back while no bid stands",
				Example: "  marketd tx market cancel 5f1c... --from alice", PositionalArgs: args("request_id"),
			},
			{
				RpcMethod: "RaiseFee", Use: "raise-fee REQUEST_ID MAX_FEE", Short: "Raise max_fee, in uproof, while bidding is open",
				Example: "  marketd tx market raise-fee 5f1c... 3000000 --from alice", PositionalArgs: args("request_id", "max_fee"),
			},
			{
				RpcMethod: "Refund", Use: "refund REQUEST_ID...", Short: "Apply what is due on requests: closings, missed deadlines, refunds",
				Example:        "  marketd tx market refund 5f1c... 77ab... --from anyone",
				PositionalArgs: varargs("request_ids"),
			},
			{
				RpcMethod: "ConsentSubmitter", Use: "consent-submitter PROVER", Short: "Let a prover register the signer as its submitter",
				Example: "  marketd tx market consent-submitter proof1... --from gpu-machine", PositionalArgs: args("prover"),
			},
			{
				RpcMethod: "WithdrawConsent", Use: "withdraw-consent", Short: "Take an unused consent back",
				Example: "  marketd tx market withdraw-consent --from gpu-machine",
			},
			{
				RpcMethod: "RegisterSubmitter", Use: "register-submitter SUBMITTER...", Short: "Let submitters that consented act for the signer",
				Example:        "  marketd tx market register-submitter proof1... proof1... --from prover",
				PositionalArgs: varargs("submitters"),
			},
			{
				RpcMethod: "UnregisterSubmitter", Use: "unregister-submitter SUBMITTER...", Short: "End links of submitters, from either side",
				Example:        "  marketd tx market unregister-submitter proof1... --from prover",
				PositionalArgs: varargs("submitters"),
			},
			{
				RpcMethod: "SetPause", Use: "set-pause PAUSE", Short: "Propose to pause or resume new requests and first bids, as JSON",
				Example: "  marketd tx market set-pause '{\"requests\":true,\"bids\":true}' --from alice --deposit 10000000uproof\n" +
					"  marketd tx market set-pause '{}' --from alice --deposit 10000000uproof",
				PositionalArgs: args("pause"), GovProposal: true,
			},
			{
				RpcMethod: "UpdateParams", Use: "update-params PARAMS", Short: "Propose new parameters, all of them, as JSON",
				Example:        "  marketd tx market update-params \"$(marketd query market params --output json | jq .params)\" --from alice --deposit 10000000uproof",
				PositionalArgs: args("params"), GovProposal: true,
			},
		},
	}
}
