package devnet

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// ErrConsensusFailed is returned for a node whose consensus ended by itself: executing
// a block failed, be it for a broken invariant.
var ErrConsensusFailed = errors.New("consensus failed")

// consensusFailure is what CometBFT logs then. It recovers from the panic, so that the
// process stays up and answers, without making another block.
const consensusFailure = "CONSENSUS FAILURE!!!"

const (
	// lookEvery is how often Serve looks into logs.
	lookEvery = time.Second
	// failureShown is how much of the line is shown, in bytes: a stack follows.
	failureShown = 1000
)

// logWatch looks for a failure in a log that grows.
type logWatch struct {
	read    int64 // bytes that were looked at: whole lines
	failure string
}

// look reads on. What it has found it does not forget.
func (w *logWatch) look(path string) error {
	if w.failure != "" {
		return nil
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil // nothing was started yet
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Seek(w.read, io.SeekStart); err != nil {
		return err
	}
	lines := bufio.NewReader(f)
	for w.failure == "" {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return nil // what there is of it is read again with the rest
		}
		if err != nil {
			return err
		}
		w.read += int64(len(line))
		if strings.Contains(line, consensusFailure) {
			w.failure = strings.TrimSpace(line[:min(len(line), failureShown)])
		}
	}
	return nil
}

// ConsensusFailure returns ErrConsensusFailed with what the node's log says if its
// consensus ever ended by itself.
func (d *Node) ConsensusFailure() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.watch.look(d.Log()); err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	if d.watch.failure != "" {
		return fmt.Errorf("%w: %s: its log %s says:\n%s", ErrConsensusFailed, d.name, d.Log(), d.watch.failure)
	}
	return nil
}

// ConsensusFailure returns that of the first node that has one.
func (n *Localnet) ConsensusFailure() error {
	for _, d := range n.Nodes() {
		if err := d.ConsensusFailure(); err != nil {
			return err
		}
	}
	return nil
}
