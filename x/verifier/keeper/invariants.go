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
// state may hold; each key is some verifier's or circuit's; each restriction is
// well formed, and that of a verifier is of one that exists; the revoked targets are
// as many as counted; programs as checkPrograms says. Error: types.ErrInvariant.
func (k *Keeper) CheckInvariants(ctx context.Context) error {
	for _, check := range []func(context.Context) error{
		k.checkCircuits, k.checkUses, k.checkVerifiers, k.checkRestrictions, k.checkRevocations, k.checkPrograms,
	} {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) checkCircuits(ctx context.Context) error {
	circuits := 0
	err := k.circuits.Walk(ctx, nil, func(id []byte, c types.Circuit) (bool, error) {
		circuits++
		key, err := k.circuitKeys.Get(ctx, id)
		if err != nil {
			return true, errorsmod.Wrapf(types.ErrInvariant, "circuit %x: key: %s", id, err)
		}
		if len(c.Key) > 0 || c.Id != hex.EncodeToString(id) || c.Id != types.CircuitID(c.Family, c.Curve, key) {
			return true, errorsmod.Wrapf(types.ErrInvariant, "circuit %x is not named by its content, or holds its key twice", id)
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
	keys, err := count(ctx, k.circuitKeys)
	if err == nil && keys != circuits {
		err = errorsmod.Wrapf(types.ErrInvariant, "%d circuits, but %d keys", circuits, keys)
	}
	return err
}

func (k *Keeper) checkUses(ctx context.Context) error {
	return k.circuitUses.Walk(ctx, nil, func(use collections.Pair[[]byte, []byte]) (bool, error) {
		has, err := k.circuits.Has(ctx, use.K1())
		if err == nil && !has {
			err = errorsmod.Wrapf(types.ErrInvariant, "use %x of circuit %x, which does not exist", use.K2(), use.K1())
		}
		return err != nil, err
	})
}

func (k *Keeper) checkVerifiers(ctx context.Context) error {
	verifiers := 0
	err := k.verifiers.Walk(ctx, nil, func(id string, v types.Verifier) (bool, error) {
		verifiers++
		if id != v.Id || types.CheckStatus(v.Status) != nil || len(v.Key) > 0 {
			return true, errorsmod.Wrapf(types.ErrInvariant, "verifier %s has id %s, status %s and %d bytes of key", id, v.Id, v.Status, len(v.Key))
		}
		has, err := k.verifierKeys.Has(ctx, id)
		if err == nil && !has {
			err = errorsmod.Wrapf(types.ErrInvariant, "verifier %s has no key", id)
		}
		return err != nil, err
	})
	if err != nil {
		return err
	}
	keys, err := count(ctx, k.verifierKeys)
	if err == nil && keys != verifiers {
		err = errorsmod.Wrapf(types.ErrInvariant, "%d verifiers, but %d keys", verifiers, keys)
	}
	return err
}

func (k *Keeper) checkRestrictions(ctx context.Context) error {
	some, err := k.anyRestriction(ctx)
	if err != nil {
		return err
	}
	marked, err := k.restricted.Has(ctx)
	if err != nil {
		return err
	}
	if marked != some {
		return errorsmod.Wrapf(types.ErrInvariant, "there are restrictions: %t, and the mark says %t", some, marked)
	}
	return k.restrictions.Walk(ctx, nil, func(key collections.Pair[uint32, string], r types.Restriction) (bool, error) {
		name := r.Target.Describe()
		if key.K1() != uint32(r.Target.Kind) || key.K2() != r.Target.Id {
			return true, errorsmod.Wrapf(types.ErrInvariant, "the restriction of %s is kept under kind %d, id %s", name, key.K1(), key.K2())
		}
		if err := r.Validate(); err != nil {
			return true, errorsmod.Wrap(types.ErrInvariant, err.Error())
		}
		if r.Target.Kind != types.TARGET_KIND_VERIFIER {
			return false, nil
		}
		v, err := k.getVerifier(ctx, r.Target.Id)
		if err != nil {
			return true, errorsmod.Wrapf(types.ErrInvariant, "restriction of %s: %s", name, err)
		}
		if v.Status == types.VERIFIER_STATUS_REVOKED && r.Suspended() {
			return true, errorsmod.Wrapf(types.ErrInvariant, "%s is revoked, and its suspension goes on", name)
		}
		return false, nil
	})
}

func (k *Keeper) checkRevocations(ctx context.Context) error {
	counted, err := k.Revocations(ctx)
	if err != nil {
		return err
	}
	found, err := k.countRevocations(ctx)
	if err == nil && found != counted {
		err = errorsmod.Wrapf(types.ErrInvariant, "%d revocations are counted, %d targets are revoked", counted, found)
	}
	return err
}

// count counts the entries of a collection.
func count[K, V any](ctx context.Context, m collections.Map[K, V]) (n int, err error) {
	err = m.Walk(ctx, nil, func(K, V) (bool, error) {
		n++
		return false, nil
	})
	return n, err
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
