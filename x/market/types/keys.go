// Package types holds the market's messages, records, events, errors, parameters
// and what it expects of other modules.
package types

import (
	"encoding/hex"
	"time"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/x/internal/ownaccount"
	"github.com/proofmarket/proofmarket/x/market/auction"
)

const (
	// ModuleName is the module's name and that of its account, which carries what
	// the treasury is owed (law M18).
	ModuleName = "market"
	// StoreKey is the key of the module's store.
	StoreKey = ModuleName
	// ObjectStoreKey is the key of the module's object store: what a block adds to the
	// statistics, until its end.
	ObjectStoreKey = "object:" + ModuleName
	// RewardSource is the source that market rewards carry (law S6).
	RewardSource = ModuleName
	// SlashReason is the reason given for the penalty of a missed deadline.
	SlashReason = "missed_deadline"
)

// Sizes and counts that messages may not pass.
const (
	// MaxURLBytes is the length of the longest image or input URL.
	MaxURLBytes = 2048
	// MaxProofBytes is the size of the largest proof that a message may carry;
	// the verifier's families have tighter bounds of their own.
	MaxProofBytes = 64 << 10
	// MaxPublicValuesBytes is the size of the largest public values.
	MaxPublicValuesBytes = 256 << 10
	// CommitmentBytes is the length of a commitment.
	CommitmentBytes = 32
	// MaxBatch is the number of items in one MsgRefund or MsgClaim, of bids or reveals
	// in one batch (law M19), and of addresses in one list of submitters.
	MaxBatch = 50
	// StandbyPage is the number of standby candidates looked at in one go (law M9).
	StandbyPage = 20
	// BondPage is the number of sealed bonds paid back in one go when a verifier
	// is revoked; the rest is claimable (law M11).
	BondPage = 20
	// ShrinkRecords is what shrinking a request to its receipt counts of prune_cap:
	// request, auction, proof, receipt and its places (law M15).
	ShrinkRecords = 8
	// PruneRetry is the market time after which a request that could not shrink is
	// tried again.
	PruneRetry = time.Hour
	// WorkPage is the number of a prover's requests looked at to tell what it has
	// to do.
	WorkPage = 200
	// MaxHalts is the number of halts kept, the latest ones. An older suspension
	// would read as having ended up to as much earlier as the forgotten halts took.
	MaxHalts = 1000
	// SuspensionReview is the least market time between two looks that the queue
	// takes at a request while its verifier is suspended.
	SuspensionReview = 30 * time.Second
	// MaxStatsEpochs is the number of statistics epochs kept for each prover, and for
	// the market: the latest in which there was anything to count (law M14).
	MaxStatsEpochs = 64
	// MaxPrices is the number of clearing prices kept for each program, the latest. It is
	// the size of a ring: another one takes a migration.
	MaxPrices = 128
	// MaxErrorBytes is the length of the longest error text kept in an event or result.
	MaxErrorBytes = 256
)

// Prefixes of the module's collections.
var (
	ParamsPrefix       = collections.NewPrefix(0)
	ClockPrefix        = collections.NewPrefix(1)
	ImportedPrefix     = collections.NewPrefix(2)
	RequestsPrefix     = collections.NewPrefix(3)
	PlacesPrefix       = collections.NewPrefix(4)
	InputsPrefix       = collections.NewPrefix(5)
	HeadsPrefix        = collections.NewPrefix(7)
	AuctionsPrefix     = collections.NewPrefix(6)
	BidsPrefix         = collections.NewPrefix(8)
	StandbyIndexPrefix = collections.NewPrefix(9)
	ProofsPrefix       = collections.NewPrefix(13)
	SubmittersPrefix   = collections.NewPrefix(14)
	ConsentsPrefix     = collections.NewPrefix(15)
	ClaimsPrefix       = collections.NewPrefix(16)
	HaltsPrefix        = collections.NewPrefix(17)
	ReceiptsPrefix     = collections.NewPrefix(26)
	LitterPrefix       = collections.NewPrefix(27)
	DrainedPrefix      = collections.NewPrefix(28)
	SweptPrefix        = collections.NewPrefix(30)
	SweepPrefix        = collections.NewPrefix(31)
	MarksPrefix        = collections.NewPrefix(32)
	PriceCountsPrefix  = collections.NewPrefix(33)
	PausePrefix        = collections.NewPrefix(18)
	StatementsPrefix   = collections.NewPrefix(20)
	StatsDeltasPrefix  = collections.NewPrefix(21)
	ProverStatsPrefix  = collections.NewPrefix(22)
	MarketStatsPrefix  = collections.NewPrefix(23)
	PricesPrefix       = collections.NewPrefix(24)
	SubmittersOfPrefix = collections.NewPrefix(29)
)

// RequestAccount is the account that holds the request's escrow and bonds while
// it is open (law M18). id is the raw request id.
func RequestAccount(id []byte) sdk.AccAddress {
	return ownaccount.Address(ModuleName, "request", id)
}

// ForBank is x/auth as x/bank is to see it: a request's account needs no record there when
// the market pays into it or out of it. The bank keeper is made over it.
func ForBank(ak banktypes.AccountKeeper) banktypes.AccountKeeper { return ownaccount.ForBank(ak) }

// ClaimsAccount is the account that holds what could not be paid out (law M12).
func ClaimsAccount() sdk.AccAddress {
	return ownaccount.Address(ModuleName, "claims")
}

// FormatID writes a raw 32-byte id as people read it.
func FormatID(id []byte) string { return hex.EncodeToString(id) }

// ParseID reads a request id: exactly 64 lower-case hex digits. It returns
// ErrInvalidID.
func ParseID(s string) ([]byte, error) {
	if !isHash(s) {
		return nil, errorsmod.Wrapf(ErrInvalidID, "request id %s must be %d lower-case hex digits without 0x", quote(s), 2*auction.IDSize)
	}
	return hex.DecodeString(s)
}

// isHash tells whether s is 64 lower-case hex digits.
func isHash(s string) bool {
	if len(s) != 2*auction.IDSize {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
