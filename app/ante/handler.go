// Package ante holds the checks that every transaction passes before its
// messages run: who signed it, what it pays, how much of the block it may use.
package ante

import (
	ibcante "github.com/cosmos/ibc-go/v11/modules/core/ante"
	ibckeeper "github.com/cosmos/ibc-go/v11/modules/core/keeper"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkante "github.com/cosmos/cosmos-sdk/x/auth/ante"
	txsigning "github.com/cosmos/cosmos-sdk/x/tx/signing"
)

// Options are the parts that the chain of checks is built from. All are needed.
type Options struct {
	AccountKeeper   sdkante.AccountKeeper
	BankKeeper      FeeBankKeeper
	FeegrantKeeper  sdkante.FeegrantKeeper
	SignModeHandler *txsigning.HandlerMap
	IBCKeeper       *ibckeeper.Keeper
}

func (o Options) validate() error {
	switch {
	case o.AccountKeeper == nil:
		return errorsmod.Wrap(ErrMissingOption, "account keeper")
	case o.BankKeeper == nil:
		return errorsmod.Wrap(ErrMissingOption, "bank keeper")
	case o.FeegrantKeeper == nil:
		return errorsmod.Wrap(ErrMissingOption, "feegrant keeper")
	case o.SignModeHandler == nil:
		return errorsmod.Wrap(ErrMissingOption, "sign mode handler")
	case o.IBCKeeper == nil:
		return errorsmod.Wrap(ErrMissingOption, "IBC keeper")
	}
	return nil
}

// NewHandler returns the chain's ante handler. The order matters: cheap checks
// that need no state come before those that read it, the fee is taken before
// the costly signature check, and nothing is recorded before the signatures are
// known to be good. A failing step undoes the ones before it.
func NewHandler(o Options) (sdk.AnteHandler, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	ak := o.AccountKeeper
	signatures, err := newSignatureDecorator(ak, o.SignModeHandler)
	if err != nil {
		return nil, err
	}
	return sdk.ChainAnteDecorators(
		// Installs the transaction's gas meter and turns running out of gas into
		// an error; every later step is metered, so this one is first.
		sdkante.NewSetUpContextDecorator(),
		// A simulation gets the gas of a block instead of an endless meter.
		NewSimulationGasDecorator(),
		// We define no extension options: one that is marked critical asks for a
		// behaviour that this chain does not have, so it must fail.
		sdkante.NewExtensionOptionsDecorator(nil),
		// The fee's form needs no state at all, and wrong coins are the most
		// common mistake: name it before anything else does so less clearly.
		NewFeeCoinDecorator(),
		// How many messages there are, before anything looks at each of them.
		NewMessageLimitDecorator(),
		// Form of messages and signatures, still without state.
		sdkante.NewValidateBasicDecorator(),
		// A transaction past the height or time that its signer chose is dead;
		// for unordered ones the time is also part of replay protection.
		sdkante.NewTxTimeoutHeightDecorator(),
		// The memo's size is bounded by a parameter of x/auth.
		sdkante.NewValidateMemoDecorator(ak),
		// Bytes are stored and gossiped by everybody, so they cost gas.
		sdkante.NewConsumeGasForTxSizeDecorator(ak),
		// Takes the fee (from a granter if named), so that a transaction which
		// fails later still pays for the work it caused. MinGasPrice is asked in
		// CheckTx only: it is this node's own choice, not consensus.
		sdkante.NewDeductFeeDecorator(ak, virtualFees{o.BankKeeper}, o.FeegrantKeeper, CheckMinGasPrice),
		// Stores the public key of an account's first transaction; the three
		// signature steps below read it.
		sdkante.NewSetPubKeyDecorator(ak),
		// Bounds the number of signatures, nested multisig keys included, before
		// any of them costs time.
		sdkante.NewValidateSigCountDecorator(ak),
		// Charges for each signature by key type before it is verified.
		sdkante.NewSigGasConsumeDecorator(ak, sdkante.DefaultSigVerificationGasConsumer),
		// Verifies signatures and sequences. For an unordered transaction it
		// checks and records (sender, timeout) instead of a sequence, which is
		// what refuses its replay; x/auth's PreBlocker forgets expired ones. Signatures
		// found good once are not verified again.
		signatures,
		// Moves the sequence on, so that an ordered transaction runs once.
		sdkante.NewIncrementSequenceDecorator(ak),
		// Keeps packets that another relayer has delivered already out of the mempool,
		// so that relayers pay for useful work only. Mempool only, and costly: the last.
		ibcante.NewRedundantRelayDecorator(o.IBCKeeper),
	), nil
}
