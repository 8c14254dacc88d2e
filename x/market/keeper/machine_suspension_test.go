package keeper_test

import (
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proofmarket/proofmarket/x/market/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// duty is an assignment that stands, as the state machine follows it: law M11
// lived through event by event, where the chain reads it from the records.
type duty struct {
	prover   string
	number   uint64
	window   time.Duration
	deadline time.Time
	// spared tells that the deadline had not passed when the present suspension began.
	spared bool
	// unclear tells that it had passed, and that another suspension began in a grace
	// meanwhile. Should the first one end in the same block, the records don't tell
	// which was first, and read in the prover's favour.
	unclear bool
}

// suspended tells whether a suspension lasts.
func (m *machine) suspended() bool {
	return m.verifier.on(onVerifier).Suspended() || m.verifier.on(onFamily).Suspended()
}

func (m *machine) revoked() bool {
	return m.verifier.status[onVerifier.Id] == verifiertypes.VERIFIER_STATUS_REVOKED
}

// passed tells whether a deadline has passed for messages of this block.
func (m *machine) passed(deadline time.Time) bool {
	clock, err := m.keeper.GetClock(m.Ctx)
	require.NoError(m.t, err)
	return clock.Passed(deadline, uint64(m.Ctx.BlockHeight()))
}

func drawTarget(t *rapid.T) verifiertypes.Target {
	return rapid.SampledFrom([]verifiertypes.Target{onVerifier, onFamily}).Draw(t, "target")
}

func (m *machine) Suspend(t *rapid.T) {
	target := drawTarget(t)
	if m.revoked() {
		t.Skip("revoked")
	}
	suspended := m.suspended()
	for _, d := range m.duties {
		if !suspended {
			d.spared = !m.passed(d.deadline)
		} else if !d.spared && !m.passed(d.deadline) {
			d.unclear = true
		}
	}
	m.suspend(target)
}

func (m *machine) Resume(t *rapid.T) { m.resumeAll(drawTarget(t)) }

// resumeAll resumes targets; with the last suspension over, spared deadlines are put off.
func (m *machine) resumeAll(targets ...verifiertypes.Target) {
	before := m.suspended()
	for _, target := range targets {
		m.resume(target)
	}
	if !before || m.suspended() {
		return
	}
	for _, d := range m.duties {
		if end := m.marketTime().Add(d.window); d.spared && end.After(d.deadline) {
			d.deadline = end
		}
		d.spared = false
	}
}

// Revoke revokes the verifier, or sets another one up in its place: the machine
// would have little left to do.
func (m *machine) Revoke(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "revoked") > 0 {
		m.verifier.status[onVerifier.Id] = verifiertypes.VERIFIER_STATUS_ACTIVE
		return
	}
	m.resumeAll(onVerifier, onFamily)
	m.revoke(onVerifier)
}

// follow compares every assignment with what it was: none is missed before its time,
// whatever the verifier went through (law M11).
func (m *machine) follow(t *rapid.T) {
	m.shrink(t)
	for _, id := range m.ids {
		v := m.view(id)
		now, was := v.Auction.Assignment, m.duties[id]
		if was != nil && (now == nil || now.Number != was.number || now.Prover != was.prover) {
			require.False(t, m.suspended(), "law M11: missed while suspended")
			require.False(t, m.revoked(), "law M11: missed when revoked")
			require.True(t, m.marketTime().After(was.deadline), "missed before its deadline")
			delete(m.duties, id)
			was = nil
		}
		if now == nil || v.Auction.Status != types.REQUEST_STATUS_PENDING {
			delete(m.duties, id)
			continue
		}
		if was == nil {
			was = &duty{prover: now.Prover, number: now.Number, window: v.Request.TimeLimit, deadline: now.Deadline, spared: m.suspended()}
			if now.Standby {
				was.window = v.Request.StandbyWindow
			}
			m.duties[id] = was
		}
		want := was.deadline
		if end := m.marketTime().Add(was.window); was.spared && end.After(want) {
			want = end
		}
		if was.unclear {
			require.False(t, v.Deadline.Before(want))
			continue
		}
		require.Equal(t, want, *v.Deadline, "read from the records and lived through come to the same")
	}
}
