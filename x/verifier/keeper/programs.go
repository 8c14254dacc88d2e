package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/collections/indexes"
	errorsmod "cosmossdk.io/errors"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/internal/events"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// programIndexes are the secondary indexes of programs' records.
type programIndexes struct {
	// Name: (publisher, name) → (publisher, program); a name is a publisher's once
	Name *indexes.Unique[collections.Pair[[]byte, string], types.ProgramKey, types.Program]
	// Program: (program, publisher)
	Program *indexes.ReversePair[[]byte, []byte, types.Program]
}

// IndexesList implements collections.Indexes.
func (i programIndexes) IndexesList() []collections.Index[types.ProgramKey, types.Program] {
	return []collections.Index[types.ProgramKey, types.Program]{i.Name, i.Program}
}

type programMap = collections.IndexedMap[types.ProgramKey, types.Program, programIndexes]

// newPrograms returns the collection of programs' records.
func newPrograms(sb *collections.SchemaBuilder, cdc codec.Codec) *programMap {
	key := collections.PairKeyCodec(collections.BytesKey, collections.BytesKey)
	name := func(pk types.ProgramKey, p types.Program) (collections.Pair[[]byte, string], error) {
		return collections.Join(pk.K1(), p.Info.Name), nil
	}
	return collections.NewIndexedMap(sb, types.ProgramsKey, "programs", key, codec.CollValue[types.Program](cdc), programIndexes{
		Name: indexes.NewUnique(sb, types.ProgramsByName, "programs_by_name",
			collections.PairKeyCodec(collections.BytesKey, collections.StringKey), key, name),
		Program: indexes.NewReversePair[types.Program](sb, types.ProgramsByProgram, "programs_by_program", key),
	})
}

// PublishProgram publishes what publisher says of a program against the deposit.
// Errors: types.ErrInvalidProgramInfo, ErrProgramExists, ErrProgramNameTaken,
// those of checkProgramVerifiers, and bank's when publisher cannot pay.
func (k *Keeper) PublishProgram(ctx context.Context, publisher sdk.AccAddress, program string, info types.ProgramInfo) error {
	key, err := programKey(publisher, program)
	if err != nil {
		return err
	}
	if has, err := k.programs.Has(ctx, key); err != nil {
		return err
	} else if has {
		return errorsmod.Wrapf(types.ErrProgramExists, "%s; update the record or withdraw it", program)
	}
	if err := k.checkProgramInfo(ctx, key, info); err != nil {
		return err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	text, err := k.accounts.AddressCodec().BytesToString(publisher)
	if err != nil {
		return err
	}
	account := types.ProgramAccount(key.K1(), key.K2())
	if err := k.takeDeposit(ctx, account, publisher, params.ProgramDeposit); err != nil {
		return err
	}
	p := types.Program{
		Publisher: text, Program: program, Info: info,
		Deposit: params.ProgramDeposit, AddedHeight: sdk.UnwrapSDKContext(ctx).BlockHeight(),
	}
	if err := k.programs.Set(ctx, key, p); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventProgramPublished{Publisher: text, Program: program, Name: info.Name, Deposit: p.Deposit})
}

// UpdateProgram replaces what publisher says of a program; the deposit stays.
// Errors: types.ErrInvalidProgramInfo, ErrProgramNotFound, ErrProgramNameTaken,
// and those of checkProgramVerifiers.
func (k *Keeper) UpdateProgram(ctx context.Context, publisher sdk.AccAddress, program string, info types.ProgramInfo) error {
	key, err := programKey(publisher, program)
	if err != nil {
		return err
	}
	p, err := k.getProgram(ctx, key)
	if err != nil {
		return err
	}
	if err := k.checkProgramInfo(ctx, key, info); err != nil {
		return err
	}
	p.Info = info
	if err := k.programs.Set(ctx, key, p); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventProgramUpdated{Publisher: p.Publisher, Program: program, Name: info.Name})
}

// WithdrawProgram removes publisher's record of a program and returns the
// deposit as it was paid. Coins that others sent to its account go to the
// treasury. Errors: types.ErrInvalidProgramInfo, ErrProgramNotFound.
func (k *Keeper) WithdrawProgram(ctx context.Context, publisher sdk.AccAddress, program string) error {
	key, err := programKey(publisher, program)
	if err != nil {
		return err
	}
	p, err := k.getProgram(ctx, key)
	if err != nil {
		return err
	}
	if err := k.returnDeposit(ctx, types.ProgramAccount(key.K1(), key.K2()), publisher, p.Deposit); err != nil {
		return err
	}
	if err := k.programs.Remove(ctx, key); err != nil {
		return err
	}
	return events.Emit(ctx, &types.EventProgramWithdrawn{Publisher: p.Publisher, Program: program, Deposit: p.Deposit})
}

// checkProgramInfo reports whether the record at key may say this: its form, its
// name, which no other record of the publisher has, and its verifiers.
func (k *Keeper) checkProgramInfo(ctx context.Context, key types.ProgramKey, info types.ProgramInfo) error {
	if err := info.Validate(); err != nil {
		return err
	}
	named, err := k.programs.Indexes.Name.MatchExact(ctx, collections.Join(key.K1(), info.Name))
	if err == nil && types.CompareProgramKeys(named, key) != 0 {
		return errorsmod.Wrapf(types.ErrProgramNameTaken, "your program %x is named %s", named.K2(), info.Name)
	}
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	return k.checkProgramVerifiers(ctx, key.K2(), info.Verifiers)
}

// checkProgramVerifiers reports whether a record of the program may name these
// verifiers now: each is registered, with "circuit" the program is a circuit, and
// none is revoked, nor its family. Errors: types.ErrVerifierNotFound,
// ErrCircuitNotFound, ErrRevoked.
func (k *Keeper) checkProgramVerifiers(ctx context.Context, program []byte, ids []string) error {
	for _, id := range ids {
		s, err := k.subject(ctx, types.Statement{Verifier: id}, program)
		if err != nil {
			return err
		}
		standing, err := k.standing(ctx, s)
		if err != nil {
			return err
		}
		if standing.Status == types.VERIFIER_STATUS_REVOKED {
			return errorsmod.Wrapf(types.ErrRevoked, "%s; leave %s out", standing.Cause, id)
		}
	}
	return nil
}

// getProgram reads a record. Error: types.ErrProgramNotFound.
func (k *Keeper) getProgram(ctx context.Context, key types.ProgramKey) (types.Program, error) {
	p, err := k.programs.Get(ctx, key)
	if errors.Is(err, collections.ErrNotFound) {
		return p, errorsmod.Wrapf(types.ErrProgramNotFound, "%s has no record of %x", sdk.AccAddress(key.K1()), key.K2())
	}
	return p, err
}

// programKey returns what names a publisher's record of a program. Error:
// types.ErrInvalidProgramInfo.
func programKey(publisher sdk.AccAddress, program string) (key types.ProgramKey, err error) {
	bz, err := types.DecodeProgram(program)
	if err != nil {
		return key, err
	}
	return collections.Join([]byte(publisher), bz[:]), nil
}
