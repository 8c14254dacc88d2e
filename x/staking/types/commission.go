package types

import "time"

const (
	// MaxCommissionRates bounds the sources for which one prover has rates of
	// their own (law S6).
	MaxCommissionRates = 8
	// MaxCommissionNotice bounds commission_notice.
	MaxCommissionNotice = 90 * 24 * time.Hour
)

// ValidateSource returns ErrInvalidSource unless source may name where rewards
// come from: 1 to MaxSourceBytes visible ASCII characters.
func ValidateSource(source string) error {
	if len(source) == 0 || len(source) > MaxSourceBytes {
		return ErrInvalidSource.Wrapf("it has %d bytes, allowed are 1 to %d", len(source), MaxSourceBytes)
	}
	for i := range len(source) {
		if source[i] <= ' ' || source[i] > '~' {
			return ErrInvalidSource.Wrapf("byte %d of %q is no visible ASCII character", i, source)
		}
	}
	return nil
}

// IsDefault reports whether this is the rate of every source that has none of its
// own.
func (r CommissionRate) IsDefault() bool { return r.Source == "" }

// At returns the rate as of now: a pending change whose time has come counts.
// own is false when it took the source's own rate away, so that the default's
// counts.
func (r CommissionRate) At(now time.Time) (rate CommissionRate, own bool) {
	if r.Pending == nil || r.Pending.EffectiveAt.After(now) {
		return r, true
	}
	own = !r.Pending.Inherit
	if own {
		r.Bps = r.Pending.Bps
	}
	r.Pending = nil
	return r, own
}

// Choose returns the rate after its prover chose bps at the time now (law S6). A
// higher rate waits for notice, a lower one counts at once; either replaces what
// was pending. r is as of now. For a source without a rate of its own, r has the
// default's: the source leaves the default at once, at the rate that it has, so
// that no later change of the default can reach it unannounced.
func (r CommissionRate) Choose(bps uint32, now time.Time, notice time.Duration) CommissionRate {
	r.Pending = nil
	if bps > r.Bps && notice > 0 {
		r.Pending = &PendingCommission{Bps: bps, EffectiveAt: now.Add(notice)}
		return r
	}
	r.Bps = bps
	return r
}

// Release returns the rate of a source after its prover gave it back to the
// default at the time now; own is false if that counts at once. It waits for
// notice when the default's rate is higher, or is announced to become so: that
// announcement was not made for this source. r and fallback, the default, are as
// of now.
func (r CommissionRate) Release(fallback CommissionRate, now time.Time, notice time.Duration) (rate CommissionRate, own bool) {
	r.Pending = nil
	highest := fallback.Bps
	if fallback.Pending != nil {
		highest = max(highest, fallback.Pending.Bps)
	}
	if highest <= r.Bps || notice <= 0 {
		return r, false
	}
	r.Pending = &PendingCommission{Inherit: true, EffectiveAt: now.Add(notice)}
	return r, true
}

// Validate returns ErrInvalidGenesis for a record that no message can leave.
func (r CommissionRate) Validate() error {
	fail := func(why string) error {
		return ErrInvalidGenesis.Wrapf("commission of %s for %q: %s", r.Prover, r.Source, why)
	}
	if !r.IsDefault() {
		if err := ValidateSource(r.Source); err != nil {
			return fail(err.Error())
		}
	}
	switch {
	case r.Bps > BpsBase:
		return fail("more than everything")
	case r.Pending == nil && r.IsDefault():
		return fail("the default is kept here only with a pending change")
	case r.Pending == nil:
		return nil
	case r.Pending.Inherit && (r.IsDefault() || r.Pending.Bps != 0):
		return fail("a pending reset is a source's, and names no rate")
	case !r.Pending.Inherit && (r.Pending.Bps <= r.Bps || r.Pending.Bps > BpsBase):
		return fail("only a higher rate waits")
	case !inQueue(r.Pending.EffectiveAt):
		return fail("effective_at is out of range")
	}
	return nil
}

// inQueue reports whether a time fits the keys of the queues.
func inQueue(t time.Time) bool { return t.Equal(time.Unix(0, t.UnixNano())) }
