package keeper

import (
	"context"
	"math"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// InitGenesis writes the state and checks the invariants, for which the bank's
// and the accounts' genesis must have been imported. Queues, indexes,
// totals and ranking follow from the records. It fails with ErrInvalidGenesis or ErrInvariant.
func (k *Keeper) InitGenesis(ctx context.Context, g *types.GenesisState) error {
	if err := k.importState(ctx, g); err != nil {
		return err
	}
	return k.CheckInvariants(ctx)
}

// importState writes the state. It fails with ErrInvalidGenesis, ErrInvalidAddress or
// ErrInvariant.
func (k *Keeper) importState(ctx context.Context, g *types.GenesisState) error {
	if err := g.Validate(); err != nil {
		return err
	}
	// The module account must exist before transactions send to it.
	k.ak.GetModuleAccount(ctx, types.ModuleName)
	if err := k.params.Set(ctx, g.Params); err != nil {
		return err
	}
	for _, p := range g.Provers {
		if err := k.importProver(ctx, p); err != nil {
			return err
		}
	}
	for _, v := range g.Vaults {
		addr, err := k.address(v.Prover)
		if err != nil {
			return err
		}
		if err := k.putVault(ctx, addr, v); err != nil {
			return err
		}
	}
	for _, a := range g.Assignments {
		addr, err := k.address(a.Prover)
		if err != nil {
			return err
		}
		if err := k.assignments.Set(ctx, collections.Join(addr, a.Number), a); err != nil {
			return err
		}
	}
	for _, u := range g.Unstakes {
		if err := k.importUnstake(ctx, u); err != nil {
			return err
		}
	}
	if err := k.foldDirty(ctx, math.MaxInt); err != nil {
		return err
	}
	for _, r := range g.Commissions {
		if err := k.importRate(ctx, r); err != nil {
			return err
		}
	}
	if err := k.importAllowList(ctx, g.AllowList); err != nil {
		return err
	}
	return k.importIncentives(ctx, g)
}

func (k *Keeper) importRate(ctx context.Context, r types.CommissionRate) error {
	addr, err := k.address(r.Prover)
	if err != nil {
		return err
	}
	if r.Pending != nil {
		if err := k.commissionQueue.Set(ctx, commissionQueueKey(addr, r)); err != nil {
			return err
		}
	}
	return k.commissions.Set(ctx, collections.Join(addr, r.Source), r)
}

func (k *Keeper) importProver(ctx context.Context, p types.GenesisProver) error {
	addr, err := k.address(p.Prover.Address)
	if err != nil {
		return err
	}
	if err := checkDenom(types.ShareDenom(p.Prover.Address, p.Prover.Generation)); err != nil {
		return err
	}
	if parked := p.Prover.Load.ParkedUnstakes; parked > 0 {
		// Looking once at a prover that has nothing to release costs nothing.
		if err := k.ripe.Set(ctx, addr); err != nil {
			return err
		}
		p.Prover.Load.ParkedUnstakes = 0 // counted again as the entries arrive
	}
	if err := k.provers.Set(ctx, addr, p.Prover); err != nil {
		return err
	}
	return k.profiles.Set(ctx, addr, p.Profile)
}

func (k *Keeper) importUnstake(ctx context.Context, u types.Unstake) error {
	prover, err := k.address(u.Prover)
	if err != nil {
		return err
	}
	staker, err := k.address(u.Staker)
	if err != nil {
		return err
	}
	// The staker proves to be one by this text.
	if text, err := k.text(staker); err != nil || text != u.Staker {
		return types.ErrInvalidGenesis.Wrapf("unstaking %s/%d/%d: staker %s is not in lower case", u.Prover, u.Generation, u.Id, u.Staker)
	}
	p, err := k.prover(ctx, prover)
	if err != nil {
		return err
	}
	if u.Mark > p.Load.NextAssignment {
		return broken("unstaking %s/%d/%d waits for assignments below %d, the next is %d",
			u.Prover, u.Generation, u.Id, u.Mark, p.Load.NextAssignment)
	}
	v, err := k.vaults.Get(ctx, vaultKey(prover, u.Generation))
	if err != nil {
		return err
	}
	if v.Void(u.Id) {
		if err := k.purge.Set(ctx, vaultKey(prover, u.Generation)); err != nil {
			return err
		}
	}
	return k.addUnstake(ctx, prover, staker, u)
}

// ExportGenesis reads the whole state, each list in the order of its keys.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	params, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	g := &types.GenesisState{Params: params}
	err = k.provers.Walk(ctx, nil, func(addr sdk.AccAddress, p types.Prover) (bool, error) {
		profile, err := k.profiles.Get(ctx, addr)
		g.Provers = append(g.Provers, types.GenesisProver{Prover: p, Profile: profile})
		return err != nil, err
	})
	if err != nil {
		return nil, err
	}
	if g.Vaults, err = values(ctx, k.vaults); err != nil {
		return nil, err
	}
	if g.Assignments, err = values(ctx, k.assignments); err != nil {
		return nil, err
	}
	if g.Unstakes, err = values(ctx, k.unstakes); err != nil {
		return nil, err
	}
	if g.Commissions, err = values(ctx, k.commissions); err != nil {
		return nil, err
	}
	if g.AllowList, err = k.exportAllowList(ctx); err != nil {
		return nil, err
	}
	return g, k.exportIncentives(ctx, g)
}

// values returns all values of a map in the order of its keys.
func values[K, V any](ctx context.Context, m collections.Map[K, V]) ([]V, error) {
	var all []V
	err := m.Walk(ctx, nil, func(_ K, v V) (bool, error) {
		all = append(all, v)
		return false, nil
	})
	return all, err
}
