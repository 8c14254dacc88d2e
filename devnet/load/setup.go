package load

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	sdk "github.com/cosmos/cosmos-sdk/types"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// maxMaxFee bounds max_fee, so that sums of it stay numbers.
const maxMaxFee = 1_000_000_000_000 // uproof

// prepare brings accounts, provers and circuit onto the chain.
func (g *generator) prepare(ctx context.Context) error {
	if err := g.lookAround(ctx); err != nil {
		return err
	}
	next := g.height + 1
	go func() {
		f := &follower{net: g.net}
		g.failed <- f.run(ctx, next, g.blocks)
	}()
	// The first block's time is that of genesis, which may be long ago: wait for one that
	// is made now.
	if err := g.pump(ctx, func() bool { return g.height >= next }); err != nil {
		return fmt.Errorf("wait for a block: %w", err)
	}
	if err := g.makeAccounts(ctx); err != nil {
		return err
	}
	if len(g.provers) == 0 {
		return nil
	}
	if err := g.registerCircuit(ctx); err != nil {
		return err
	}
	if err := g.registerProvers(ctx); err != nil {
		return err
	}
	if g.o.Mode == ModeSpam {
		return g.openTarget(ctx)
	}
	return nil
}

// lookAround asks where the chain stands and what its parameters are.
func (g *generator) lookAround(ctx context.Context) error {
	var minSelfStake math.Int
	err := g.net.ask(ctx, func(ctx context.Context, n *node) error {
		head, err := cmtservice.NewServiceClient(n.conn).GetLatestBlock(ctx, &cmtservice.GetLatestBlockRequest{})
		if err != nil {
			return err
		}
		if head.SdkBlock == nil || head.SdkBlock.Header.ChainID != g.o.ChainID {
			return status.Errorf(codes.FailedPrecondition, "%s serves another chain than %s", n.GRPC, g.o.ChainID)
		}
		m, err := n.market.Params(ctx, &markettypes.QueryParamsRequest{})
		if err != nil {
			return err
		}
		p, err := n.provers.Params(ctx, &proverstypes.QueryParamsRequest{})
		if err != nil {
			return err
		}
		g.params, minSelfStake = m.Params, p.Params.MinSelfStake
		g.height = head.SdkBlock.Header.Height
		g.head.Store(head.SdkBlock.Header.Time.UnixNano())
		return nil
	})
	if err != nil {
		return fmt.Errorf("look at the chain: %w", err)
	}
	g.minStake = minSelfStake
	g.o.BiddingBlocks = max(g.o.BiddingBlocks, g.params.MinBiddingBlocks)
	if g.o.RevealBlocks == 0 {
		g.o.RevealBlocks = g.params.MinRevealBlocks
	}
	if g.o.MaxFee.IsZero() {
		g.o.MaxFee = math.MaxInt(math.NewInt(defaultMaxFee), g.params.MinMaxFee)
	}
	if g.o.MaxFee.GT(math.NewInt(maxMaxFee)) {
		return fmt.Errorf("max fee %suproof is more than the generator handles: at most %duproof", g.o.MaxFee, int64(maxMaxFee))
	}
	if g.proofs, err = loadProofs(); err != nil {
		return err
	}
	return g.accountNumbers(ctx, []*account{g.funder})
}

// registerCircuit registers the circuit unless somebody did.
func (g *generator) registerCircuit(ctx context.Context) error {
	known := func() (bool, error) {
		err := g.net.ask(ctx, func(ctx context.Context, n *node) error {
			_, err := n.verifier.Circuit(ctx, &verifiertypes.QueryCircuitRequest{Id: circuitID()})
			return err
		})
		if isNotFound(err) {
			return false, nil
		}
		return err == nil, err
	}
	if there, err := known(); err != nil || there {
		return err
	}
	failure := g.all(ctx, []*job{{from: g.funder, kind: kindCircuit, msgs: []sdk.Msg{&verifiertypes.MsgRegisterCircuit{
		Owner: g.funder.name, Family: circuitFamily, Curve: circuitCurve, Key: circuitKey,
	}}}})
	if failure == nil {
		return g.net.ask(ctx, func(ctx context.Context, n *node) error {
			res, err := n.verifier.Circuit(ctx, &verifiertypes.QueryCircuitRequest{Id: circuitID()})
			if err == nil {
				g.money.CircuitDeposit = res.Circuit.Deposit
			}
			return err
		})
	}
	// Another generator may have been faster.
	if there, err := known(); err != nil || there {
		return err
	}
	return fmt.Errorf("register the circuit: %w", failure)
}

// registerProvers registers provers and their submitters, unless an earlier run did.
func (g *generator) registerProvers(ctx context.Context) error {
	var steps [3][]*job // a consent names a prover, and a link a consent
	for i, p := range g.provers {
		g.ours[p.stake.name] = true
		registered, missing, err := g.standing(ctx, p)
		if err != nil {
			return fmt.Errorf("look for prover %s: %w", p.stake.name, err)
		}
		if registered {
			total, err := g.vault(ctx, p)
			if err != nil {
				return err
			}
			g.money.Before = g.money.Before.Add(total)
		} else {
			steps[0] = append(steps[0], &job{from: p.stake, kind: kindRegister, msgs: []sdk.Msg{&proverstypes.MsgRegister{
				Prover: p.stake.name, Profile: proverstypes.Profile{Name: fmt.Sprintf("load-%d", i+1)}, SelfStake: g.stake(),
			}}})
		}
		link := &markettypes.MsgRegisterSubmitter{Prover: p.stake.name}
		for _, a := range missing {
			link.Submitters = append(link.Submitters, a.name)
			steps[1] = append(steps[1], &job{from: a, kind: kindConsent, msgs: []sdk.Msg{
				&markettypes.MsgConsentSubmitter{Submitter: a.name, Prover: p.stake.name},
			}})
		}
		if len(missing) > 0 {
			steps[2] = append(steps[2], &job{from: p.stake, kind: kindLink, items: len(missing), msgs: []sdk.Msg{link}})
		}
	}
	g.say("registering %d provers with %d submitters", len(steps[0]), len(steps[1]))
	for _, jobs := range steps {
		if err := g.all(ctx, jobs); err != nil {
			return fmt.Errorf("register provers: %w", err)
		}
	}
	return nil
}

// standing says whether a prover is registered, and which of its submitters are not.
func (g *generator) standing(ctx context.Context, p *prover) (registered bool, missing []*account, err error) {
	err = g.net.ask(ctx, func(ctx context.Context, n *node) error {
		_, err := n.provers.Prover(ctx, &proverstypes.QueryProverRequest{Prover: p.stake.name})
		registered = err == nil
		return err
	})
	if isNotFound(err) {
		return false, p.submitters, nil
	}
	if err != nil {
		return false, nil, err
	}
	linked := make([]bool, len(p.submitters))
	err = each(p.submitters, func(i int, a *account) error {
		return g.net.ask(ctx, func(ctx context.Context, n *node) error {
			res, err := n.market.Submitter(ctx, &markettypes.QuerySubmitterRequest{Address: a.name})
			if err == nil {
				linked[i] = res.ActsFor == p.stake.name
			}
			return err
		})
	})
	for i, a := range p.submitters {
		if !linked[i] {
			missing = append(missing, a)
		}
	}
	return true, missing, err
}

// maxLosses is how often a transaction of the setup is made again that no block took.
const maxLosses = 5

// all sends transactions and waits for them. It returns the first failure.
func (g *generator) all(ctx context.Context, jobs []*job) (failure error) {
	left := len(jobs)
	for _, j := range jobs {
		j.done = func(j *job, o outcome) {
			if errors.Is(o.err, errLost) && j.losses < maxLosses {
				next := j.again()
				next.losses++
				if o.err = g.submit(ctx, next); o.err == nil {
					return
				}
			}
			left--
			if o.err != nil && failure == nil {
				failure = fmt.Errorf("%s: %w", j.kind, o.err)
			}
		}
		if err := g.submit(ctx, j); err != nil {
			return err
		}
	}
	if err := g.pump(ctx, func() bool { return left == 0 }); err != nil {
		return err
	}
	return failure
}
