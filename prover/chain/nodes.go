package chain

// NodeState is how a node of Config.Nodes does.
type NodeState struct {
	// Current tells that it is the one that is asked first.
	Current bool
	// Failures counts the calls that it did not answer usefully: an error, a node
	// that lags, or one of another chain.
	Failures uint64
}

// Nodes returns how the nodes do, in the order of Config.Nodes.
func (c *Client) Nodes() []NodeState {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]NodeState, len(c.nodes))
	for i := range list {
		list[i] = NodeState{Current: i == c.current, Failures: c.failures[i]}
	}
	return list
}

// nodeFailed counts a call to a node that it did not answer usefully.
func (c *Client) nodeFailed(at int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failures == nil {
		c.failures = make(map[int]uint64)
	}
	c.failures[at]++
}
