package devnet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	"google.golang.org/grpc"
)

const (
	// startTimeout is how long a node may take until it answers: a busy machine is
	// slow, and blocks are replayed after a crash.
	startTimeout = 5 * time.Minute
	// portTaken is how a node's last words end if a port of its is taken, and portRetry
	// how long until it is started again.
	portTaken = "address already in use"
	portRetry = time.Second
	// rpcTimeout bounds one question to a node, in seconds.
	rpcTimeout = 10
)

var (
	// ErrRunning is returned for what needs a stopped node.
	ErrRunning = errors.New("the node runs: stop it first")
	// ErrNotRunning is returned for what needs a running node.
	ErrNotRunning = errors.New("the node does not run: start it first")
)

// Node is a process `marketd start` with a home folder of its own, which it keeps
// while it is down.
type Node struct {
	index     int
	name      string
	home      string
	logDir    string
	program   string
	host      string // where its servers listen and peers find it
	ports     Ports
	args      []string // of the start command, beside its home
	env       []string
	validator string // name of the operator's key; empty for a node that does not validate
	id        string // of the peer-to-peer protocol
	snapshots int    // blocks between two snapshots of the network's nodes
	rpc       *rpchttp.HTTP
	chain     *chainClient

	mu    sync.Mutex // guards what follows
	child *Child
	// reserved holds the ports until the first start; nil where another machine has them.
	reserved *reservation
	paused   bool
	other    string   // binary of the next start; empty for program
	more     []string // environment of the next start, beside env
	checked  int64    // height up to which SameChain has compared its blocks
	killed   int      // times that it did not end at SIGTERM
	watch    logWatch
}

// connect prepares clients; the node need not be up yet.
func (d *Node) connect() (err error) {
	if d.rpc, err = rpchttp.NewWithTimeout("http://"+d.RPC(), "/websocket", rpcTimeout); err != nil {
		return err
	}
	d.chain, err = dial(d.GRPC())
	return err
}

// Index is the node's place in Localnet.Nodes.
func (d *Node) Index() int { return d.index }

// Name is that of its folder and log, such as node0.
func (d *Node) Name() string { return d.name }

// ID is its identity among peers.
func (d *Node) ID() string { return d.id }

// Validator is the name of the key that its validator's operator signs with; empty
// for a node that does not validate.
func (d *Node) Validator() string { return d.validator }

// Home is its home folder.
func (d *Node) Home() string { return d.home }

// Log is the path of its log, to which each start appends.
func (d *Node) Log() string { return filepath.Join(d.logDir, d.name+".log") }

// RPC is the host and port of CometBFT's RPC server.
func (d *Node) RPC() string { return hostPort(d.host, d.ports.RPC) }

// REST is the host and port of the REST server.
func (d *Node) REST() string { return hostPort(d.host, d.ports.REST) }

// GRPC is the host and port of the gRPC server.
func (d *Node) GRPC() string { return hostPort(d.host, d.ports.GRPC) }

// P2P is the host and port on which it listens for peers.
func (d *Node) P2P() string { return hostPort(d.host, d.ports.P2P) }

// Metrics is the host and port of CometBFT's Prometheus server.
func (d *Node) Metrics() string { return hostPort(d.host, d.ports.Metrics) }

// Conn is a connection to the gRPC server that decodes the chain's types. It finds
// the node again after a restart and is closed with the network.
func (d *Node) Conn() *grpc.ClientConn { return d.chain.conn }

// alive returns the process; nil if there is none.
func (d *Node) alive() *Child {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.child == nil {
		return nil
	}
	select {
	case <-d.child.Done():
		return nil
	default:
		return d.child
	}
}

// Running tells whether the process is there and not paused.
func (d *Node) Running() bool {
	child := d.alive()
	d.mu.Lock()
	defer d.mu.Unlock()
	return child != nil && !d.paused
}

// PID is the number of the process; 0 if there is none.
func (d *Node) PID() int {
	if c := d.alive(); c != nil {
		return c.cmd.Process.Pid
	}
	return 0
}

// Start starts the process and waits until it answers, which it does before it has
// peers or a block. Where another program has one of its ports for the moment, it tries
// again.
func (d *Node) Start(ctx context.Context) error {
	if d.alive() != nil {
		return fmt.Errorf("%s: %w", d.name, ErrRunning)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(portRetry)
	defer tick.Stop()
	for {
		err := d.launch(ctx)
		if err == nil || !strings.Contains(err.Error(), portTaken) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// launch starts the process once and waits until it answers or ends.
func (d *Node) launch(ctx context.Context) error {
	d.mu.Lock()
	program, env := d.program, append(append([]string(nil), d.env...), d.more...)
	if d.other != "" {
		program = d.other
	}
	d.mu.Unlock()
	d.release()
	var before int64 // bytes in the log
	if info, err := os.Stat(d.Log()); err == nil {
		before = info.Size()
	}
	child, err := startChild(d.name, d.logDir, program, env, append([]string{"start", "--home", d.home, "--log_no_color"}, d.args...)...)
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.child, d.paused = child, false
	d.mu.Unlock()
	half := false
	err = child.waitFor(ctx, func(ctx context.Context) error {
		log, err := os.ReadFile(d.Log())
		if half = err == nil && serversEnded.Match(log[min(before, int64(len(log))):]); half || err != nil {
			return err
		}
		if _, err := d.rpc.Status(ctx); err != nil {
			return err
		}
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", d.GRPC())
		if err != nil {
			return err
		}
		return conn.Close()
	})
	if err == nil && half {
		d.Stop() // then it says why
		return child.Failure()
	}
	return err
}

// serversEnded is what a node logs when one of its servers for gRPC and REST could not
// start: it ends the other one, and goes on without both.
var serversEnded = regexp.MustCompile(`stopping (gRPC|API) server`)

// Use names the binary with which a stopped node starts from now on, and more
// environment for it. An empty name stands for the network's own.
func (d *Node) Use(program string, env ...string) error {
	if d.alive() != nil {
		return fmt.Errorf("%s: %w", d.name, ErrRunning)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.other, d.more = program, env
	return nil
}

// Stop ends the process as an operator would (SIGTERM), kills it if it does not end,
// and waits for it. A node that does not run stays as it is.
func (d *Node) Stop() {
	if c := d.alive(); c != nil {
		_ = d.Resume()
		if c.Stop() {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.killed++
		}
	}
}

// Kill ends the process at once (SIGKILL) and waits for it.
func (d *Node) Kill() {
	if c := d.alive(); c != nil {
		c.Kill()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.paused = false
}

// close stops the process and ends connections to it.
func (d *Node) close() {
	d.Stop()
	d.release()
	if d.chain != nil {
		_ = d.chain.conn.Close()
	}
}

func (d *Node) release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reserved.release()
}

// Pause freezes the process (SIGSTOP): its peers see connections that carry nothing.
func (d *Node) Pause() error { return d.signal(syscall.SIGSTOP, true) }

// Resume lets a paused process go on (SIGCONT).
func (d *Node) Resume() error { return d.signal(syscall.SIGCONT, false) }

func (d *Node) signal(s syscall.Signal, paused bool) error {
	c := d.alive()
	if c == nil {
		return fmt.Errorf("%s: %w", d.name, ErrNotRunning)
	}
	if err := c.cmd.Process.Signal(s); err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.paused = paused
	return nil
}

// signState is the file that keeps a validator from signing a height twice.
const signState = "priv_validator_state.json"

// Wipe removes a stopped node's blocks and state. It keeps keys, configuration and
// the record of what its validator signed, so that it can't sign twice, and turns
// state sync off: without StateSync the node begins again from genesis.
func (d *Node) Wipe() error {
	if d.alive() != nil {
		return fmt.Errorf("%s: %w", d.name, ErrRunning)
	}
	data := filepath.Join(d.home, "data")
	entries, err := os.ReadDir(data)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == signState {
			continue
		}
		if err := os.RemoveAll(filepath.Join(data, e.Name())); err != nil {
			return err
		}
	}
	d.mu.Lock()
	d.checked = 0
	d.mu.Unlock()
	return d.Set(Setting{cometFile, "statesync.enable", false})
}

// Set changes settings of a stopped node.
func (d *Node) Set(settings ...Setting) error {
	if d.alive() != nil {
		return fmt.Errorf("%s: %w", d.name, ErrRunning)
	}
	return configure(d.home, settings)
}

// Query runs `marketd query` on this node and returns its JSON.
func (d *Node) Query(ctx context.Context, args ...string) ([]byte, error) {
	return d.cli().call(ctx, append(append([]string{"query"}, args...), "--output", "json")...)
}

// Export returns the state of a stopped node as a genesis file, at a height or, at
// -1, of its last block.
func (d *Node) Export(ctx context.Context, height int64) ([]byte, error) {
	if d.alive() != nil {
		return nil, fmt.Errorf("%s: %w", d.name, ErrRunning)
	}
	return d.cli().call(ctx, "export", "--height", fmt.Sprint(height))
}

// cli is the node's own command line.
func (d *Node) cli() cli { return cli{program: d.program, home: d.home} }

// Usage is what a node uses of the machine.
type Usage struct {
	Memory int64         // bytes that are resident; 0 if the node does not run
	CPU    time.Duration // since the process started
	Disk   int64         // bytes of the data folder
}

// Usage measures what the node uses now.
func (d *Node) Usage() (u Usage, err error) {
	if pid := d.PID(); pid != 0 {
		if u.Memory, u.CPU, err = processUsage(pid); err != nil {
			return u, err
		}
	}
	// Files come and go under a running node.
	err = filepath.WalkDir(filepath.Join(d.home, "data"), func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			var info fs.FileInfo
			if info, err = e.Info(); err == nil {
				u.Disk += info.Size()
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	return u, err
}
