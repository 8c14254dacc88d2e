package devnet

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
)

// mode is what an endpoint does with the calls that come to it.
type mode string

const (
	works    mode = "works"    // passes them to the node
	hangs    mode = "hangs"    // takes them and never answers
	gone     mode = "is gone"  // ends the connection
	nonsense mode = "garbage"  // answers with what is no answer
	lags     mode = "lags"     // passes them to a node that has been cut off
	lies     mode = "lies"     // the same, but tells the chain's newest block as its own
	maxCall       = 16 << 20   // bytes of one call
	garbage       = "<html>\n" // what nonsense answers
)

// front is an RPC endpoint before a node: a network that fails, or an operator who
// lies.
type front struct {
	server         *httptest.Server
	node, outdated *httputil.ReverseProxy

	mu    sync.Mutex
	mode  mode
	epoch context.Context // ends with the mode
	end   context.CancelFunc
	calls map[mode]int
}

// newFront returns an endpoint before a node, that lags by asking another one.
func newFront(node, outdated string) *front {
	proxy := func(address string) *httputil.ReverseProxy {
		p := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})
		p.ErrorLog = log.New(io.Discard, "", 0)
		p.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) } // as if nobody listened
		return p
	}
	f := &front{node: proxy(node), outdated: proxy(outdated), calls: make(map[mode]int)}
	f.set(works)
	f.server = httptest.NewServer(f)
	f.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	return f
}

// set changes what the endpoint does. Calls that are under way end.
func (f *front) set(m mode) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.end != nil {
		f.end()
	}
	f.mode, f.calls[m] = m, 0
	f.epoch, f.end = context.WithCancel(context.Background())
}

// count is how many calls came since a mode was set last.
func (f *front) count(m mode) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[m]
}

func (f *front) close() {
	f.set(gone)
	f.server.CloseClientConnections()
	f.server.Close()
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call, err := io.ReadAll(io.LimitReader(r.Body, maxCall))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	f.mu.Lock()
	m, epoch := f.mode, f.epoch
	if r.Method == http.MethodPost {
		f.calls[m]++ // the others are subscriptions
	}
	f.mu.Unlock()

	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(epoch, cancel)()
	r = r.WithContext(ctx)
	r.Body = io.NopCloser(bytes.NewReader(call))
	switch {
	case m == hangs:
		<-ctx.Done()
		panic(http.ErrAbortHandler)
	case m == gone:
		panic(http.ErrAbortHandler)
	case m == nonsense:
		_, _ = io.WriteString(w, garbage)
	case m == lags || m == lies && method(call) != "status":
		f.outdated.ServeHTTP(w, r)
	default:
		f.node.ServeHTTP(w, r)
	}
}

// method is the method of a call; empty where there is none.
func method(call []byte) string {
	var c struct {
		Method string `json:"method"`
	}
	if json.Unmarshal(call, &c) != nil {
		return ""
	}
	return c.Method
}
