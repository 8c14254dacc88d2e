package prover

import (
	"math/big"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/store"
	"github.com/proofmarket/proofmarket/x/market/auction"
	provertypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// chainMetrics counts what goes to the chain and comes from it.
type chainMetrics struct {
	txs    *prometheus.CounterVec
	height prometheus.Gauge
	time   prometheus.Gauge
}

func newChainMetrics(r prometheus.Registerer) chainMetrics {
	m := chainMetrics{
		txs: counters("transactions_total", "Transactions by kind (bid, reveal, proof) and result, since the start: sent, unclear (looked up later), "+
			"refused by a node, failed in a block, expired.", "kind", "result"),
		height: gauge("head_height", "Height of the last block whose work was done."),
		time:   gauge("head_timestamp_seconds", "Time of that block, in seconds since 1970; 0 before the first."),
	}
	r.MustRegister(m.txs, m.height, m.time)
	return m
}

// txKinds are the transactions of the states that wait for one.
var txKinds = map[store.State]string{store.Bidding: "bid", store.Revealing: "reveal", store.Submitting: "proof"}

// tx counts what became of the transaction that a state waits for.
func (m *Metrics) tx(kind store.State, result string) {
	if m != nil {
		m.chain.txs.WithLabelValues(txKinds[kind], result).Inc()
	}
}

// worked shows the last block whose work was done.
func (m *Metrics) worked(head chain.Head) {
	if m != nil {
		m.chain.height.Set(float64(head.Height))
		m.chain.time.Set(unixSeconds(head.Time))
	}
}

// stakeMetrics shows what the chain holds of ours, as the watcher finds it.
type stakeMetrics struct {
	time     prometheus.Gauge
	balance  prometheus.Gauge
	state    *prometheus.GaugeVec
	self     prometheus.Gauge
	minSelf  prometheus.Gauge
	assets   prometheus.Gauge
	assigned prometheus.Gauge
	free     prometheus.Gauge
	exposure prometheus.Gauge
	limit    prometheus.Gauge
}

func newStakeMetrics(r prometheus.Registerer) stakeMetrics {
	m := stakeMetrics{
		time:     gauge("standing_timestamp_seconds", "Time of the block at which the balance and the figures of the prover below were asked for last, in seconds since 1970; 0 before the first answer."),
		balance:  gauge("submitter_balance_uproof", "What the submitter's account can spend on gas and bonds, in uproof."),
		state:    gauges("prover_state", "1 for the state of the prover on the chain (none, active, deactivated, jailed, retired), 0 for the others.", "state"),
		self:     gauge("self_stake_uproof", "The prover's own stake in its vault, in uproof."),
		minSelf:  gauge("min_self_stake_uproof", "The least own stake that a prover needs to be active, in uproof."),
		assets:   gauge("vault_assets_uproof", "All stake in the prover's vault, in uproof."),
		assigned: gauge("assigned_stake_uproof", "The stake that requests rest on which the prover leads or is assigned, in uproof."),
		free:     gauge("free_stake_uproof", "The largest stake that a further request may ask of the vault (law M4), in uproof."),
		exposure: gauge("exposure_uproof", "What the prover would lose if it missed the deadline of all those requests, in uproof."),
		limit:    gauge("max_exposure_uproof", "The limit on that which the prover has set for itself, in uproof; 0 for none."),
	}
	r.MustRegister(m.time, m.balance, m.state, m.self, m.minSelf, m.assets, m.assigned, m.free, m.exposure, m.limit)
	return m
}

// standing shows how the prover stands as of a block.
func (m *Metrics) standing(head chain.Head, s chain.Standing, balance math.Int) {
	if m == nil {
		return
	}
	for n := range provertypes.ProverState_name {
		state := provertypes.ProverState(n)
		m.stake.state.WithLabelValues(stateName(state)).Set(oneIf(state == s.State))
	}
	m.stake.balance.Set(amount(balance))
	m.stake.self.Set(amount(s.SelfStake))
	m.stake.minSelf.Set(amount(s.MinSelfStake))
	m.stake.assets.Set(amount(s.Assets))
	m.stake.assigned.Set(amount(s.AssignedStake))
	m.stake.free.Set(freeStake(s))
	m.stake.exposure.Set(amount(s.Exposure))
	m.stake.limit.Set(amount(s.MaxExposure))
	m.stake.time.Set(unixSeconds(head.Time))
}

// stateName is a prover's state as a label.
func stateName(s provertypes.ProverState) string {
	if s == provertypes.PROVER_STATE_UNSPECIFIED {
		return "none"
	}
	return strings.ToLower(strings.TrimPrefix(s.String(), "PROVER_STATE_"))
}

// freeStake is what law M4 leaves for one more request: assets less
// floor(assigned × overcommit_bps / 10000), at least 0.
func freeStake(s chain.Standing) float64 {
	if s.Assets.IsNil() || s.AssignedStake.IsNil() {
		return 0
	}
	held := new(big.Int).Mul(s.AssignedStake.BigInt(), big.NewInt(int64(s.OvercommitBps)))
	free := held.Sub(s.Assets.BigInt(), held.Quo(held, big.NewInt(auction.BpsDenominator)))
	if free.Sign() < 0 {
		return 0
	}
	f, _ := new(big.Float).SetInt(free).Float64()
	return f
}
