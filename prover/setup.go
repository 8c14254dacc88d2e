package prover

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	chainconst "github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/prover/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

// ErrKeyExists means that a key would be overwritten.
var ErrKeyExists = errors.New("the keyring has a key of that name already")

// SetupKey is the submitter's key after SetUpKey.
type SetupKey struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	// Created tells a key that SetUpKey made from one that was there.
	Created bool `json:"created"`
	// Mnemonic is the secret of a key that was made anew, to be shown once.
	Mnemonic string `json:"-"`
}

// SetUpKey makes sure that the keyring holds the submitter's key: the one that is
// there, or one from mnemonic, or a new one where that is empty. It overwrites none
// (ErrKeyExists where a mnemonic was given), and refuses the prover's own key
// (ErrStakeKey, law P5).
func SetUpKey(kr keyring.Keyring, k KeyConfig, mnemonic string) (SetupKey, error) {
	record, err := kr.Key(k.Name)
	switch {
	case err == nil && mnemonic != "":
		return SetupKey{}, fmt.Errorf("%w: %q: choose another --key, or leave --recover out to use it", ErrKeyExists, k.Name)
	case err == nil:
		return keyOf(record, k.Prover)
	case !errors.Is(err, sdkerrors.ErrKeyNotFound):
		return SetupKey{}, fmt.Errorf("look for key %q: %w", k.Name, err)
	}
	made := mnemonic == ""
	// In memory first: a key that is refused never comes onto the disk.
	trial := keyring.NewInMemory(chain.NewEncoding().Codec)
	if made {
		record, mnemonic, err = trial.NewMnemonic(k.Name, keyring.English, sdk.FullFundraiserPath, "", hd.Secp256k1)
	} else {
		record, err = trial.NewAccount(k.Name, mnemonic, "", sdk.FullFundraiserPath, hd.Secp256k1)
	}
	if err != nil {
		return SetupKey{}, fmt.Errorf("derive key %q: %w", k.Name, err)
	}
	key, err := keyOf(record, k.Prover)
	if err != nil {
		return SetupKey{}, err
	}
	if _, err := kr.NewAccount(k.Name, mnemonic, "", sdk.FullFundraiserPath, hd.Secp256k1); err != nil {
		return SetupKey{}, fmt.Errorf("keep key %q: %w", k.Name, err)
	}
	key.Created = true
	if made {
		key.Mnemonic = mnemonic
	}
	return key, nil
}

// keyOf describes a key that is not the prover's own.
func keyOf(record *keyring.Record, prover string) (SetupKey, error) {
	address, err := record.GetAddress()
	if err != nil {
		return SetupKey{}, fmt.Errorf("key %q: %w", record.Name, err)
	}
	text, err := addressCodec().BytesToString(address)
	if err != nil {
		return SetupKey{}, fmt.Errorf("key %q: %w", record.Name, err)
	}
	if text == prover {
		return SetupKey{}, fmt.Errorf("%w: key %q is that of prover %s: use a key of its own as the submitter", ErrStakeKey, record.Name, prover)
	}
	return SetupKey{Name: record.Name, Address: text}, nil
}

// SetupCommand is a command line that the operator has to run.
type SetupCommand struct {
	// What it does, and whose key Signs it.
	What    string `json:"what"`
	Signer  string `json:"signer"`
	Command string `json:"command"`
}

// What stands in commands for what is not known yet.
const (
	unknownChain     = "CHAIN_ID"
	unknownProver    = "PROVER_ADDRESS"
	unknownSubmitter = "SUBMITTER_ADDRESS"
	stakeKey         = "PROVER_KEY"
	fundingKey       = "FUNDING_KEY"
)

// gasAdjustment is what the command lines put on simulated gas.
const gasAdjustment = "1.5"

// FundCommand sends an amount of uproof to the submitter, which pays bonds and fees.
func (c Config) FundCommand(submitter string, amount math.Int) SetupCommand {
	return SetupCommand{
		What: "send the submitter coins for bonds and fees", Signer: "any key with coins",
		Command: c.marketd("tx", "bank", "send", fundingKey, orUnknown(submitter, unknownSubmitter), amount.String()+chainconst.Denom),
	}
}

// LinkCommands are the two transactions that let the submitter act for the prover, in
// their order (law M3).
func (c Config) LinkCommands(submitter string) []SetupCommand {
	prover := orUnknown(c.Key.Prover, unknownProver)
	return []SetupCommand{
		{
			What: "let the prover register the submitter", Signer: fmt.Sprintf("the submitter's key %q, in proverd's keyring", c.Key.Name),
			Command: c.marketd("tx", "market", "consent-submitter", prover,
				"--from", c.Key.Name, "--keyring-backend", c.Key.Backend, "--keyring-dir", c.Key.Dir),
		},
		{
			What: "register the submitter", Signer: "the prover's own key, on the machine that holds it",
			Command: c.marketd("tx", "market", "register-submitter", orUnknown(submitter, unknownSubmitter), "--from", stakeKey),
		},
	}
}

// marketd is a command line of the node that sends a transaction.
func (c Config) marketd(args ...string) string {
	words := append([]string{"marketd"}, args...)
	words = append(words, "--chain-id", orUnknown(c.Chain.ID, unknownChain))
	if len(c.Chain.Nodes) > 0 {
		words = append(words, "--node", c.Chain.Nodes[0])
	}
	words = append(words, "--gas", "auto", "--gas-adjustment", gasAdjustment, "--gas-prices", c.Chain.GasPrice)
	for i, w := range words {
		words[i] = shellWord(w)
	}
	return strings.Join(words, " ")
}

func orUnknown(v, unknown string) string {
	if v == "" {
		return unknown
	}
	return v
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// shellWord quotes a word for a shell, where it must be.
func shellWord(w string) string {
	if plainWord.MatchString(w) {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}

// Gas of a job's transactions, before margin and reserve. A devnet's took 90,193,
// 95,254 and, for a small circuit, 262,440; a proof of a dearer verifier takes more.
const (
	bidGas    = 100_000
	revealGas = 110_000
	proofGas  = 600_000
)

// maxPriceBits bounds a gas price, 18 decimals included, so that no product overflows.
const maxPriceBits = 190

// JobCost is what the submitter needs in its account for one bid that wins.
type JobCost struct {
	// Bond is escrowed with the bid and returns, unless the bid is not revealed or the
	// proof not delivered; Fees pay for the gas of bid, reveal and proof.
	Bond math.Int
	Fees math.Int
}

// Total is bond and fees.
func (c JobCost) Total() math.Int { return c.Bond.Add(c.Fees) }

// JobCost reckons it for the least bond; requests with a large max_fee ask for more.
func (c Config) JobCost(minBond math.Int) (JobCost, error) {
	price, err := sdk.ParseDecCoins(c.Chain.GasPrice)
	if err != nil {
		return JobCost{}, fmt.Errorf("chain.gas_price: %w", err)
	}
	var gas uint64
	for _, used := range []uint64{bidGas, revealGas, proofGas} {
		gas += used + used*min(c.Chain.GasMarginPercent, maxGasMarginPercent)/100 + chain.GasReserve
	}
	each := price.AmountOf(chainconst.Denom)
	if each.BigInt().BitLen() > maxPriceBits {
		return JobCost{}, fmt.Errorf("chain.gas_price: %s is more than there are coins", c.Chain.GasPrice)
	}
	fees := each.MulInt(math.NewIntFromUint64(gas))
	return JobCost{Bond: minBond, Fees: fees.Ceil().TruncateInt()}, nil
}

// JobsAtOnce is how many jobs, standing bids included, the backends' queues and
// filter.max_jobs let be under way.
func (c Config) JobsAtOnce() int {
	n := 0
	for _, b := range c.Backends {
		n += b.Queue
	}
	if c.Filter.MaxJobs > 0 {
		n = min(n, c.Filter.MaxJobs)
	}
	return n
}

// SuggestedFunds is what the submitter should have before the chain is asked: twice what
// JobsAtOnce cost at the chain's default bond, so that gas does not eat into bonds.
func (c Config) SuggestedFunds() (math.Int, error) {
	cost, err := c.JobCost(markettypes.DefaultParams().MinBidBond)
	if err != nil {
		return math.Int{}, err
	}
	return cost.Total().MulRaw(2 * int64(c.JobsAtOnce())), nil
}
