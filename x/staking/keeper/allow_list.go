package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/staking/types"
)

// addresses decodes a list. It fails with ErrInvalidAddress.
func (s msgServer) addresses(texts []string) ([]sdk.AccAddress, error) {
	list := make([]sdk.AccAddress, len(texts))
	for i, text := range texts {
		var err error
		if list[i], err = s.k.address(text); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// UpdateAllowList changes who may register while the parameter allow_list is set
// (law S9). Provers that are registered stay. What is so already is left alone: a
// proposal that took its time to pass does not fail for it. It fails with
// ErrInvalidList for an address that is named twice.
func (k *Keeper) UpdateAllowList(ctx context.Context, add, remove []sdk.AccAddress) error {
	seen := map[string]bool{}
	for _, list := range [][]sdk.AccAddress{add, remove} {
		for _, addr := range list {
			if seen[string(addr)] {
				return types.ErrInvalidList.Wrapf("%s is named twice", addr)
			}
			seen[string(addr)] = true
		}
	}
	added, err := k.allow(ctx, add, true)
	if err != nil {
		return err
	}
	removed, err := k.allow(ctx, remove, false)
	if err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventAllowListUpdated{Added: added, Removed: removed})
}

// allow lists addresses, or strikes them off, and returns those for which that
// was news.
func (k *Keeper) allow(ctx context.Context, addrs []sdk.AccAddress, listed bool) ([]string, error) {
	var news []string
	for _, addr := range addrs {
		has, err := k.allowList.Has(ctx, addr)
		if err != nil {
			return nil, err
		}
		if has == listed {
			continue
		}
		text, err := k.text(addr)
		if err != nil {
			return nil, err
		}
		change := k.allowList.Remove
		if listed {
			change = k.allowList.Set
		}
		if err := change(ctx, addr); err != nil {
			return nil, err
		}
		news = append(news, text)
	}
	return news, nil
}

// mayRegister returns ErrNotAllowed when the allow-list is in force and addr is
// not on it.
func (k *Keeper) mayRegister(ctx context.Context, addr sdk.AccAddress, params types.Params) error {
	if !params.AllowList {
		return nil
	}
	listed, err := k.allowList.Has(ctx, addr)
	if err == nil && !listed {
		err = types.ErrNotAllowed.Wrap(addr.String())
	}
	return err
}

// AllowList implements types.QueryServer.
func (s queryServer) AllowList(ctx context.Context, req *types.QueryAllowListRequest) (*types.QueryAllowListResponse, error) {
	bounded, err := bounded(req, req.GetPagination())
	if err != nil {
		return nil, err
	}
	list, page, err := query.CollectionPaginate(ctx, s.k.allowList, bounded,
		func(addr sdk.AccAddress, _ collections.NoValue) (string, error) { return s.k.text(addr) })
	return &types.QueryAllowListResponse{Addresses: list, Pagination: page}, err
}

// importAllowList writes the list of a genesis file. It fails with
// ErrInvalidAddress, and ErrInvalidGenesis for one that is named twice.
func (k *Keeper) importAllowList(ctx context.Context, list []string) error {
	for _, text := range list {
		addr, err := k.address(text)
		if err != nil {
			return err
		}
		if has, err := k.allowList.Has(ctx, addr); err != nil || has {
			return types.ErrInvalidGenesis.Wrapf("%s is on the allow-list twice", addr)
		}
		if err := k.allowList.Set(ctx, addr); err != nil {
			return err
		}
	}
	return nil
}

// exportAllowList reads the list in the order of the addresses.
func (k *Keeper) exportAllowList(ctx context.Context) (list []string, err error) {
	err = k.allowList.Walk(ctx, nil, func(addr sdk.AccAddress) (bool, error) {
		text, err := k.text(addr)
		list = append(list, text)
		return err != nil, err
	})
	return list, err
}
