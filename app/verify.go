package app

import (
	"errors"
	"fmt"
	"sync"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/spf13/cast"

	errorsmod "cosmossdk.io/errors"

	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"

	"github.com/proofmarket/proofmarket/app/lanes"
	"github.com/proofmarket/proofmarket/internal/chain"
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

	// failuresAllowed is how many proofs for one assignment may fail in CheckTx between
	// two blocks: they cost their sender nothing.
	failuresAllowed = 3
)

// setVerifier applies the node's settings about verdicts, which change how fast it is
// and nothing else (law V7).
func (app *App) setVerifier(options servertypes.AppOptions) {
	if v := options.Get(KeyVerdicts); v != nil {
		app.VerifierKeeper.SetVerdictCache(cast.ToInt(v))
	}
	app.ahead = DefaultAhead
	if v := options.Get(KeyAhead); v != nil {
		app.ahead = cast.ToInt(v)
	}
}

// verifyAhead verifies the proofs of a block that is about to run in one batch, best
// effort: the transactions that run find the verdicts, or verify for themselves. What
// could not pay or is not assigned is left out, and so is all beyond the cap. It changes
// nothing, and whatever goes wrong in it goes into the log alone.
func (app *App) verifyAhead(ctx sdk.Context, txs [][]byte) {
	defer func() {
		if r := recover(); r != nil {
			ctx.Logger().Error("verification ahead of a block panicked", "panic", fmt.Sprint(r))
		}
	}()
	var questions []verifierkeeper.Question
	for _, raw := range txs {
		if len(questions) >= app.ahead {
			break
		}
		tx, err := app.enc.TxConfig.TxDecoder()(raw)
		if err != nil {
			continue
		}
		if lanes.Of(tx.GetMsgs()) != lanes.Critical {
			break // proofs come first (law M17)
		}
		questions = append(questions, app.questions(ctx, tx)...)
	}
	if len(questions) > 0 {
		app.VerifierKeeper.VerifyAhead(ctx, questions[:min(len(questions), app.ahead)])
	}
}

// questions returns the verifications that a transaction is going to ask for, if it can
// pay its fee.
func (app *App) questions(ctx sdk.Context, tx sdk.Tx) (list []verifierkeeper.Question) {
	feeTx, ok := tx.(sdk.FeeTx)
	if !ok {
		return nil
	}
	aside := ctx.WithGasMeter(storetypes.NewInfiniteGasMeter())
	payer, fee := feeTx.FeePayer(), feeTx.GetFee().AmountOf(chain.Denom)
	if len(feeTx.FeeGranter()) == 0 && app.BankKeeper.GetBalance(aside, payer, chain.Denom).Amount.LT(fee) {
		return nil
	}
	// The market answers for the block after the context's.
	now := aside.WithBlockHeight(ctx.BlockHeight() - 1)
	for _, msg := range tx.GetMsgs() {
		if m, is := msg.(*markettypes.MsgSubmitProof); is {
			if u, err := app.MarketKeeper.UrgentProof(now, m); err == nil {
				list = append(list, verifierkeeper.Question{Statement: u.Statement, PublicValues: m.PublicValues, Proof: m.Proof, Gas: feeTx.GetGas()})
			}
		}
	}
	return list
}

// proven verifies the proof of a transaction that has passed all other checks of CheckTx,
// within the gas that it has left. The verdict stays for the block that has it. An
// assignment whose proofs failed too often since the last block has to wait for the next.
func (app *App) proven(ctx sdk.Context, u markettypes.Urgency, msg *markettypes.MsgSubmitProof) error {
	if !app.failures.allow(ctx.BlockHeight(), string(u.Key)) {
		return errorsmod.Wrapf(ErrFailedProofs, "%d since block %d", failuresAllowed, ctx.BlockHeight())
	}
	meter := storetypes.NewGasMeter(ctx.GasMeter().GasRemaining())
	err := app.VerifierKeeper.DryRun(ctx.WithGasMeter(meter), u.Statement, msg.PublicValues, msg.Proof)
	if errors.Is(err, sdkerrors.ErrOutOfGas) {
		return errorsmod.Wrapf(err, "the proof's verification needs more gas than the %d left; raise the gas limit", meter.Limit())
	}
	if err != nil {
		app.failures.note(string(u.Key))
	}
	return err
}

// failures counts the proofs that failed in CheckTx since the last block, by assignment.
type failures struct {
	mu     sync.Mutex
	height int64
	counts map[string]int
}

// allow tells whether another proof may be looked at.
func (f *failures) allow(height int64, key string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.height != height || f.counts == nil {
		f.height, f.counts = height, map[string]int{}
	}
	return f.counts[key] < failuresAllowed
}

// note counts a failure.
func (f *failures) note(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counts[key]++
}

// PreBlocker runs before everything else in a block.
func (app *App) PreBlocker(ctx sdk.Context, req *abci.RequestFinalizeBlock) (*sdk.ResponsePreBlock, error) {
	if app.ahead > 0 {
		app.verifyAhead(ctx, req.Txs)
	}
	return app.ModuleManager.PreBlock(ctx)
}
