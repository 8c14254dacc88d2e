package operations

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is what all processes together may take on a busy machine.
const patience = 30 * time.Minute

// pollEvery is how often a condition is looked at.
const pollEvery = 100 * time.Millisecond

// operator is a person with a machine: a home folder in which commands are typed, and
// a node. What differs between machines, such as ports, is in the environment.
type operator struct {
	t        *testing.T
	ctx      context.Context
	name     string
	dir      string // home of the user, with .marketd in it, and working folder
	env      []string
	p2p      string
	rpc      string
	rest     string
	metrics  string
	node     *exec.Cmd
	watchdog io.Closer
	ended    chan struct{}
}

func newOperator(ctx context.Context, t *testing.T, name string) *operator {
	t.Helper()
	at := freeAddresses(t, 5)
	o := &operator{t: t, ctx: ctx, name: name, dir: filepath.Join(t.TempDir(), name), p2p: at[0], rpc: at[1], rest: at[2], metrics: at[4]}
	require.NoError(t, os.MkdirAll(o.dir, 0o700))
	o.env = append(os.Environ(),
		"HOME="+o.dir, "PATH="+binaries+string(os.PathListSeparator)+os.Getenv("PATH"), "MONIKER="+name, "PUBLIC_IP=127.0.0.1",
		"MARKETD_KEYRING_BACKEND=test", "MARKETD_NODE=tcp://"+o.rpc,
		"MARKETD_P2P_LADDR=tcp://"+o.p2p, "MARKETD_RPC_LADDR=tcp://"+o.rpc, "MARKETD_API_ADDRESS=tcp://"+o.rest, "MARKETD_GRPC_ADDRESS="+at[3],
		"MARKETD_INSTRUMENTATION_PROMETHEUS_LISTEN_ADDR="+o.metrics,
		// Peers on one machine, and blocks as fast as it can.
		"MARKETD_P2P_ADDR_BOOK_STRICT=false", "MARKETD_P2P_ALLOW_DUPLICATE_IP=true", "MARKETD_CONSENSUS_TIMEOUT_COMMIT=200ms")
	t.Cleanup(func() {
		o.stop()
		if t.Failed() {
			t.Logf("log of %s ends with:\n%s", name, o.logTail())
		}
	})
	return o
}

// freeAddresses returns addresses on loopback that nothing listens on.
func freeAddresses(t *testing.T, n int) (list []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		list = append(list, l.Addr().String())
	}
	return list
}

// command prepares a program in the operator's folder and environment.
func (o *operator) command(name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(o.ctx, name, args...)
	c.Dir, c.Env = o.dir, o.env
	return c
}

// call runs a program and returns standard output, or an error with standard error.
func (o *operator) call(name string, args ...string) (string, error) {
	var out, errs bytes.Buffer
	c := o.command(name, args...)
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %s %s: %w\n%s", o.name, filepath.Base(name), strings.Join(args, " "), err, &errs)
	}
	return out.String(), nil
}

// sh types a script of a page, with further variables.
func (o *operator) sh(script string, variables ...string) string {
	o.t.Helper()
	before := o.env
	o.env = append(append([]string(nil), o.env...), variables...)
	defer func() { o.env = before }()
	out, err := o.call("sh", "-euc", script)
	require.NoError(o.t, err)
	return out
}

// marketd runs one command and returns what it prints, without the last line's end.
func (o *operator) marketd(args ...string) string {
	o.t.Helper()
	out, err := o.tryMarketd(args...)
	require.NoError(o.t, err)
	return strings.TrimSuffix(out, "\n")
}

func (o *operator) tryMarketd(args ...string) (string, error) {
	return o.call(filepath.Join(binaries, "marketd"), args...)
}

// query reads what `marketd query` prints.
func query[T any](o *operator, args ...string) (v T) {
	o.t.Helper()
	require.NoError(o.t, json.Unmarshal([]byte(o.marketd(append(append([]string{"query"}, args...), "--output", "json")...)), &v))
	return v
}

// tx sends a transaction and waits until a block holds it.
func (o *operator) tx(args ...string) error {
	out, err := o.tryMarketd(append(append([]string{"tx"}, args...), "--yes", "--output", "json")...)
	if err != nil {
		return err
	}
	var sent struct {
		Hash string `json:"txhash"`
		Code int    `json:"code"`
		Log  string `json:"raw_log"`
	}
	if err := json.Unmarshal([]byte(out), &sent); err != nil || sent.Code != 0 {
		return fmt.Errorf("%s: code %d: %s (%w)", o.name, sent.Code, sent.Log, err)
	}
	_, err = o.tryMarketd("query", "wait-tx", sent.Hash, "--timeout", "5m", "--output", "json")
	return err
}

// mustTx sends a transaction that has to succeed.
func (o *operator) mustTx(args ...string) {
	o.t.Helper()
	require.NoError(o.t, o.tx(args...))
}

// address is that of a key.
func (o *operator) address(key string) string {
	o.t.Helper()
	return o.marketd("keys", "show", key, "-a")
}

// file is the path of a file below the node's home.
func (o *operator) file(parts ...string) string {
	return filepath.Join(append([]string{o.dir, ".marketd"}, parts...)...)
}

// copyTo gives a file of the node's home to another operator.
func (o *operator) copyTo(to *operator, parts ...string) {
	o.t.Helper()
	b, err := os.ReadFile(o.file(parts...))
	require.NoError(o.t, err)
	require.NoError(o.t, os.WriteFile(to.file(parts...), b, 0o600))
}

// start starts the node and waits until it answers.
func (o *operator) start(args ...string) {
	o.t.Helper()
	log, err := os.OpenFile(o.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(o.t, err)
	defer log.Close()
	o.node = o.command(filepath.Join(binaries, "marketd"), append([]string{"start", "--log_no_color"}, args...)...)
	o.node.Env = append(append([]string(nil), o.env...), watched+"=1")
	o.node.Stdout, o.node.Stderr = log, log
	o.watchdog, err = o.node.StdinPipe()
	require.NoError(o.t, err)
	require.NoError(o.t, o.node.Start())
	o.ended = make(chan struct{})
	go func(node *exec.Cmd, ended chan struct{}) {
		_ = node.Wait()
		close(ended)
	}(o.node, o.ended)
	o.until("an answer", func() bool {
		select {
		case <-o.ended:
			require.Fail(o.t, "the node ended", "%s:\n%s", o.name, o.logTail())
		default:
		}
		_, err := o.status()
		return err == nil
	})
}

// stop ends the node, if it runs, as systemd does.
func (o *operator) stop() {
	if o.node == nil {
		return
	}
	_ = o.node.Process.Signal(syscall.SIGTERM)
	select {
	case <-o.ended:
	case <-time.After(time.Minute):
		_ = o.node.Process.Kill()
		<-o.ended
	}
	_ = o.watchdog.Close()
	o.node = nil
}

func (o *operator) logFile() string { return filepath.Join(o.dir, "node.log") }

// log is all that the node ever said.
func (o *operator) log() string {
	b, err := os.ReadFile(o.logFile())
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// logTail is the end of it.
func (o *operator) logTail() string {
	text := o.log()
	return text[max(0, len(text)-4000):]
}

// until waits for a condition.
func (o *operator) until(what string, met func() bool) {
	o.t.Helper()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !met() {
		select {
		case <-o.ctx.Done():
			require.Fail(o.t, "waited in vain", "%s: %s\n%s", o.name, what, o.logTail())
		case <-tick.C:
		}
	}
}

// get reads JSON from one of the node's servers.
func get[T any](o *operator, url string) (v T, err error) {
	req, err := http.NewRequestWithContext(o.ctx, http.MethodGet, "http://"+url, nil)
	if err != nil {
		return v, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return v, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return v, fmt.Errorf("%s: %s", url, res.Status)
	}
	return v, json.NewDecoder(res.Body).Decode(&v)
}
