package machine

import (
	"time"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	sdkstaking "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/testutil"
)

// The validators of the author's chain: the fixture's own, which never fails, and
// others, one of which is late as a rule.
var validatorNames = []string{testutil.ValidatorName, "validator1", lateValidator, "validator3"}

const (
	lateValidator = "validator2"
	bonded        = 5 * million
)

func validatorKey(name string) *ed25519.PrivKey { return ed25519.GenPrivKeyFromSecret([]byte(name)) }

// validators adds the author's validators to a genesis.
func validators(cdc codec.Codec, genesis app.GenesisState) {
	pool := authtypes.NewModuleAddress(sdkstaking.BondedPoolName).String()
	added := validatorNames[1:]
	testutil.MutateGenesis(cdc, genesis, banktypes.ModuleName, func(s *banktypes.GenesisState) {
		for i, b := range s.Balances {
			if b.Address == pool {
				s.Balances[i].Coins = b.Coins.Add(coins(int64(len(added)) * bonded)...)
			}
		}
	})
	testutil.MutateGenesis(cdc, genesis, sdkstaking.ModuleName, func(s *sdkstaking.GenesisState) {
		for _, name := range added {
			key, err := codectypes.NewAnyWithValue(validatorKey(name).PubKey())
			if err != nil {
				panic(err)
			}
			v, one := s.Validators[0], math.LegacyNewDec(bonded)
			v.OperatorAddress, v.ConsensusPubkey, v.Tokens, v.DelegatorShares = operator(name), key, math.NewInt(bonded), one
			v.Description = sdkstaking.Description{Moniker: name}
			s.Validators = append(s.Validators, v)
			s.Delegations = append(s.Delegations, sdkstaking.NewDelegation(testutil.NewAccount(name).String(), v.OperatorAddress, one))
		}
	})
	testutil.MutateGenesis(cdc, genesis, slashingtypes.ModuleName, func(s *slashingtypes.GenesisState) {
		for _, name := range added {
			address := sdk.ConsAddress(validatorKey(name).PubKey().Address())
			s.SigningInfos = append(s.SigningInfos, slashingtypes.SigningInfo{
				Address:              address.String(),
				ValidatorSigningInfo: slashingtypes.NewValidatorSigningInfo(address, 0, 0, time.Unix(0, 0).UTC(), false, 0),
			})
		}
		s.Params.SignedBlocksWindow = 30
	})
}

// purses lets each purse pay for everybody whose fees it pays, with plenty of coins.
func purses(cdc codec.Codec, genesis app.GenesisState) {
	rich := map[string]bool{}
	for _, name := range purseNames {
		rich[testutil.NewAccount(name).String()] = true
	}
	testutil.MutateGenesis(cdc, genesis, banktypes.ModuleName, func(s *banktypes.GenesisState) {
		for i, b := range s.Balances {
			if rich[b.Address] {
				s.Balances[i].Coins = coins(1_000_000 * million)
			}
		}
	})
	testutil.MutateGenesis(cdc, genesis, feegrant.ModuleName, func(s *feegrant.GenesisState) {
		for _, name := range append(accountNames(), rulerName) {
			acc := testutil.NewAccount(name)
			grant, err := feegrant.NewGrant(purseOf(acc).Address, acc.Address, &feegrant.BasicAllowance{})
			if err != nil {
				panic(err)
			}
			s.Allowances = append(s.Allowances, grant)
		}
	})
}

// purseOf is who pays the fees of an account.
func purseOf(acc *testutil.Account) *testutil.Account {
	return testutil.NewAccount(purseNames[int(acc.Address[0])%len(purseNames)])
}
