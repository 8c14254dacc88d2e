package devnet

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

func (n *Localnet) fundAccounts(ctx context.Context) error {
	type coin struct {
		Denom  string `json:"denom"`
		Amount string `json:"amount"`
	}
	type entry struct {
		Address string `json:"address"`
		Coins   []coin `json:"coins"`
	}
	var list []entry
	for _, a := range n.accounts() {
		list = append(list, entry{n.keys[a.Name], []coin{{"uproof", strconv.FormatInt(a.Amount, 10)}}})
	}
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	path := filepath.Join(n.home, "accounts.json")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return err
	}
	_, err = n.cli.call(ctx, "genesis", "bulk-add-genesis-account", path)
	return err
}

// GenesisChange sets a field of the genesis file that is there already.
type GenesisChange struct {
	Path  []string // names of fields from the outside in, such as app_state, gov, params, voting_period
	Value any      // what JSON makes of it; numbers of 64 bits and durations are strings
}

// changeGenesis names a guardian and makes votes short, so that suspensions and
// proposals can be tried, and makes the changes that the options ask for.
func (n *Localnet) changeGenesis() error {
	path := n.nodes[0].genesisFile()
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	changes := []GenesisChange{
		{[]string{"app_state", "verifier", "params", "guardian"}, n.keys["guardian"]},
		{[]string{"app_state", "gov", "params", "voting_period"}, "60s"},
		{[]string{"app_state", "gov", "params", "expedited_voting_period"}, "30s"},
	}
	for _, change := range append(changes, n.opts.Genesis...) {
		if b, err = setField(b, change.Path, change.Value); err != nil {
			return fmt.Errorf("genesis: %w", err)
		}
	}
	return os.WriteFile(path, b, 0o600)
}

// setField sets a field within nested JSON objects and leaves the rest as it is.
func setField(object []byte, path []string, value any) ([]byte, error) {
	if len(path) == 0 {
		return json.Marshal(value)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return nil, err
	}
	inner, ok := fields[path[0]]
	if !ok {
		return nil, fmt.Errorf("there is no field %q", path[0])
	}
	changed, err := setField(inner, path[1:], value)
	if err != nil {
		return nil, err
	}
	fields[path[0]] = changed
	return json.Marshal(fields)
}
