package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/proofmarket/proofmarket/prover"
)

func newInitCmd() *cobra.Command {
	o := &overrides{}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a configuration into the home folder",
		Example: `  proverd init --chain-id proofmarket-devnet-1 --node http://127.0.0.1:26657 --key submitter
  proverd init --home /srv/prover --chain-id proofmarket-1 --keyring-backend file --fixed-cost 5000`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeOf(cmd)
			if err != nil {
				return err
			}
			cfg := prover.DefaultConfig(home)
			if err := o.apply(cmd, &cfg); err != nil {
				return err
			}
			path, err := prover.WriteConfig(cfg)
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%w: edit that file, or choose another --%s", err, flagHome)
			}
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "wrote", path)
			return nil
		},
	}
	o.register(cmd)
	return cmd
}
