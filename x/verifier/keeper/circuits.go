package keeper

import (
	"context"
	"encoding/hex"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/internal/ownaccount"
	"github.com/proofmarket/proofmarket/x/internal/treasury"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// parseNew checks a key that is to be registered, in the order of law V4: size,
// gas, parse. The prepared key is kept for its first proof.
func (k *Keeper) parseNew(ctx context.Context, f proof.Family, curve string, key []byte, constants []proof.Constant) error {
	if err := proof.CheckConstants(constants); err != nil {
		return errorsmod.Wrap(types.ErrInvalidVerifier, err.Error())
	}
	shape, err := f.Shape(curve, key)
	if err != nil {
		return types.FromKey(err)
	}
	sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(types.PrepareGas(shape), "parse verifying key")
	_, err = k.prepare(keySource{family: f, curve: curve, key: key, constants: constants})
	return err
}

// RegisterCircuit registers a key as a circuit of owner against the deposit (law
// V2) and returns its id. Errors: types.ErrUnknownFamily, ErrKeyTooLarge,
// ErrInvalidKey, ErrCircuitExists, ErrRevoked, and bank's when owner cannot pay.
func (k *Keeper) RegisterCircuit(ctx context.Context, owner sdk.AccAddress, family, curve string, key []byte) (string, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return "", err
	}
	if len(key) > int(params.MaxKeySize) {
		return "", errorsmod.Wrapf(types.ErrKeyTooLarge, "%d bytes, at most %d are allowed", len(key), params.MaxKeySize)
	}
	f, err := types.GetCircuitFamily(family)
	if err != nil {
		return "", err
	}
	if err := k.parseNew(ctx, f, curve, key, nil); err != nil {
		return "", err
	}
	id := proof.CircuitID(family, curve, key)
	if has, err := k.circuits.Has(ctx, id[:]); err != nil {
		return "", err
	} else if has {
		return "", errorsmod.Wrapf(types.ErrCircuitExists, "%x; anyone may use it", id)
	}
	// What is laid on a circuit outlives its withdrawal (law V1).
	if err := k.notRevoked(ctx, types.CircuitTarget(hex.EncodeToString(id[:]))); err != nil {
		return "", err
	}
	if err := k.notRevoked(ctx, types.FamilyTarget(family)); err != nil {
		return "", err
	}
	ownerText, err := k.accounts.AddressCodec().BytesToString(owner)
	if err != nil {
		return "", err
	}
	if err := k.takeDeposit(ctx, types.CircuitAccount(id[:]), owner, params.CircuitDeposit); err != nil {
		return "", err
	}
	c := types.Circuit{
		Id: hex.EncodeToString(id[:]), Family: family, Curve: curve, Key: key, Owner: ownerText,
		Deposit: params.CircuitDeposit, AddedHeight: sdk.UnwrapSDKContext(ctx).BlockHeight(),
	}
	if err := k.setCircuit(ctx, c); err != nil {
		return "", err
	}
	return c.Id, events.Emit(ctx, &types.EventCircuitRegistered{
		CircuitId: c.Id, Owner: c.Owner, Family: family, Curve: curve, Deposit: c.Deposit,
	})
}

// WithdrawCircuit removes a circuit that nothing uses and returns its deposit
// (law V2). Coins that others sent to its account go to the treasury. Errors:
// types.ErrCircuitNotFound, ErrNotOwner, ErrCircuitInUse.
func (k *Keeper) WithdrawCircuit(ctx context.Context, owner sdk.AccAddress, id []byte) error {
	c, err := k.getCircuit(ctx, id)
	if err != nil {
		return err
	}
	recorded, err := k.accounts.AddressCodec().StringToBytes(c.Owner)
	if err != nil {
		return err
	}
	if !owner.Equals(sdk.AccAddress(recorded)) {
		return errorsmod.Wrapf(types.ErrNotOwner, "circuit %s belongs to %s", c.Id, c.Owner)
	}
	if used, err := k.inUse(ctx, id); err != nil {
		return err
	} else if used {
		return errorsmod.Wrapf(types.ErrCircuitInUse, "circuit %s: wait until the open requests that name it have ended", c.Id)
	}
	if err := k.returnDeposit(ctx, types.CircuitAccount(id), owner, c.Deposit); err != nil {
		return err
	}
	if err := k.removeCircuit(ctx, id); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventCircuitWithdrawn{CircuitId: c.Id, Owner: c.Owner, Deposit: c.Deposit})
}

// takeDeposit opens the account that holds a deposit and moves the deposit there.
func (k *Keeper) takeDeposit(ctx context.Context, account, owner sdk.AccAddress, deposit math.Int) error {
	ownaccount.Open(ctx, k.accounts, account)
	return k.send(ctx, owner, account, deposit)
}

// returnDeposit closes the account that holds a deposit: the deposit goes back to
// its owner, what others sent there to the treasury.
func (k *Keeper) returnDeposit(ctx context.Context, account, owner sdk.AccAddress, deposit math.Int) error {
	if err := k.send(ctx, account, owner, deposit); err != nil {
		return err
	}
	surplus := ownaccount.Surplus(ctx, k.bank, account, chain.Denom)
	if err := treasury.Collect(ctx, k.bank, account, types.ModuleName, chain.Denom, surplus); err != nil {
		return err
	}
	ownaccount.Close(ctx, k.accounts, account)
	return nil
}

// send moves amount uproof; nothing for zero.
func (k *Keeper) send(ctx context.Context, from, to sdk.AccAddress, amount math.Int) error {
	if amount.IsZero() {
		return nil
	}
	return k.bank.SendCoins(ctx, from, to, sdk.NewCoins(sdk.NewCoin(chain.Denom, amount)))
}
