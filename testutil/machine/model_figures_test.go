package machine

import markettypes "github.com/proofmarket/proofmarket/x/market/types"

// proverFigures are a prover's statistics (law M14), since the beginning.
type proverFigures struct {
	bids, reveals, won, promoted, fulfilled, missed uint64
	fees, protocolFees, slashed, bondsLost          int64
	forfeited                                       int64 // bonds of bids never revealed
	active                                          uint64
}

// plus adds the figures of another prover.
func (f *proverFigures) plus(o proverFigures) {
	f.bids += o.bids
	f.reveals += o.reveals
	f.won += o.won
	f.promoted += o.promoted
	f.fulfilled += o.fulfilled
	f.missed += o.missed
	f.fees += o.fees
	f.protocolFees += o.protocolFees
	f.slashed += o.slashed
	f.bondsLost += o.bondsLost
	f.forfeited += o.forfeited
	f.active = max(f.active, o.active)
}

// marketFigures are the market's own.
type marketFigures struct {
	requests, cancelled, noBids, noneRanked, failed, revoked uint64
	requestFees, refunds                                     int64
}

// count counts an end.
func (f *marketFigures) count(reason markettypes.EndReason) {
	switch reason {
	case markettypes.END_REASON_CANCELLED:
		f.cancelled++
	case markettypes.END_REASON_NO_BIDS:
		f.noBids++
	case markettypes.END_REASON_NONE_RANKED:
		f.noneRanked++
	case markettypes.END_REASON_MISSED:
		f.failed++
	case markettypes.END_REASON_REVOKED:
		f.revoked++
	case markettypes.END_REASON_UNSPECIFIED, markettypes.END_REASON_PROVED:
	}
}
