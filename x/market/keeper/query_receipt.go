package keeper

import (
	"context"
	"encoding/hex"
	"errors"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// Receipt gives the receipt of a finished request (law M15).
func (q queryServer) Receipt(ctx context.Context, req *types.QueryReceiptRequest) (*types.QueryReceiptResponse, error) {
	if req == nil {
		return nil, errEmpty
	}
	id, err := types.ParseID(req.RequestId)
	if err != nil {
		return nil, err
	}
	view, err := q.k.receiptView(ctx, id)
	return &types.QueryReceiptResponse{Receipt: view}, err
}

// ReceiptByStatement gives the receipt of the request that first proved a statement
// (law M15).
func (q queryServer) ReceiptByStatement(ctx context.Context, req *types.QueryReceiptByStatementRequest) (*types.QueryReceiptByStatementResponse, error) {
	if req == nil {
		return nil, errEmpty
	}
	st := verifiertypes.Statement{Verifier: req.Verifier, Program: req.Program, Digest: req.Digest}
	program, digest, err := st.Decode()
	if err != nil {
		return nil, errorsmod.Wrap(types.ErrInvalidQuery, err.Error())
	}
	key, err := auction.StatementKey(req.Verifier, program[:], digest[:])
	if err != nil {
		return nil, errorsmod.Wrap(types.ErrInvalidQuery, err.Error())
	}
	id, err := q.k.statements.Get(ctx, key[:])
	if errors.Is(err, collections.ErrNotFound) {
		return nil, errorsmod.Wrap(types.ErrNoReceipt, "nobody has proved this statement here")
	}
	if err != nil {
		return nil, err
	}
	view, err := q.k.receiptView(ctx, id)
	return &types.QueryReceiptByStatementResponse{Receipt: view}, err
}

// receiptView gives the receipt of a request, whether it has shrunk or not. It
// returns ErrNoReceipt, or ErrRequestNotFound.
func (k *Keeper) receiptView(ctx context.Context, id []byte) (types.ReceiptView, error) {
	receipt, err := k.receipts.Get(ctx, id)
	retained := errors.Is(err, collections.ErrNotFound)
	if retained {
		e, failure := k.load(ctx, id)
		if failure != nil {
			return types.ReceiptView{}, failure
		}
		if e.auction.Status == types.REQUEST_STATUS_PENDING {
			return types.ReceiptView{}, errorsmod.Wrapf(types.ErrNoReceipt, "request %s has not ended", e.request.Id)
		}
		receipt, err = k.receiptOf(ctx, e)
	}
	if err != nil {
		return types.ReceiptView{}, err
	}
	view := types.ReceiptView{
		RequestId: types.FormatID(id), Status: receipt.EndReason.Status(), EndReason: receipt.EndReason,
		Statement: verifiertypes.Statement{
			Verifier: receipt.Verifier, Program: hex.EncodeToString(receipt.Program), Digest: hex.EncodeToString(receipt.Digest),
		},
		Price: receipt.Price, EndHeight: receipt.EndHeight, ProofHash: hex.EncodeToString(receipt.ProofHash), Retained: retained,
	}
	if view.Requester, err = k.format(receipt.Requester); err != nil || len(receipt.Prover) == 0 {
		return view, err
	}
	view.Prover, err = k.format(receipt.Prover)
	return view, err
}
