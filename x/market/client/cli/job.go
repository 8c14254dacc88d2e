package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const flagJob = "job"

// maxJobBytes bounds a job file.
const maxJobBytes = 64 << 10

// applyJob fills the request's flags from the file that --job names: a JSON
// object of flag names and texts. A flag on the command line wins.
func applyJob(cmd *cobra.Command, _ []string) error {
	path, err := cmd.Flags().GetString(flagJob)
	if err != nil || path == "" {
		return err
	}
	bz, err := readFile(cmd, path, maxJobBytes)
	if err != nil {
		return err
	}
	var job map[string]string
	if err := json.Unmarshal(bz, &job); err != nil {
		return fmt.Errorf("--%s %s: want one JSON object of texts, such as {\"program\": \"9a…\"}: %w", flagJob, path, err)
	}
	known := pflag.NewFlagSet("", pflag.ContinueOnError)
	addRequestFlags(known)
	for name, value := range job {
		if known.Lookup(name) == nil {
			return fmt.Errorf("--%s %s: %q is not a flag of this command", flagJob, path, name)
		}
		if cmd.Flags().Changed(name) {
			continue
		}
		if err := cmd.Flags().Set(name, value); err != nil {
			return fmt.Errorf("--%s %s: %s: %w", flagJob, path, name, err)
		}
	}
	return nil
}
