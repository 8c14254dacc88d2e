package lanes

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"time"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/mempool"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"
)

// hash names a transaction: sha256 of its bytes, as CometBFT does.
type hash = [sha256.Size]byte

// waiting is a transaction in the pool.
type waiting struct {
	urgency
	uses    int // of its keys, by transactions in earlier blocks
	hash    hash
	tx      sdk.Tx
	raw     []byte
	gas     uint64
	arrival uint64
	round   uint64 // the last in which CometBFT was known to hold it
	// signers with their sequences; of an unordered transaction they have none.
	signers []mempool.SignerData
	ordered bool
	// untilHeight and until are the last block that may hold it, zero for any.
	untilHeight uint64
	until       time.Time
}

// newWaiting reads what the pool needs to know of a transaction. Error: ErrNoSigner.
func newWaiting(ctx sdk.Context, tx sdk.Tx, gasWanted uint64) (*waiting, error) {
	u, judged := ctx.Value(urgencyKey{}).(urgency)
	if !judged {
		u = urgency{lane: Rest, order: -ctx.Priority()}
	}
	signers, err := signersOf(tx)
	if err != nil {
		return nil, err
	}
	raw := ctx.TxBytes()
	w := &waiting{urgency: u, hash: sha256.Sum256(raw), tx: tx, raw: raw, gas: gasOf(tx, gasWanted), signers: signers, ordered: true}
	if unordered, ok := tx.(sdk.TxWithUnordered); ok && unordered.GetUnordered() {
		w.ordered = false
	}
	if ends, ok := tx.(interface {
		GetTimeoutHeight() uint64
		GetTimeoutTimeStamp() time.Time
	}); ok {
		w.untilHeight, w.until = ends.GetTimeoutHeight(), ends.GetTimeoutTimeStamp()
	}
	return w, nil
}

// signersOf returns who signed a transaction, with their sequences. A signature needs no
// public key: the account has it, from its first transaction on.
func signersOf(tx sdk.Tx) ([]mempool.SignerData, error) {
	signed, ok := tx.(authsigning.SigVerifiableTx)
	if !ok {
		return nil, ErrNoSigner.Wrapf("%T", tx)
	}
	addresses, err := signed.GetSigners()
	if err != nil {
		return nil, errorsmod.Wrap(ErrNoSigner, err.Error())
	}
	signatures, err := signed.GetSignaturesV2()
	if err != nil {
		return nil, errorsmod.Wrap(ErrNoSigner, err.Error())
	}
	if len(addresses) == 0 || len(addresses) != len(signatures) {
		return nil, ErrNoSigner.Wrapf("%d signers, %d signatures", len(addresses), len(signatures))
	}
	signers := make([]mempool.SignerData, len(addresses))
	for i, address := range addresses {
		signers[i] = mempool.NewSignerData(address, signatures[i].Sequence)
	}
	return signers, nil
}

// gasOf is what counts against a block's gas.
func gasOf(tx sdk.Tx, wanted uint64) uint64 {
	if asks, ok := tx.(sdk.GasTx); ok {
		return max(wanted, asks.GetGas())
	}
	return wanted
}

// before tells which of two transactions of a lane goes first.
func before(a, b *waiting) bool {
	return cmp.Or(cmp.Compare(a.uses, b.uses), cmp.Compare(a.order, b.order), cmp.Compare(a.arrival, b.arrival)) < 0
}

// size is how many bytes it takes in the pool.
func (w *waiting) size() int64 { return int64(len(w.raw)) }

// after tells whether a transaction needs another to run before.
func (w *waiting) after(other *waiting) bool {
	if !w.ordered || !other.ordered {
		return false
	}
	for _, mine := range w.signers {
		for _, its := range other.signers {
			if mine.Signer.Equals(its.Signer) && mine.Sequence > its.Sequence {
				return true
			}
		}
	}
	return false
}

// over tells whether a block of that height and time is too late for it.
func (w *waiting) over(height int64, now time.Time) bool {
	if w.untilHeight > 0 && uint64(max(height, 0)) > w.untilHeight {
		return true
	}
	return !w.until.IsZero() && w.until.Unix() != 0 && w.until.Before(now)
}

// account is what waits of one signer.
type account struct {
	count   [lanes]int
	ordered []turn // rising
}

// turn is an ordered transaction with its place among those of a signer.
type turn struct {
	sequence uint64
	w        *waiting
}

// from returns where the transactions from a sequence on begin.
func (a *account) from(sequence uint64) int {
	at, _ := slices.BinarySearchFunc(a.ordered, sequence, func(t turn, s uint64) int { return cmp.Compare(t.sequence, s) })
	return at
}

func (a *account) add(w *waiting, sequence uint64) {
	a.count[w.lane]++
	if w.ordered {
		a.ordered = slices.Insert(a.ordered, a.from(sequence), turn{sequence, w})
	}
}

func (a *account) remove(w *waiting, sequence uint64) {
	a.count[w.lane]--
	for i := a.from(sequence); i < len(a.ordered) && a.ordered[i].sequence == sequence; i++ {
		if a.ordered[i].w == w {
			a.ordered = slices.Delete(a.ordered, i, i+1)
			return
		}
	}
}
