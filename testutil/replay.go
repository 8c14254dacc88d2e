package testutil

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	servertypes "github.com/cosmos/cosmos-sdk/server/types"

	"github.com/proofmarket/proofmarket/app"
)

// Genesis is what a chain with these options would start from, for WithExported: so
// that it can be kept, or started with other consensus parameters.
func Genesis(t testing.TB, opts ...Option) servertypes.ExportedApp {
	t.Helper()
	a := newApp(t, opts)
	a.open()
	return servertypes.ExportedApp{AppState: a.genesis(), Height: 1, ConsensusParams: app.DefaultConsensusParams().ToProto()}
}

// WithRecorder gives every block to record, the first included, for other nodes
// of the chain to replay.
func WithRecorder(record func(Block)) Option {
	return func(c *config) { c.record = record }
}

// Replay runs a block that another node of the same chain ran: the two must have
// been made with the same options.
func (a *App) Replay(b Block) Block {
	a.t.Helper()
	return a.run(b.Request)
}

// Restart opens the application anew over its committed state, as a node does
// after a stop: nothing that it had in memory survives.
func (a *App) Restart() {
	a.t.Helper()
	a.open()
	require.Equal(a.t, a.height, a.LastBlockHeight())
	clear(a.pending)
}

// OpenApp opens the application over the state of a block that is in its database
// (WithDB) already, and goes on after it.
func OpenApp(t testing.TB, height int64, blockTime time.Time, opts ...Option) *App {
	t.Helper()
	a := newApp(t, opts)
	a.height, a.now = height, blockTime
	a.open()
	require.Equal(t, height, a.LastBlockHeight())
	return a
}
