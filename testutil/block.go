package testutil

import (
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/stretchr/testify/require"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Block is what came out of one block.
type Block struct {
	// Request is what consensus told the application.
	Request *abci.RequestFinalizeBlock
	// Height and Time are the block's own.
	Height int64
	Time   time.Time
	// Results has one entry for each transaction, in order.
	Results []*abci.ExecTxResult
	// Events are those of BeginBlock and EndBlock.
	Events []abci.Event
	// AppHash is the hash of the state after the block.
	AppHash []byte
	// ResultsHash is the hash of what consensus covers of the results: codes,
	// data and gas.
	ResultsHash []byte
	// Duration is how long FinalizeBlock took.
	Duration time.Duration
}

// Block runs one block with these transactions, one block time after the last.
// A failing transaction does not fail the test: see RequireOK and RequireError.
func (a *App) Block(txs ...[]byte) Block {
	a.t.Helper()
	return a.BlockAfter(a.cfg.blockTime, txs...)
}

// BlockAfter runs one block with these transactions, gap after the last block.
func (a *App) BlockAfter(gap time.Duration, txs ...[]byte) Block {
	a.t.Helper()
	return a.run(a.nextBlock(gap, txs))
}

// run executes and commits a block.
func (a *App) run(req *abci.RequestFinalizeBlock) Block {
	a.t.Helper()
	height, now := req.Height, req.Time
	began := time.Now()
	res, err := a.FinalizeBlock(req)
	took := time.Since(began)
	require.NoError(a.t, err)
	_, err = a.Commit()
	require.NoError(a.t, err)
	a.height, a.now = height, now
	clear(a.pending)
	for i, hook := range a.cfg.hooks {
		require.NoErrorf(a.t, hook(a, a.Ctx()), "block hook %d after block %d", i, height)
	}
	block := Block{
		Request: req, Height: height, Time: now, Results: res.TxResults, Events: res.Events, AppHash: res.AppHash,
		ResultsHash: cmttypes.NewResults(res.TxResults).Hash(), Duration: took,
	}
	if a.cfg.record != nil {
		a.cfg.record(block)
	}
	return block
}

// nextBlock is what consensus would tell the application about the next block.
func (a *App) nextBlock(gap time.Duration, txs [][]byte) *abci.RequestFinalizeBlock {
	req := &abci.RequestFinalizeBlock{
		Height: a.height + 1, Time: a.now.Add(gap), Txs: txs, ProposerAddress: a.Proposer(),
	}
	if a.LastBlockHeight() > 0 {
		req.DecidedLastCommit.Votes = []abci.VoteInfo{{
			Validator:   abci.Validator{Address: a.Proposer(), Power: 1},
			BlockIdFlag: cmtproto.BlockIDFlagCommit,
		}}
	}
	return req
}

// TryBlock executes the next block without committing it and returns the error
// that would stop a node. It leaves the application at that block: use it last.
func (a *App) TryBlock(txs ...[]byte) error {
	_, err := a.FinalizeBlock(a.nextBlock(a.cfg.blockTime, txs))
	return err
}

// Advance runs n empty blocks.
func (a *App) Advance(n int) {
	a.t.Helper()
	for range n {
		a.Block()
	}
}

// AdvanceFor runs empty blocks, one block time apart, until at least d has
// passed.
func (a *App) AdvanceFor(d time.Duration) {
	a.t.Helper()
	for end := a.now.Add(d); a.now.Before(end); {
		a.Block()
	}
}

// Deliver runs a block with one transaction of signer and returns its result.
func (a *App) Deliver(signer *Account, msgs ...sdk.Msg) *abci.ExecTxResult {
	a.t.Helper()
	return a.Block(a.Tx(signer, msgs...)).Results[0]
}

// MustDeliver is Deliver for a transaction that must succeed.
func (a *App) MustDeliver(signer *Account, msgs ...sdk.Msg) *abci.ExecTxResult {
	a.t.Helper()
	res := a.Deliver(signer, msgs...)
	a.RequireOK(res)
	return res
}

// Check runs CheckTx on a transaction, as when a node receives it.
func (a *App) Check(tx []byte) *abci.ResponseCheckTx {
	a.t.Helper()
	res, err := a.CheckTx(&abci.RequestCheckTx{Tx: tx, Type: abci.CheckTxType_New})
	require.NoError(a.t, err)
	return res
}

// RequireOK fails the test unless every result is a success.
func (a *App) RequireOK(results ...*abci.ExecTxResult) {
	a.t.Helper()
	for i, res := range results {
		require.Zerof(a.t, res.Code, "transaction %d failed with %s code %d: %s", i, res.Codespace, res.Code, res.Log)
	}
}

// RequireError fails the test unless the result failed with want. Results carry
// an error's codespace and code only, so that is what is compared.
func (a *App) RequireError(want *errorsmod.Error, result *abci.ExecTxResult) {
	a.t.Helper()
	a.requireCode(want, result.Codespace, result.Code, result.Log)
}

// RequireCheckError is RequireError for CheckTx.
func (a *App) RequireCheckError(want *errorsmod.Error, result *abci.ResponseCheckTx) {
	a.t.Helper()
	a.requireCode(want, result.Codespace, result.Code, result.Log)
}

func (a *App) requireCode(want *errorsmod.Error, codespace string, code uint32, text string) {
	a.t.Helper()
	require.NotZerof(a.t, code, "want error %q, but it succeeded", want)
	require.Equalf(a.t, []any{want.Codespace(), want.ABCICode()}, []any{codespace, code}, "want error %q, got: %s", want, text)
}

// MsgResponse decodes the response of the transaction's message at index into
// out.
func (a *App) MsgResponse(result *abci.ExecTxResult, index int, out sdk.Msg) {
	a.t.Helper()
	var data sdk.TxMsgData
	require.NoError(a.t, a.AppCodec().Unmarshal(result.Data, &data))
	require.Greater(a.t, len(data.MsgResponses), index)
	require.NoError(a.t, a.AppCodec().Unmarshal(data.MsgResponses[index].Value, out))
}
