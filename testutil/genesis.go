package testutil

import (
	"encoding/json"
	"time"

	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	sdkstaking "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/internal/chain"
)

// ValidatorName is the name of the account that operates the validator.
const ValidatorName = "validator"

// genesis returns the default genesis with the funded accounts and one bonded
// validator, changed by the mutators.
func (a *App) genesis() []byte {
	a.t.Helper()
	genesis, cdc := a.DefaultGenesis(), a.AppCodec()
	coins := sdk.NewCoins(sdk.NewCoin(chain.Denom, a.cfg.balance))
	var accounts authtypes.GenesisAccounts
	var balances []banktypes.Balance
	for _, name := range append([]string{ValidatorName}, a.cfg.names...) {
		acc := a.Account(name)
		accounts = append(accounts, authtypes.NewBaseAccountWithAddress(acc.Address))
		balances = append(balances, banktypes.Balance{Address: acc.String(), Coins: coins})
	}
	bonded := sdk.DefaultPowerReduction
	balances = append(balances, banktypes.Balance{
		Address: authtypes.NewModuleAddress(sdkstaking.BondedPoolName).String(),
		Coins:   sdk.NewCoins(sdk.NewCoin(chain.Denom, bonded)),
	})

	packed, err := authtypes.PackAccounts(accounts)
	require.NoError(a.t, err)
	MutateGenesis(cdc, genesis, authtypes.ModuleName, func(s *authtypes.GenesisState) { s.Accounts = packed })
	MutateGenesis(cdc, genesis, banktypes.ModuleName, func(s *banktypes.GenesisState) { s.Balances = balances })
	MutateGenesis(cdc, genesis, sdkstaking.ModuleName, func(s *sdkstaking.GenesisState) { a.addValidator(s, bonded) })
	// A validator that is bonded from the start has no signing record otherwise,
	// and x/slashing stops the chain at its first vote.
	MutateGenesis(cdc, genesis, slashingtypes.ModuleName, func(s *slashingtypes.GenesisState) {
		address := sdk.ConsAddress(a.Proposer())
		s.SigningInfos = []slashingtypes.SigningInfo{{
			Address:              address.String(),
			ValidatorSigningInfo: slashingtypes.NewValidatorSigningInfo(address, 0, 0, time.Unix(0, 0).UTC(), false, 0),
		}}
	})
	for _, mutate := range a.cfg.mutators {
		mutate(cdc, genesis)
	}
	bz, err := json.Marshal(genesis)
	require.NoError(a.t, err)
	return bz
}

// addValidator puts the validator, which holds all of its own bond, into the
// genesis of x/staking.
func (a *App) addValidator(state *sdkstaking.GenesisState, bonded math.Int) {
	key, err := codectypes.NewAnyWithValue(a.validator.PubKey())
	require.NoError(a.t, err)
	operator := a.Account(ValidatorName)
	shares := math.LegacyNewDecFromInt(bonded)
	zero := math.LegacyZeroDec()
	state.Validators = []sdkstaking.Validator{{
		OperatorAddress:   sdk.ValAddress(operator.Address).String(),
		ConsensusPubkey:   key,
		Status:            sdkstaking.Bonded,
		Tokens:            bonded,
		DelegatorShares:   shares,
		Description:       sdkstaking.Description{Moniker: ValidatorName},
		UnbondingTime:     time.Unix(0, 0).UTC(),
		Commission:        sdkstaking.NewCommission(zero, zero, zero),
		MinSelfDelegation: math.OneInt(),
	}}
	state.Delegations = []sdkstaking.Delegation{
		sdkstaking.NewDelegation(operator.String(), sdk.ValAddress(operator.Address).String(), shares),
	}
}

// protoMessage is a pointer to T that is a message.
type protoMessage[T any] interface {
	*T
	proto.Message
}

// MutateGenesis changes the genesis state of one module in place. It panics on
// a state that does not decode, which only a wrong test can cause.
func MutateGenesis[T any, P protoMessage[T]](cdc codec.Codec, genesis app.GenesisState, module string, change func(P)) {
	state := P(new(T))
	cdc.MustUnmarshalJSON(genesis[module], state)
	change(state)
	genesis[module] = cdc.MustMarshalJSON(state)
}
