package devnet

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
)

// cli runs marketd as a user would, against one home and node.
type cli struct {
	program string
	home    string
	keyring string // folder of the keyring that signs; empty for the home's own
}

// call runs a command that needs no node.
func (c cli) call(ctx context.Context, args ...string) ([]byte, error) {
	return run(ctx, c.program, append(args, "--home", c.home)...)
}

func (c cli) keyringDir() string {
	if c.keyring != "" {
		return c.keyring
	}
	return c.home
}

// TxResult is what inclusion in a block told about a transaction.
type TxResult struct {
	Hash    string
	Height  int64
	GasUsed int64
}

// tx signs a transaction as the key from, broadcasts it and waits until a block
// holds it. A refused or failed transaction is an error with the chain's reason.
func (c cli) tx(ctx context.Context, from string, args ...string) (TxResult, error) {
	args = append(append([]string{"tx"}, args...),
		"--from", from, "--keyring-backend", keyringBackend, "--keyring-dir", c.keyringDir(), "--gas", "auto", "--gas-adjustment", gasAdjustment,
		"--gas-prices", gasPrices, "--yes", "--output", "json")
	out, err := c.call(ctx, args...)
	if err != nil {
		return TxResult{}, err
	}
	sent, err := parseTx(out)
	if err != nil {
		return TxResult{}, fmt.Errorf("marketd %s: %w", firstArgs(args), err)
	}
	if out, err = c.call(ctx, "query", "wait-tx", sent.Hash, "--timeout", txTimeout.String(), "--output", "json"); err != nil {
		return TxResult{}, err
	}
	res, err := parseTx(out)
	if err != nil {
		return TxResult{}, fmt.Errorf("marketd %s: %w", firstArgs(args), err)
	}
	return res, nil
}

// parseTx reads a transaction response. The command line prints 64-bit numbers
// as strings.
func parseTx(out []byte) (TxResult, error) {
	var res struct {
		TxHash  string `json:"txhash"`
		Height  string `json:"height"`
		GasUsed string `json:"gas_used"`
		Code    uint32 `json:"code"`
		RawLog  string `json:"raw_log"`
	}
	if err := json.Unmarshal(out, &res); err != nil {
		return TxResult{}, fmt.Errorf("unreadable answer %q: %w", out, err)
	}
	if res.Code != 0 {
		return TxResult{}, fmt.Errorf("transaction %s failed with code %d: %s", res.TxHash, res.Code, res.RawLog)
	}
	height, err := parseInt(res.Height)
	if err != nil {
		return TxResult{}, err
	}
	gas, err := parseInt(res.GasUsed)
	return TxResult{Hash: res.TxHash, Height: height, GasUsed: gas}, err
}

func parseInt(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	return strconv.ParseInt(s, 10, 64)
}

// addKey makes a key in the test keyring under dir and returns its address.
func (c cli) addKey(ctx context.Context, dir, name string) (string, error) {
	out, err := c.call(ctx, "keys", "add", name, "--keyring-backend", keyringBackend, "--keyring-dir", dir, "--output", "json", "--no-backup")
	if err != nil {
		return "", err
	}
	var key struct {
		Address string `json:"address"`
	}
	if err := json.Unmarshal(out, &key); err != nil {
		return "", fmt.Errorf("unreadable key %q: %w", out, err)
	}
	return key.Address, nil
}
