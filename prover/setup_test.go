package prover

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/crypto/hd"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/prover/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	provertypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// words are those of a published test key.
const words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"

func memoryKeyring() keyring.Keyring { return keyring.NewInMemory(chain.NewEncoding().Codec) }

func TestSetUpKey(t *testing.T) {
	kr := memoryKeyring()
	fresh, err := SetUpKey(kr, KeyConfig{Name: "submitter", Prover: proverAddr}, "")
	require.NoError(t, err)
	require.True(t, fresh.Created)
	require.Len(t, strings.Fields(fresh.Mnemonic), 24)

	// The same words give the same key.
	again, err := SetUpKey(memoryKeyring(), KeyConfig{Name: "other"}, fresh.Mnemonic)
	require.NoError(t, err)
	require.Equal(t, fresh.Address, again.Address)
	require.True(t, again.Created)
	require.Empty(t, again.Mnemonic, "who knows the words is not told them")

	// A key that is there is used, and never overwritten.
	used, err := SetUpKey(kr, KeyConfig{Name: "submitter"}, "")
	require.NoError(t, err)
	require.Equal(t, SetupKey{Name: "submitter", Address: fresh.Address}, used)
	_, err = SetUpKey(kr, KeyConfig{Name: "submitter"}, words)
	require.ErrorIs(t, err, ErrKeyExists)
	used, err = SetUpKey(kr, KeyConfig{Name: "submitter"}, "")
	require.NoError(t, err)
	require.Equal(t, fresh.Address, used.Address)

	_, err = SetUpKey(kr, KeyConfig{Name: "bad"}, strings.Replace(words, "about", "abandon", 1))
	require.ErrorContains(t, err, "derive key")
	_, err = kr.Key("bad")
	require.Error(t, err)
}

func TestSetUpKeyRefusesTheProversOwn(t *testing.T) {
	owner, err := SetUpKey(memoryKeyring(), KeyConfig{Name: "x"}, words)
	require.NoError(t, err)
	kr := memoryKeyring()
	_, err = SetUpKey(kr, KeyConfig{Name: "submitter", Prover: owner.Address}, words)
	require.ErrorIs(t, err, ErrStakeKey)
	_, err = kr.Key("submitter")
	require.Error(t, err, "it never came into the keyring")

	_, err = kr.NewAccount("submitter", words, "", sdk.FullFundraiserPath, hd.Secp256k1)
	require.NoError(t, err)
	_, err = SetUpKey(kr, KeyConfig{Name: "submitter", Prover: owner.Address}, "")
	require.ErrorIs(t, err, ErrStakeKey)
}

func TestLinkCommands(t *testing.T) {
	cfg := DefaultConfig("/srv/my prover")
	cfg.Chain.ID, cfg.Key.Prover, cfg.Key.Backend = "test-1", proverAddr, "file"
	commands := cfg.LinkCommands(signerAddr)
	require.Len(t, commands, 2)
	tail := " --chain-id test-1 --node http://127.0.0.1:26657 --gas auto --gas-adjustment 1.5 --gas-prices 0.025uproof"
	require.Equal(t, "marketd tx market consent-submitter "+proverAddr+" --from submitter --keyring-backend file --keyring-dir '/srv/my prover'"+tail, commands[0].Command)
	require.Contains(t, commands[0].Signer, "submitter's key")
	require.Equal(t, "marketd tx market register-submitter "+signerAddr+" --from PROVER_KEY"+tail, commands[1].Command)
	require.Contains(t, commands[1].Signer, "prover's own key")
	require.Equal(t, "marketd tx bank send FUNDING_KEY "+signerAddr+" 12uproof"+tail, cfg.FundCommand(signerAddr, math.NewInt(12)).Command)

	// What is not known has a name in its place.
	cfg.Chain.ID, cfg.Key.Prover = "", ""
	require.Contains(t, cfg.LinkCommands("")[0].Command, " PROVER_ADDRESS ")
	require.Contains(t, cfg.LinkCommands("")[1].Command, " SUBMITTER_ADDRESS --from PROVER_KEY --chain-id CHAIN_ID")
}

// The commands that are printed are marketd's.
func TestTheCommandsExist(t *testing.T) {
	uses := map[string]bool{}
	for _, o := range markettypes.AutoCLIOptions().Tx.RpcCommandOptions {
		name, _, _ := strings.Cut(o.Use, " ")
		uses["market "+name] = true
	}
	for _, o := range provertypes.AutoCLIOptions().Tx.RpcCommandOptions {
		name, _, _ := strings.Cut(o.Use, " ")
		uses["provers "+name] = true
	}
	texts := []string{"marketd tx provers stake x", "marketd tx provers register x"}
	for _, c := range DefaultConfig("x").LinkCommands("") {
		texts = append(texts, c.Command)
	}
	for _, c := range causeFixes {
		texts = append(texts, c.fix)
	}
	found := 0
	for _, text := range texts {
		for _, part := range strings.Split(text, "marketd tx ")[1:] {
			words := strings.Fields(part)
			require.True(t, uses[words[0]+" "+strings.TrimSuffix(words[1], ",")], part)
			found++
		}
	}
	require.Equal(t, 8, found)
}

func TestShellWord(t *testing.T) {
	for w, want := range map[string]string{
		"http://127.0.0.1:26657": "http://127.0.0.1:26657", "a b": "'a b'", "it's": `'it'\''s'`, "": "''", "$(id)": "'$(id)'",
	} {
		require.Equal(t, want, shellWord(w))
	}
}

func TestJobCost(t *testing.T) {
	cfg := DefaultConfig("x")
	cost, err := cfg.JobCost(math.NewInt(100_000))
	require.NoError(t, err)
	// (100,000 + 110,000 + 600,000) × 1.4 + 3 × 100,000 gas, at 0.025.
	require.Equal(t, "35850", cost.Fees.String())
	require.Equal(t, "135850", cost.Total().String())
	require.Equal(t, 4, cfg.JobsAtOnce())
	funds, err := cfg.SuggestedFunds()
	require.NoError(t, err)
	require.Equal(t, "1086800", funds.String())
	cfg.Filter.MaxJobs = 2
	require.Equal(t, 2, cfg.JobsAtOnce())

	cfg.Chain.GasPrice, cfg.Chain.GasMarginPercent = "0.0000001uproof", 0
	cost, err = cfg.JobCost(math.ZeroInt())
	require.NoError(t, err)
	require.Equal(t, "1", cost.Fees.String(), "rounded up")
	cfg.Chain.GasPrice = "1" + strings.Repeat("0", 50) + "uproof"
	_, err = cfg.JobCost(math.ZeroInt())
	require.ErrorContains(t, err, "more than there are coins")
	cfg.Chain.GasPrice = "cheap"
	_, err = cfg.JobCost(math.ZeroInt())
	require.Error(t, err)
}
