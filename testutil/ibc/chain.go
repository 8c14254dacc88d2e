// Package ibc connects two chains of package testutil as a relayer does: clients,
// connection and channel come about by the real handshake, every message is a signed
// transaction, headers are signed by the validators' key and proofs are read from
// the stores. A chain believes nothing that its light client has not checked.
package ibc

import (
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	cmttypes "github.com/cometbft/cometbft/types"
	"github.com/cometbft/cometbft/version"
	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	commitmenttypes "github.com/cosmos/ibc-go/v11/modules/core/23-commitment/types"
	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
	tendermint "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"
	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/testutil"
)

const (
	// relayerName is the account that sends what a relayer sends.
	relayerName = "relayer"

	trustingPeriod  = 14 * 24 * time.Hour
	unbondingPeriod = 21 * 24 * time.Hour
	maxClockDrift   = 10 * time.Second
)

// Chain is one end of a path.
type Chain struct {
	*testutil.App
	// Client, Connection and Channel are the ends on this chain.
	Client, Connection, Channel string
	// Blocks are all blocks since the chain was opened here.
	Blocks []testutil.Block

	t          testing.TB
	relayer    *testutil.Account
	key        cmted25519.PrivKey
	validators *cmttypes.ValidatorSet
}

// New starts a chain of that id with the account that relays.
func New(t testing.TB, id string, opts ...testutil.Option) *Chain {
	t.Helper()
	return Open(t, func(record testutil.Option) *testutil.App {
		return testutil.NewApp(t, append(opts, record, testutil.WithChainID(id), testutil.WithAccounts(relayerName))...)
	})
}

// Open takes a chain that open starts with the option that it is given. The account
// "relayer" must hold coins before the chain is connected.
func Open(t testing.TB, open func(record testutil.Option) *testutil.App) *Chain {
	t.Helper()
	c := &Chain{t: t, key: cmted25519.GenPrivKeyFromSecret([]byte("proofmarket test validator"))}
	c.App = open(testutil.WithRecorder(func(b testutil.Block) { c.Blocks = append(c.Blocks, b) }))
	c.relayer = c.Account(relayerName)
	c.validators = cmttypes.NewValidatorSet([]*cmttypes.Validator{cmttypes.NewValidator(c.key.PubKey(), 1)})
	_, err := c.StakingKeeper.GetValidatorByConsAddr(c.Ctx(), sdk.ConsAddress(c.key.PubKey().Address()))
	require.NoError(t, err, "the key is the validator's")
	return c
}

// Relayer returns the account that sends what a relayer sends.
func (c *Chain) Relayer() *testutil.Account { return c.relayer }

// block returns the block of that height.
func (c *Chain) block(height int64) testutil.Block {
	c.t.Helper()
	i := height - c.Blocks[0].Height
	require.True(c.t, i >= 0 && i < int64(len(c.Blocks)), "no block %d", height)
	return c.Blocks[i]
}

// revision is a height as other chains know it.
func (c *Chain) revision(height int64) clienttypes.Height {
	return clienttypes.NewHeight(clienttypes.ParseChainID(c.ChainID()), uint64(height))
}

// header returns the header of a block, signed, for a client that trusts another one.
// It has the root of the state after the block before.
func (c *Chain) header(height int64, trusted clienttypes.Height) *tendermint.Header {
	c.t.Helper()
	address := c.key.PubKey().Address()
	header := cmttypes.Header{
		Version: cmtversion.Consensus{Block: version.BlockProtocol},
		ChainID: c.ChainID(), Height: height, Time: c.block(height).Time,
		ValidatorsHash: c.validators.Hash(), NextValidatorsHash: c.validators.Hash(),
		AppHash: c.block(height - 1).AppHash, ProposerAddress: address,
	}
	id := cmttypes.BlockID{Hash: header.Hash(), PartSetHeader: cmttypes.PartSetHeader{Total: 1, Hash: header.Hash()}}
	vote := &cmttypes.Vote{
		Type: cmtproto.PrecommitType, Height: height, BlockID: id, Timestamp: header.Time, ValidatorAddress: address,
	}
	signature, err := c.key.Sign(cmttypes.VoteSignBytes(c.ChainID(), vote.ToProto()))
	require.NoError(c.t, err)
	commit := cmttypes.Commit{Height: height, BlockID: id, Signatures: []cmttypes.CommitSig{{
		BlockIDFlag: cmttypes.BlockIDFlagCommit, ValidatorAddress: address, Timestamp: header.Time, Signature: signature,
	}}}
	validators, err := c.validators.ToProto()
	require.NoError(c.t, err)
	validators.TotalVotingPower = c.validators.TotalVotingPower()
	return &tendermint.Header{
		SignedHeader: &cmtproto.SignedHeader{Header: header.ToProto(), Commit: commit.ToProto()},
		ValidatorSet: validators, TrustedHeight: trusted, TrustedValidators: validators,
	}
}

// proof returns the proof of what the IBC store held under key after that block, or
// that it held nothing.
func (c *Chain) proof(key []byte, height int64) []byte {
	c.t.Helper()
	res, err := c.Query(c.t.Context(), &abci.RequestQuery{
		Path: "/store/" + ibcexported.StoreKey + "/key", Height: height, Data: key, Prove: true,
	})
	require.NoError(c.t, err)
	require.Zero(c.t, res.Code, res.Log)
	merkle, err := commitmenttypes.ConvertProofs(res.ProofOps)
	require.NoError(c.t, err)
	bz, err := c.AppCodec().Marshal(&merkle)
	require.NoError(c.t, err)
	return bz
}

// Send runs a block with one transaction of the relayer, not before other's time: no
// client takes a header from the future.
func (c *Chain) Send(other *Chain, msgs ...sdk.Msg) *abci.ExecTxResult {
	c.t.Helper()
	return c.BlockAfter(max(time.Second, other.Now().Sub(c.Now())), c.Tx(c.relayer, msgs...)).Results[0]
}

// MustSend is Send of what must succeed.
func (c *Chain) MustSend(other *Chain, msgs ...sdk.Msg) *abci.ExecTxResult {
	c.t.Helper()
	res := c.Send(other, msgs...)
	c.RequireOK(res)
	return res
}

// CreateClient makes a client of the other chain here.
func (c *Chain) CreateClient(other *Chain) {
	c.t.Helper()
	other.Block()
	height := other.Height()
	state := tendermint.NewClientState(other.ChainID(), tendermint.DefaultTrustLevel, trustingPeriod, unbondingPeriod,
		maxClockDrift, other.revision(height), commitmenttypes.GetSDKSpecs(), []string{"upgrade", "upgradedIBCState"})
	trusted := tendermint.NewConsensusState(other.block(height).Time,
		commitmenttypes.NewMerkleRoot(other.block(height-1).AppHash), other.validators.Hash())
	msg, err := clienttypes.NewMsgCreateClient(state, trusted, c.relayer.String())
	require.NoError(c.t, err)
	var made clienttypes.MsgCreateClientResponse
	c.MsgResponse(c.MustSend(other, msg), 0, &made)
	c.Client = made.ClientId
}

// Header returns the message by which this chain's client learns the header of
// other's block.
func (c *Chain) Header(other *Chain, height int64) *clienttypes.MsgUpdateClient {
	c.t.Helper()
	trusted := c.IBCKeeper.ClientKeeper.GetClientLatestHeight(c.Ctx(), c.Client)
	msg, err := clienttypes.NewMsgUpdateClient(c.Client, other.header(height, trusted), c.relayer.String())
	require.NoError(c.t, err)
	return msg
}

// Prove returns the proof of what other's IBC store holds under key now, which this
// chain's client can check at that height: other runs a block whose header has the
// root, and the client learns the header.
func (c *Chain) Prove(other *Chain, key []byte) (proof []byte, at clienttypes.Height) {
	c.t.Helper()
	height := other.Height()
	other.Block()
	c.MustSend(other, c.Header(other, height+1))
	return other.proof(key, height), other.revision(height + 1)
}
