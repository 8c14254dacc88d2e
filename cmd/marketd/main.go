// Command marketd is the Proofmarket node and its command line.
package main

import (
	"os"

	"github.com/cosmos/cosmos-sdk/version"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/cmd/marketd/cmd"
	"github.com/proofmarket/proofmarket/internal/chain"
)

func main() {
	version.Name, version.AppName = "proofmarket", app.Name
	chain.ConfigureBech32().Seal()
	os.Exit(cmd.Execute())
}
