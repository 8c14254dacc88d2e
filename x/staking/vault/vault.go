// Package vault is the arithmetic of one vault generation: shares against
// assets, the unstaking pool, slashes and rewards (laws S2, S4, S6, S7). It is
// pure: values in, a plan out, no store, no clock, no coins. The keeper loads a
// Vault, brings it to the block's time with At, asks for a plan and applies it.
//
// Every function is total: it returns an error and never panics, whatever
// 256-bit amounts it is given, nil ones included. Products are computed without
// a size limit and results are checked. Roundings favour those who stay: the
// price of a share and of a pool share never falls through somebody else's
// staking, unstaking or completing; only slashes lower it.
//
// All amounts are in uproof; shares and pool shares are plain counts.
package vault

import (
	"errors"
	"fmt"
	"math/big"
	"time"

	"cosmossdk.io/math"
)

// Errors of the package. The keeper gives them the module's codes.
var (
	// ErrInvalid: an argument or the vault itself is not well formed.
	ErrInvalid = errors.New("invalid vault or argument")
	// ErrClosed: the vault was slashed to zero; its shares are void.
	ErrClosed = errors.New("vault is closed")
	// ErrTooSmall: the amount makes no whole share, or the shares no whole uproof.
	ErrTooSmall = errors.New("amount too small")
	// ErrMinOut: the result is below what the caller accepts.
	ErrMinOut = errors.New("less than the minimum asked for")
	// ErrTooMuch: more shares were named than there are.
	ErrTooMuch = errors.New("more than there is")
	// ErrOverflow: a total would pass its bound.
	ErrOverflow = errors.New("total out of bounds")
)

const (
	// sharesBits bounds the shares of a vault (law S2).
	sharesBits = 120
	// poolSharesBits bounds the shares of the unstaking pool. It leaves room for
	// pools that were slashed to almost nothing several times over.
	poolSharesBits = 240
	// assetsBits bounds every amount that a vault holds, so that sums of a few
	// of them fit 256 bits.
	assetsBits = 250

	// BpsBase is the number of basis points in one.
	BpsBase = 10_000
)

// MaxShares is the largest number of shares of one vault: 2^120.
func MaxShares() math.Int { return maxShares }

// MaxPoolShares is the largest number of pool shares of one vault: 2^240.
func MaxPoolShares() math.Int { return maxPoolShares }

// MaxAssets is the largest amount that one part of a vault may hold: 2^250.
func MaxAssets() math.Int { return maxAssets }

// Every look at a vault checks it against these; an Int does not change.
var maxShares, maxPoolShares, maxAssets = powerOfTwo(sharesBits), powerOfTwo(poolSharesBits), powerOfTwo(assetsBits)

func powerOfTwo(exponent uint) math.Int {
	return math.NewIntFromBigInt(new(big.Int).Lsh(big.NewInt(1), exponent))
}

// Vault is the state of one vault generation. Without shares there are no
// assets, and without pool shares no pool assets, and the other way round in
// the pool; shares without assets mean that the vault is closed.
type Vault struct {
	// Assets belong to the holders of shares.
	Assets math.Int
	// Shares outstanding, at most MaxShares.
	Shares math.Int
	// PoolAssets belong to the unstaking entries.
	PoolAssets math.Int
	// PoolShares of all entries together, at most MaxPoolShares.
	PoolShares math.Int
	// Stream holds rewards on their way to Assets.
	Stream Stream
}

// New returns an empty vault.
func New() Vault {
	zero := math.ZeroInt()
	return Vault{Assets: zero, Shares: zero, PoolAssets: zero, PoolShares: zero, Stream: NoStream()}
}

// Closed reports whether the vault was slashed to zero.
func (v Vault) Closed() bool { return v.Assets.IsZero() && v.Shares.IsPositive() }

// At returns the vault at a block time: what has vested by then is part of the
// assets. It fails with ErrInvalid for a malformed vault and with ErrOverflow.
// A time before the last one changes nothing.
func (v Vault) At(now time.Time) (Vault, error) {
	if err := v.Check(); err != nil {
		return Vault{}, err
	}
	stream, vested := v.Stream.at(now)
	assets, err := add(v.Assets, vested)
	if err != nil {
		return Vault{}, err
	}
	v.Assets, v.Stream = assets, stream
	return v, nil
}

// Unvested returns the rewards that are not part of the assets.
func (v Vault) Unvested() math.Int { return v.Stream.Unvested() }

// Value returns floor(shares × assets / total shares), what so many shares are
// worth; zero without shares or when the vault is closed. It fails with
// ErrInvalid or ErrTooMuch.
func (v Vault) Value(shares math.Int) (math.Int, error) {
	return part(shares, v.Assets, v.Shares)
}

// PoolValue returns floor(shares × pool assets / pool shares), what an entry
// with so many pool shares is worth. It fails with ErrInvalid or ErrTooMuch.
func (v Vault) PoolValue(poolShares math.Int) (math.Int, error) {
	return part(poolShares, v.PoolAssets, v.PoolShares)
}

// Check returns ErrInvalid for a vault that no sequence of operations reaches.
func (v Vault) Check() error {
	amounts := []struct {
		name       string
		value, max math.Int
	}{
		{"assets", v.Assets, MaxAssets()},
		{"shares", v.Shares, MaxShares()},
		{"pool assets", v.PoolAssets, MaxAssets()},
		{"pool shares", v.PoolShares, MaxPoolShares()},
	}
	for _, a := range amounts {
		if err := valid(a.name, a.value); err != nil {
			return err
		}
		if a.value.GT(a.max) {
			return fmt.Errorf("%w: %s exceed %s", ErrInvalid, a.name, a.max)
		}
	}
	switch {
	case v.Shares.IsZero() && v.Assets.IsPositive():
		return fmt.Errorf("%w: assets without shares", ErrInvalid)
	case v.PoolShares.IsZero() != v.PoolAssets.IsZero():
		return fmt.Errorf("%w: pool has assets %s with shares %s", ErrInvalid, v.PoolAssets, v.PoolShares)
	}
	if err := v.Stream.check(); err != nil {
		return err
	}
	if v.Assets.IsZero() && !v.Stream.empty() {
		return fmt.Errorf("%w: a stream without anybody to receive it", ErrInvalid)
	}
	if v.fits() != nil {
		return fmt.Errorf("%w: assets and unvested rewards exceed %s", ErrInvalid, MaxAssets())
	}
	return nil
}

// fits returns ErrOverflow if the assets would pass their bound once everything
// has vested: no vault may get into a state that time cannot move on.
func (v Vault) fits() error {
	_, err := add(v.Assets, v.Stream.Unvested())
	return err
}

// valid returns ErrInvalid for a nil or negative amount.
func valid(name string, amount math.Int) error {
	if amount.IsNil() || amount.IsNegative() {
		return fmt.Errorf("%w: %s is %s", ErrInvalid, name, amount)
	}
	return nil
}

// part returns floor(shares × assets / total), or zero when total is.
func part(shares, assets, total math.Int) (math.Int, error) {
	for _, a := range []math.Int{shares, assets, total} {
		if err := valid("amount", a); err != nil {
			return math.Int{}, err
		}
	}
	if shares.GT(total) {
		return math.Int{}, fmt.Errorf("%w: %s shares of %s", ErrTooMuch, shares, total)
	}
	if total.IsZero() {
		return math.ZeroInt(), nil
	}
	return mulDiv(shares, assets, total, false)
}

// add returns a + b, or ErrOverflow beyond MaxAssets.
func add(a, b math.Int) (math.Int, error) {
	sum, err := a.SafeAdd(b)
	if err != nil || sum.GT(MaxAssets()) {
		return math.Int{}, fmt.Errorf("%w: %s + %s", ErrOverflow, a, b)
	}
	return sum, nil
}

// mulDiv returns a × b / c for non-negative a, b and positive c, rounded up or
// down. The product has no size limit; a result of more than 256 bits is
// ErrOverflow.
func mulDiv(a, b, c math.Int, up bool) (math.Int, error) {
	if !c.IsPositive() {
		return math.Int{}, fmt.Errorf("%w: division by %s", ErrInvalid, c)
	}
	product := new(big.Int).Mul(a.BigInt(), b.BigInt())
	result, rest := product.QuoRem(product, c.BigInt(), new(big.Int))
	if up && rest.Sign() > 0 {
		result.Add(result, big.NewInt(1))
	}
	if result.BitLen() > math.MaxBitLen {
		return math.Int{}, fmt.Errorf("%w: %s × %s / %s", ErrOverflow, a, b, c)
	}
	return math.NewIntFromBigInt(result), nil
}
