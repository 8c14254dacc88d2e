package operations

import (
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/stretchr/testify/require"
)

// status is what a node says of itself.
type status struct {
	Result struct {
		Node struct {
			ID      string `json:"id"`
			Network string `json:"network"`
		} `json:"node_info"`
		Sync struct {
			Height string `json:"latest_block_height"`
			First  string `json:"earliest_block_height"`
		} `json:"sync_info"`
	} `json:"result"`
}

func (o *operator) status() (status, error) { return get[status](o, o.rpc+"/status") }

// height is that of the node's last block; 0 if it does not answer.
func (o *operator) height() int64 {
	s, err := o.status()
	if err != nil {
		return 0
	}
	h, err := strconv.ParseInt(s.Result.Sync.Height, 10, 64)
	require.NoError(o.t, err)
	return h
}

// first is the height of the first block that the node has.
func (o *operator) first() int64 {
	o.t.Helper()
	s, err := o.status()
	require.NoError(o.t, err)
	h, err := strconv.ParseInt(s.Result.Sync.First, 10, 64)
	require.NoError(o.t, err)
	return h
}

// reaches waits until the node has the block.
func (o *operator) reaches(height int64) {
	o.t.Helper()
	o.until(fmt.Sprintf("block %d", height), func() bool { return o.height() >= height })
}

// hashes are those of a block and of the state before it.
type hashes struct{ block, app string }

// hashesAt reads them from the node.
func (o *operator) hashesAt(height int64) hashes {
	o.t.Helper()
	type answer struct {
		Result struct {
			ID struct {
				Hash string `json:"hash"`
			} `json:"block_id"`
			Block struct {
				Header struct {
					AppHash string `json:"app_hash"`
				} `json:"header"`
			} `json:"block"`
		} `json:"result"`
	}
	a, err := get[answer](o, fmt.Sprintf("%s/block?height=%d", o.rpc, height))
	require.NoError(o.t, err)
	require.NotEmpty(o.t, a.Result.ID.Hash)
	return hashes{a.Result.ID.Hash, a.Result.Block.Header.AppHash}
}

// agree waits until both nodes have a block more than now, and compares the last ones.
func agree(a, b *operator) {
	a.t.Helper()
	h := max(a.height(), b.height()) + 1
	a.reaches(h)
	b.reaches(h)
	for i := max(a.first(), b.first(), h-10); i <= h; i++ {
		require.Equal(a.t, a.hashesAt(i), b.hashesAt(i), "block %d", i)
	}
}

// text reads a page of one of the node's servers.
func (o *operator) text(url string) string {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.ctx, http.MethodGet, "http://"+url, nil)
	require.NoError(o.t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(o.t, err)
	defer res.Body.Close()
	require.Equal(o.t, http.StatusOK, res.StatusCode)
	b, err := io.ReadAll(res.Body)
	require.NoError(o.t, err)
	return string(b)
}
