package operations

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtlog "github.com/cometbft/cometbft/libs/log"
	"github.com/cometbft/cometbft/privval"
	"github.com/stretchr/testify/require"
)

// A validator whose key is with a signer elsewhere makes blocks that the signer signs, by
// its own record, and none without it. The signer is CometBFT's; those that operators
// use speak the same protocol.
func TestRemoteSigner(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	const chainID = "proofmarket-1"
	o := newOperator(ctx, t, "signed")
	for _, args := range [][]string{
		{"init", "signed", "--chain-id", chainID},
		{"keys", "add", "validator"},
		{"genesis", "add-genesis-account", "validator", "1000000000000uproof"},
		{"genesis", "gentx", "validator", "500000000000uproof", "--chain-id", chainID},
		{"genesis", "collect-gentxs"},
	} {
		o.marketd(args...)
	}
	// The key moves to the signer, with the record of what it signed.
	key, record := filepath.Join(t.TempDir(), "key.json"), filepath.Join(t.TempDir(), "state.json")
	require.NoError(t, os.Rename(o.file("config", "priv_validator_key.json"), key))
	require.NoError(t, os.Rename(o.file("data", "priv_validator_state.json"), record))
	address := freeAddresses(t, 1)[0]
	o.env = append(o.env, "MARKETD_PRIV_VALIDATOR_LADDR=tcp://"+address)

	signer := startSigner(t, address, chainID, key, record)
	o.start()
	o.reaches(3)
	type answer struct {
		Result struct {
			Validator struct {
				Key struct {
					Value string `json:"value"`
				} `json:"pub_key"`
			} `json:"validator_info"`
		} `json:"result"`
	}
	shown, err := get[answer](o, o.rpc+"/status")
	require.NoError(t, err)
	file := privval.LoadFilePV(key, record)
	require.Equal(t, base64.StdEncoding.EncodeToString(file.Key.PubKey.Bytes()), shown.Result.Validator.Key.Value)

	require.NoError(t, signer.Stop())
	signed := privval.LoadFilePV(key, record).LastSignState.Height
	// The last block has its vote; the next one can't.
	require.GreaterOrEqual(t, signed, o.height())
	startSigner(t, address, chainID, key, record)
	o.reaches(signed + 3)
	require.Greater(t, privval.LoadFilePV(key, record).LastSignState.Height, signed)
}

// startSigner has a signer dial the node until it answers, and serve it.
func startSigner(t *testing.T, address, chainID, key, record string) *privval.SignerServer {
	t.Helper()
	endpoint := privval.NewSignerDialerEndpoint(cmtlog.NewNopLogger(), privval.DialTCPFn(address, 5*time.Second, ed25519.GenPrivKey()),
		privval.SignerDialerEndpointConnRetries(10_000), privval.SignerDialerEndpointRetryWaitInterval(pollEvery))
	s := privval.NewSignerServer(endpoint, chainID, privval.LoadFilePV(key, record))
	require.NoError(t, s.Start())
	t.Cleanup(func() {
		if s.IsRunning() {
			require.NoError(t, s.Stop())
		}
	})
	return s
}
