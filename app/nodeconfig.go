package app

import (
	cmtcfg "github.com/cometbft/cometbft/config"

	errorsmod "cosmossdk.io/errors"
)

// CheckNodeConfig refuses consensus settings under which the market's clock
// would stand still. Market time drops every gap between blocks longer than
// max_block_gap as a halt (section 5 of docs/design.md, "Clock"): a node that
// proposes only when transactions arrive turns quiet minutes into halts, and
// deadlines would never come.
func CheckNodeConfig(consensus *cmtcfg.ConsensusConfig) error {
	if !consensus.CreateEmptyBlocks {
		return errorsmod.Wrap(ErrNodeConfig,
			"create_empty_blocks is false; set create_empty_blocks = true in config.toml, section [consensus]")
	}
	if consensus.CreateEmptyBlocksInterval != 0 {
		return errorsmod.Wrapf(ErrNodeConfig,
			"create_empty_blocks_interval is %s; set create_empty_blocks_interval = \"0s\" in config.toml, section [consensus]",
			consensus.CreateEmptyBlocksInterval)
	}
	return nil
}
