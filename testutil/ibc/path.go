package ibc

import (
	"encoding/hex"
	"strconv"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	transfertypes "github.com/cosmos/ibc-go/v11/modules/apps/transfer/types"
	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	connectiontypes "github.com/cosmos/ibc-go/v11/modules/core/03-connection/types"
	channeltypes "github.com/cosmos/ibc-go/v11/modules/core/04-channel/types"
	commitmenttypes "github.com/cosmos/ibc-go/v11/modules/core/23-commitment/types"
	host "github.com/cosmos/ibc-go/v11/modules/core/24-host"
	ibcexported "github.com/cosmos/ibc-go/v11/modules/core/exported"
	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/testutil"
)

// Port is the port of transfers.
const Port = transfertypes.PortID

// Connect makes clients, a connection and a channel for transfers between two chains
// that have none yet.
func Connect(t testing.TB, a, b *Chain) {
	t.Helper()
	a.CreateClient(b)
	b.CreateClient(a)
	connect(a, b)
	openChannel(a, b)
	for _, c := range []*Chain{a, b} {
		channel, found := c.IBCKeeper.ChannelKeeper.GetChannel(c.Ctx(), Port, c.Channel)
		require.True(t, found)
		require.Equal(t, channeltypes.OPEN, channel.State)
	}
}

// connect runs the handshake of a connection.
func connect(a, b *Chain) {
	a.Connection, b.Connection = connectiontypes.FormatConnectionIdentifier(0), connectiontypes.FormatConnectionIdentifier(0)
	prefix := commitmenttypes.NewMerklePrefix([]byte(ibcexported.StoreKey))
	versions := connectiontypes.GetCompatibleVersions()
	a.MustSend(b, connectiontypes.NewMsgConnectionOpenInit(a.Client, b.Client, prefix, versions[0], 0, a.relayer.String()))
	proof, at := b.Prove(a, host.ConnectionKey(a.Connection))
	b.MustSend(a, connectiontypes.NewMsgConnectionOpenTry(b.Client, a.Connection, a.Client, prefix, versions, 0, proof, at, b.relayer.String()))
	proof, at = a.Prove(b, host.ConnectionKey(b.Connection))
	a.MustSend(b, connectiontypes.NewMsgConnectionOpenAck(a.Connection, b.Connection, proof, at, versions[0], a.relayer.String()))
	proof, at = b.Prove(a, host.ConnectionKey(a.Connection))
	b.MustSend(a, connectiontypes.NewMsgConnectionOpenConfirm(b.Connection, proof, at, b.relayer.String()))
}

// openChannel runs the handshake of a channel for transfers.
func openChannel(a, b *Chain) {
	a.Channel, b.Channel = channeltypes.FormatChannelIdentifier(0), channeltypes.FormatChannelIdentifier(0)
	a.MustSend(b, channeltypes.NewMsgChannelOpenInit(Port, transfertypes.V1, channeltypes.UNORDERED,
		[]string{a.Connection}, Port, a.relayer.String()))
	proof, at := b.Prove(a, host.ChannelKey(Port, a.Channel))
	b.MustSend(a, channeltypes.NewMsgChannelOpenTry(Port, transfertypes.V1, channeltypes.UNORDERED,
		[]string{b.Connection}, Port, a.Channel, transfertypes.V1, proof, at, b.relayer.String()))
	proof, at = a.Prove(b, host.ChannelKey(Port, b.Channel))
	a.MustSend(b, channeltypes.NewMsgChannelOpenAck(Port, a.Channel, b.Channel, transfertypes.V1, proof, at, a.relayer.String()))
	proof, at = b.Prove(a, host.ChannelKey(Port, a.Channel))
	b.MustSend(a, channeltypes.NewMsgChannelOpenConfirm(Port, b.Channel, proof, at, b.relayer.String()))
}

// Transfer is the message by which sender sends a coin over the channel, good until
// that time on the other chain.
func (c *Chain) Transfer(sender *testutil.Account, coin sdk.Coin, receiver string, until time.Time) *transfertypes.MsgTransfer {
	return transfertypes.NewMsgTransfer(Port, c.Channel, coin, sender.String(), receiver,
		clienttypes.ZeroHeight(), uint64(until.UnixNano()), "")
}

// Packet returns the packet that a transfer's transaction put on its way to other.
func (c *Chain) Packet(other *Chain, sent *abci.ExecTxResult, until time.Time) channeltypes.Packet {
	c.t.Helper()
	c.RequireOK(sent)
	sequence, err := strconv.ParseUint(c.attribute(sent, channeltypes.EventTypeSendPacket, channeltypes.AttributeKeySequence), 10, 64)
	require.NoError(c.t, err)
	data, err := hex.DecodeString(c.attribute(sent, channeltypes.EventTypeSendPacket, channeltypes.AttributeKeyDataHex))
	require.NoError(c.t, err)
	return channeltypes.NewPacket(data, sequence, Port, c.Channel, Port, other.Channel, clienttypes.ZeroHeight(), uint64(until.UnixNano()))
}

// attribute returns an attribute of the first event of that kind.
func (c *Chain) attribute(res *abci.ExecTxResult, event, key string) string {
	c.t.Helper()
	for _, e := range res.Events {
		if e.Type != event {
			continue
		}
		for _, a := range e.Attributes {
			if a.Key == key {
				return a.Value
			}
		}
	}
	require.FailNow(c.t, "no such attribute", "%s.%s", event, key)
	return ""
}

// Receive is the message that delivers a packet of other here, with its proof.
func (c *Chain) Receive(other *Chain, packet channeltypes.Packet) *channeltypes.MsgRecvPacket {
	c.t.Helper()
	proof, at := c.Prove(other, host.PacketCommitmentKey(packet.SourcePort, packet.SourceChannel, packet.Sequence))
	return channeltypes.NewMsgRecvPacket(packet, proof, at, c.relayer.String())
}

// Acknowledge is the message that tells this chain what other said to its packet.
func (c *Chain) Acknowledge(other *Chain, packet channeltypes.Packet, received *abci.ExecTxResult) *channeltypes.MsgAcknowledgement {
	c.t.Helper()
	ack, err := hex.DecodeString(c.attribute(received, channeltypes.EventTypeWriteAck, channeltypes.AttributeKeyAckHex))
	require.NoError(c.t, err)
	proof, at := c.Prove(other, host.PacketAcknowledgementKey(packet.DestinationPort, packet.DestinationChannel, packet.Sequence))
	return channeltypes.NewMsgAcknowledgement(packet, ack, proof, at, c.relayer.String())
}

// Expire is the message that tells this chain that its packet never arrived at other
// in time.
func (c *Chain) Expire(other *Chain, packet channeltypes.Packet) *channeltypes.MsgTimeout {
	c.t.Helper()
	proof, at := c.Prove(other, host.PacketReceiptKey(packet.DestinationPort, packet.DestinationChannel, packet.Sequence))
	return channeltypes.NewMsgTimeout(packet, 1, proof, at, c.relayer.String())
}

// Pay sends a coin of sender to other and relays the packet and its answer.
func (c *Chain) Pay(other *Chain, sender *testutil.Account, coin sdk.Coin, receiver string) {
	c.t.Helper()
	until := later(c, other).Add(time.Hour)
	packet := c.Packet(other, c.MustDeliver(sender, c.Transfer(sender, coin, receiver, until)), until)
	received := other.MustSend(c, other.Receive(c, packet))
	c.MustSend(other, c.Acknowledge(other, packet, received))
}

// later is the later of two chains' times.
func later(a, b *Chain) time.Time {
	if a.Now().After(b.Now()) {
		return a.Now()
	}
	return b.Now()
}

// Voucher is the denom that a coin of other has here when it came over the channel.
func (c *Chain) Voucher(denom string) string {
	return transfertypes.NewDenom(denom, transfertypes.NewHop(Port, c.Channel)).IBCDenom()
}

// Escrow returns the account that holds what left by the channel.
func (c *Chain) Escrow() sdk.AccAddress { return transfertypes.GetEscrowAddress(Port, c.Channel) }
