package keeper

import (
	"context"
	"encoding/hex"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// CheckInvariants reports state that contradicts itself: each circuit is named
// by its content, is in its owner's index once and its account holds at least
// the deposit; each use is of a live circuit; each verifier's status is one that
// state may hold. Error: types.ErrInvariant.
func (k *Keeper) CheckInvariants(ctx context.Context) error {
	circuits := 0
	err := k.circuits.Walk(ctx, nil, func(id []byte, c types.Circuit) (bool, error) {
		circuits++
		if c.Id != hex.EncodeToString(id) || c.Id != types.CircuitID(c.Family, c.Curve, c.Key) {
			return true, errorsmod.Wrapf(types.ErrInvariant, "circuit %x is not named by its content", id)
		}
		held := k.bank.GetBalance(ctx, types.CircuitAccount(id), chain.Denom).Amount
		if held.LT(c.Deposit) {
			return true, errorsmod.Wrapf(types.ErrInvariant, "circuit %x holds %s uproof, its deposit is %s", id, held, c.Deposit)
		}
		owner, err := k.accounts.AddressCodec().StringToBytes(c.Owner)
		if err != nil {
			return true, errorsmod.Wrapf(types.ErrInvariant, "circuit %x: owner: %s", id, err)
		}
		return k.indexed(ctx, owner, id)
	})
	if err != nil {
		return err
	}
	entries := 0
	err = k.circuits.Indexes.Owner.Walk(ctx, nil, func(_, _ []byte) (bool, error) {
		entries++
		return false, nil
	})
	if err != nil {
		return err
	}
	if entries != circuits {
		return errorsmod.Wrapf(types.ErrInvariant, "%d circuits, but %d entries in the index by owner", circuits, entries)
	}
	err = k.circuitUses.Walk(ctx, nil, func(use collections.Pair[[]byte, []byte]) (bool, error) {
		has, err := k.circuits.Has(ctx, use.K1())
		if err == nil && !has {
			err = errorsmod.Wrapf(types.ErrInvariant, "use %x of circuit %x, which does not exist", use.K2(), use.K1())
		}
		return err != nil, err
	})
	if err != nil {
		return err
	}
	return k.verifiers.Walk(ctx, nil, func(id string, v types.Verifier) (bool, error) {
		if id != v.Id || types.CheckStatus(v.Status) != nil {
			return true, errorsmod.Wrapf(types.ErrInvariant, "verifier %s has id %s and status %s", id, v.Id, v.Status)
		}
		return false, nil
	})
}

// indexed reports a circuit that is missing from the index by owner.
func (k *Keeper) indexed(ctx context.Context, owner, id []byte) (stop bool, err error) {
	iter, err := k.circuits.Indexes.Owner.Iterate(ctx,
		new(collections.Range[collections.Pair[[]byte, []byte]]).Prefix(collections.Join(owner, id)))
	if err != nil {
		return true, err
	}
	defer iter.Close()
	if !iter.Valid() {
		return true, errorsmod.Wrapf(types.ErrInvariant, "circuit %x is not in the index by owner", id)
	}
	return false, nil
}
