package types

import (
	"time"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/market/auction"
)

// Outer bounds of parameters, whoever sets them.
const (
	// MaxInlineInputBytes bounds max_inline_input.
	MaxInlineInputBytes = 1 << 20
	// MaxWindowBlocks bounds the bidding and reveal windows.
	MaxWindowBlocks = 1_000_000
	// MaxTimeLimit bounds max_time_limit.
	MaxTimeLimit = 365 * 24 * time.Hour
	// MinMaxBlockGap and MaxMaxBlockGap bound max_block_gap. At or below the time
	// between two blocks, every gap would count as a halt, market time would stand
	// still, and no deadline would ever pass.
	MinMaxBlockGap = 10 * time.Second
	MaxMaxBlockGap = 24 * time.Hour
	// MaxHaltGraceBlocks bounds halt_grace_blocks.
	MaxHaltGraceBlocks = 100_000
	// MinEndBlockCap and MaxEndBlockCap bound end_block_cap: each of the two queues
	// needs one.
	MinEndBlockCap = 2
	MaxEndBlockCap = 10_000
	// MaxRetention bounds retention.
	MaxRetention = 365 * 24 * time.Hour
	// MinPruneCap and MaxPruneCap bound prune_cap.
	MinPruneCap = 20
	MaxPruneCap = 100_000
)

// DefaultParams are the parameters of a fresh chain. Amounts are in uproof.
func DefaultParams() Params {
	return Params{
		RequestFee:       math.NewInt(10_000),
		MinMaxFee:        math.NewInt(1_000_000),
		MaxMaxFee:        math.ZeroInt(),
		MaxMinStake:      math.ZeroInt(),
		MaxInlineInput:   64 << 10,
		MinBiddingBlocks: 1,
		MaxBiddingBlocks: 10_000,
		MinRevealBlocks:  10,
		MaxRevealBlocks:  10_000,
		MinTimeLimit:     time.Second,
		MaxTimeLimit:     30 * 24 * time.Hour,
		ProtocolFeeBps:   500,
		SlashBps:         1000,
		BidBondBps:       100,
		MinBidBond:       math.NewInt(100_000),
		OvercommitBps:    500,
		MaxBlockGap:      time.Minute,
		HaltGraceBlocks:  20,
		EndBlockCap:      200,
		Retention:        7 * 24 * time.Hour,
		PruneCap:         1000,
	}
}

// Validate checks every parameter's range. It returns ErrInvalidParams.
func (p Params) Validate() error {
	amounts := []struct {
		name string
		n    math.Int
	}{
		{"request_fee", p.RequestFee},
		{"min_max_fee", p.MinMaxFee},
		{"max_max_fee", p.MaxMaxFee},
		{"max_min_stake", p.MaxMinStake},
		{"min_bid_bond", p.MinBidBond},
	}
	for _, a := range amounts {
		if err := auction.CheckAmount(a.n); err != nil {
			return errorsmod.Wrapf(ErrInvalidParams, "%s: %s", a.name, err)
		}
	}
	if !p.MaxMaxFee.IsZero() && p.MaxMaxFee.LT(p.MinMaxFee) {
		return errorsmod.Wrapf(ErrInvalidParams, "max_max_fee %s is below min_max_fee %s; 0 means no cap", p.MaxMaxFee, p.MinMaxFee)
	}
	rates := []struct {
		name string
		bps  uint32
	}{
		{"protocol_fee_bps", p.ProtocolFeeBps},
		{"slash_bps", p.SlashBps},
		{"bid_bond_bps", p.BidBondBps},
		{"overcommit_bps", p.OvercommitBps},
	}
	for _, r := range rates {
		if r.bps > auction.BpsDenominator {
			return errorsmod.Wrapf(ErrInvalidParams, "%s must be at most %d, got %d", r.name, auction.BpsDenominator, r.bps)
		}
	}
	return p.validateRanges()
}

// validateRanges checks the windows, limits and counts.
func (p Params) validateRanges() error {
	ranges := []struct {
		name           string
		n, least, most uint64
	}{
		{"max_inline_input", uint64(p.MaxInlineInput), 0, MaxInlineInputBytes},
		{"min_bidding_blocks", p.MinBiddingBlocks, 1, MaxWindowBlocks},
		{"max_bidding_blocks", p.MaxBiddingBlocks, p.MinBiddingBlocks, MaxWindowBlocks},
		{"min_reveal_blocks", p.MinRevealBlocks, 1, MaxWindowBlocks},
		{"max_reveal_blocks", p.MaxRevealBlocks, p.MinRevealBlocks, MaxWindowBlocks},
		{"halt_grace_blocks", p.HaltGraceBlocks, 0, MaxHaltGraceBlocks},
		{"end_block_cap", uint64(p.EndBlockCap), MinEndBlockCap, MaxEndBlockCap},
		{"prune_cap", uint64(p.PruneCap), MinPruneCap, MaxPruneCap},
	}
	for _, r := range ranges {
		if r.n < r.least || r.n > r.most {
			return errorsmod.Wrapf(ErrInvalidParams, "%s must be between %d and %d, got %d", r.name, r.least, r.most, r.n)
		}
	}
	times := []struct {
		name           string
		d, least, most time.Duration
	}{
		{"min_time_limit", p.MinTimeLimit, time.Nanosecond, MaxTimeLimit},
		{"max_time_limit", p.MaxTimeLimit, p.MinTimeLimit, MaxTimeLimit},
		{"max_block_gap", p.MaxBlockGap, MinMaxBlockGap, MaxMaxBlockGap},
		{"retention", p.Retention, 0, MaxRetention},
	}
	for _, r := range times {
		if r.d < r.least || r.d > r.most {
			return errorsmod.Wrapf(ErrInvalidParams, "%s must be between %s and %s, got %s", r.name, r.least, r.most, r.d)
		}
	}
	return nil
}
