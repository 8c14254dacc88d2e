package cli

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// cleanHash reads 32 bytes of hex, with or without 0x, in either case, and writes
// them as the chain wants them.
func cleanHash(name, s string) (string, error) {
	digits := strings.ToLower(strings.TrimSpace(s))
	digits = strings.TrimPrefix(digits, "0x")
	bz, err := hex.DecodeString(digits)
	if err != nil || len(bz) != sha256.Size {
		return "", fmt.Errorf("%s must be %d hex digits, with or without 0x, got %q", name, 2*sha256.Size, s)
	}
	return digits, nil
}

// parseAmount reads an amount of the market's: "1500000", "1500000uproof" or "1.5PROOF".
func parseAmount(name, s string) (math.Int, error) {
	n, err := chain.ParseAmount(s)
	if err != nil {
		return n, fmt.Errorf("%s: %w", name, err)
	}
	if err := auction.CheckAmount(n); err != nil {
		return n, fmt.Errorf("%s: %w", name, err)
	}
	return n, nil
}

// parseBidRef reads REQUEST_ID:PROVER.
func parseBidRef(s string) (types.BidRef, error) {
	id, prover, found := strings.Cut(s, ":")
	if !found {
		return types.BidRef{}, fmt.Errorf("name a bid as REQUEST_ID:PROVER, got %q", s)
	}
	id, err := cleanHash("REQUEST_ID", id)
	if err != nil {
		return types.BidRef{}, err
	}
	if _, err := sdk.AccAddressFromBech32(prover); err != nil {
		return types.BidRef{}, fmt.Errorf("PROVER: %w", err)
	}
	return types.BidRef{RequestId: id, Prover: prover}, nil
}

// randomNonce draws a nonce.
func randomNonce() (uint64, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(b[:]), nil
}
