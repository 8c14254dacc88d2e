package app_test

import (
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	sdkstaking "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
)

// A validator that signed two blocks of one height, as the evidence in a block says, is
// slashed and jailed, and may never come back.
func TestDoubleSigningIsPunishedForGood(t *testing.T) {
	a := testutil.NewApp(t, testutil.WithAccounts("twofold"))
	operator := a.Account("twofold")
	key := ed25519.GenPrivKeyFromSecret([]byte("twofold")).PubKey()
	address, cons := sdk.ValAddress(operator.Address), sdk.ConsAddress(key.Address())
	stake := math.NewInt(10_000_000)
	create, err := sdkstaking.NewMsgCreateValidator(address.String(), key, sdk.NewCoin(chain.Denom, stake),
		sdkstaking.Description{Moniker: "twofold"}, sdkstaking.NewCommissionRates(math.LegacyZeroDec(), math.LegacyZeroDec(), math.LegacyZeroDec()), math.OneInt())
	require.NoError(t, err)
	a.MustDeliver(operator, create)
	a.Advance(3) // it signs from the second block after this one on
	before, err := a.StakingKeeper.GetValidator(a.Ctx(), address)
	require.NoError(t, err)
	require.True(t, before.IsBonded())
	fraction, err := a.SlashingKeeper.SlashFractionDoubleSign(a.Ctx())
	require.NoError(t, err)
	require.True(t, fraction.IsPositive())

	power := sdk.TokensToConsensusPower(stake, sdk.DefaultPowerReduction)
	require.Positive(t, power)
	height, now := a.Height(), a.Now()
	next := func(evidence []abci.Misbehavior, txs ...[]byte) []*abci.ExecTxResult {
		height, now = height+1, now.Add(time.Second)
		res, err := a.FinalizeBlock(&abci.RequestFinalizeBlock{
			Height: height, Time: now, Txs: txs, ProposerAddress: a.Proposer(), Misbehavior: evidence,
		})
		require.NoError(t, err)
		_, err = a.Commit()
		require.NoError(t, err)
		return res.TxResults
	}
	next([]abci.Misbehavior{{
		Type: abci.MisbehaviorType_DUPLICATE_VOTE, Validator: abci.Validator{Address: cons, Power: power},
		Height: height, Time: now, TotalVotingPower: power + 1,
	}})
	after, err := a.StakingKeeper.GetValidator(a.Ctx(), address)
	require.NoError(t, err)
	require.True(t, after.IsJailed())
	require.False(t, after.IsBonded())
	require.Equal(t, before.Tokens.Sub(fraction.MulInt(before.Tokens).TruncateInt()).String(), after.Tokens.String())
	require.True(t, a.SlashingKeeper.IsTombstoned(a.Ctx(), cons))

	back := next(nil, a.Tx(operator, slashingtypes.NewMsgUnjail(address.String())))
	require.Len(t, back, 1)
	a.RequireError(slashingtypes.ErrValidatorJailed, back[0])
}
