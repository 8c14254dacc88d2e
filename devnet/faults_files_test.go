package devnet

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	markettypes "github.com/proofmarket/proofmarket/x/market/types"
)

func (f *faultRun) filesAndBackend(ctx context.Context, s *subject) error {
	image := "/" + filepath.Base(f.circuit.Image.Path)
	for _, fault := range []string{tooLarge, notTheOne} {
		at := func(m *markettypes.MsgRequest) { m.Image.Url = f.server.URL + fault + image }
		if err := f.declined(ctx, s, at, "files", "image server: "+fault[1:]); err != nil {
			return err
		}
		if f.files.hit(fault) == 0 {
			return fmt.Errorf("nobody asked for %s", fault)
		}
	}
	s.window = 6 * firstWindow
	if err := f.passing(ctx, s, tooSlow, func(m *markettypes.MsgRequest) { m.Image.Url = f.server.URL + tooSlow + image }); err != nil {
		return err
	}
	if err := f.passing(ctx, s, notThere, func(m *markettypes.MsgRequest) {
		m.Input.Url, m.Input.Sha256, m.Statement.Digest = f.server.URL+notThere+"/other", f.other.Input.SHA256, f.other.Digest
	}); err != nil {
		return err
	}
	s.window = firstWindow

	plan := strings.Join(backendFaults, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(f.plans, planFile), []byte(plan), 0o600); err != nil {
		return err
	}
	id, err := f.bought(ctx, s, func(*markettypes.MsgRequest) {})
	if err != nil {
		return err
	}
	if err := f.untilFulfilled(ctx, s, id); err != nil {
		return err
	}
	if err := f.until(ctx, s, "all faults of the backend", func() (bool, error) {
		done, err := os.ReadFile(filepath.Join(f.plans, doneFile))
		return string(done) == plan, err
	}); err != nil {
		return err
	}
	for _, fault := range backendFaults {
		f.note(s, "the backend "+fault, beforeProof, "fulfilled")
	}
	return nil
}

func (f *faultRun) passing(ctx context.Context, s *subject, fault string, change func(*markettypes.MsgRequest)) error {
	for {
		hits := f.files.hit(fault)
		id, err := f.ask(ctx, s, change)
		if err != nil {
			return err
		}
		if err := f.until(ctx, s, "a download that fails", func() (bool, error) { return f.files.hit(fault) > hits, nil }); err != nil {
			return err
		}
		if code, err := f.untilDeclined(ctx, s, id); err != nil || code != "look_failed" {
			return fmt.Errorf("%s: the reason is %q, not look_failed: %w", fault, code, err)
		}
		f.files.lift(fault)
		ok, err := f.placed(ctx, s, id)
		if err != nil {
			return err
		}
		if ok {
			f.fulfilLater(s, id)
			f.note(s, "image server: "+fault[1:], beforeBid, "look_failed; once lifted, fulfilled")
			return nil
		}
		f.files.fail(fault)
	}
}

func (f *faultRun) fullDisk(ctx context.Context, s *subject) error {
	local := func(m *markettypes.MsgRequest) {
		m.Image.Url, m.Input.Url = "file://"+f.circuit.Image.Path, "file://"+f.circuit.Input.Path
	}
	for name, url := range map[string]string{
		"image at 127.0.0.1": f.server.URL, "image in a folder that is not allowed": "file://" + filepath.Join(f.cli.home, "config", "genesis.json"),
	} {
		if err := f.declined(ctx, s, func(m *markettypes.MsgRequest) { local(m); m.Image.Url = url }, "files", name); err != nil {
			return err
		}
	}
	id, err := f.bought(ctx, s, local)
	if err != nil {
		return err
	}
	why := mayMakeDisks(ctx)
	if why != nil {
		f.note(s, "the disk is full", beforeReveal, "not tried, this machine gives no disk: "+why.Error())
		return f.untilFulfilled(ctx, s, id)
	}
	rest := filler(s.child, f.proverHome(s.spec))
	if err := fillDisk(rest); err != nil {
		return err
	}
	other := func(m *markettypes.MsgRequest) {
		local(m)
		m.Input.Url, m.Input.Sha256, m.Statement.Digest = "file://"+f.other.Input.Path, f.other.Input.SHA256, f.other.Digest
	}
	s.window = 5 * firstWindow
	late, err := f.ask(ctx, s, other)
	if err != nil {
		return err
	}
	if err := f.untilFulfilled(ctx, s, id); err != nil {
		return err
	}
	if err := f.until(ctx, s, "word of the disk", func() (bool, error) { return f.logged(s, "no space left on device") }); err != nil {
		return err
	}
	if state, err := f.bid(ctx, s, late); err != nil || state != markettypes.BID_STATE_UNSPECIFIED {
		return fmt.Errorf("a bid was made without a disk: %s, %w", state, err)
	}
	if err := os.Remove(rest); err != nil {
		return err
	}
	f.note(s, "the disk is full", beforeReveal, "fulfilled; no new bid")
	if ok, err := f.placed(ctx, s, late); err != nil {
		return err
	} else if !ok {
		if late, err = f.bought(ctx, s, other); err != nil {
			return err
		}
	}
	if err := f.untilFulfilled(ctx, s, late); err != nil {
		return err
	}
	f.note(s, "the disk has been full", beforeBid, "fulfilled")
	return nil
}

func (f *faultRun) declined(ctx context.Context, s *subject, change func(*markettypes.MsgRequest), want, name string) error {
	id, err := f.ask(ctx, s, change)
	if err != nil {
		return err
	}
	code, err := f.untilDeclined(ctx, s, id)
	if err != nil {
		return err
	}
	if code != want {
		return fmt.Errorf("%s: the reason is %q, not %q", name, code, want)
	}
	f.mu.Lock()
	f.refused = append(f.refused, id)
	f.mu.Unlock()
	f.note(s, name, beforeBid, "no bid: "+code)
	return nil
}

var notBidding = regexp.MustCompile(`msg="not bidding" request=([0-9a-f]{64}) code=(\w+) `)

func (f *faultRun) untilDeclined(ctx context.Context, s *subject, id string) (code string, err error) {
	err = f.until(ctx, s, "a reason not to bid", func() (bool, error) {
		raw, err := os.ReadFile(s.child.Log)
		for _, found := range notBidding.FindAllSubmatch(raw, -1) {
			if string(found[1]) == id {
				code = string(found[2])
			}
		}
		return code != "", err
	})
	return code, err
}

func (f *faultRun) logged(s *subject, text string) (bool, error) {
	raw, err := os.ReadFile(s.child.Log)
	return bytes.Contains(raw, []byte(text)), err
}
