package chain

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// newBlocksQuery is what a node is asked to tell of: it does so once a block is
	// committed.
	newBlocksQuery = "tm.event='NewBlockHeader'"
	// subscribeRetry is the pause after a subscription that ended.
	subscribeRetry = 3 * time.Second
	// quietLimit ends a subscription on which nothing came: the chain may stand still,
	// or the node may.
	quietLimit = 30 * time.Second
	// maxNotice bounds one message of a node; a header is far smaller.
	maxNotice = 1 << 20
)

// NewBlocks signals when a node tells of a new block, until ctx ends. It saves
// waiting, and nothing depends on it: a signal says no more than that it is worth
// asking for Head, and some may be missing.
func (c *Client) NewBlocks(ctx context.Context) <-chan struct{} {
	signal := make(chan struct{}, 1)
	go func() {
		for ctx.Err() == nil {
			c.mu.Lock()
			address := c.nodes[c.current].url
			c.mu.Unlock()
			_ = c.listen(ctx, address, signal) // Head says what is wrong with a node
			select {
			case <-ctx.Done():
			case <-time.After(subscribeRetry):
			}
		}
	}()
	return signal
}

// listen passes a node's news on until something fails, or the client has gone on
// to another node.
func (c *Client) listen(ctx context.Context, address string, signal chan<- struct{}) error {
	target, err := websocketURL(address)
	if err != nil {
		return err
	}
	dialer := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: c.cfg.Timeout}
	conn, res, err := dialer.DialContext(ctx, target, nil)
	if err != nil {
		return err
	}
	if res != nil && res.Body != nil {
		defer res.Body.Close()
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	conn.SetReadLimit(maxNotice)
	if err := conn.SetWriteDeadline(time.Now().Add(c.cfg.Timeout)); err != nil {
		return err
	}
	if err := conn.WriteJSON(map[string]any{
		"jsonrpc": "2.0", "id": 0, "method": "subscribe", "params": map[string]string{"query": newBlocksQuery},
	}); err != nil {
		return err
	}
	for {
		if err := conn.SetReadDeadline(time.Now().Add(quietLimit)); err != nil {
			return err
		}
		var notice struct {
			Error  json.RawMessage `json:"error"`
			Result struct {
				Query string `json:"query"`
			} `json:"result"`
		}
		if err := conn.ReadJSON(&notice); err != nil {
			return err
		}
		if len(notice.Error) > 0 {
			return fmt.Errorf("it will not tell of blocks: %s", notice.Error)
		}
		if notice.Result.Query == "" {
			continue // it has taken the subscription
		}
		select {
		case signal <- struct{}{}:
		default: // one that was not taken yet says the same
		}
		c.mu.Lock()
		moved := c.nodes[c.current].url != address
		c.mu.Unlock()
		if moved {
			return nil
		}
	}
}

// websocketURL is where a node with an RPC address takes subscriptions.
func websocketURL(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	switch u.Scheme {
	case "https", "wss":
		u.Scheme = "wss"
	case "http", "tcp", "ws":
		u.Scheme = "ws"
	default:
		return "", fmt.Errorf("%q is no address of an RPC server", address)
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + "/websocket"
	return u.String(), nil
}
