package determinism

import (
	"fmt"
	"path/filepath"

	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"

	"cosmossdk.io/log/v2"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/server"
	serverconfig "github.com/cosmos/cosmos-sdk/server/config"
	pruningtypes "github.com/cosmos/cosmos-sdk/store/v2/pruning/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/internal/chain"
)

// Node is a way to execute blocks.
type Node struct {
	// Workers is how many transactions Block-STM executes at a time; zero is the
	// sequential executor.
	Workers int
	// Home is the node's folder.
	Home string
	// Disk keeps the state on disk, and stops and opens the node anew in the middle of
	// every chain; without, state is kept in memory.
	Disk bool
	// Check lets the first half of each block's transactions through CheckTx before the
	// block, as those have been that reached this node ahead of it.
	Check bool
}

// Replay executes the record's blocks and returns what came of each.
func (n Node) Replay(r *Record) (list []Outcome, err error) {
	chain.ConfigureBech32()
	for i, c := range r.Chains {
		list, err = n.replayChain(c, fmt.Sprint("chain", i), list)
		if err != nil {
			return nil, fmt.Errorf("chain %d: %w", i, err)
		}
	}
	return list, nil
}

func (n Node) replayChain(c Chain, name string, list []Outcome) (_ []Outcome, err error) {
	var init abci.RequestInitChain
	if err := init.Unmarshal(c.Init); err != nil {
		return nil, err
	}
	a, err := n.open(name, init.ChainId)
	if err != nil {
		return nil, err
	}
	defer func() { _ = a.Close() }()
	if _, err := a.InitChain(&init); err != nil {
		return nil, err
	}
	for i, b := range c.Blocks {
		if n.Disk && i > 0 && i == len(c.Blocks)/2 {
			if err := a.Close(); err != nil {
				return nil, err
			}
			if a, err = n.open(name, init.ChainId); err != nil {
				return nil, err
			}
		}
		outcome, err := n.replayBlock(a, b)
		if err != nil {
			return nil, fmt.Errorf("block %d: %w", b.Outcome.Height, err)
		}
		list = append(list, outcome)
	}
	return list, nil
}

func (n Node) replayBlock(a *app.App, b Block) (Outcome, error) {
	var req abci.RequestFinalizeBlock
	if err := req.Unmarshal(b.Request); err != nil {
		return Outcome{}, err
	}
	if n.Check {
		for _, tx := range req.Txs[:len(req.Txs)/2] {
			if _, err := a.CheckTx(&abci.RequestCheckTx{Tx: tx, Type: abci.CheckTxType_New}); err != nil {
				return Outcome{}, err
			}
		}
	}
	res, err := a.FinalizeBlock(&req)
	if err != nil {
		return Outcome{}, err
	}
	if _, err := a.Commit(); err != nil {
		return Outcome{}, err
	}
	return NewOutcome(req.Height, res.AppHash, res.TxResults, res.Events)
}

// open opens the node of one chain over its database, which Close closes.
func (n Node) open(name, chainID string) (*app.App, error) {
	var db dbm.DB = dbm.NewMemDB()
	if n.Disk {
		var err error
		if db, err = dbm.NewGoLevelDB(name, filepath.Join(n.Home, "data"), nil); err != nil {
			return nil, err
		}
	}
	set := options{flags.FlagHome: n.Home, server.FlagBlockExecutor: serverconfig.BlockExecutorSequential}
	if n.Workers > 0 {
		set[server.FlagBlockExecutor], set[server.FlagBlockSTMWorkers] = serverconfig.BlockExecutorBlockSTM, n.Workers
	}
	return app.New(log.NewNopLogger(), db, true, set, baseapp.SetChainID(chainID),
		baseapp.SetPruning(pruningtypes.NewCustomPruningOptions(20, 10)), baseapp.SetIAVLSyncPruning(true))
}

// options is a node's configuration.
type options map[string]any

// Get implements servertypes.AppOptions.
func (o options) Get(key string) any { return o[key] }
