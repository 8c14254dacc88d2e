package cmd

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/flags"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
)

const (
	flagTimeout = "timeout"
	// waitTxTimeout is how long wait-tx looks for a transaction by default.
	waitTxTimeout = 30 * time.Second
	// waitTxEvery is how often it looks.
	waitTxEvery = 100 * time.Millisecond
	// maxTxResponse bounds what is read from standard input, in bytes.
	maxTxResponse = 4 << 20
)

// waitTxCommand waits for a transaction by asking again and again. The SDK's
// command waits for an event instead, and misses a transaction whose block comes
// just before it subscribes and is indexed just after it asks.
func waitTxCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "wait-tx [hash]",
		Short: "Wait until a block holds a transaction",
		Long: `Wait until a block holds a transaction and print its result. The command fails
if the transaction did. Without a hash it reads what a tx command printed.`,
		Example: `  marketd query wait-tx 5D0C...
  marketd tx bank send alice proof1... 1000000uproof -y | marketd query wait-tx`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientQueryContext(cmd)
			if err != nil {
				return err
			}
			hash, err := txHash(cmd.InOrStdin(), args)
			if err != nil {
				return err
			}
			timeout, err := cmd.Flags().GetDuration(flagTimeout)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			return waitTx(ctx, clientCtx, hash)
		},
	}
	flags.AddQueryFlagsToCmd(c)
	c.Flags().Duration(flagTimeout, waitTxTimeout, "how long to wait")
	return c
}

// waitTx prints the transaction once a block holds it.
func waitTx(ctx context.Context, clientCtx client.Context, hash string) error {
	tick := time.NewTicker(waitTxEvery)
	defer tick.Stop()
	for {
		res, err := authtx.QueryTx(clientCtx, hash)
		if err == nil {
			if err := clientCtx.PrintProto(res); err != nil {
				return err
			}
			if res.Code != 0 {
				return fmt.Errorf("transaction %s failed in block %d with %s code %d: %s", hash, res.Height, res.Codespace, res.Code, res.RawLog)
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no block holds transaction %s yet (%w); ask again with: marketd query tx %s", hash, err, hash)
		case <-tick.C:
		}
	}
}

// txHash takes the hash from the argument, or from the output of a tx command. It
// fails at once for a transaction that the node refused, which no block will hold.
func txHash(in io.Reader, args []string) (string, error) {
	if len(args) > 0 {
		return checkTxHash(args[0])
	}
	out, err := io.ReadAll(io.LimitReader(in, maxTxResponse))
	if err != nil {
		return "", err
	}
	var res struct {
		TxHash    string `json:"txhash"`
		Codespace string `json:"codespace"`
		Code      uint32 `json:"code"`
		RawLog    string `json:"raw_log"`
	}
	if json.Unmarshal(out, &res) == nil && res.TxHash != "" {
		if res.Code != 0 {
			return "", fmt.Errorf("the node refused transaction %s with %s code %d: %s", res.TxHash, res.Codespace, res.Code, res.RawLog)
		}
		return checkTxHash(res.TxHash)
	}
	for line := range strings.SplitSeq(string(out), "\n") {
		if hash, ok := strings.CutPrefix(line, "txhash:"); ok {
			return checkTxHash(strings.TrimSpace(hash))
		}
	}
	return "", errors.New("standard input holds no txhash; pipe a tx command into this one, or give the hash")
}

func checkTxHash(hash string) (string, error) {
	if b, err := hex.DecodeString(hash); err != nil || len(b) != 32 {
		return "", fmt.Errorf("%q is not a transaction hash of 64 hex digits", hash)
	}
	return strings.ToUpper(hash), nil
}
