package machine

import (
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	sdkstaking "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
)

// rulerName is who governs the author's chain.
const rulerName = "ruler"

// The author's own people: strangers, who do as they like, and purses, which pay the
// machine's fees.
var (
	strangerNames = numbered("stranger", 12)
	purseNames    = numbered("purse", 6)
)

// careless is how many of the strangers run out of gas, which may leave all that they
// send after it in the same block with wrong sequences.
const careless = 4

func numbered(name string, n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprint(name, i))
	}
	return names
}

// add signs a stranger's transaction.
func (a *author) add(from *testutil.Account, spec testutil.TxSpec, msgs ...sdk.Msg) {
	a.txs = append(a.txs, a.app.SignTx(from, spec, msgs...))
}

func (a *author) any(names []string) *testutil.Account {
	return a.app.Account(names[a.rng.IntN(len(names))])
}

func (a *author) amount(most int64) sdk.Coin {
	return sdk.NewInt64Coin(chain.Denom, 1+a.rng.Int64N(most))
}

// rush is many transfers between the same few accounts: each depends on the one before.
func (a *author) rush() {
	crowd := strangerNames[careless : careless+4]
	for range 40 + a.rng.IntN(80) {
		from, to := a.any(crowd), a.any(crowd)
		a.add(from, testutil.TxSpec{}, banktypes.NewMsgSend(from.Address, to.Address, coins(1+a.rng.Int64N(startBalance/20))))
	}
}

// stranger adds a transaction of some stranger, or a few.
func (a *author) stranger() {
	from, to := a.any(strangerNames[careless:]), a.any(strangerNames)
	send := banktypes.NewMsgSend(from.Address, to.Address, coins(1+a.rng.Int64N(million)))
	tooMuch := banktypes.NewMsgSend(from.Address, to.Address, coins(100*startBalance))
	switch a.rng.IntN(12) {
	case 0:
		a.add(from, testutil.TxSpec{}, tooMuch)
	case 1: // out of gas, before its message or in it
		from = a.any(strangerNames[:careless])
		send.FromAddress = from.String()
		a.add(from, testutil.TxSpec{Gas: 30_000 + a.rng.Uint64N(60_000)}, send)
	case 2: // nothing of the first message remains
		a.add(from, testutil.TxSpec{}, send, send, tooMuch)
	case 3: // sent again in the same block
		until := a.app.Now().Add(time.Duration(30+a.rng.IntN(500)) * time.Second)
		a.add(from, testutil.TxSpec{Unordered: until}, send)
		a.txs = append(a.txs, a.txs[len(a.txs)-1])
	case 4: // not a transaction, or one that was cut off, or one that was there already
		a.txs = append(a.txs, slices.Repeat([]byte{byte(a.rng.IntN(256))}, 1+a.rng.IntN(300)))
		if some := a.txs[a.rng.IntN(len(a.txs))]; a.one(2) {
			a.txs = append(a.txs, some[:a.rng.IntN(len(some)+1)])
		}
	case 5:
		wrong := a.rng.Uint64N(100)
		a.add(from, testutil.TxSpec{Sequence: &wrong}, send)
	case 6, 7:
		a.add(from, testutil.TxSpec{}, a.stakeholder(from))
	case 8:
		a.add(from, testutil.TxSpec{}, a.citizen(from))
	case 9:
		a.add(from, testutil.TxSpec{}, a.trusting(from, to))
	default:
		a.add(from, testutil.TxSpec{}, send)
	}
}

// stakeholder is a message about validators.
func (a *author) stakeholder(from *testutil.Account) sdk.Msg {
	name, other := validatorNames[a.rng.IntN(len(validatorNames))], validatorNames[a.rng.IntN(len(validatorNames))]
	me, val := from.String(), operator(name)
	switch a.rng.IntN(6) {
	case 0:
		return sdkstaking.NewMsgUndelegate(me, val, a.amount(million))
	case 1:
		return sdkstaking.NewMsgBeginRedelegate(me, val, operator(other), a.amount(million))
	case 2:
		return distrtypes.NewMsgWithdrawDelegatorReward(me, val)
	case 3:
		return distrtypes.NewMsgFundCommunityPool(sdk.NewCoins(a.amount(million)), me)
	default:
		return sdkstaking.NewMsgDelegate(me, val, a.amount(million))
	}
}

// citizen is a message of governance.
func (a *author) citizen(from *testutil.Account) sdk.Msg {
	if a.one(4) {
		msg, err := govv1.NewMsgSubmitProposal(nil, sdk.NewCoins(sdk.NewInt64Coin(chain.Denom, 10*million)), from.String(), "meta", "title", "summary", false)
		require.NoError(a.m.tb, err)
		return msg
	}
	return govv1.NewMsgVote(from.Address, 1+a.rng.Uint64N(8), govv1.VoteOption(a.rng.IntN(6)), "")
}

// trusting is a message about grants.
func (a *author) trusting(from, to *testutil.Account) sdk.Msg {
	switch a.rng.IntN(4) {
	case 0:
		msg, err := feegrant.NewMsgGrantAllowance(&feegrant.BasicAllowance{SpendLimit: coins(million)}, from.Address, to.Address)
		require.NoError(a.m.tb, err)
		return msg
	case 1:
		until := a.app.Now().Add(time.Hour)
		msg, err := authz.NewMsgGrant(from.Address, to.Address, authz.NewGenericAuthorization(sdk.MsgTypeURL(&banktypes.MsgSend{})), &until)
		require.NoError(a.m.tb, err)
		return msg
	default:
		msg := authz.NewMsgExec(from.Address, []sdk.Msg{
			banktypes.NewMsgSend(to.Address, from.Address, coins(1+a.rng.Int64N(1_000))),
		})
		return &msg
	}
}
