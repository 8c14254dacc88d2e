package types

import "github.com/proofmarket/proofmarket/x/staking/vault"

// NewVault returns the record of an empty vault generation.
func NewVault(prover string, generation uint64) Vault {
	v := Vault{Prover: prover, Generation: generation, NextUnstake: 1}
	v.SetFigures(vault.New())
	v.Commission = v.Assets
	return v
}

// Figures returns the part of the record that package vault computes with.
func (v Vault) Figures() vault.Vault {
	return vault.Vault{
		Assets: v.Assets, Shares: v.Shares, PoolAssets: v.PoolAssets, PoolShares: v.PoolShares,
		Stream: vault.Stream{
			Amount: v.Stream.Amount, Vested: v.Stream.Vested, Start: v.Stream.Start, End: v.Stream.End,
		},
	}
}

// SetFigures takes over what package vault computed.
func (v *Vault) SetFigures(f vault.Vault) {
	v.Assets, v.Shares = f.Assets, f.Shares
	v.PoolAssets, v.PoolShares = f.PoolAssets, f.PoolShares
	v.Stream = Stream{Amount: f.Stream.Amount, Vested: f.Stream.Vested, Start: f.Stream.Start, End: f.Stream.End}
}
