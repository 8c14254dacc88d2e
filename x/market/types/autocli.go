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

// queryOptions describes the queries.
func queryOptions() *autocliv1.ServiceCommandDescriptor {
	return &autocliv1.ServiceCommandDescriptor{
		Service:              _Query_serviceDesc.ServiceName,
		EnhanceCustomCommand: true,
		RpcCommandOptions: []*autocliv1.RpcCommandOptions{
			{RpcMethod: "Params", Use: "params", Short: "Show the market's parameters", Example: "  marketd query market params --output json"},
			{RpcMethod: "Clock", Use: "clock", Short: "Show the market's clock: market time, time lost to halts, grace", Example: "  marketd query market clock"},
			{
				RpcMethod: "Request", Use: "request ID", Short: "Show a request, where it stands, and its inline input",
				Example: "  marketd query market request 5f1c...", PositionalArgs: args("id"),
			},
			{
				RpcMethod: "Requests", Use: "requests", Short: "List requests, of one requester or of one status if you like",
				Example: "  marketd query market requests --status request-status-pending\n  marketd query market requests --requester proof1...",
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
			{RpcMethod: "SubmitProof", Skip: true},
			{RpcMethod: "Claim", Skip: true},
			{
				RpcMethod: "Cancel", Use: "cancel REQUEST_ID", Short: "Take your request back while no bid stands",
				Example: "  marketd tx market cancel 5f1c... --from alice", PositionalArgs: args("request_id"),
			},
			{
				RpcMethod: "Refund", Use: "refund REQUEST_ID...", Short: "Apply what is due on requests: closings, missed deadlines, refunds",
				Example:        "  marketd tx market refund 5f1c... 77ab... --from anyone",
				PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "request_ids", Varargs: true}},
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
				RpcMethod: "RegisterSubmitter", Use: "register-submitter SUBMITTER", Short: "Let a submitter that consented act for the signer",
				Example: "  marketd tx market register-submitter proof1... --from prover", PositionalArgs: args("submitter"),
			},
			{
				RpcMethod: "UnregisterSubmitter", Use: "unregister-submitter SUBMITTER", Short: "End a submitter's link, from either side",
				Example: "  marketd tx market unregister-submitter proof1... --from prover", PositionalArgs: args("submitter"),
			},
			{
				RpcMethod: "UpdateParams", Use: "update-params PARAMS", Short: "Propose new parameters, all of them, as JSON",
				Example:        "  marketd tx market update-params \"$(marketd query market params --output json | jq .params)\" --from alice --deposit 10000000uproof",
				PositionalArgs: args("params"), GovProposal: true,
			},
		},
	}
}
