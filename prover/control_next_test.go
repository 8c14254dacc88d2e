package prover

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/prover/store"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

func TestNextOf(t *testing.T) {
	deadline := time.Unix(1_700_000_000, 0).UTC()
	later := deadline.Add(time.Hour)
	on := func(s markettypes.Stage, change ...func(*JobOnChain)) *JobOnChain {
		c := &JobOnChain{Height: 100, Stage: s.String(), Status: markettypes.REQUEST_STATUS_PENDING.String(), BlocksLeft: 4}
		for _, f := range change {
			f(c)
		}
		return c
	}
	bidding, revealing := on(markettypes.STAGE_BIDDING), on(markettypes.STAGE_REVEALING)
	owed := on(markettypes.STAGE_ASSIGNED, func(c *JobOnChain) { c.Assigned, c.ExpectedDeadline = "us", later })
	for name, c := range map[string]struct {
		job    store.Job
		chain  *JobOnChain
		text   string
		height int64
		time   time.Time
	}{
		"done":            {store.Job{State: store.Done, Outcome: store.Lost}, nil, "nothing: it is done (lost)", 0, time.Time{}},
		"ended":           {store.Job{State: store.Bid}, on(markettypes.STAGE_DONE, func(c *JobOnChain) { c.Status = "other" }), "the request has ended", 0, time.Time{}},
		"no chain":        {store.Job{State: store.Decided}, nil, "the bid is sent", 0, time.Time{}},
		"decided":         {store.Job{State: store.Decided}, bidding, "the bid is sent", 104, time.Time{}},
		"decided, late":   {store.Job{State: store.Decided}, revealing, "not_placed", 0, time.Time{}},
		"bidding":         {store.Job{State: store.Bidding}, bidding, "comes into a block", 104, time.Time{}},
		"bid":             {store.Job{State: store.Bid}, bidding, "when the bidding window has ended", 104, time.Time{}},
		"bid, to reveal":  {store.Job{State: store.Bid}, revealing, "the bid is revealed", 104, time.Time{}},
		"bid, late":       {store.Job{State: store.Bid}, owed, "not_revealed", 0, time.Time{}},
		"revealing":       {store.Job{State: store.Revealing}, revealing, "comes into a block", 104, time.Time{}},
		"revealed":        {store.Job{State: store.Revealed}, revealing, "names the winner", 104, time.Time{}},
		"standing by":     {store.Job{State: store.Revealed}, owed, "stand by", 0, time.Time{}},
		"assigned":        {store.Job{State: store.Assigned, Prover: "us", Deadline: deadline}, owed, "the proof is made", 0, later},
		"assigned, alone": {store.Job{State: store.Assigned, Prover: "us", Deadline: deadline}, nil, "the proof is made", 0, deadline},
		"trial proof":     {store.Job{State: store.Assigned, Prover: "us", Proof: []byte{1}, Deadline: deadline}, owed, "the proof is sent", 0, later},
		"taken away":      {store.Job{State: store.Assigned, Prover: "we", Deadline: deadline}, owed, "missed", 0, time.Time{}},
		"proved":          {store.Job{State: store.Proved, Prover: "us"}, owed, "the proof is sent", 0, later},
		"submitting":      {store.Job{State: store.Submitting, Prover: "us"}, owed, "comes into a block", 0, later},
		"suspended": {
			store.Job{State: store.Proved, Prover: "us"},
			on(markettypes.STAGE_ASSIGNED, func(c *JobOnChain) { c.Assigned, c.Suspended = "us", true }), "suspended", 0,
			time.Time{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := nextOf(&c.job, c.chain)
			require.Contains(t, got.text, c.text)
			require.Equal(t, c.height, got.height)
			require.Equal(t, c.time, got.time)
		})
	}
	require.Positive(t, nextOf(&store.Job{State: store.Decided}, on(markettypes.STAGE_BIDDING, func(c *JobOnChain) { c.BlocksLeft = 1 << 63 })).height)
}

func TestCostOf(t *testing.T) {
	bond := &JobOnChain{BidState: "x", Bond: math.NewInt(9)}
	job := func(s store.State) *store.Job {
		return &store.Job{State: s, Penalty: math.NewInt(5), MaxBond: math.NewInt(12)}
	}
	for name, c := range map[string]struct {
		job           *store.Job
		chain         *JobOnChain
		free          bool
		bond, penalty int64 // 0 for none
		text          string
	}{
		"decided":           {job(store.Decided), &JobOnChain{}, true, 0, 0, "nothing"},
		"decided, no chain": {job(store.Decided), nil, true, 0, 0, "nothing"},
		"decided, on chain": {job(store.Decided), bond, false, 9, 0, "bond of 9 uproof is lost"},
		"bidding":           {job(store.Bidding), &JobOnChain{}, false, 12, 0, "at most 12 uproof"},
		"bid":               {job(store.Bid), bond, false, 9, 0, "bond of 9 uproof is lost"},
		"bid, no chain":     {job(store.Bid), nil, false, 12, 0, "at most 12 uproof"},
		"bid, old record":   {&store.Job{State: store.Bid}, nil, false, 0, 0, "not known"},
		"revealing":         {job(store.Revealing), bond, false, 9, 0, "bond of 9"},
		"revealed":          {job(store.Revealed), bond, false, 9, 5, "nothing unless"},
		"assigned":          {job(store.Assigned), bond, false, 9, 5, "penalty of 5 uproof is slashed"},
		"proved":            {job(store.Proved), bond, false, 9, 5, "penalty of 5 uproof"},
		"submitting":        {job(store.Submitting), bond, false, 9, 5, "bond of 9 uproof is lost"},
		"assigned, old":     {&store.Job{State: store.Assigned}, nil, false, 0, 0, "penalty (not known)"},
	} {
		t.Run(name, func(t *testing.T) {
			got := costOf(c.job, c.chain)
			require.Equal(t, c.free, got.Free)
			require.Contains(t, got.Text, c.text)
			for want, is := range map[*int64]*math.Int{&c.bond: got.Bond, &c.penalty: got.Penalty} {
				require.Equal(t, *want > 0, is != nil)
				if is != nil {
					require.Equal(t, *want, is.Int64())
				}
			}
		})
	}
}
