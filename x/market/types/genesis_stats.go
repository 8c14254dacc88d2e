package types

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

// validateStats checks form, order and number of statistics, prices and statements.
// What they must come to is checked by the keeper's invariants.
func (g GenesisState) validateStats() error {
	if err := g.validateMarketStats(); err != nil {
		return err
	}
	if err := g.validateProverStats(); err != nil {
		return err
	}
	if err := g.validatePrices(); err != nil {
		return err
	}
	return g.validateStatements()
}

// validateMarketStats checks the market's: the lifetime's, then those of epochs.
func (g GenesisState) validateMarketStats() error {
	var order statsOrder
	for _, m := range g.MarketStats {
		if err := order.next(m.Epoch); err != nil {
			return invalid("market_stats", err)
		}
		if err := m.Stats.within(genesisBounds); err != nil {
			return invalid("market_stats", err)
		}
		if err := checkPart(m.Epoch, g.MarketStats[0].Stats, m.Stats); err != nil {
			return invalid("market_stats", err)
		}
	}
	return nil
}

// validateProverStats checks those of provers, prover by prover.
func (g GenesisState) validateProverStats() error {
	var provers []string
	var order statsOrder
	var lifetime ProverStats
	for i, p := range g.ProverStats {
		what := "prover_stats of " + quote(p.Prover)
		prover, err := sdk.AccAddressFromBech32(p.Prover)
		if err != nil {
			return invalid(what, err)
		}
		if i == 0 || p.Prover != g.ProverStats[i-1].Prover {
			order, lifetime = statsOrder{}, p.Stats
			provers = append(provers, prefixKey(prover))
		}
		if err := order.next(p.Epoch); err != nil {
			return invalid(what, err)
		}
		if err := p.Stats.within(genesisBounds); err != nil {
			return invalid(what, err)
		}
		if err := checkPart(p.Epoch, lifetime, p.Stats); err != nil {
			return invalid(what, err)
		}
	}
	return ascending("prover_stats", provers)
}

// prefixKey orders bytes as the store does in a key's first places: by length first.
func prefixKey(bz []byte) string { return string(append([]byte{byte(len(bz))}, bz...)) }

// statsOrder follows a list of statistics: the lifetime's first, then epochs.
type statsOrder struct {
	seen int
	last uint64
}

// next checks the place of the following record. It returns ErrInvalidGenesis.
func (o *statsOrder) next(epoch uint64) error {
	switch {
	case (o.seen == 0) != (epoch == 0):
		return errorsmod.Wrap(ErrInvalidGenesis, "the lifetime's figures, with epoch 0, must come first, once")
	case o.seen > 0 && epoch <= o.last:
		return errorsmod.Wrapf(ErrInvalidGenesis, "epoch %d after epoch %d; they must be sorted and unique", epoch, o.last)
	case o.seen > MaxStatsEpochs:
		return errorsmod.Wrapf(ErrInvalidGenesis, "more than %d epochs", MaxStatsEpochs)
	}
	o.seen++
	o.last = epoch
	return nil
}

// checkPart returns ErrInvalidGenesis for an epoch that has more in it than the lifetime,
// or was active after it. A lifetime is part of itself.
func checkPart[S interface {
	Minus(S) (S, error)
	Active() uint64
}](epoch uint64, lifetime, s S) error {
	if _, err := lifetime.Minus(s); err != nil {
		return errorsmod.Wrapf(ErrInvalidGenesis, "epoch %d has more than the lifetime: %s", epoch, err)
	}
	if s.Active() > lifetime.Active() {
		return errorsmod.Wrapf(ErrInvalidGenesis, "epoch %d has last_active %d, the lifetime %d", epoch, s.Active(), lifetime.Active())
	}
	return nil
}

// validatePrices checks the clearing prices: those of one program follow each other.
func (g GenesisState) validatePrices() error {
	var programs []string
	kept := 0
	for i, p := range g.Prices {
		what := "price of request " + quote(p.RequestId)
		if _, err := ParseID(p.RequestId); err != nil {
			return invalid(what, err)
		}
		if err := CheckProgram(p.Verifier, p.Program); err != nil {
			return invalid(what, err)
		}
		if err := CheckAmount("price", p.Price); err != nil {
			return invalid(what, err)
		}
		if err := checkTime(p.Time); err != nil {
			return invalid(what, err)
		}
		if kept++; i == 0 || p.Verifier != g.Prices[i-1].Verifier || p.Program != g.Prices[i-1].Program {
			programs = append(programs, p.Verifier+"\x00"+p.Program)
			kept = 1
		}
		if kept > MaxPrices {
			return errorsmod.Wrapf(ErrInvalidGenesis, "%s: more than %d of one program", what, MaxPrices)
		}
	}
	return ascending("programs of prices", programs)
}

// validateStatements checks the statements that were proved.
func (g GenesisState) validateStatements() error {
	keys := make([]string, 0, len(g.Statements))
	for _, s := range g.Statements {
		what := "statement " + quote(s.Key)
		if !isHash(s.Key) {
			return errorsmod.Wrapf(ErrInvalidGenesis, "%s: a key is 64 lower-case hex digits", what)
		}
		if _, err := ParseID(s.RequestId); err != nil {
			return invalid(what, err)
		}
		keys = append(keys, s.Key)
	}
	return ascending("statements", keys)
}

// CheckProgram checks the form of a verifier's id, or "circuit", and of a program. It
// returns the errors of x/verifier.
func CheckProgram(verifier, program string) error {
	if verifier != verifiertypes.CircuitVerifier {
		if err := verifiertypes.CheckVerifierID(verifier); err != nil {
			return err
		}
	}
	_, err := verifiertypes.DecodeID("program", program)
	return err
}
