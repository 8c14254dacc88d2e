package lanes

import (
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Proposals makes blocks of what waits in the pool, and judges blocks that others make.
type Proposals struct {
	pool   *Pool
	decode sdk.TxDecoder
}

// NewProposals returns the handlers' owner.
func NewProposals(pool *Pool, decode sdk.TxDecoder) *Proposals {
	return &Proposals{pool: pool, decode: decode}
}

// Prepare fills a block from the pool. What CometBFT offers is not looked at: it holds
// the same transactions in the order of their arrival. No transaction is run: all passed
// CheckTx, and again after the last block, and what is chosen respects sequences.
func (p *Proposals) Prepare(ctx sdk.Context, req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
	f := &filling{limits: limitsOf(ctx.ConsensusParams().Block)}
	return &abci.ResponsePrepareProposal{Txs: p.pool.pick(f, uint64(max(req.MaxTxBytes, 0)))}, nil
}

// Process rejects a block whose transactions are out of the order of lanes, or that has
// more of a lane than its share, or more gas than a block may have, or bytes that are no
// transaction (law M17). It looks at types and sizes only, never at state: every node
// that knows the chain's parameters comes to the same answer, so an honest proposal is
// never rejected. That every transaction is urgent, or that none was left out, it can't
// tell.
func (p *Proposals) Process(ctx sdk.Context, req *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	if err := p.Check(ctx, req.Txs); err != nil {
		ctx.Logger().Error("proposal rejected", "height", req.Height, "proposer", fmt.Sprintf("%X", req.ProposerAddress), "reason", err.Error())
		return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}, nil
	}
	return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
}

// Check returns ErrUnreadable, ErrOrder or ErrShare for a block that breaks the rules.
func (p *Proposals) Check(ctx sdk.Context, txs [][]byte) error {
	f := filling{limits: limitsOf(ctx.ConsensusParams().Block)}
	for i, raw := range txs {
		tx, err := p.decode(raw)
		if err != nil {
			return errorsmod.Wrapf(ErrUnreadable, "number %d: %v", i, err)
		}
		if err := f.add(Of(tx.GetMsgs()), gasOf(tx, 0), sizeInBlock(raw)); err != nil {
			return errorsmod.Wrapf(err, "number %d", i)
		}
	}
	return nil
}

// Recheck refuses what the pool let go, so that CometBFT lets it go too.
func (p *Pool) Recheck(req *abci.RequestCheckTx) error {
	if req.Type == abci.CheckTxType_Recheck && !p.Has(req.Tx) {
		return ErrDropped
	}
	return nil
}
