// Command proverd is the sidecar of a prover: it bids for proofs on a
// Proofmarket chain, makes those that it wins, and submits them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/cosmos/cosmos-sdk/version"

	"github.com/proofmarket/proofmarket/internal/chain"
)

func main() {
	// The system's keyrings file keys under this name: marketd's, so that it finds them.
	version.Name = "proofmarket"
	chain.ConfigureBech32().Seal()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once: all that matters is on disk.
	context.AfterFunc(ctx, stop)
	err := newRootCmd().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}
