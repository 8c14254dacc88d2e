package types

import (
	"time"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	"github.com/proofmarket/proofmarket/x/market/auction"
)

// Validate checks the form of a request: what can be told without the chain's
// state but for the parameters. minSelfStake is the live parameter of provers.
// It returns ErrInvalidAmount, ErrInvalidSize or ErrInvalidRequest.
func (m *MsgRequest) Validate(p Params, minSelfStake math.Int) error {
	if err := m.validateAmounts(p, minSelfStake); err != nil {
		return err
	}
	if err := m.validateWindows(p); err != nil {
		return err
	}
	if err := m.Image.validate(); err != nil {
		return err
	}
	return m.Input.validate(p.MaxInlineInput)
}

// CheckMaxFee checks a max_fee against its bounds (law M1). It returns
// ErrInvalidAmount.
func (p Params) CheckMaxFee(fee math.Int) error {
	if err := CheckPositive("max_fee", fee); err != nil {
		return err
	}
	if fee.LT(p.MinMaxFee) {
		return errorsmod.Wrapf(ErrInvalidAmount, "max_fee %suproof is below the least of %suproof", fee, p.MinMaxFee)
	}
	if !p.MaxMaxFee.IsZero() && fee.GT(p.MaxMaxFee) {
		return errorsmod.Wrapf(ErrInvalidAmount, "max_fee %suproof is above the most of %suproof", fee, p.MaxMaxFee)
	}
	return nil
}

// validateAmounts checks max_fee and min_stake against their bounds (law M1).
func (m *MsgRequest) validateAmounts(p Params, minSelfStake math.Int) error {
	if err := p.CheckMaxFee(m.MaxFee); err != nil {
		return err
	}
	if err := CheckPositive("min_stake", m.MinStake); err != nil {
		return err
	}
	if m.MinStake.LT(minSelfStake) {
		return errorsmod.Wrapf(ErrInvalidAmount, "min_stake %suproof is below min_self_stake %suproof, which every active prover has", m.MinStake, minSelfStake)
	}
	if !p.MaxMinStake.IsZero() && m.MinStake.GT(p.MaxMinStake) {
		return errorsmod.Wrapf(ErrInvalidAmount, "min_stake %suproof is above the most of %suproof", m.MinStake, p.MaxMinStake)
	}
	return nil
}

// validateWindows checks the windows and limits (law M1).
func (m *MsgRequest) validateWindows(p Params) error {
	blocks := []struct {
		name           string
		n, least, most uint64
	}{
		{"bidding_blocks", m.BiddingBlocks, p.MinBiddingBlocks, p.MaxBiddingBlocks},
		{"reveal_blocks", m.RevealBlocks, p.MinRevealBlocks, p.MaxRevealBlocks},
	}
	for _, b := range blocks {
		if b.n < b.least || b.n > b.most {
			return errorsmod.Wrapf(ErrInvalidRequest, "%s must be between %d and %d, got %d", b.name, b.least, b.most, b.n)
		}
	}
	outside := func(d time.Duration) bool { return d < p.MinTimeLimit || d > p.MaxTimeLimit }
	if outside(m.TimeLimit) {
		return errorsmod.Wrapf(ErrInvalidRequest, "time_limit must be between %s and %s, got %s", p.MinTimeLimit, p.MaxTimeLimit, m.TimeLimit)
	}
	if m.StandbyWindow != 0 && outside(m.StandbyWindow) {
		return errorsmod.Wrapf(ErrInvalidRequest, "standby_window must be 0 (no standby) or between %s and %s, got %s", p.MinTimeLimit, p.MaxTimeLimit, m.StandbyWindow)
	}
	return nil
}

// validate checks the image's form.
func (i Image) validate() error {
	if err := checkURL("image.url", i.Url); err != nil {
		return err
	}
	if !isHash(i.Sha256) {
		return errorsmod.Wrapf(ErrInvalidRequest, "image.sha256 %s must be 64 lower-case hex digits without 0x", quote(i.Sha256))
	}
	return nil
}

// validate checks the input's form: inline bytes, or a file, or nothing.
func (i Input) validate(maxInline uint32) error {
	if i.Url != "" {
		if len(i.Inline) != 0 {
			return errorsmod.Wrap(ErrInvalidRequest, "input is given twice, inline and as a URL; give one")
		}
		if !isHash(i.Sha256) {
			return errorsmod.Wrapf(ErrInvalidRequest, "input.sha256 %s must be 64 lower-case hex digits without 0x", quote(i.Sha256))
		}
		return checkURL("input.url", i.Url)
	}
	if i.Sha256 != "" {
		return errorsmod.Wrap(ErrInvalidRequest, "input.sha256 belongs to input.url; leave it empty for inline input")
	}
	if len(i.Inline) > int(maxInline) {
		return errorsmod.Wrapf(ErrInvalidSize, "inline input has %d bytes, at most %d are taken; publish it as a file", len(i.Inline), maxInline)
	}
	return nil
}

// checkURL checks a URL's length and characters only: what fetches it is the
// sidecar, which has rules of its own.
func checkURL(name, url string) error {
	if url == "" || len(url) > MaxURLBytes {
		return errorsmod.Wrapf(ErrInvalidSize, "%s must have 1 to %d bytes, got %d", name, MaxURLBytes, len(url))
	}
	for _, c := range []byte(url) {
		if c <= ' ' || c > '~' {
			return errorsmod.Wrapf(ErrInvalidRequest, "%s must be printable ASCII without spaces; escape other characters", name)
		}
	}
	return nil
}

// Validate checks the form of a raise. It returns ErrInvalidAmount.
func (m *MsgRaiseFee) Validate() error { return CheckPositive("max_fee", m.MaxFee) }

// Validate checks the form of a bid. It returns ErrInvalidAmount or ErrInvalidSize.
func (m *MsgBid) Validate() error {
	if !m.MaxBond.IsNil() { // left out means 0
		if err := CheckAmount("max_bond", m.MaxBond); err != nil {
			return err
		}
	}
	return check32("commitment", m.Commitment)
}

// CheckBond returns ErrBondTooHigh for a bond above what the signer stands for.
func (m *MsgBid) CheckBond(bond math.Int) error {
	if m.MaxBond.IsNil() || m.MaxBond.IsZero() || bond.LTE(m.MaxBond) {
		return nil
	}
	return errorsmod.Wrapf(ErrBondTooHigh, "bond %suproof, max_bond %suproof", bond, m.MaxBond)
}

// Validate checks the form of a reveal. It returns ErrInvalidAmount or ErrInvalidSize.
func (m *MsgReveal) Validate() error {
	if err := CheckAmount("fee", m.Fee); err != nil {
		return err
	}
	return check32("salt", m.Salt)
}

// Validate checks the form of a submission. It returns ErrInvalidSize.
func (m *MsgSubmitProof) Validate() error {
	if len(m.Proof) == 0 || len(m.Proof) > MaxProofBytes {
		return errorsmod.Wrapf(ErrInvalidSize, "proof must have 1 to %d bytes, got %d", MaxProofBytes, len(m.Proof))
	}
	if len(m.PublicValues) > MaxPublicValuesBytes {
		return errorsmod.Wrapf(ErrInvalidSize, "public values must have at most %d bytes, got %d", MaxPublicValuesBytes, len(m.PublicValues))
	}
	return nil
}

// Validate checks the number of items; each item is checked on its own. It
// returns ErrInvalidSize or ErrTooManyItems.
func (m *MsgRefund) Validate() error { return CheckCount("request id", len(m.RequestIds)) }

// Validate checks the number of bids, which may be none. It returns
// ErrTooManyItems.
func (m *MsgClaim) Validate() error {
	if len(m.Bids) == 0 {
		return nil
	}
	return CheckCount("bid", len(m.Bids))
}

// CheckAmount returns ErrInvalidAmount unless 0 ≤ n < 2^128.
func CheckAmount(name string, n math.Int) error {
	if err := auction.CheckAmount(n); err != nil {
		return errorsmod.Wrapf(ErrInvalidAmount, "%s: %s", name, err)
	}
	return nil
}

// CheckPositive returns ErrInvalidAmount unless 0 < n < 2^128.
func CheckPositive(name string, n math.Int) error {
	if err := CheckAmount(name, n); err != nil {
		return err
	}
	if n.IsZero() {
		return errorsmod.Wrapf(ErrInvalidAmount, "%s must be more than 0", name)
	}
	return nil
}

// check32 returns ErrInvalidSize unless b has the 32 bytes of a hash or a salt.
func check32(name string, b []byte) error {
	if len(b) != CommitmentBytes {
		return errorsmod.Wrapf(ErrInvalidSize, "%s must have %d bytes, got %d", name, CommitmentBytes, len(b))
	}
	return nil
}
