// Package determinism replays recorded blocks on nodes that execute them in different
// ways, and tells what came of each block: nodes of one network must agree on that to
// the last bit.
package determinism

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"fmt"
	"os"

	abci "github.com/cometbft/cometbft/abci/types"
	cmttypes "github.com/cometbft/cometbft/types"
)

// Record is what consensus told an application, and what came of it. An import starts
// a chain of its own.
type Record struct{ Chains []Chain }

// Chain is a genesis and the blocks after it.
type Chain struct {
	Init   []byte // an encoded abci.RequestInitChain
	Blocks []Block
}

// Block is a block and what came of it.
type Block struct {
	Request []byte // an encoded abci.RequestFinalizeBlock
	Failed  int    // how many of its transactions failed
	Outcome Outcome
}

// Outcome is what nodes have to agree on after a block.
type Outcome struct {
	// Height is the block's.
	Height int64
	// AppHash is the hash of the state.
	AppHash []byte
	// ResultsHash is the hash of what consensus covers of the results: codes, data and
	// gas.
	ResultsHash []byte
	// OutputHash is the hash of all that the block put out, so of events and logs too,
	// on which indexers and clients rely.
	OutputHash []byte
}

// NewOutcome is the outcome of a block with these results and events.
func NewOutcome(height int64, appHash []byte, results []*abci.ExecTxResult, events []abci.Event) (Outcome, error) {
	output, err := (&abci.ResponseFinalizeBlock{TxResults: results, Events: events}).Marshal()
	if err != nil {
		return Outcome{}, err
	}
	sum := sha256.Sum256(output)
	return Outcome{
		Height: height, AppHash: bytes.Clone(appHash), ResultsHash: cmttypes.NewResults(results).Hash(), OutputHash: sum[:],
	}, nil
}

// String is the outcome on one line.
func (o Outcome) String() string {
	return fmt.Sprintf("height %d app %X results %X output %X", o.Height, o.AppHash, o.ResultsHash, o.OutputHash)
}

// Start begins a chain.
func (r *Record) Start(req *abci.RequestInitChain) error {
	bz, err := req.Marshal()
	if err != nil {
		return err
	}
	r.Chains = append(r.Chains, Chain{Init: bz})
	return nil
}

// Add adds a block to the chain that was started last.
func (r *Record) Add(req *abci.RequestFinalizeBlock, results []*abci.ExecTxResult, outcome Outcome) error {
	bz, err := req.Marshal()
	if err != nil {
		return err
	}
	failed := 0
	for _, result := range results {
		if result.IsErr() {
			failed++
		}
	}
	last := &r.Chains[len(r.Chains)-1]
	last.Blocks = append(last.Blocks, Block{Request: bz, Failed: failed, Outcome: outcome})
	return nil
}

// Outcomes lists the outcomes of all blocks, chain after chain.
func (r *Record) Outcomes() (list []Outcome) {
	for _, c := range r.Chains {
		for _, b := range c.Blocks {
			list = append(list, b.Outcome)
		}
	}
	return list
}

// Failed counts the transactions that failed.
func (r *Record) Failed() (n int) {
	for _, c := range r.Chains {
		for _, b := range c.Blocks {
			n += b.Failed
		}
	}
	return n
}

// Write writes the record to a file.
func (r *Record) Write(path string) error {
	var bz bytes.Buffer
	if err := gob.NewEncoder(&bz).Encode(r); err != nil {
		return err
	}
	return os.WriteFile(path, bz.Bytes(), 0o600)
}

// Read reads a record from a file.
func Read(path string) (*Record, error) {
	bz, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var r Record
	if err := gob.NewDecoder(bytes.NewReader(bz)).Decode(&r); err != nil {
		return nil, err
	}
	return &r, nil
}
