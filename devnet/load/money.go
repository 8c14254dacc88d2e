package load

import (
	"context"
	"errors"
	"fmt"
	"strings"

	abci "github.com/cometbft/cometbft/abci/types"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// spend takes from an account's credit, and tops the account up when it runs low.
func (g *generator) spend(ctx context.Context, a *account, amount int64) {
	a.credit -= amount
	if a.credit >= a.refill/4 || a.topping || g.ended {
		return
	}
	a.topping = true
	add := a.refill - a.credit
	err := g.submit(ctx, &job{
		from: g.funder, kind: kindSend,
		msgs: []sdk.Msg{&banktypes.MsgSend{FromAddress: g.funder.name, ToAddress: a.name, Amount: coins(add)}},
		done: func(_ *job, o outcome) {
			if o.err == nil {
				a.topping = false // else the funder has no more: it is not asked again
				a.credit += add
				g.money.Given = g.money.Given.Add(math.NewInt(add))
			}
		},
	})
	if err != nil {
		a.topping = false
		g.fault(err.Error())
	}
}

// feePaid is the fee that a transaction in a block cost, in uproof: none if it
// failed before it was taken.
func feePaid(res *abci.ExecTxResult) int64 {
	for _, e := range res.Events {
		if e.Type != sdk.EventTypeTx {
			continue
		}
		for _, a := range e.Attributes {
			if a.Key != sdk.AttributeKeyFee {
				continue
			}
			if n, ok := math.NewIntFromString(strings.TrimSuffix(a.Value, chain.Denom)); ok {
				return clamp(n)
			}
		}
	}
	return 0
}

// errorName names an error without its figures: "market/20 bidding is closed".
func errorName(codespace string, code uint32, log string) string {
	name := fmt.Sprintf("%s/%d", codespace, code)
	var known *errorsmod.Error
	if errors.As(errorsmod.ABCIError(codespace, code, log), &known) && known.ABCICode() == code {
		return name + " " + known.Error()
	}
	return name
}

// vault is everything that a prover's vault account must hold (invariant 2).
func (g *generator) vault(ctx context.Context, p *prover) (total math.Int, err error) {
	err = g.net.ask(ctx, func(ctx context.Context, n *node) error {
		res, err := n.provers.Vault(ctx, &proverstypes.QueryVaultRequest{Prover: p.stake.name})
		if err != nil {
			return err
		}
		total = res.Vault.Assets.Add(res.Unvested).Add(res.Vault.PoolAssets).Add(res.Vault.Commission)
		return nil
	})
	return total, err
}

// audit finds every coin that the funder gave. It fails if some are missing.
func (g *generator) audit(ctx context.Context) error {
	for _, p := range g.provers {
		total, err := g.vault(ctx, p)
		if err != nil {
			return fmt.Errorf("audit: %w", err)
		}
		g.money.Vaults = g.money.Vaults.Add(total)
	}
	held, err := g.balances(ctx, g.accounts)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	for _, h := range held {
		g.money.Held = g.money.Held.Add(h)
	}
	for _, f := range g.flows { // only spam's target
		g.money.Escrow = g.money.Escrow.Add(math.NewInt(f.maxFee + f.bonds))
	}
	in := g.money.Given.Add(g.money.Before)
	g.money.Difference = in.Sub(g.money.sum())
	g.report.Money = g.money
	if g.money.Difference.IsPositive() {
		return fmt.Errorf("%w: %suproof of %suproof are missing", ErrUnaccounted, g.money.Difference, in)
	}
	return nil
}

// sumUp fills the report in from what was collected.
func (g *generator) sumUp() {
	r := &g.report
	r.LastHeight, r.Money = g.height, g.money
	r.Failovers = int(g.net.failovers.Load())
	r.Requests.Open = g.open
	end := g.end
	if n := len(g.settles); n > 0 && g.o.Mode != ModeSpam {
		end = g.settles[n-1]
	}
	start := g.begin
	if !g.firstSent.IsZero() {
		start = g.firstSent
	}
	r.Seconds = end.Sub(start).Seconds()
	r.Latency = Latency{
		RequestToAssigned: g.waits.assigned.sum(), ProofToSettled: g.waits.proof.sum(), RevealToIncluded: g.waits.reveal.sum(),
		AssignedToSettled: g.waits.delivery.sum(), RequestToSettled: g.waits.whole.sum(),
	}
	span := g.end.Sub(g.begin)
	r.Rates.SettledPerSecond, r.Rates.SteadySeconds = steady(start, g.settles, g.lastSent)
	r.Rates.BlocksPerMinute = 60 * perSecond(int(r.LastHeight-r.FirstHeight), span)
	r.Rates.TxsPerSecond = perSecond(r.Txs.Included, span)
	r.Rates.MessagesPerSecond = perSecond(r.Txs.Messages, span)
	r.Rates.ChainTxsPerSecond = perSecond(g.chainTxs, span)
}
