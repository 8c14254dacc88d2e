package app

import (
	"errors"
	"fmt"
	"slices"

	abci "github.com/cometbft/cometbft/abci/types"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/app/lanes"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	verifierkeeper "github.com/proofmarket/proofmarket/x/verifier/keeper"
)

const (
	// KeyVerdicts names the setting of app.toml that says how many verdicts the node
	// remembers, 0 for none.
	KeyVerdicts = "verification.verdicts"
	// KeyAhead names the setting of app.toml that says how many proofs of a block are
	// verified in a batch before it at most, 0 for none.
	KeyAhead = "verification.ahead"

	// DefaultVerdicts is the default of KeyVerdicts.
	DefaultVerdicts = 16_384
	// DefaultAhead is the default of KeyAhead.
	DefaultAhead = 512
	// mostLooks is more than either can use.
	mostLooks = 1 << 30
)

// setVerifier applies the node's settings about verdicts, which change how fast it is
// and nothing else (law V7).
func (app *App) setVerifier(options servertypes.AppOptions) error {
	verdicts, err := Bounds{0, mostLooks, DefaultVerdicts}.Number(options, KeyVerdicts)
	if err != nil {
		return err
	}
	app.VerifierKeeper.SetVerdictCache(verdicts)
	app.ahead, err = Bounds{0, mostLooks, DefaultAhead}.Number(options, KeyAhead)
	return err
}

// verifyAhead verifies the proofs of a block that is about to run in one batch, best
// effort: the transactions that run find the verdicts, or verify for themselves. What
// could not pay or is not assigned is left out, and so is all beyond the cap and the gas
// of the proofs' lane. It changes nothing, and whatever goes wrong in it goes into the log
// alone.
func (app *App) verifyAhead(ctx sdk.Context, txs [][]byte) {
	defer func() {
		if r := recover(); r != nil {
			ctx.Logger().Error("verification ahead of a block panicked", "panic", fmt.Sprint(r))
		}
	}()
	if !slices.ContainsFunc(txs, namesProof) {
		return
	}
	list := (&gathering{app: app, left: app.ahead, fees: map[string]math.Int{}}).all(ctx, txs)
	if len(list) > 0 {
		app.VerifierKeeper.VerifyAhead(ctx, list, lanes.CriticalGas(ctx.ConsensusParams().Block))
	}
}

// proven verifies the proof of a transaction that has passed all other checks of CheckTx,
// within the gas that it has left. The verdict stays for the block that has it.
func (app *App) proven(ctx sdk.Context, u markettypes.Urgency, msg *markettypes.MsgSubmitProof) error {
	key := string(u.Key)
	if look, err := app.looks.allow(ctx.BlockHeight(), key, u.Prover); err != nil || !look {
		return err
	}
	before := ctx.GasMeter().GasConsumed()
	fresh, err := app.VerifierKeeper.Examine(ctx, verifierkeeper.Question{
		Statement: u.Statement, PublicValues: msg.PublicValues, Proof: msg.Proof,
	})
	if errors.Is(err, sdkerrors.ErrOutOfGas) {
		return errorsmod.Wrapf(err, "the proof's verification needs more gas than the %d left of %d; raise the gas limit", ctx.GasMeter().Limit()-before, ctx.GasMeter().Limit())
	}
	if fresh {
		app.looks.note(key, u.Prover, ctx.GasMeter().GasConsumed()-before)
	}
	return err
}

// PreBlocker runs before everything else in a block.
func (app *App) PreBlocker(ctx sdk.Context, req *abci.RequestFinalizeBlock) (*sdk.ResponsePreBlock, error) {
	if app.ahead > 0 {
		app.verifyAhead(ctx, req.Txs)
	}
	return app.ModuleManager.PreBlock(ctx)
}
