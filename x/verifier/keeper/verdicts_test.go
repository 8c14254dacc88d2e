package keeper_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/x/verifier/keeper"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
	"github.com/proofmarket/proofmarket/x/verifier/proof/groth16/groth16test"
	"github.com/proofmarket/proofmarket/x/verifier/types"
)

// name makes the hash of a verdict.
func name(i int) (h [32]byte) {
	binary.BigEndian.PutUint64(h[:], uint64(i)+1)
	return h
}

func TestVerdictsAreRememberedUpToABound(t *testing.T) {
	c := keeper.NewVerdicts(3)
	invalid := errors.New("invalid")
	c.Add(name(0), nil)
	c.Add(name(1), invalid)
	c.Add(name(2), nil)
	known, verdict := c.Get(name(0)) // the most recent now
	require.True(t, known)
	require.NoError(t, verdict)
	c.Add(name(3), nil)
	require.Equal(t, 3, c.Len())
	known, _ = c.Get(name(1))
	require.False(t, known, "the one that was not used for longest goes")
	c.Add(name(1), invalid)
	known, verdict = c.Get(name(1))
	require.True(t, known, "failures are remembered")
	require.Equal(t, invalid, verdict, "as they are")
	for i := range 1_000 {
		c.Add(name(i), nil)
	}
	require.Equal(t, 3, c.Len())
}

// A panic of a library says nothing about the proof, and may be this machine's own.
func TestInternalErrorsAreNotRemembered(t *testing.T) {
	c := keeper.NewVerdicts(3)
	c.Add(name(0), errors.Join(errors.New("panicked"), proof.ErrInternal))
	known, _ := c.Get(name(0))
	require.False(t, known)
	require.Zero(t, c.Len())
}

func TestNoVerdictsAreRememberedWhereNoneAreWanted(t *testing.T) {
	for _, entries := range []int{0, -1} {
		c := keeper.NewVerdicts(entries)
		c.Add(name(0), nil)
		known, _ := c.Get(name(0))
		require.False(t, known)
		require.Zero(t, c.Len())
	}
}

// since returns how verdicts came about since before.
func (s *suite) since(before keeper.Counts) keeper.Counts {
	now := s.k.Counts()
	return keeper.Counts{Known: now.Known - before.Known, Direct: now.Direct - before.Direct, Batched: now.Batched - before.Batched}
}

// law V7: a proof is verified once, good or bad, and what it costs is the same each time.
func TestAProofIsVerifiedOnce(t *testing.T) {
	s := setup(t)
	st, good := picoProof(t)
	bad := bytes.Clone(good)
	copy(bad[192:], good[:64]) // a point of the curve in another's place
	for _, tc := range []struct {
		proof []byte
		want  error
	}{{good, nil}, {bad, types.ErrInvalidProof}} {
		before, gas := s.k.Counts(), uint64(0)
		for i := range 3 {
			ctx := s.Ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())
			require.ErrorIs(t, s.k.Verify(ctx, st, nil, tc.proof), tc.want)
			if i > 0 {
				require.Equal(t, gas, ctx.GasMeter().GasConsumed())
			}
			gas = ctx.GasMeter().GasConsumed()
		}
		require.Equal(t, keeper.Counts{Direct: 1, Known: 2}, s.since(before))
	}
}

// What nobody pays for must not push out what blocks are going to ask for.
func TestQueriesAndSimulationsAreNotRemembered(t *testing.T) {
	s := setup(t)
	st, good := picoProof(t)
	q := keeper.Question{Statement: st, Proof: good}
	before := s.k.Counts()
	require.NoError(t, s.k.DryRun(s.Ctx, q))
	require.NoError(t, s.k.Verify(s.Ctx.WithExecMode(sdk.ExecModeSimulate), st, nil, good))
	require.Equal(t, keeper.Counts{Direct: 2}, s.since(before))
	fresh, err := s.k.Examine(s.Ctx, q)
	require.NoError(t, err)
	require.True(t, fresh)
	fresh, err = s.k.Examine(s.Ctx, q)
	require.NoError(t, err)
	require.False(t, fresh)
	require.NoError(t, s.k.DryRun(s.Ctx, q))
	require.NoError(t, s.k.Verify(s.Ctx.WithExecMode(sdk.ExecModeSimulate), st, nil, good))
	require.Equal(t, keeper.Counts{Direct: 3, Known: 3}, s.since(before))
}

// A gas limit below the price ends it before anything is verified.
func TestTooLittleGasVerifiesNothing(t *testing.T) {
	s := setup(t)
	st, good := picoProof(t)
	q, before := keeper.Question{Statement: st, Proof: good}, s.k.Counts()
	meter := storetypes.NewInfiniteGasMeter()
	require.NoError(t, s.k.DryRun(s.Ctx.WithGasMeter(meter), q))
	price := meter.GasConsumed()
	for _, gas := range []uint64{0, 1, price / 2, price - 1} {
		fresh, err := s.k.Examine(s.Ctx.WithGasMeter(storetypes.NewGasMeter(gas)), q)
		require.ErrorIs(t, err, sdkerrors.ErrOutOfGas, gas)
		require.False(t, fresh)
	}
	require.Equal(t, keeper.Counts{Direct: 1}, s.since(before))
	fresh, err := s.k.Examine(s.Ctx.WithGasMeter(storetypes.NewGasMeter(price)), q)
	require.NoError(t, err)
	require.True(t, fresh)
}

// Ahead of a block no more is verified than transactions have gas for, each and all
// together: a hundred proofs for the price of one were verified a hundred times.
func TestAheadIsBoundedByGas(t *testing.T) {
	s := setup(t)
	f := groth16test.All(t)[0]
	s.register(t, alice, f)
	meter := storetypes.NewInfiniteGasMeter()
	one := keeper.Question{Statement: statement(f), PublicValues: f.PublicValues(), Proof: f.RawProof}
	require.NoError(t, s.k.DryRun(s.Ctx.WithGasMeter(meter), one))
	price := meter.GasConsumed()
	distinct := func(from, n int) (list []keeper.Question) {
		for i := range n {
			bz := bytes.Clone(f.RawProof)
			bz[len(bz)-1] ^= byte(from + i + 1) // malformed, each in its own way
			list = append(list, keeper.Question{Statement: statement(f), PublicValues: f.PublicValues(), Proof: bz})
		}
		return list
	}
	for name, tc := range map[string]struct {
		txs  []keeper.Ahead
		gas  uint64
		want int
	}{
		"gas for one":             {[]keeper.Ahead{{Questions: distinct(0, 10), Gas: price}}, 1 << 40, 1},
		"gas for three":           {[]keeper.Ahead{{Questions: distinct(10, 10), Gas: 4*price - 1}}, 1 << 40, 3},
		"gas for none":            {[]keeper.Ahead{{Questions: distinct(20, 10), Gas: price - 1}}, 1 << 40, 0},
		"each for itself":         {[]keeper.Ahead{{Questions: distinct(30, 3), Gas: price}, {Questions: distinct(40, 3), Gas: 2 * price}}, 1 << 40, 3},
		"and all together":        {[]keeper.Ahead{{Questions: distinct(50, 3), Gas: 3 * price}, {Questions: distinct(60, 3), Gas: 3 * price}}, 4 * price, 4},
		"the same question twice": {[]keeper.Ahead{{Questions: append(distinct(70, 1), distinct(70, 1)...), Gas: 1 << 30}}, 1 << 40, 1},
		"one that is refused ends it": {[]keeper.Ahead{{
			Questions: append([]keeper.Question{{Statement: types.Statement{Verifier: "none"}}}, distinct(80, 1)...), Gas: 1 << 30,
		}}, 1 << 40, 0},
	} {
		t.Run(name, func(t *testing.T) {
			before := s.k.Counts()
			require.Equal(t, tc.want, s.k.VerifyAhead(s.Ctx, tc.txs, tc.gas))
			require.Equal(t, keeper.Counts{Batched: uint64(tc.want)}, s.since(before))
		})
	}
	before := s.k.Counts()
	require.Equal(t, 1, s.k.VerifyAhead(s.Ctx, []keeper.Ahead{{Questions: []keeper.Question{one}, Gas: price}}, price))
	require.NoError(t, s.k.Verify(s.Ctx, one.Statement, one.PublicValues, one.Proof))
	require.Equal(t, keeper.Counts{Batched: 1, Known: 1}, s.since(before), "the transaction finds the verdict")
}

// A node that remembers nothing has no use for a batch.
func TestNothingAheadWithoutMemory(t *testing.T) {
	s := setup(t)
	s.k.SetVerdictCache(0)
	st, good := picoProof(t)
	require.Zero(t, s.k.VerifyAhead(s.Ctx, []keeper.Ahead{{Questions: []keeper.Question{{Statement: st, Proof: good}}, Gas: 1 << 30}}, 1<<40))
	require.NoError(t, s.k.Verify(s.Ctx, st, nil, good))
	require.Equal(t, keeper.Counts{Direct: 1}, s.k.Counts())
}
