package keeper

import (
	"context"
	"errors"
	"slices"
	"time"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/staking/types"
	"github.com/proofmarket/proofmarket/x/staking/vault"
)

// now is the block's time.
func now(ctx context.Context) time.Time { return sdk.UnwrapSDKContext(ctx).BlockTime() }

// address decodes a bech32 address. It fails with ErrInvalidAddress.
func (k *Keeper) address(text string) (sdk.AccAddress, error) {
	raw, err := k.ak.AddressCodec().StringToBytes(text)
	if err != nil {
		return nil, types.ErrInvalidAddress.Wrapf("%.100q: %.200s", text, err.Error())
	}
	return raw, nil
}

// text is the one canonical form of an address: records and denoms hold no
// other, whatever case the sender used.
func (k *Keeper) text(addr sdk.AccAddress) (string, error) {
	text, err := k.ak.AddressCodec().BytesToString(addr)
	if err != nil {
		return "", types.ErrInvalidAddress.Wrap(err.Error())
	}
	return text, nil
}

// prover loads a prover. It fails with ErrProverNotFound.
func (k *Keeper) prover(ctx context.Context, addr sdk.AccAddress) (types.Prover, error) {
	p, err := k.provers.Get(ctx, addr)
	if errors.Is(err, collections.ErrNotFound) {
		return p, types.ErrProverNotFound.Wrap(addr.String())
	}
	return p, err
}

// saveProver stores a prover and tells if its state or its causes changed.
func (k *Keeper) saveProver(ctx context.Context, addr sdk.AccAddress, old, p types.Prover, reason string) error {
	if old.State() != p.State() {
		// Stake-time counts in one state only (law S10).
		if err := k.settle(ctx, addr); err != nil {
			return err
		}
	}
	if err := k.provers.Set(ctx, addr, p); err != nil {
		return err
	}
	if old.State() == p.State() && slices.Equal(old.Causes, p.Causes) && old.Retired == p.Retired {
		return nil
	}
	if err := k.dirty.Set(ctx, vaultKey(addr, p.Generation)); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventStateChanged{
		Prover: p.Address, Generation: p.Generation, Before: old.State(), After: p.State(),
		Causes: p.Causes, Faults: p.Faults, Reason: reason,
	})
}

// vault loads a vault as of the block's time: what has vested counts as assets.
// It fails with ErrVaultNotFound.
func (k *Keeper) vault(ctx context.Context, addr sdk.AccAddress, generation uint64) (types.Vault, error) {
	v, err := k.vaults.Get(ctx, vaultKey(addr, generation))
	if errors.Is(err, collections.ErrNotFound) {
		return v, types.ErrVaultNotFound.Wrapf("%s has no generation %d", addr, generation)
	}
	if err != nil {
		return v, err
	}
	figures, err := v.Figures().At(now(ctx))
	if err != nil {
		return v, vaultError(err)
	}
	v.SetFigures(figures)
	return v, nil
}

// vaultOf loads the vault that a message names, where generation 0 stands for
// the prover's current one.
func (k *Keeper) vaultOf(ctx context.Context, addr sdk.AccAddress, generation uint64) (types.Prover, types.Vault, error) {
	p, err := k.prover(ctx, addr)
	if err != nil {
		return p, types.Vault{}, err
	}
	if generation == 0 {
		generation = p.Generation
	}
	v, err := k.vault(ctx, addr, generation)
	return p, v, err
}

// saveVault stores a vault, once what it held until now is in the prover's
// figures of the epoch (law S10).
func (k *Keeper) saveVault(ctx context.Context, addr sdk.AccAddress, v types.Vault) error {
	if err := k.settle(ctx, addr); err != nil {
		return err
	}
	return k.putVault(ctx, addr, v)
}

// putVault stores a vault and marks it for totals and ranking, which the end of
// the block brings up to date: no transaction writes a sum (law M18).
func (k *Keeper) putVault(ctx context.Context, addr sdk.AccAddress, v types.Vault) error {
	key := vaultKey(addr, v.Generation)
	if err := k.vaults.Set(ctx, key, v); err != nil {
		return err
	}
	return k.dirty.Set(ctx, key)
}

// vaultError gives an error of package vault the module's code.
func vaultError(err error) error {
	codes := []struct {
		cause error
		code  *errorsmod.Error
	}{
		{vault.ErrClosed, types.ErrVaultClosed},
		{vault.ErrTooSmall, types.ErrAmountTooSmall},
		{vault.ErrMinOut, types.ErrMinOut},
		{vault.ErrTooMuch, types.ErrTooFewShares},
		{vault.ErrOverflow, types.ErrInvalidAmount},
		{vault.ErrInvalid, types.ErrInvalidAmount},
	}
	for _, c := range codes {
		if errors.Is(err, c.cause) {
			return c.code.Wrap(err.Error())
		}
	}
	return err
}

// ownShares returns how many shares of the vault addr holds.
func (k *Keeper) ownShares(ctx context.Context, addr sdk.AccAddress, v types.Vault) math.Int {
	return k.bk.GetBalance(ctx, addr, v.Denom()).Amount
}

// selfStake returns the value of the prover's own shares.
func (k *Keeper) selfStake(ctx context.Context, addr sdk.AccAddress, v types.Vault) (math.Int, error) {
	value, err := v.Figures().Value(k.ownShares(ctx, addr, v))
	return value, vaultError(err)
}

// addUnstake stores a new entry, with its index and its place in the queue.
func (k *Keeper) addUnstake(ctx context.Context, prover, staker sdk.AccAddress, u types.Unstake) error {
	if err := k.unstakes.Set(ctx, collections.Join3(prover, u.Generation, u.Id), u); err != nil {
		return err
	}
	if err := k.byStaker.Set(ctx, collections.Join4(staker, prover, u.Generation, u.Id)); err != nil {
		return err
	}
	if err := k.countOpen(ctx, staker, prover, 1); err != nil {
		return err
	}
	return k.enlist(ctx, prover, u)
}

// countOpen keeps the number of a staker's entries with a prover.
func (k *Keeper) countOpen(ctx context.Context, staker, prover sdk.AccAddress, change int64) error {
	key := collections.Join(staker, prover)
	open, err := k.openUnstakes.Get(ctx, key)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	after := int64(open) + change
	if after <= 0 {
		return k.openUnstakes.Remove(ctx, key)
	}
	return k.openUnstakes.Set(ctx, key, uint64(after))
}

// moveUnstake takes an entry from where it waits to where status says.
func (k *Keeper) moveUnstake(ctx context.Context, prover sdk.AccAddress, u types.Unstake, status types.UnstakeStatus) error {
	if err := k.delist(ctx, prover, u); err != nil {
		return err
	}
	u.Status = status
	if err := k.unstakes.Set(ctx, collections.Join3(prover, u.Generation, u.Id), u); err != nil {
		return err
	}
	return k.enlist(ctx, prover, u)
}

// removeUnstake deletes an entry with everything that points to it.
func (k *Keeper) removeUnstake(ctx context.Context, prover sdk.AccAddress, u types.Unstake) error {
	if err := k.delist(ctx, prover, u); err != nil {
		return err
	}
	staker, err := k.address(u.Staker)
	if err != nil {
		return err
	}
	if err := k.byStaker.Remove(ctx, collections.Join4(staker, prover, u.Generation, u.Id)); err != nil {
		return err
	}
	if err := k.countOpen(ctx, staker, prover, -1); err != nil {
		return err
	}
	return k.unstakes.Remove(ctx, collections.Join3(prover, u.Generation, u.Id))
}

// enlist puts an entry where its status says.
func (k *Keeper) enlist(ctx context.Context, prover sdk.AccAddress, u types.Unstake) error {
	switch u.Status {
	case types.UNSTAKE_STATUS_QUEUED:
		if err := k.lowerHead(ctx, headUnstakes, u.ReadyAt); err != nil {
			return err
		}
		return k.queue.Set(ctx, queueKey(prover, u))
	case types.UNSTAKE_STATUS_PARKED:
		if err := k.countParked(ctx, prover, 1); err != nil {
			return err
		}
		return k.parked.Set(ctx, parkedKey(prover, u))
	default:
		return k.failed.Set(ctx, collections.Join3(prover, u.Generation, u.Id))
	}
}

// delist takes an entry from where its status says.
func (k *Keeper) delist(ctx context.Context, prover sdk.AccAddress, u types.Unstake) error {
	switch u.Status {
	case types.UNSTAKE_STATUS_QUEUED:
		return k.queue.Remove(ctx, queueKey(prover, u))
	case types.UNSTAKE_STATUS_PARKED:
		if err := k.countParked(ctx, prover, -1); err != nil {
			return err
		}
		return k.parked.Remove(ctx, parkedKey(prover, u))
	default:
		return k.failed.Remove(ctx, collections.Join3(prover, u.Generation, u.Id))
	}
}

// countParked keeps the number that tells a closing assignment whether anybody
// waits for it, so that it need not look into the parked set.
func (k *Keeper) countParked(ctx context.Context, prover sdk.AccAddress, change int64) error {
	p, err := k.prover(ctx, prover)
	if err != nil {
		return err
	}
	p.Load.ParkedUnstakes = uint64(int64(p.Load.ParkedUnstakes) + change)
	return k.provers.Set(ctx, prover, p)
}

func queueKey(prover sdk.AccAddress, u types.Unstake) QueueKey {
	return collections.Join4(u.ReadyAt.UnixNano(), prover, u.Generation, u.Id)
}

func parkedKey(prover sdk.AccAddress, u types.Unstake) ParkedKey {
	return collections.Join4(prover, u.Mark, u.Generation, u.Id)
}

func vaultKey(prover sdk.AccAddress, generation uint64) VaultKey {
	return collections.Join(prover, generation)
}
