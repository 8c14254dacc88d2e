package keeper

import (
	"context"
	"errors"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
	stakingtypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// actor is a prover that somebody acts for.
type actor struct {
	prover sdk.AccAddress
	// record is the prover's, if it was read already.
	record *stakingtypes.Prover
}

// standing tells how the prover stands.
func (k *Keeper) standing(ctx context.Context, a actor) (stakingtypes.Standing, error) {
	if a.record == nil {
		return k.provers.Standing(ctx, a.prover)
	}
	return k.provers.StandingOf(ctx, a.prover, *a.record)
}

// actingFor says for which prover the signer acts (law M3): a prover acts for
// itself, a submitter for the prover that it is registered to in that prover's
// present vault generation. It returns ErrNotAProver.
func (k *Keeper) actingFor(ctx context.Context, signer sdk.AccAddress) (actor, error) {
	if record, is, err := k.provers.Find(ctx, signer); err != nil || is {
		return actor{signer, &record}, err
	}
	prover, live, err := k.linkedTo(ctx, signer)
	if err != nil {
		return actor{}, err
	}
	if !live {
		return actor{}, errorsmod.Wrapf(types.ErrNotAProver, "%s; register as a prover, or have a prover register this address as its submitter", signer)
	}
	return prover, nil
}

// linkedTo gives the prover that the submitter's link names; false if there is no link or
// it has lapsed with the prover's vault generation.
func (k *Keeper) linkedTo(ctx context.Context, submitter sdk.AccAddress) (actor, bool, error) {
	link, found, err := k.getLink(ctx, submitter)
	if err != nil || !found {
		return actor{}, false, err
	}
	prover, err := k.address("prover", link.Prover)
	if err != nil {
		return actor{}, false, err
	}
	record, is, err := k.provers.Find(ctx, prover)
	return actor{prover, &record}, is && record.Generation == link.Generation, err
}

// conditions gives every condition of law M4 for the prover and the request.
func (k *Keeper) conditions(ctx context.Context, standing stakingtypes.Standing, minStake, penalty math.Int) ([]auction.Condition, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	conditions, err := auction.Eligibility(figures(standing), auction.Ask{MinStake: minStake, Penalty: penalty, OvercommitBps: params.OvercommitBps})
	if err != nil {
		return nil, errorsmod.Wrap(types.ErrInvalidAmount, err.Error())
	}
	return conditions, nil
}

// figures puts a prover's standing into the form that the pure core works on.
func figures(standing stakingtypes.Standing) auction.Figures {
	return auction.Figures{
		Active:        standing.State == stakingtypes.PROVER_STATE_ACTIVE,
		SelfStake:     standing.SelfStake,
		MinSelfStake:  standing.MinSelfStake,
		Assets:        standing.Assets,
		AssignedStake: standing.AssignedStake,
		Exposure:      standing.Exposure,
		MaxExposure:   standing.MaxExposure,
	}
}

// eligible tells how the prover stands and why it may not take the request
// (law M4); a nil reason means that it may.
func (k *Keeper) eligible(ctx context.Context, a actor, r types.Request) (standing stakingtypes.Standing, reason, err error) {
	standing, err = k.standing(ctx, a)
	if errors.Is(err, stakingtypes.ErrProverNotFound) {
		return standing, types.ErrNotAProver, nil
	}
	if err != nil {
		return standing, nil, err
	}
	conditions, err := k.conditions(ctx, standing, r.MinStake, r.Terms.Penalty)
	if err != nil {
		return standing, nil, err
	}
	unmet, some := auction.FirstUnmet(conditions)
	if !some {
		return standing, nil, nil
	}
	return standing, unmetError(standing, unmet), nil
}

// unmetError says which condition is not met, with its figures.
func unmetError(standing stakingtypes.Standing, c auction.Condition) error {
	switch c.Reason {
	case auction.ReasonState:
		return errorsmod.Wrapf(types.ErrProverNotActive, "its state is %s", standing.State)
	case auction.ReasonSelfStake:
		return errorsmod.Wrapf(types.ErrSelfStakeTooLow, "has %suproof, needs %suproof; stake more", c.Have, c.Need)
	case auction.ReasonVault:
		return errorsmod.Wrapf(types.ErrVaultTooSmall, "vault has %suproof, needs %suproof; add stake or wait until an assignment ends", c.Have, c.Need)
	case auction.ReasonMaxExposure:
		return errorsmod.Wrapf(types.ErrMaxExposure, "its limit is %suproof, penalties could reach %suproof; wait until an assignment ends or raise it with set-breaker", c.Have, c.Need)
	default:
		return errorsmod.Wrapf(types.ErrExposureTooHigh, "vault has %suproof, penalties could reach %suproof; add stake or wait until an assignment ends", c.Have, c.Need)
	}
}
