package keeper_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/staking/types"
)

// dump writes down the module's and bank's stores.
func (f *fixture) dump(ctx sdk.Context) string {
	var all bytes.Buffer
	for _, key := range []storetypes.StoreKey{f.key, f.bankKey} {
		it := ctx.KVStore(key).Iterator(nil, nil)
		for ; it.Valid(); it.Next() {
			fmt.Fprintf(&all, "%x=%x\n", it.Key(), it.Value())
		}
		_ = it.Close()
	}
	return all.String()
}

// requireRefused requires that a message fails with the error and that its handler had
// written nothing when it did: not even what its transaction would take back.
func (f *fixture) requireRefused(t *testing.T, name string, want error, send func(context.Context) error) {
	t.Run(name, func(t *testing.T) {
		branch, _ := f.ctx.CacheContext()
		before := f.dump(branch)
		require.ErrorIs(t, send(branch.WithTxBytes([]byte{1})), want)
		require.True(t, before == f.dump(branch), "the state changed")
	})
}

func TestCommissionRefused(t *testing.T) {
	f := newFixture(t)
	f.setParams(t, func(p *types.Params) { p.MaxCommissionBps = 9000 })
	alice := f.register(t, "alice", 1000*proof, 1000)
	retired := f.register(t, "retired", 1000*proof, 1000)
	stranger := f.account(t, "stranger", 1)
	_, err := f.setCommission(alice, "own", 1000)
	require.NoError(t, err)
	_, err = f.setCommission(retired, "own", 1000)
	require.NoError(t, err)
	require.NoError(t, f.retire(retired))
	for _, c := range []struct {
		name, prover, source string
		bps                  uint32
		set, reset           error
	}{
		{"no signer", "", "market", 0, types.ErrInvalidAddress, types.ErrInvalidAddress},
		{"not an address", "proof1xyz", "market", 0, types.ErrInvalidAddress, types.ErrInvalidAddress},
		{"another chain's address", "cosmos1qqqsyqcyq5rqwzqfys8f67", "market", 0, types.ErrInvalidAddress, types.ErrInvalidAddress},
		{"not a prover", stranger.String(), "market", 0, types.ErrProverNotFound, types.ErrProverNotFound},
		{"retired", retired.String(), "own", 0, types.ErrProverRetired, types.ErrProverRetired},
		{"source at its limit", alice.String(), strings.Repeat("s", types.MaxSourceBytes), 9000, nil, types.ErrNoOwnRate},
		{"source too long", alice.String(), strings.Repeat("s", types.MaxSourceBytes+1), 0, types.ErrInvalidSource, types.ErrInvalidSource},
		{"source with a space", alice.String(), "a b", 0, types.ErrInvalidSource, types.ErrInvalidSource},
		{"source not ASCII", alice.String(), "märkt", 0, types.ErrInvalidSource, types.ErrInvalidSource},
		{"source not UTF-8", alice.String(), "\xff", 0, types.ErrInvalidSource, types.ErrInvalidSource},
		{"rate at its limit", alice.String(), "market", 9000, nil, types.ErrNoOwnRate},
		{"rate too high", alice.String(), "market", 9001, types.ErrInvalidCommission, types.ErrNoOwnRate},
		{"rate absurd", alice.String(), "", 1<<32 - 1, types.ErrInvalidCommission, types.ErrCommissionUnchanged},
		{"nothing new", alice.String(), "", 1000, types.ErrCommissionUnchanged, types.ErrCommissionUnchanged},
		{"nothing new of its own", alice.String(), "own", 1000, types.ErrCommissionUnchanged, nil},
	} {
		set := func(ctx context.Context) error {
			_, err := f.msg.SetCommission(ctx, &types.MsgSetCommission{Prover: c.prover, Source: c.source, Bps: c.bps})
			return err
		}
		reset := func(ctx context.Context) error {
			_, err := f.msg.ResetCommission(ctx, &types.MsgResetCommission{Prover: c.prover, Source: c.source})
			return err
		}
		for name, check := range map[string]struct {
			send func(context.Context) error
			want error
		}{"set": {set, c.set}, "reset": {reset, c.reset}} {
			if check.want != nil {
				f.requireRefused(t, c.name+"/"+name, check.want, check.send)
				continue
			}
			branch, _ := f.ctx.CacheContext()
			require.NoError(t, check.send(branch), c.name)
		}
	}
	_, err = f.query.Commission(f.ctx, nil)
	require.ErrorIs(t, err, types.ErrInvalidQuery)
	_, err = f.query.Commission(f.ctx, &types.QueryCommissionRequest{Prover: stranger.String()})
	require.ErrorIs(t, err, types.ErrProverNotFound)
	_, err = f.query.Commission(f.ctx, &types.QueryCommissionRequest{Prover: "x"})
	require.ErrorIs(t, err, types.ErrInvalidAddress)

	require.NoError(t, f.jail(alice))
	_, err = f.setCommission(alice, "own", 5)
	require.NoError(t, err, "jailed, it may lower what its stakers pay")
}
