package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/internal/find"
	"github.com/proofmarket/proofmarket/x/internal/ownaccount"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// Register makes addr a prover with a vault of its own, or opens the next
// generation of a retired prover's vault (law S1). Faults, assignment numbers
// and a cause set by the authority pass on to the new generation; nobody sheds
// them by retiring. It fails with ErrAlreadyProver, ErrProverJailed,
// ErrInvalidProfile, ErrInvalidCommission, ErrSelfStakeTooLow, ErrNotAllowed, or
// bank's error when the coins are missing.
func (k *Keeper) Register(
	ctx context.Context, addr sdk.AccAddress, profile types.Profile, commissionBps uint32, selfStake math.Int,
) (types.Vault, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return types.Vault{}, err
	}
	if err := profile.Validate(); err != nil {
		return types.Vault{}, err
	}
	if commissionBps > params.MaxCommissionBps {
		return types.Vault{}, types.ErrInvalidCommission.Wrapf("%d basis points, at most %d are allowed", commissionBps, params.MaxCommissionBps)
	}
	if err := positive("self_stake", selfStake); err != nil {
		return types.Vault{}, err
	}
	if selfStake.LT(params.MinSelfStake) {
		return types.Vault{}, types.ErrSelfStakeTooLow.Wrapf("%s uproof, at least %s are needed", selfStake, params.MinSelfStake)
	}
	if err := k.mayRegister(ctx, addr, params); err != nil {
		return types.Vault{}, err
	}
	p, err := k.candidate(ctx, addr)
	if err != nil {
		return types.Vault{}, err
	}
	p.Generation++
	p.CommissionBps = commissionBps
	if err := k.clearRates(ctx, addr); err != nil {
		return types.Vault{}, err
	}
	v, err := k.openVault(ctx, addr, p, selfStake)
	if err != nil {
		return types.Vault{}, err
	}
	if err := k.provers.Set(ctx, addr, p); err != nil {
		return types.Vault{}, err
	}
	if err := k.profiles.Set(ctx, addr, profile); err != nil {
		return types.Vault{}, err
	}
	account, err := k.text(types.VaultAddress(addr, v.Generation))
	if err != nil {
		return types.Vault{}, err
	}
	return v, events.Emit(ctx, &types.EventRegistered{
		Prover: p.Address, Generation: v.Generation, Denom: v.Denom(), Account: account,
		CommissionBps: commissionBps, SelfStake: selfStake, State: p.State(), Profile: profile,
	})
}

// candidate returns the record that addr registers with: a new one, or what a
// retired prover keeps.
func (k *Keeper) candidate(ctx context.Context, addr sdk.AccAddress) (types.Prover, error) {
	p, err := k.prover(ctx, addr)
	if errors.Is(err, types.ErrProverNotFound) {
		text, err := k.text(addr)
		return types.Prover{Address: text, Load: types.NewLoad(), Breaker: types.NewBreaker()}, err
	}
	if err != nil {
		return p, err
	}
	switch p.State() {
	case types.PROVER_STATE_RETIRED:
	case types.PROVER_STATE_JAILED:
		return p, types.ErrProverJailed.Wrap(p.Address)
	default:
		return p, types.ErrAlreadyProver.Wrap(p.Address)
	}
	p.Retired = false
	p.RemoveCause(types.DEACTIVATION_CAUSE_SELF_STAKE)
	p.RemoveCause(types.DEACTIVATION_CAUSE_OWN_WISH)
	p.RemoveCause(types.DEACTIVATION_CAUSE_BREAKER)
	p.Breaker = p.Breaker.Forget() // its limits stay, they are the stake key's
	return p, nil
}

// openVault opens the account of the prover's current generation and puts the
// first stake into it (laws S3, S12).
func (k *Keeper) openVault(ctx context.Context, addr sdk.AccAddress, p types.Prover, selfStake math.Int) (types.Vault, error) {
	v := types.NewVault(p.Address, p.Generation)
	if err := checkDenom(v.Denom()); err != nil {
		return v, err
	}
	plan, err := v.Figures().Stake(selfStake, math.ZeroInt())
	if err != nil {
		return v, vaultError(err)
	}
	v.SetFigures(plan.Vault)
	ownaccount.Open(ctx, k.ak, types.VaultAddress(addr, v.Generation))
	k.bk.SetDenomMetaData(ctx, shareMetadata(v))
	if err := k.deposit(ctx, addr, addr, v, plan.Takes, plan.Shares); err != nil {
		return v, err
	}
	return v, k.saveVault(ctx, addr, v)
}

// checkDenom returns ErrInvalidAddress for a prover whose address is too long for
// the bank to know shares by it.
func checkDenom(denom string) error {
	if err := sdk.ValidateDenom(denom); err != nil {
		return types.ErrInvalidAddress.Wrap(err.Error())
	}
	return nil
}

// deposit moves a stake into the vault's account and shares to the staker.
func (k *Keeper) deposit(ctx context.Context, prover, staker sdk.AccAddress, v types.Vault, takes, shares math.Int) error {
	if err := k.bk.SendCoins(ctx, staker, types.VaultAddress(prover, v.Generation), chain.Coins(takes)); err != nil {
		return err
	}
	return k.mint(ctx, staker, sdk.NewCoin(v.Denom(), shares))
}

// shareMetadata describes a vault's shares to wallets. Its texts come from the
// address, never from the profile: a name in a wallet must not be the prover's
// to choose.
func shareMetadata(v types.Vault) banktypes.Metadata {
	denom := v.Denom()
	return banktypes.Metadata{
		Description: "Shares of a Proofmarket prover's vault",
		DenomUnits:  []*banktypes.DenomUnit{{Denom: denom, Exponent: 0}},
		Base:        denom,
		Display:     denom,
		Name:        denom,
		Symbol:      denom,
	}
}

// Find reads the record of a prover in any state but RETIRED; false if addr is none.
func (k *Keeper) Find(ctx context.Context, addr sdk.AccAddress) (record types.Prover, is bool, err error) {
	p, found, err := find.In(ctx, k.kv, k.provers, addr) // submitters are none
	return p, found && p.State() != types.PROVER_STATE_RETIRED, err
}

// positive returns ErrInvalidAmount unless amount is.
func positive(name string, amount math.Int) error {
	if amount.IsNil() || !amount.IsPositive() {
		return types.ErrInvalidAmount.Wrapf("%s is %s, it must be more than 0", name, amount)
	}
	return nil
}

// notNegative returns ErrInvalidAmount for a negative amount, and zero for one
// that was left out.
func notNegative(name string, amount math.Int) (math.Int, error) {
	if amount.IsNil() {
		return math.ZeroInt(), nil
	}
	if amount.IsNegative() {
		return amount, types.ErrInvalidAmount.Wrapf("%s is %s, it must not be negative", name, amount)
	}
	return amount, nil
}
