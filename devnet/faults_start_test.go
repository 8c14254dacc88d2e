package devnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"

	"github.com/proofmarket/proofmarket/internal/chain"
	sidecar "github.com/proofmarket/proofmarket/prover/chain"
)

// requesters are whose requests each prover takes, so that none is in another's way.
var requesters = map[string]string{
	"alpha": "requester", "bravo": "delegator", "charlie": "faucet", workProver: "validator", diskProver: "guardian",
}

// startOutdated starts a node that follows the validator over links that can be cut.
func (f *faultRun) startOutdated(ctx context.Context) (err error) {
	if f.outdated, err = f.AddNode(ctx); err != nil {
		return err
	}
	return f.outdated.Start(ctx)
}

// cutOff waits until the second node is in sync and cuts its links.
func (f *faultRun) cutOff(ctx context.Context) error {
	if err := f.outdated.alive().waitFor(ctx, func(ctx context.Context) error {
		st, err := sidecar.AskNode(ctx, "http://"+f.outdated.RPC())
		if err == nil && (st.CatchingUp || st.Height < 2) {
			err = fmt.Errorf("it is at block %d", st.Height)
		}
		return err
	}); err != nil {
		return err
	}
	return f.Partition([]int{0}, []int{f.outdated.Index()})
}

// startSubjects configures and starts the sidecars, each with two endpoints.
func (f *faultRun) startSubjects(ctx context.Context) error {
	chain.ConfigureBech32()
	keys, err := sidecar.OpenKeyring(keyringBackend, f.cli.keyringDir(), nil)
	if err != nil {
		return err
	}
	stages := map[string]stage{"alpha": beforeBid, "bravo": beforeReveal, "charlie": beforeProof}
	for i, spec := range f.specs {
		node := f.Nodes()[0].RPC()
		s := &subject{
			Prover: &Prover{spec: spec}, requester: requesters[spec.Name], stage: stages[spec.Name], window: firstWindow,
			first: newFront(node, f.outdated.RPC()), second: newFront(node, f.outdated.RPC()),
		}
		if s.stage == beforeBid {
			s.window = 2 * firstWindow // the fault takes part of it
		}
		f.subjects = append(f.subjects, s)
		if s.client, err = sidecar.New(sidecar.Config{
			Nodes: []string{"http://" + node}, ChainID: ChainID, Keyring: keys, KeyName: s.requester,
			GasPrice: gasPrices, GasMarginPercent: sidecar.DefaultGasMarginPercent,
		}); err != nil {
			return err
		}
		if err := f.configureProver(ctx, spec, i); err != nil {
			return err
		}
		if err := f.changeConfig(s); err != nil {
			return err
		}
		args := []string{"start", "--home", f.proverHome(spec), "--node", s.first.server.URL + "," + s.second.server.URL}
		if spec.Name == diskProver && mayMakeDisks(ctx) == nil {
			s.child, err = startOnDisk(spec.Name, f.logs(), f.proverHome(spec), f.opts.Proverd, args...)
		} else {
			s.child, err = startChild(spec.Name, f.logs(), f.opts.Proverd, nil, args...)
		}
		if err != nil {
			return err
		}
		f.provers = append(f.provers, s.Prover)
	}
	return nil
}

// changeConfig sets what the operator of a prover sets, and times to what a test can
// wait for.
func (f *faultRun) changeConfig(s *subject) error {
	settings := [][3]string{
		{"[chain]", "timeout", `"2s"`},
		{"[filter]", "requesters", fmt.Sprintf("[%q]", f.keys[s.requester])},
		{"[[backends]]", "units_per_second", "1000000"},
	}
	more := ""
	switch s.spec.Name {
	case workProver:
		program, err := os.Executable()
		if err != nil {
			return err
		}
		settings = append(settings, [][3]string{
			{"[[backends]]", "verifiers", `["nothing"]`}, {"[fetch]", "timeout", `"2s"`}, {"[fetch]", "max_image_bytes", "4000000"},
		}...)
		more = fmt.Sprintf(`
[[backends]]
name = "unreliable"
kind = "exec"
verifiers = ["circuit"]
units_per_second = 1000000
prove_timeout = "5s"
trial_proofs = "never"

[backends.exec]
command = %q
args = [%q, %q]
`, program, unreliable, f.plans)
	case diskProver:
		settings = append(settings, [][3]string{
			{"[fetch]", "allow_private_urls", "false"},
			{"[fetch]", "file_dirs", fmt.Sprintf("[%q, %q]", filepath.Dir(f.circuit.Image.Path), filepath.Dir(f.other.Input.Path))},
		}...)
	}
	path := filepath.Join(f.proverHome(s.spec), "config.toml")
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, set := range settings {
		key := regexp.MustCompile(`(?ms)(^` + regexp.QuoteMeta(set[0]) + `$.*?^` + set[1] + ` = )[^\n]*`)
		if !key.Match(raw) {
			return fmt.Errorf("%s: no %s in %s", path, set[1], set[0])
		}
		done := false
		raw = key.ReplaceAllFunc(raw, func(found []byte) []byte {
			if done {
				return found
			}
			done = true
			return append(key.FindSubmatch(found)[1], set[2]...)
		})
	}
	return os.WriteFile(path, append(raw, more...), 0o600)
}

func (f *faultRun) prepareFiles(ctx context.Context) error {
	if err := f.prepareCircuit(ctx); err != nil {
		return err
	}
	keys, err := keyCache()
	if err != nil {
		return err
	}
	out, err := run(ctx, f.opts.Proverd, "demo-circuit", "--file", f.opts.File, "--index", "1", "--out", filepath.Join(f.home, "other"), "--keys", keys, "--output", "json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, &f.other); err != nil {
		return err
	}
	for _, a := range []artifact{f.circuit.Image, f.circuit.Input} {
		f.files.files["/"+filepath.Base(a.Path)] = a.Path
	}
	f.files.files["/other"] = f.other.Input.Path
	f.server = httptest.NewServer(f.files)
	f.plans = filepath.Join(f.home, "plans")
	if err := os.MkdirAll(f.plans, 0o700); err != nil {
		return err
	}
	input, err := os.ReadFile(f.other.Input.Path)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(filepath.Join(f.plans, otherFile), input, 0o600), os.WriteFile(filepath.Join(f.plans, planFile), nil, 0o600))
}
