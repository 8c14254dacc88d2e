package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"

	svrcmd "github.com/cosmos/cosmos-sdk/server/cmd"

	"github.com/proofmarket/proofmarket/app"
	verifiercli "github.com/proofmarket/proofmarket/x/verifier/client/cli"
)

// Execute runs the command line of the process and returns its exit status.
func Execute() int {
	root, err := NewRootCmd()
	if err == nil {
		err = svrcmd.Execute(root, EnvPrefix, app.DefaultNodeHome)
	}
	return exitStatus(os.Stderr, err)
}

// exitStatus tells the user about err and returns the status that goes with it.
// `verify` chooses its own and has said everything already.
func exitStatus(stderr io.Writer, err error) int {
	var chosen *verifiercli.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &chosen):
		return chosen.Code
	default:
		// Nothing is left to do if standard error is closed.
		_, _ = fmt.Fprintln(stderr, "Error:", plain(err.Error()))
		return 1
	}
}
