package load

import (
	"context"
	"fmt"
	"sync"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

const (
	// fundBatch is the number of accounts that one transaction funds.
	fundBatch = 50
	// askers is the number of queries at a time.
	askers = 16
	// mostRefill is the number of requests that an account's coins last for, at most,
	// until it is topped up.
	mostRefill = 200
	// txCost is more than one transaction's fee, in uproof, at the default price.
	txCost = 10_000
)

// makeAccounts derives the accounts, funds them and looks their numbers up.
func (g *generator) makeAccounts(ctx context.Context) error {
	all, err := g.deriveAccounts()
	if err != nil {
		return err
	}
	g.accounts = all
	held, err := g.balances(ctx, all)
	if err != nil {
		return err
	}
	var outputs []banktypes.Output
	given := int64(0)
	for i, a := range all {
		g.money.Before = g.money.Before.Add(held[i])
		want := a.reserve + a.refill
		if add := want - clamp(held[i]); add > 0 {
			outputs = append(outputs, banktypes.Output{Address: a.name, Coins: coins(add)})
			given += add
		}
		a.credit = max(a.refill, clamp(held[i])-a.reserve)
	}
	funds, err := g.balances(ctx, []*account{g.funder})
	if err != nil {
		return err
	}
	if funds[0].LT(math.NewInt(given)) {
		return fmt.Errorf("the funder %s holds %suproof, and %d accounts need %duproof: give it more, or take fewer provers or a lower concurrency", g.funder.name, funds[0], len(all), given)
	}
	g.say("funding %d accounts with %s", len(outputs), coins(given))
	var jobs []*job
	for len(outputs) > 0 {
		some := outputs[:min(fundBatch, len(outputs))]
		outputs = outputs[len(some):]
		sum := sdk.NewCoins()
		for _, o := range some {
			sum = sum.Add(o.Coins...)
		}
		jobs = append(jobs, &job{from: g.funder, kind: kindMultiSend, msgs: []sdk.Msg{&banktypes.MsgMultiSend{
			Inputs: []banktypes.Input{{Address: g.funder.name, Coins: sum}}, Outputs: some,
		}}})
	}
	if err := g.all(ctx, jobs); err != nil {
		return fmt.Errorf("fund the accounts: %w", err)
	}
	g.money.Given = g.money.Given.Add(math.NewInt(given))
	return g.accountNumbers(ctx, all)
}

// deriveAccounts makes the accounts that the mode needs, and says what each gets.
func (g *generator) deriveAccounts() (all []*account, err error) {
	add := func(role string, i int, reserve, refill int64) *account {
		a, failure := derive(g.o.Seed, role, i)
		if failure != nil {
			err = failure
			return nil
		}
		a.reserve, a.refill = reserve, refill
		all = append(all, a)
		return a
	}
	o, maxFee := g.o, clamp(g.o.MaxFee)
	if o.Mode == ModeBuy {
		if maxFee, err = o.Job.fill(g); err != nil {
			return nil, err
		}
	}
	bond := max(clamp(g.params.MinBidBond), maxFee*int64(g.params.BidBondBps)/10_000+1)
	addProver := func(i int, submitters ...*account) {
		g.provers = append(g.provers, &prover{
			stake: add("prover", i, clamp(g.stake())+5*txCost, 5*txCost), submitter: submitters[0], submitters: submitters,
		})
	}
	if o.Mode == ModeSpam {
		for i := range o.SpamAccounts {
			g.spammers = append(g.spammers, add("spam", i, bond, mostRefill*txCost))
		}
		if o.SpamBids == 0 {
			return all, err
		}
		// Nodes may refuse bids of those who are no provers, so these are real ones, each
		// of which takes the place of the prover's last.
		g.requesters = append(g.requesters, add("requester", 0, 2*maxFee, 2*maxFee+txCost))
		for i := 0; i*markettypes.MaxBatch < len(g.spammers); i++ {
			addProver(i, g.spammers[i*markettypes.MaxBatch:min(len(g.spammers), (i+1)*markettypes.MaxBatch)]...)
		}
		return all, err
	}
	lasts := int64(mostRefill)
	if o.Requests > 0 {
		lasts = min(lasts, int64(o.Requests/o.Requesters)+1)
	}
	openEach := int64(2*(o.Concurrency/o.Requesters+1) + o.Batch)
	for i := range o.Requesters {
		g.requesters = append(g.requesters, add("requester", i, openEach*maxFee, lasts*(maxFee+clamp(g.params.RequestFee)+txCost)))
	}
	for i := range o.Provers {
		addProver(i, add("submitter", i, bond*int64(o.Concurrency+o.Batch), mostRefill*3*txCost+20*bond))
	}
	return all, err
}

// stake is what a prover stakes: enough to lead everything that may be open at a time
// (law M4), and for some penalties.
func (g *generator) stake() math.Int {
	per := math.MaxInt(
		g.minStake.MulRaw(int64(g.params.OvercommitBps)).QuoRaw(10_000),
		g.minStake.MulRaw(int64(g.params.SlashBps)).QuoRaw(10_000),
	)
	return g.minStake.Add(per.MulRaw(int64(g.o.Concurrency) + 20)).MulRaw(11).QuoRaw(10)
}

// accountNumbers looks up what signatures cover.
func (g *generator) accountNumbers(ctx context.Context, list []*account) error {
	return each(list, func(_ int, a *account) error {
		err := g.net.ask(ctx, func(ctx context.Context, n *node) error {
			res, err := n.auth.AccountInfo(ctx, &authtypes.QueryAccountInfoRequest{Address: a.name})
			if err == nil && res.Info != nil {
				a.number = res.Info.AccountNumber
			}
			return err
		})
		if isNotFound(err) {
			return fmt.Errorf("account %s is not on the chain: send it some coins first", a.name)
		}
		return err
	})
}

// balances returns what accounts hold, in uproof.
func (g *generator) balances(ctx context.Context, list []*account) ([]math.Int, error) {
	held := make([]math.Int, len(list))
	return held, each(list, func(i int, a *account) error {
		return g.net.ask(ctx, func(ctx context.Context, n *node) error {
			res, err := n.bank.Balance(ctx, &banktypes.QueryBalanceRequest{Address: a.name, Denom: chain.Denom})
			if err != nil {
				return err
			}
			held[i] = math.ZeroInt()
			if res.Balance != nil {
				held[i] = res.Balance.Amount
			}
			return nil
		})
	})
}

// each does something for all of a list, some at a time.
func each[T any](list []T, do func(int, T) error) error {
	var wg sync.WaitGroup
	slots, errs := make(chan struct{}, askers), make([]error, len(list))
	for i, v := range list {
		slots <- struct{}{}
		wg.Go(func() {
			errs[i] = do(i, v)
			<-slots
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func coins(amount int64) sdk.Coins { return sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, amount)) }
