package simulation

import (
	"context"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"

	"github.com/proofmarket/proofmarket/x/internal/simop"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// account returns a random account whose links wanted accepts, and those. It skips
// when it finds none soon.
func (s Source) account(
	ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter,
	wanted func(acc string, links *types.QuerySubmitterResponse) bool,
) (acc simsx.SimAccount, links *types.QuerySubmitterResponse) {
	acc = data.AnyAccountN(retries, reporter, simsx.SimAccountFilterFn(func(a simsx.SimAccount) bool {
		res, err := s.q.Submitter(ctx, &types.QuerySubmitterRequest{Address: a.AddressBech32})
		links = res
		return err == nil && wanted(a.AddressBech32, res)
	}))
	return acc, links
}

// MsgConsentSubmitter consents to act for a prover.
func (s Source) MsgConsentSubmitter() simsx.SimMsgFactoryX {
	return simop.New(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgConsentSubmitter) {
		acc, _ := s.account(ctx, data, reporter, func(_ string, l *types.QuerySubmitterResponse) bool { return l.ActsFor == "" })
		if reporter.IsSkipped() {
			return acc, nil
		}
		prover, _ := s.account(ctx, data, reporter, func(a string, l *types.QuerySubmitterResponse) bool { return l.ActsFor == a })
		return acc, &types.MsgConsentSubmitter{Submitter: acc.AddressBech32, Prover: prover.AddressBech32}
	})
}

// MsgWithdrawConsent takes an unused consent back.
func (s Source) MsgWithdrawConsent() simsx.SimMsgFactoryX {
	return simop.New(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgWithdrawConsent) {
		acc, _ := s.account(ctx, data, reporter, func(_ string, l *types.QuerySubmitterResponse) bool { return l.Consent != "" })
		return acc, &types.MsgWithdrawConsent{Submitter: acc.AddressBech32}
	})
}

// MsgRegisterSubmitter uses all consents to one prover up.
func (s Source) MsgRegisterSubmitter() simsx.SimMsgFactoryX {
	return simop.New(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgRegisterSubmitter) {
		// A prover that consented before it became one can't be a submitter.
		ready := func(_ string, l *types.QuerySubmitterResponse) bool {
			return l.ActsFor == "" && l.Consent != "" && s.actsFor(ctx, l.Consent) == l.Consent
		}
		_, first := s.account(ctx, data, reporter, ready)
		if reporter.IsSkipped() {
			return simsx.SimAccount{}, nil
		}
		msg := &types.MsgRegisterSubmitter{Prover: first.Consent}
		for i := range data.AccountsCount() {
			name := data.AccountAt(reporter, i).AddressBech32
			res, err := s.q.Submitter(ctx, &types.QuerySubmitterRequest{Address: name})
			if err == nil && res.Consent == msg.Prover && ready(name, res) {
				msg.Submitters = append(msg.Submitters, name)
			}
		}
		return data.GetAccount(reporter, msg.Prover), msg
	})
}

// MsgUnregisterSubmitter ends a link, from either side.
func (s Source) MsgUnregisterSubmitter() simsx.SimMsgFactoryX {
	return simop.New(func(ctx context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) (simsx.SimAccount, *types.MsgUnregisterSubmitter) {
		acc, links := s.account(ctx, data, reporter, func(_ string, l *types.QuerySubmitterResponse) bool { return l.Link != nil })
		if reporter.IsSkipped() {
			return acc, nil
		}
		signer := acc
		if data.Rand().Bool() {
			signer = data.GetAccount(reporter, links.Link.Prover)
		}
		return signer, &types.MsgUnregisterSubmitter{Signer: signer.AddressBech32, Submitters: []string{acc.AddressBech32}}
	})
}
