package lanes

import (
	"math"

	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"

	errorsmod "cosmossdk.io/errors"
)

// bps of a block that a lane may use together with the lanes before it. So bids always
// have 30 % of a block at least, and everything else 10 %; what a lane leaves, the
// later ones may use.
var shareBps = [lanes]uint64{6_000, 9_000, 10_000}

const wholeBps = 10_000

// limits are the gas and the bytes that lanes may use, each with those before it.
type limits struct {
	gas, bytes [lanes]uint64
}

// limitsOf gives the limits under the chain's parameters of a block. Unset and -1 mean no
// limit, and so does 0, which the SDK takes for none as well: as a limit it would let
// nothing into blocks, not even what raises it again.
func limitsOf(params *cmtproto.BlockParams) limits {
	gas, bytes := uint64(math.MaxUint64), uint64(math.MaxUint64)
	if params != nil && params.MaxGas > 0 {
		gas = uint64(params.MaxGas)
	}
	if params != nil && params.MaxBytes > 0 {
		bytes = uint64(params.MaxBytes)
	}
	var l limits
	for i, bps := range shareBps {
		l.gas[i], l.bytes[i] = share(gas, bps), share(bytes, bps)
	}
	return l
}

// CriticalGas is the gas of a block that the first lane may use.
func CriticalGas(params *cmtproto.BlockParams) uint64 { return limitsOf(params).gas[Critical] }

// share is floor(whole × bps / 10000), or no limit of no limit.
func share(whole, bps uint64) uint64 {
	if whole == math.MaxUint64 {
		return whole
	}
	return whole/wholeBps*bps + whole%wholeBps*bps/wholeBps
}

// filling is a block that is being filled, or gone through.
type filling struct {
	limits     limits
	gas, bytes uint64
	last       Lane
}

// fits tells whether a transaction of that lane may follow what is there.
func (f *filling) fits(lane Lane, gas, bytes uint64) error {
	if lane < f.last {
		return errorsmod.Wrapf(ErrOrder, "lane %s after lane %s", lane, f.last)
	}
	if gas > f.limits.gas[lane] || f.gas > f.limits.gas[lane]-gas {
		return errorsmod.Wrapf(ErrShare, "lanes up to %s have %d gas, %d are used and %d asked for", lane, f.limits.gas[lane], f.gas, gas)
	}
	if bytes > f.limits.bytes[lane] || f.bytes > f.limits.bytes[lane]-bytes {
		return errorsmod.Wrapf(ErrShare, "lanes up to %s have %d bytes, %d are used and %d asked for", lane, f.limits.bytes[lane], f.bytes, bytes)
	}
	return nil
}

// add puts a transaction after what is there, if it fits.
func (f *filling) add(lane Lane, gas, bytes uint64) error {
	if err := f.fits(lane, gas, bytes); err != nil {
		return err
	}
	f.use(lane, gas, bytes)
	return nil
}

// use puts a transaction that fits after what is there.
func (f *filling) use(lane Lane, gas, bytes uint64) {
	f.last, f.gas, f.bytes = lane, f.gas+gas, f.bytes+bytes
}

// sizeInBlock is how many bytes a transaction takes in a block.
func sizeInBlock(tx []byte) uint64 {
	return uint64(cmttypes.ComputeProtoSizeForTxs([]cmttypes.Tx{tx}))
}
