package keeper

import (
	"context"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/types"
)

// itemError is what a result says of an error; nil for none. Results become part
// of the block's, on which all nodes must agree to the byte: an error without a
// code, whose words may differ between machines, does not speak for itself, and
// goes to the log of the node.
func itemError(ctx context.Context, request string, err error) *types.ItemError {
	if err == nil {
		return nil
	}
	sdk.UnwrapSDKContext(ctx).Logger().Debug("market: an item failed", "request", request, "error", err.Error())
	codespace, code, _ := errorsmod.ABCIInfo(err, false)
	if codespace == errorsmod.UndefinedCodespace {
		err = types.ErrItemFailed
		codespace, code, _ = errorsmod.ABCIInfo(err, false)
	}
	return &types.ItemError{Codespace: codespace, Code: code, Text: types.Truncate(err.Error())}
}

// errorText is itemError for results that hold a text alone; empty for no error.
func errorText(ctx context.Context, request string, err error) string {
	if e := itemError(ctx, request, err); e != nil {
		return e.Text
	}
	return ""
}
