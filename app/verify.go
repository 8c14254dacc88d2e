package app

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	abci "github.com/cometbft/cometbft/abci/types"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

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
	g := gathering{app: app, ctx: ctx.WithGasMeter(storetypes.NewInfiniteGasMeter()), left: app.ahead, fees: map[string]math.Int{}}
	var list []verifierkeeper.Ahead
	for _, tx := range app.decoded.ahead(txs) {
		if g.left <= 0 {
			break
		}
		if tx == nil {
			continue
		}
		if lanes.Of(tx.GetMsgs()) != lanes.Critical {
			break // proofs come first (law M17)
		}
		if a := g.of(tx); len(a.Questions) > 0 {
			list = append(list, a)
		}
	}
	if len(list) > 0 {
		app.VerifierKeeper.VerifyAhead(ctx, list, lanes.CriticalGas(ctx.ConsensusParams().Block))
	}
}

// proofURL is how a transaction names a proof among its messages.
var proofURL = []byte(sdk.MsgTypeURL(&markettypes.MsgSubmitProof{}))

// namesProof tells whether a transaction can have a proof among its messages. It spares
// decoding all of a block that has none.
func namesProof(tx []byte) bool { return bytes.Contains(tx, proofURL) }

// gathering goes through a block for what it is going to ask for.
type gathering struct {
	app  *App
	ctx  sdk.Context
	left int                 // messages that may be looked at
	fees map[string]math.Int // of those before, by payer
}

// of returns the verifications that a transaction is going to ask for, if it can pay its
// fee after those before it. The first message that fails ends a transaction, so it ends
// the search too.
func (g *gathering) of(tx sdk.Tx) (a verifierkeeper.Ahead) {
	feeTx, ok := tx.(sdk.FeeTx)
	if !ok || !g.pays(feeTx) {
		return a
	}
	a.Gas = feeTx.GetGas()
	// The market answers for the block after the context's.
	now := g.ctx.WithBlockHeight(g.ctx.BlockHeight() - 1)
	for _, msg := range tx.GetMsgs() {
		m, is := msg.(*markettypes.MsgSubmitProof)
		if !is {
			continue
		}
		if g.left--; g.left < 0 {
			return a
		}
		u, err := g.app.MarketKeeper.UrgentProof(now, m)
		if err != nil {
			return a
		}
		a.Questions = append(a.Questions, verifierkeeper.Question{Statement: u.Statement, PublicValues: m.PublicValues, Proof: m.Proof})
	}
	return a
}

// pays tells whether a transaction's payer has its fee and those of its transactions
// before.
func (g *gathering) pays(tx sdk.FeeTx) bool {
	payer, fee := tx.FeePayer(), tx.GetFee().AmountOf(chain.Denom)
	if granter := tx.FeeGranter(); len(granter) > 0 {
		payer = granter
	}
	if !fee.IsPositive() {
		return false
	}
	sum := fee
	if before, known := g.fees[string(payer)]; known {
		sum = sum.Add(before)
	}
	if g.app.BankKeeper.GetBalance(g.ctx, payer, chain.Denom).Amount.LT(sum) {
		return false
	}
	g.fees[string(payer)] = sum
	return true
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
