package lanes

import (
	"context"
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Accounts knows which sequence an account's next transaction must have.
type Accounts interface {
	GetSequence(ctx context.Context, account sdk.AccAddress) (uint64, error)
}

// Proposals makes blocks of what waits in the pool, and judges blocks that others make.
type Proposals struct {
	pool     *Pool
	accounts Accounts
	decode   sdk.TxDecoder
}

// NewProposals returns the handlers' owner.
func NewProposals(pool *Pool, accounts Accounts, decode sdk.TxDecoder) *Proposals {
	return &Proposals{pool: pool, accounts: accounts, decode: decode}
}

// Prepare fills a block from the pool. What CometBFT offers is not looked at: it holds
// the same transactions in the order of their arrival. No transaction is run: all passed
// CheckTx, and again after the last block, and what is chosen follows on the committed
// sequences. A panic gives an empty block; the SDK would propose what CometBFT offered,
// which everybody rejects.
func (p *Proposals) Prepare(ctx sdk.Context, req *abci.RequestPrepareProposal) (res *abci.ResponsePrepareProposal, err error) {
	defer func() {
		if r := recover(); r != nil {
			ctx.Logger().Error("filling a block panicked; it stays empty", "height", req.Height, "panic", fmt.Sprint(r))
			res, err = &abci.ResponsePrepareProposal{}, nil
		}
	}()
	f := &filling{limits: limitsOf(ctx.ConsensusParams().Block)}
	txs := p.pool.pick(f, upcoming{
		height: req.Height, time: req.Time, most: uint64(max(req.MaxTxBytes, 0)),
		sequence: func(account sdk.AccAddress) (uint64, error) { return p.accounts.GetSequence(ctx, account) },
	})
	return &abci.ResponsePrepareProposal{Txs: txs}, nil
}

// Process rejects a block whose transactions are out of the order of lanes, or ask for more
// than their messages need, or that has more of a lane than its share, or more gas than a
// block may have, or bytes that are no transaction (law M17). It looks at types and sizes
// only, never at state: every node that knows the chain's parameters comes to the same
// answer, so an honest proposal is never rejected. That every transaction is urgent, or
// that none was left out, it can't tell.
func (p *Proposals) Process(ctx sdk.Context, req *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	if err := p.Check(ctx, req.Txs); err != nil {
		ctx.Logger().Error("proposal rejected", "height", req.Height, "proposer", fmt.Sprintf("%X", req.ProposerAddress), "reason", err.Error())
		return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}, nil
	}
	return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
}

// Check returns ErrUnreadable, ErrOrder, ErrShare, ErrTooMuchGas, ErrTooManyItems or
// ErrTooLarge for a block that breaks the rules.
func (p *Proposals) Check(ctx sdk.Context, txs [][]byte) error {
	f := filling{limits: limitsOf(ctx.ConsensusParams().Block)}
	for i, raw := range txs {
		tx, err := p.decode(raw)
		if err != nil {
			return errorsmod.Wrapf(ErrUnreadable, "number %d: %v", i, err)
		}
		msgs, gas := tx.GetMsgs(), gasOf(tx, 0)
		lane := Of(msgs)
		if err := f.limits.check(lane, msgs, gas, uint64(len(raw))); err != nil {
			return errorsmod.Wrapf(err, "number %d", i)
		}
		if err := f.add(lane, gas, sizeInBlock(raw)); err != nil {
			return errorsmod.Wrapf(err, "number %d", i)
		}
	}
	return nil
}
