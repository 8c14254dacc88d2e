package app_test

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"testing"
	"time"

	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"
	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	clientv2 "github.com/cosmos/ibc-go/v11/modules/core/02-client/v2/types"
	channeltypes "github.com/cosmos/ibc-go/v11/modules/core/04-channel/types"
	channelv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"
	commitmenttypes "github.com/cosmos/ibc-go/v11/modules/core/23-commitment/types"
	hostv2 "github.com/cosmos/ibc-go/v11/modules/core/24-host/v2"
	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
	tendermint "github.com/cosmos/ibc-go/v11/modules/light-clients/07-tendermint"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"

	"github.com/proofmarket/proofmarket/app"
	"github.com/proofmarket/proofmarket/app/ante"
	"github.com/proofmarket/proofmarket/internal/chain"
	"github.com/proofmarket/proofmarket/testutil"
	"github.com/proofmarket/proofmarket/testutil/ibc"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
)

// withoutInflation keeps the supply as it is.
func withoutInflation() testutil.Option {
	return testutil.WithGenesis(func(cdc codec.Codec, genesis app.GenesisState) {
		testutil.MutateGenesis(cdc, genesis, minttypes.ModuleName, func(s *minttypes.GenesisState) {
			zero := math.LegacyZeroDec()
			s.Minter.Inflation, s.Params.InflationMin, s.Params.InflationMax, s.Params.InflationRateChange = zero, zero, zero, zero
		})
	})
}

// pair is two chains with a channel between them.
type pair struct {
	t                *testing.T
	a, b             *ibc.Chain
	alice, bob       *testutil.Account
	supplyA, supplyB math.Int
}

// chainOptions are those of both chains of a pair.
func chainOptions() []testutil.Option {
	return []testutil.Option{
		testutil.WithAccounts("alice", "bob", "prover", "staker"), withoutInflation(), testutil.WithInvariants(),
	}
}

func newPair(t *testing.T) *pair {
	t.Helper()
	a := ibc.New(t, "alpha-1", chainOptions()...)
	b := ibc.New(t, "beta-1", append(chainOptions(), testutil.WithBlockSTM(4))...)
	ibc.Connect(t, a, b)
	return &pair{t: t, a: a, b: b, alice: a.Account("alice"), bob: b.Account("bob"), supplyA: a.Supply(), supplyB: b.Supply()}
}

// sound checks that nothing came or went: each chain's own supply is what it was, and
// what the other has of it lies in the channel's account. The invariants of our
// modules are checked after every block.
func (p *pair) sound(denoms ...string) {
	p.t.Helper()
	require.Equal(p.t, p.supplyA, p.a.Supply())
	require.Equal(p.t, p.supplyB, p.b.Supply())
	for _, at := range []struct{ home, away *ibc.Chain }{{p.a, p.b}, {p.b, p.a}} {
		for _, denom := range append(denoms, chain.Denom) {
			escrowed := at.home.BalanceOf(at.home.Escrow(), denom)
			require.Equal(p.t, escrowed, at.home.TransferKeeper.GetTotalEscrowForDenom(at.home.Ctx(), denom).Amount)
			away := at.away.BankKeeper.GetSupply(at.away.Ctx(), at.away.Voucher(denom)).Amount
			require.Equal(p.t, escrowed, away, "%s of %s on %s", denom, at.home.ChainID(), at.away.ChainID())
		}
		require.True(p.t, at.home.BalanceOf(authtypes.NewModuleAddress(transfertypes.ModuleName), chain.Denom).IsZero())
	}
}

// later is a time that both chains reach within an hour.
func (p *pair) later() time.Time {
	return time.Unix(0, max(p.a.Now().UnixNano(), p.b.Now().UnixNano())).Add(time.Hour).UTC()
}

func uproof(amount int64) sdk.Coin { return sdk.NewInt64Coin(chain.Denom, amount) }

// The chain's coin goes to another chain, from hand to hand there, and home; another
// chain's coin comes here, and pays no fee.
func TestCoinsTravel(t *testing.T) {
	p := newPair(t)
	voucher := p.b.Voucher(chain.Denom)
	require.Regexp(t, "^ibc/[0-9A-F]{64}$", voucher)
	p.a.Pay(p.b, p.alice, uproof(5_000_000), p.bob.String())
	p.sound()
	require.Equal(t, math.NewInt(5_000_000), p.b.BalanceOf(p.bob.Address, voucher))

	carol := p.b.Account("carol")
	p.b.MustDeliver(p.bob, banktypes.NewMsgSend(p.bob.Address, carol.Address, sdk.NewCoins(sdk.NewInt64Coin(voucher, 1_000_000), uproof(1_000_000))))
	p.b.Pay(p.a, carol, sdk.NewInt64Coin(voucher, 1_000_000), p.alice.String())
	p.sound()
	require.Equal(t, math.NewInt(4_000_000), p.a.BalanceOf(p.a.Escrow(), chain.Denom))

	// The other way.
	foreign := p.a.Voucher(chain.Denom)
	p.b.Pay(p.a, p.bob, uproof(7_000), p.alice.String())
	p.sound()
	require.Equal(t, math.NewInt(7_000), p.a.BalanceOf(p.alice.Address, foreign))
	for _, fee := range []sdk.Coins{
		sdk.NewCoins(sdk.NewInt64Coin(foreign, 7_000)), sdk.NewCoins(sdk.NewInt64Coin(foreign, 1), uproof(5_000)),
	} {
		res := p.a.Block(p.a.SignTx(p.alice, testutil.TxSpec{Fee: fee}, send(p.alice, p.alice, 1))).Results[0]
		p.a.RequireError(ante.ErrFeeCoin, res)
	}
	// The community pool and validators' rewards take no coin that anybody may make up.
	deposit := sdk.NewCoins(sdk.NewInt64Coin(foreign, 1))
	p.a.RequireError(app.ErrPoolCoin, p.a.Deliver(p.alice, distrtypes.NewMsgFundCommunityPool(deposit, p.alice.String())))
	p.a.MustDeliver(p.alice, distrtypes.NewMsgFundCommunityPool(sdk.NewCoins(uproof(1)), p.alice.String()))
	p.a.Pay(p.b, p.alice, sdk.NewInt64Coin(foreign, 7_000), p.bob.String())
	p.sound()
	require.True(t, p.a.BankKeeper.GetSupply(p.a.Ctx(), foreign).IsZero())

	// What travelled is in a state that exports, validates, and goes on.
	exported := p.b.Export()
	var genesis app.GenesisState
	require.NoError(t, json.Unmarshal(exported.AppState, &genesis))
	require.NoError(t, p.b.BasicManager.ValidateGenesis(p.b.AppCodec(), p.b.TxConfig(), genesis))
	again := p.b.Reimport(testutil.WithInvariants())
	require.Equal(t, p.b.BalanceOf(p.bob.Address, voucher), again.BalanceOf(p.bob.Address, voucher))
	for _, module := range []string{ibcexported.ModuleName, transfertypes.ModuleName} {
		require.JSONEq(t, string(genesis[module]), string(p.exportOf(again, module)))
	}

	// Both executors agree on every block of it.
	twin := testutil.NewApp(t, append(chainOptions(), testutil.WithChainID("alpha-1"), testutil.WithAccounts("relayer"), testutil.WithBlockSTM(4))...)
	for _, block := range p.a.Blocks[1:] {
		got := twin.Replay(block)
		require.Equal(t, hex.EncodeToString(block.AppHash), hex.EncodeToString(got.AppHash), "height %d", block.Height)
		require.Equal(t, block.ResultsHash, got.ResultsHash, "height %d", block.Height)
	}
}

func (p *pair) exportOf(a *testutil.App, module string) []byte {
	var genesis app.GenesisState
	require.NoError(p.t, json.Unmarshal(a.Export().AppState, &genesis))
	return genesis[module]
}

// Shares of a vault go to another chain, change hands there, come home to a stranger,
// and unstake (law S3). On the way they belong to nobody's position, and the prover's
// own do not leave.
func TestVaultSharesTravel(t *testing.T) {
	p := newPair(t)
	prover, staker := p.a.Account("prover"), p.a.Account("staker")
	stake := math.NewInt(10_000_000_000)
	p.a.MustDeliver(prover, &proverstypes.MsgRegister{
		Prover: prover.String(), Profile: proverstypes.Profile{Name: "prover"}, SelfStake: stake,
	})
	p.a.MustDeliver(staker, &proverstypes.MsgStake{
		Staker: staker.String(), Prover: prover.String(), Amount: stake, MinSharesOut: math.ZeroInt(),
	})
	denom := proverstypes.ShareDenom(prover.String(), 1)
	standing, err := p.a.ProversKeeper.Standing(p.a.Ctx(), prover.Address)
	require.NoError(t, err)

	until := p.later()
	p.a.RequireError(proverstypes.ErrSharesLocked, p.a.Deliver(prover, p.a.Transfer(prover, sdk.NewInt64Coin(denom, 1), p.bob.String(), until)))
	p.sound(denom)
	p.a.Pay(p.b, staker, sdk.NewCoin(denom, stake), p.bob.String())
	p.sound(denom)
	voucher := p.b.Voucher(denom)
	require.Equal(t, stake, p.b.BalanceOf(p.bob.Address, voucher))
	metadata, found := p.b.BankKeeper.GetDenomMetaData(p.b.Ctx(), voucher)
	require.True(t, found)
	require.NoError(t, metadata.Validate())
	require.Equal(t, []string{ibc.Port + "/" + p.b.Channel + "/" + denom}, metadata.DenomUnits[0].Aliases)

	// On their way they are nobody's position, and not the prover's own stake.
	queries := proverstypes.NewQueryClient(p.a.Conn())
	positions, err := queries.Positions(t.Context(), &proverstypes.QueryPositionsRequest{Staker: staker.String()})
	require.NoError(t, err)
	require.Empty(t, positions.Positions)
	after, err := p.a.ProversKeeper.Standing(p.a.Ctx(), prover.Address)
	require.NoError(t, err)
	require.Equal(t, standing, after)
	p.a.RequireError(proverstypes.ErrTooFewShares, p.a.Deliver(staker, &proverstypes.MsgRequestUnstake{
		Staker: staker.String(), Prover: prover.String(), Shares: math.NewInt(1), MinOut: math.ZeroInt(),
	}))

	// There they change hands. Half come home, to a stranger.
	half := stake.QuoRaw(2)
	carol, dave := p.b.Account("carol"), p.a.Account("dave")
	p.b.MustDeliver(p.bob, banktypes.NewMsgSend(p.bob.Address, carol.Address, sdk.NewCoins(sdk.NewCoin(voucher, stake), uproof(1_000_000))))
	p.b.Pay(p.a, carol, sdk.NewCoin(voucher, half), dave.String())
	p.sound(denom)
	require.Equal(t, half, p.a.BalanceOf(dave.Address, denom))
	// The others come to the prover, whose own they are from then on.
	p.b.Pay(p.a, carol, sdk.NewCoin(voucher, half), prover.String())
	p.sound(denom)
	p.a.RequireError(proverstypes.ErrSharesLocked, p.a.Deliver(prover, p.a.Transfer(prover, sdk.NewInt64Coin(denom, 1), p.bob.String(), p.later())))

	p.a.MustDeliver(p.alice, send(p.alice, dave, 1_000_000))
	p.a.MustDeliver(dave, &proverstypes.MsgRequestUnstake{
		Staker: dave.String(), Prover: prover.String(), Shares: half, MinOut: math.ZeroInt(),
	})
	params, err := p.a.ProversKeeper.Params(p.a.Ctx())
	require.NoError(t, err)
	before := p.a.Balance(dave.Address)
	p.a.BlockAfter(params.UnstakeDelay)
	require.Equal(t, half, p.a.Balance(dave.Address).Sub(before))
	p.sound(denom)
}

// A packet that comes too late is refused, and its coins go back to their sender; so do
// those that the receiving chain will not take.
func TestCoinsThatDoNotArriveComeBack(t *testing.T) {
	p := newPair(t)
	until := p.later()
	before := p.a.Balance(p.alice.Address)
	packet := p.a.Packet(p.b, p.a.MustDeliver(p.alice, p.a.Transfer(p.alice, uproof(1_000), p.bob.String(), until)), until)
	early := p.a.Send(p.b, p.a.Expire(p.b, packet))
	p.a.RequireError(channeltypes.ErrTimeoutNotReached, early)
	p.b.BlockAfter(2 * time.Hour)
	p.b.RequireError(channeltypes.ErrTimeoutElapsed, p.b.Send(p.a, p.b.Receive(p.a, packet)))
	p.a.MustSend(p.b, p.a.Expire(p.b, packet))
	require.Equal(t, fee(), before.Sub(p.a.Balance(p.alice.Address)), "all but the fee")
	p.sound()

	// Once only.
	p.a.MustSend(p.b, p.a.Expire(p.b, packet))
	require.Equal(t, fee(), before.Sub(p.a.Balance(p.alice.Address)))

	// A module's account takes no coins (law S11), whichever way they come.
	before = p.a.Balance(p.alice.Address)
	for _, module := range []string{proverstypes.ModuleName, authtypes.FeeCollectorName, transfertypes.ModuleName} {
		to := authtypes.NewModuleAddress(module)
		p.a.Pay(p.b, p.alice, uproof(1_000), to.String())
		before = before.Sub(fee())
		if module == transfertypes.ModuleName {
			continue // takes vouchers, as it is the one that makes them
		}
		require.Equal(t, before, p.a.Balance(p.alice.Address), module)
		require.True(t, p.b.BalanceOf(to, p.b.Voucher(chain.Denom)).IsZero())
	}
}

// fee is what a transaction of the tests pays.
func fee() math.Int { return math.NewInt(testutil.DefaultGas / 400) }

// Nobody's word counts but the light client's: a packet that was changed, a proof that
// was bent, a proof of another packet, a header with a wrong root or signature.
func TestForgedPacketsAreRefused(t *testing.T) {
	p := newPair(t)
	until := p.later()
	packet := p.a.Packet(p.b, p.a.MustDeliver(p.alice, p.a.Transfer(p.alice, uproof(1_000), p.bob.String(), until)), until)
	good := p.b.Receive(p.a, packet)
	relayer := p.b.Relayer().String()
	refused := func(name string, change func(*channeltypes.MsgRecvPacket)) {
		t.Helper()
		msg := *good
		msg.Packet.Data, msg.ProofCommitment = slices.Clone(good.Packet.Data), slices.Clone(good.ProofCommitment)
		change(&msg)
		res := p.b.Send(p.a, &msg)
		require.NotZero(t, res.Code, name)
		require.True(t, p.b.BankKeeper.GetSupply(p.b.Ctx(), p.b.Voucher(chain.Denom)).IsZero(), name)
	}
	more := packet
	more.Data = transfertypes.NewFungibleTokenPacketData(chain.Denom, "1000000", p.alice.String(), p.bob.String(), "").GetBytes()
	p.b.RequireError(commitmenttypes.ErrInvalidProof, p.b.Send(p.a, channeltypes.NewMsgRecvPacket(more, good.ProofCommitment, good.ProofHeight, relayer)))
	refused("another sequence", func(m *channeltypes.MsgRecvPacket) { m.Packet.Sequence++ })
	refused("another height", func(m *channeltypes.MsgRecvPacket) { m.ProofHeight.RevisionHeight-- })
	refused("no proof", func(m *channeltypes.MsgRecvPacket) { m.ProofCommitment = nil })
	for i := 0; i < len(good.ProofCommitment); i += len(good.ProofCommitment)/16 + 1 {
		refused("bent proof", func(m *channeltypes.MsgRecvPacket) { m.ProofCommitment[i] ^= 1 })
	}

	// Headers: the root that would prove anything, and a signature that is not one.
	p.a.Block()
	for name, bend := range map[string]func(*tendermint.Header){
		"root":      func(h *tendermint.Header) { h.Header.AppHash[0] ^= 1 },
		"signature": func(h *tendermint.Header) { h.Commit.Signatures[0].Signature[0] ^= 1 },
		"time":      func(h *tendermint.Header) { h.Header.Time = h.Header.Time.Add(time.Second) },
	} {
		msg := p.b.Header(p.a, p.a.Height())
		header, err := clienttypes.UnpackClientMessage(msg.ClientMessage)
		require.NoError(t, err)
		bend(header.(*tendermint.Header))
		packed, err := clienttypes.PackClientMessage(header)
		require.NoError(t, err)
		msg.ClientMessage = packed
		require.NotZero(t, p.b.Send(p.a, msg).Code, name)
	}

	p.b.MustSend(p.a, good)
	p.sound()
	// Again it is nothing: a relayer that is late changes no balance, and the mempool
	// does not take its transaction.
	p.b.MustSend(p.a, good)
	require.Equal(t, math.NewInt(1_000), p.b.BalanceOf(p.bob.Address, p.b.Voucher(chain.Denom)))
	p.b.RequireCheckError(channeltypes.ErrRedundantTx, p.b.Check(p.b.Tx(p.b.Relayer(), good)))
	p.b.Block()
	p.sound()
}

// The protocol's second version needs no connection and no channel: coins go from
// client to client.
func TestCoinsTravelBetweenClients(t *testing.T) {
	p := newPair(t)
	for _, at := range []struct{ here, there *ibc.Chain }{{p.a, p.b}, {p.b, p.a}} {
		at.here.MustSend(at.there, &clientv2.MsgRegisterCounterparty{
			ClientId: at.here.Client, CounterpartyClientId: at.there.Client,
			CounterpartyMerklePrefix: [][]byte{[]byte(ibcexported.StoreKey), {}}, Signer: at.here.Relayer().String(),
		})
	}
	until := uint64(p.later().Unix())
	sent := p.a.MustDeliver(p.alice, transfertypes.NewMsgTransfer(ibc.Port, p.a.Client, uproof(1_000), p.alice.String(), p.bob.String(),
		clienttypes.ZeroHeight(), until, ""))
	var packet channelv2.Packet
	for _, event := range sent.Events {
		for _, attribute := range event.Attributes {
			if event.Type == channelv2.EventTypeSendPacket && attribute.Key == channelv2.AttributeKeyEncodedPacketHex {
				bz, err := hex.DecodeString(attribute.Value)
				require.NoError(t, err)
				require.NoError(t, packet.Unmarshal(bz))
			}
		}
	}
	proof, at := p.b.Prove(p.a, hostv2.PacketCommitmentKey(packet.SourceClient, packet.Sequence))
	more := packet
	more.Payloads = slices.Clone(packet.Payloads)
	more.Payloads[0].Value = transfertypes.NewFungibleTokenPacketData(chain.Denom, "1001", p.alice.String(), p.bob.String(), "").GetBytes()
	require.NotZero(t, p.b.Send(p.a, channelv2.NewMsgRecvPacket(more, proof, at, p.b.Relayer().String())).Code)
	p.b.MustSend(p.a, channelv2.NewMsgRecvPacket(packet, proof, at, p.b.Relayer().String()))
	voucher := transfertypes.NewDenom(chain.Denom, transfertypes.NewHop(ibc.Port, p.b.Client)).IBCDenom()
	require.Equal(t, math.NewInt(1_000), p.b.BalanceOf(p.bob.Address, voucher))
	require.Equal(t, math.NewInt(1_000), p.a.BalanceOf(transfertypes.GetEscrowAddress(ibc.Port, p.a.Client), chain.Denom))
}
