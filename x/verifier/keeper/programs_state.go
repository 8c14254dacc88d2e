package keeper

import (
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// importPrograms writes the records of a valid genesis state.
func (k *Keeper) importPrograms(ctx context.Context, programs []types.Program) error {
	for _, p := range programs {
		key, err := p.Key()
		if err != nil {
			return err
		}
		if err := k.programs.Set(ctx, key, p); err != nil {
			return err
		}
	}
	return nil
}

// exportPrograms returns all records in the order of genesis. The store's order
// is another one where addresses differ in length.
func (k *Keeper) exportPrograms(ctx context.Context) ([]types.Program, error) {
	type entry struct {
		key     types.ProgramKey
		program types.Program
	}
	var entries []entry
	err := k.programs.Walk(ctx, nil, func(key types.ProgramKey, p types.Program) (bool, error) {
		entries = append(entries, entry{key, p})
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b entry) int { return types.CompareProgramKeys(a.key, b.key) })
	var out []types.Program
	for _, e := range entries {
		out = append(out, e.program)
	}
	return out, nil
}

// checkPrograms reports records that contradict themselves: each is stored where
// it says, its account holds at least the deposit, and both indexes hold it and
// nothing else. Error: types.ErrInvariant.
func (k *Keeper) checkPrograms(ctx context.Context) error {
	programs := 0
	err := k.programs.Walk(ctx, nil, func(key types.ProgramKey, p types.Program) (bool, error) {
		programs++
		return false, k.checkProgram(ctx, key, p)
	})
	if err != nil {
		return err
	}
	names, reversed := 0, 0
	err = k.programs.Indexes.Name.Walk(ctx, nil, func(collections.Pair[[]byte, string], types.ProgramKey) (bool, error) {
		names++
		return false, nil
	})
	if err != nil {
		return err
	}
	err = k.programs.Indexes.Program.Walk(ctx, nil, func(_, _ []byte) (bool, error) {
		reversed++
		return false, nil
	})
	if err != nil {
		return err
	}
	if names != programs || reversed != programs {
		return errorsmod.Wrapf(types.ErrInvariant, "%d programs, but %d entries in the index by name and %d in the one by program", programs, names, reversed)
	}
	return nil
}

func (k *Keeper) checkProgram(ctx context.Context, key types.ProgramKey, p types.Program) error {
	broken := func(what string, err error) error {
		return errorsmod.Wrapf(types.ErrInvariant, "program %x of %x: %s: %v", key.K2(), key.K1(), what, err)
	}
	if err := p.Validate(); err != nil {
		return broken("record", err)
	}
	if own, err := p.Key(); err != nil || types.CompareProgramKeys(own, key) != 0 {
		return broken("the record is of another program or publisher", err)
	}
	held := k.bank.GetBalance(ctx, types.ProgramAccount(key.K1(), key.K2()), chain.Denom).Amount
	if held.LT(p.Deposit) {
		return errorsmod.Wrapf(types.ErrInvariant, "program %x of %s holds %s uproof, its deposit is %s", key.K2(), p.Publisher, held, p.Deposit)
	}
	named, err := k.programs.Indexes.Name.MatchExact(ctx, collections.Join(key.K1(), p.Info.Name))
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	if err != nil || types.CompareProgramKeys(named, key) != 0 {
		return broken("the index by name leads elsewhere", err)
	}
	iter, err := k.programs.Indexes.Program.Iterate(ctx,
		new(collections.Range[types.ProgramKey]).Prefix(collections.Join(key.K2(), key.K1())))
	if err != nil {
		return err
	}
	defer iter.Close()
	if !iter.Valid() {
		return broken("the record is not in the index by program", nil)
	}
	return nil
}
