package load

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	jsonrpc "github.com/cometbft/cometbft/rpc/jsonrpc/client"
	"github.com/cosmos/gogoproto/proto"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client"
	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	cryptocodec "github.com/cosmos/cosmos-sdk/crypto/codec"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/cosmos-sdk/x/tx/signing"

	"github.com/proofmarket/proofmarket/internal/chain"
	markettypes "github.com/proofmarket/proofmarket/x/market/types"
	proverstypes "github.com/proofmarket/proofmarket/x/staking/types"
	verifiertypes "github.com/proofmarket/proofmarket/x/verifier/types"
)

const (
	// callTimeout bounds one call to one node.
	callTimeout = 10 * time.Second
	// retryPause is between two rounds over nodes that do not answer.
	retryPause = 500 * time.Millisecond
)

// node is one endpoint.
type node struct {
	Endpoint
	conn     *grpc.ClientConn
	rpc      *rpchttp.HTTP
	status   nodeservice.ServiceClient
	txs      txtypes.ServiceClient
	auth     authtypes.QueryClient
	bank     banktypes.QueryClient
	market   markettypes.QueryClient
	provers  proverstypes.QueryClient
	verifier verifiertypes.QueryClient
}

// network is the nodes.
type network struct {
	nodes     []*node
	patience  time.Duration
	failovers atomic.Int64
	seen      atomic.Int64 // height of the last block that was handled
	txConfig  client.TxConfig
}

// dial prepares connections; the nodes need not be up yet.
func dial(endpoints []Endpoint, patience time.Duration) (*network, error) {
	registry, err := codectypes.NewInterfaceRegistryWithOptions(codectypes.InterfaceRegistryOptions{
		ProtoFiles: proto.HybridResolver,
		SigningOptions: signing.Options{
			AddressCodec:          address.NewBech32Codec(chain.Bech32Prefix),
			ValidatorAddressCodec: address.NewBech32Codec(chain.Bech32Prefix + "valoper"),
		},
	})
	if err != nil {
		return nil, err
	}
	for _, register := range []func(codectypes.InterfaceRegistry){
		cryptocodec.RegisterInterfaces, authtypes.RegisterInterfaces, banktypes.RegisterInterfaces,
		markettypes.RegisterInterfaces, proverstypes.RegisterInterfaces, verifiertypes.RegisterInterfaces,
	} {
		register(registry)
	}
	cdc := codec.NewProtoCodec(registry)
	n := &network{patience: patience, txConfig: authtx.NewTxConfig(cdc, authtx.DefaultSignModes)}
	for _, e := range endpoints {
		one, err := dialNode(e, cdc)
		if err != nil {
			n.close()
			return nil, fmt.Errorf("endpoint %s, %s: %w", e.GRPC, e.RPC, err)
		}
		n.nodes = append(n.nodes, one)
	}
	return n, nil
}

func dialNode(e Endpoint, cdc *codec.ProtoCodec) (*node, error) {
	hc, err := jsonrpc.DefaultHTTPClient(e.RPC)
	if err != nil {
		return nil, err
	}
	hc.Timeout = callTimeout
	rpc, err := rpchttp.NewWithClient(e.RPC, "/websocket", hc)
	if err != nil {
		return nil, err
	}
	// Amounts are custom types, which only the chain's own codec decodes.
	conn, err := grpc.NewClient(e.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(cdc.GRPCCodec())))
	if err != nil {
		return nil, err
	}
	return &node{
		Endpoint: e, conn: conn, rpc: rpc,
		status: nodeservice.NewServiceClient(conn), txs: txtypes.NewServiceClient(conn), auth: authtypes.NewQueryClient(conn),
		bank: banktypes.NewQueryClient(conn), market: markettypes.NewQueryClient(conn),
		provers: proverstypes.NewQueryClient(conn), verifier: verifiertypes.NewQueryClient(conn),
	}, nil
}

func (n *network) close() {
	for _, one := range n.nodes {
		_ = one.conn.Close() // nothing is under way that matters
	}
}

// errBehind means that a node does not have a block yet that another one showed.
var errBehind = errors.New("the node is behind")

// has checks that the node has the block at a height: what it says without is of no use.
func (n *node) has(ctx context.Context, height int64) error {
	st, err := n.status.Status(ctx, &nodeservice.StatusRequest{})
	if err == nil && int64(st.Height) < height {
		err = fmt.Errorf("%w: it is at block %d, others at %d", errBehind, st.Height, height)
	}
	return err
}

// ask calls do with one node after the other until one answers that is not behind, for
// as long as patience lasts. What a working node says no to is an answer.
func (n *network) ask(ctx context.Context, do func(context.Context, *node) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, n.patience, errNoAnswer)
	defer cancel()
	for {
		var failures []string
		for _, one := range n.nodes {
			call, end := context.WithTimeout(ctx, callTimeout)
			err := one.has(call, n.seen.Load())
			if err == nil {
				if err = do(call, one); err == nil || isAnswer(err) {
					end()
					return err
				}
			}
			end()
			failures = append(failures, fmt.Sprintf("%s: %v", one.GRPC, err))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %s", context.Cause(ctx), strings.Join(failures, "; "))
		case <-time.After(retryPause):
		}
	}
}

// errNoAnswer means that no node answered in time.
var errNoAnswer = errors.New("no node answered; are they running, and are the addresses right?")

// isAnswer tells what a working node said from a node that does not work.
func isAnswer(err error) bool {
	s, ok := status.FromError(err)
	if !ok {
		return false
	}
	switch s.Code() {
	case codes.NotFound, codes.InvalidArgument, codes.Unimplemented, codes.AlreadyExists, codes.FailedPrecondition, codes.PermissionDenied:
		return true
	default:
		return false
	}
}

func isNotFound(err error) bool { return status.Code(err) == codes.NotFound }
