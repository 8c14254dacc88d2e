// Package load drives a Proofmarket network over its public servers with many
// accounts: it requests proofs, plays provers that bid, reveal and deliver real
// Groth16 proofs, follows every request to its end, and reports what it saw.
//
// One goroutine, the generator's, owns all state. It reads blocks in order from
// one follower, which is how it knows what became of transactions and requests:
// no transaction is looked up by itself. What is due after a block leaves as
// transactions, which goroutines of their own hand to the nodes.
//
// Transactions are unordered: they carry a timeout in place of a sequence number.
// An account has many under way, bids and proofs among them, which enter blocks in
// different orders (law M17) and may wait behind a full pool; with sequence numbers
// one that is late or lost would stop all that follow. And the timeout settles what
// an unclear broadcast leaves open: once a block's time is past it, the transaction
// is in no block and never will be.
package load
