package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/x/market/auction"
	"github.com/proofmarket/proofmarket/x/market/types"
)

// secret is what opens a bid.
type secret struct {
	ChainID   string   `json:"chain_id"`
	RequestID string   `json:"request_id"`
	Prover    string   `json:"prover"`
	Fee       math.Int `json:"fee"`
	Standby   bool     `json:"standby"`
	Salt      []byte   `json:"salt"`
}

// commitment seals the bid.
func (s secret) commitment() ([]byte, error) {
	id, err := types.ParseID(s.RequestID)
	if err != nil {
		return nil, err
	}
	prover, err := sdk.AccAddressFromBech32(s.Prover)
	if err != nil {
		return nil, err
	}
	c, err := auction.Commitment(s.ChainID, id, prover, s.Fee, s.Standby, s.Salt)
	return c[:], err
}

// loadSecrets reads the file; none if it does not exist.
func loadSecrets(path string) ([]secret, error) {
	bz, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []secret
	if err := json.Unmarshal(bz, &list); err != nil {
		return nil, fmt.Errorf("%s holds no bids: %w", path, err)
	}
	return list, nil
}

// keepSecrets adds secrets to the file. The new file is complete and on the disk
// before it takes the old one's place, and so is its folder's entry, so that no
// crash loses a secret of a bid that was sent.
func keepSecrets(path string, more ...secret) error {
	list, err := loadSecrets(path)
	if err != nil {
		return err
	}
	bz, err := json.MarshalIndent(append(list, more...), "", "  ")
	if err != nil {
		return err
	}
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, ".bids-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename, as it should
	_, err = f.Write(append(bz, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// findSecret finds the secret of the bid that stands on the chain.
func findSecret(path string, commitment []byte) (secret, error) {
	list, err := loadSecrets(path)
	if err != nil {
		return secret{}, err
	}
	s, found := pickSecret(list, commitment)
	if !found {
		return s, fmt.Errorf("%s does not hold the secret of the bid that stands", path)
	}
	return s, nil
}

// pickSecret picks the secret that the commitment seals.
func pickSecret(list []secret, commitment []byte) (secret, bool) {
	for _, s := range list {
		if c, err := s.commitment(); err == nil && bytes.Equal(c, commitment) {
			return s, true
		}
	}
	return secret{}, false
}
