package keeper_test

import (
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"
)

// doCommission changes a rate (law S6).
func (m *machine) doCommission(t *rapid.T) {
	prover := m.prover(t)
	source := rapid.SampledFrom([]string{"", "market", "incentives"}).Draw(t, "source")
	if rapid.Bool().Draw(t, "reset") {
		_, _ = m.resetCommission(prover, source)
		return
	}
	_, _ = m.setCommission(prover, source, rapid.Uint32Range(0, 10_000).Draw(t, "bps"))
}

// doBreaker changes a prover's own limits (law S8).
func (m *machine) doBreaker(t *rapid.T) {
	limit := rapid.SampledFrom([]int64{0, 50 * proof, 500 * proof})
	_ = m.setBreaker(m.prover(t), limit.Draw(t, "max exposure"), limit.Draw(t, "loss limit"))
}

// doSlashProver slashes by the authority's message, exactly (law S7).
func (m *machine) doSlashProver(t *rapid.T) {
	prover, asked := m.prover(t), amount(t, 300*proof)
	if _, err := m.k.Standing(m.ctx, prover); err != nil {
		return
	}
	v := m.vault(t, prover, 0)
	slashed, err := m.slashBy(m.authority, prover, asked)
	require.NoError(t, err)
	require.Equal(t, math.MinInt(math.NewInt(asked), v.Assets.Add(v.PoolAssets)).Int64(), slashed)
}
