package app

import (
	"bytes"
	"runtime"

	"cosmossdk.io/math"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/app/lanes"
	"github.com/proofmarket/proofmarket/internal/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	verifierkeeper "github.com/proofmarket/proofmarket/x/verifier/keeper"
	"github.com/proofmarket/proofmarket/x/verifier/proof"
)

// proofURL is how a transaction names a proof among its messages.
var proofURL = []byte(sdk.MsgTypeURL(&markettypes.MsgSubmitProof{}))

// namesProof tells whether a transaction can have a proof among its messages. It spares
// decoding all of a block that has none.
func namesProof(tx []byte) bool { return bytes.Contains(tx, proofURL) }

// gathering goes through a block for what it is going to ask for. What is read of the
// state, and decoding, is done on all cores; who can pay, and what is looked at, is
// decided in the order of the block.
type gathering struct {
	app  *App
	left int                 // messages that may be looked at
	fees map[string]math.Int // of those before, by payer
}

// gatherWindow is how many transactions are decoded before the lane of the last one
// tells whether to go on.
const gatherWindow = 64

// asking is a transaction of the proofs' lane.
type asking struct {
	tx      sdk.FeeTx
	proofs  []*markettypes.MsgSubmitProof
	payer   sdk.AccAddress
	balance math.Int // the payer's
	asks    verifierkeeper.Ahead
}

// all returns the verifications that a block is going to ask for.
func (g *gathering) all(ctx sdk.Context, txs [][]byte) (list []verifierkeeper.Ahead) {
	found := g.decoded(txs)
	branches := g.app.branches(ctx)
	each(branches, found, func(ctx sdk.Context, a *asking) {
		a.balance = g.app.BankKeeper.GetBalance(ctx, a.payer, chain.Denom).Amount
	})
	var wanted []*asking
	for _, a := range found {
		if !g.pays(a) {
			continue
		}
		a.proofs = a.proofs[:min(len(a.proofs), g.left)]
		g.left -= len(a.proofs)
		wanted = append(wanted, a)
	}
	each(branches, wanted, g.ask)
	for _, a := range wanted {
		if len(a.asks.Questions) > 0 {
			list = append(list, a.asks)
		}
	}
	return list
}

// decoded returns the transactions at the front of a block that are of the proofs' lane:
// proofs come first (law M17). Whatever does not decode is passed over.
func (g *gathering) decoded(txs [][]byte) (list []*asking) {
	decode := g.app.enc.TxConfig.TxDecoder()
	for len(txs) > 0 {
		window := txs[:min(len(txs), gatherWindow)]
		txs = txs[len(window):]
		decoded := make([]sdk.Tx, len(window))
		mustEach(len(window), func(i int) { decoded[i], _ = decode(window[i]) })
		for _, tx := range decoded {
			if tx == nil {
				continue
			}
			if lanes.Of(tx.GetMsgs()) != lanes.Critical {
				return list
			}
			if a := newAsking(tx); a != nil {
				list = append(list, a)
			}
		}
	}
	return list
}

// newAsking says who pays for a transaction, and what it delivers; nil for one without a
// fee.
func newAsking(tx sdk.Tx) *asking {
	feeTx, ok := tx.(sdk.FeeTx)
	if !ok {
		return nil
	}
	a := &asking{tx: feeTx, payer: feeTx.FeePayer()}
	if granter := feeTx.FeeGranter(); len(granter) > 0 {
		a.payer = granter
	}
	for _, msg := range tx.GetMsgs() {
		if m, is := msg.(*markettypes.MsgSubmitProof); is {
			a.proofs = append(a.proofs, m)
		}
	}
	return a
}

// pays tells whether a transaction's payer has its fee and those of its transactions
// before.
func (g *gathering) pays(a *asking) bool {
	sum := a.tx.GetFee().AmountOf(chain.Denom)
	if !sum.IsPositive() {
		return false
	}
	if before, known := g.fees[string(a.payer)]; known {
		sum = sum.Add(before)
	}
	if a.balance.LT(sum) {
		return false
	}
	g.fees[string(a.payer)] = sum
	return true
}

// ask notes the verifications that a transaction is going to ask for. The first message
// that fails ends a transaction, so it ends the search too.
func (g *gathering) ask(ctx sdk.Context, a *asking) {
	a.asks.Gas = a.tx.GetGas()
	// The market answers for the block after the context's.
	now := ctx.WithBlockHeight(ctx.BlockHeight() - 1)
	for _, m := range a.proofs {
		u, err := g.app.MarketKeeper.UrgentProof(now, m)
		if err != nil {
			return
		}
		a.asks.Questions = append(a.asks.Questions, verifierkeeper.Question{Statement: u.Statement, PublicValues: m.PublicValues, Proof: m.Proof})
	}
}

// branches are branches of the state, one for each core, to be read at the same time and
// dropped. A branch reaches for its parent's stores when it is first asked for one, which
// only one goroutine may do: so all are there before.
func (app *App) branches(ctx sdk.Context) chan sdk.Context {
	ctx, _ = ctx.CacheContext()
	for _, key := range app.stores.all() {
		ctx.MultiStore().GetStore(key)
	}
	workers := runtime.GOMAXPROCS(0)
	list := make(chan sdk.Context, workers)
	for range workers {
		branch, _ := ctx.CacheContext()
		list <- branch.WithGasMeter(storetypes.NewInfiniteGasMeter())
	}
	return list
}

// each calls do with each of the transactions and a branch, at the same time on all cores.
func each(branches chan sdk.Context, list []*asking, do func(sdk.Context, *asking)) {
	mustEach(len(list), func(i int) {
		branch := <-branches
		defer func() { branches <- branch }()
		do(branch, list[i])
	})
}

// mustEach calls do with 0 to n−1 at the same time on all cores. It panics if one does.
func mustEach(n int, do func(i int)) {
	err := proof.Each(runtime.GOMAXPROCS(0), n, func(i int) error { do(i); return nil })
	if err != nil {
		panic(err)
	}
}
