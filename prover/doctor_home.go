package prover

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	gomath "math"
	"math/bits"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/proofmarket/proofmarket/prover/store"
)

const (
	// othersMode are the permissions of users besides the owner and its group.
	othersMode = 0o007
	groupMode  = 0o070
	// minStatusAge is when a running sidecar's status is old, at the earliest, and
	// statusPolls after how many polls it is.
	minStatusAge = time.Minute
	statusPolls  = 20
)

// checkConfig reads the configuration and validates it.
func (d *doctor) checkConfig(_ context.Context, f facts) ([]Finding, facts) {
	path := filepath.Join(f.home, ConfigFile)
	cfg, err := LoadConfig(f.home)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return finding("config", VerdictFail, "make one with `proverd init --home "+f.home+"`", "there is no %s", path), f
	case err != nil:
		return finding("config", VerdictFail, "correct the file", "%v", err), f
	}
	if err := cfg.Validate(); err != nil {
		return finding("config", VerdictFail, "correct the file", "%s", strings.ReplaceAll(err.Error(), "\n", "; ")), f
	}
	cfg.Worker = d.options.Worker
	f.cfg, f.prover = &cfg, cfg.Key.Prover
	return well("config", "%s is valid, for chain %s with %d nodes and %d backends", path, cfg.Chain.ID, len(cfg.Chain.Nodes), len(cfg.Backends)), f
}

// checkHome looks at who else may read the home folder, and what in it is secret.
func (d *doctor) checkHome(_ context.Context, f facts) ([]Finding, facts) {
	info, err := os.Stat(f.home)
	if err != nil {
		return finding("home", VerdictFail, "make it with `proverd init --home "+f.home+"`", "%v", err), f
	}
	secret := []string{filepath.Join(f.home, ConfigFile), filepath.Join(f.home, jobsFile), filepath.Join(f.home, statusFile)}
	keys := f.home
	if f.cfg != nil {
		keys = f.cfg.Key.Dir
	}
	for _, kind := range []string{keyring.BackendTest, keyring.BackendFile} {
		secret = append(secret, filepath.Join(keys, "keyring-"+kind))
	}
	var open []string
	for _, path := range secret {
		if s, err := os.Stat(path); err == nil && s.Mode().Perm()&othersMode != 0 {
			open = append(open, path)
		}
	}
	switch mode := info.Mode().Perm(); {
	case !info.IsDir():
		return finding("home", VerdictFail, "choose another --home", "%s is not a folder", f.home), f
	case len(open) > 0:
		return finding("home", VerdictFail, "chmod go-rwx "+strings.Join(open, " "), "other users may use %s", strings.Join(open, ", ")), f
	case mode&(othersMode|groupMode) != 0:
		return finding("home", VerdictWarn, "chmod 700 "+f.home, "%s has mode %04o: other users may look into it", f.home, mode), f
	case mode&0o700 != 0o700:
		return finding("home", VerdictFail, "chmod 700 "+f.home, "%s has mode %04o: its owner cannot use it", f.home, mode), f
	default:
		return well("home", "%s has mode %04o", f.home, mode), f
	}
}

// checkDisk holds the free space against what downloads may take.
func (d *doctor) checkDisk(_ context.Context, f facts) ([]Finding, facts) {
	free, err := d.freeBytes(f.home)
	if err != nil {
		return finding("disk", VerdictWarn, "see that it has room", "how much is free cannot be told: %v", err), f
	}
	used, err := folderBytes(filepath.Join(f.home, blobsDir))
	if err != nil {
		return finding("disk", VerdictWarn, "see that the owner may read "+f.home, "%v", err), f
	}
	c := f.cfg.Fetch
	request := uint64(c.MaxImageBytes) + uint64(c.MaxInputBytes)
	// The cache, and the files of all jobs under way.
	most := atMost(uint64(c.MaxCacheBytes), request, uint64(f.cfg.JobsAtOnce()))
	figure := fmt.Sprintf("%s free, %s in use by downloads, which may take %s (cache and %d jobs)", bytesText(free), bytesText(used), bytesText(most), f.cfg.JobsAtOnce())
	fix := "make room, or lower fetch.max_cache_bytes, fetch.max_image_bytes or queue"
	switch {
	case free < request:
		return finding("disk", VerdictFail, fix, "%s; one request may need %s", figure, bytesText(request)), f
	case free+used < most:
		return finding("disk", VerdictWarn, fix, "%s", figure), f
	default:
		return well("disk", "%s", figure), f
	}
}

// atMost is sum + each × n, or the largest number where that is larger.
func atMost(sum, each, n uint64) uint64 {
	high, low := bits.Mul64(each, n)
	total, carry := bits.Add64(sum, low, 0)
	if high+carry > 0 {
		return gomath.MaxUint64
	}
	return total
}

// folderBytes sums up the sizes of the files in a folder, which need not exist.
func folderBytes(dir string) (uint64, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var sum uint64
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			sum += uint64(info.Size())
		}
	}
	return sum, nil
}

// checkJobs opens the job store to look, or says who holds it.
func (d *doctor) checkJobs(_ context.Context, f facts) ([]Finding, facts) {
	path := filepath.Join(f.home, jobsFile)
	jobs, err := store.OpenReadOnly(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return well("job store", "there is none yet: the first `proverd start` makes it"), f
	case errors.Is(err, store.ErrLocked):
		f.running = true
		return d.checkStatusAge(f)
	case err != nil:
		return finding("job store", VerdictFail, "move the file away if it is damaged: what it owed is then proved only if the chain still shows it", "%v", err), f
	}
	defer jobs.Close()
	open, err := jobs.Open()
	if err != nil {
		return finding("job store", VerdictFail, "move "+path+" away if it is damaged", "%v", err), f
	}
	for _, j := range open {
		if f.cfg.Key.Prover != "" && !sameAddress(j.Prover, f.cfg.Key.Prover) {
			return finding("job store", VerdictFail, "set key.prover to that until it is done, or use another home folder",
				"the job of request %s was begun for prover %s", j.RequestID, j.Prover), f
		}
	}
	return well("job store", "%d open jobs; no sidecar runs", len(open)), f
}

// checkStatusAge says how long ago the running sidecar wrote its status, which it does
// after each block.
func (d *doctor) checkStatusAge(f facts) ([]Finding, facts) {
	info, err := os.Stat(filepath.Join(f.home, statusFile))
	if err != nil {
		return finding("job store", VerdictWarn, "ask again in a minute, then look into its log", "a sidecar holds it, and has written no status yet"), f
	}
	age := d.now().Sub(info.ModTime()).Round(time.Second)
	limit := max(minStatusAge, statusPolls*time.Duration(f.cfg.Chain.PollInterval))
	if age > limit {
		return finding("job store", VerdictWarn, "look into its log: it may have no node, or the chain stands still", "a sidecar holds it; its last status is %s old", age), f
	}
	return well("job store", "a sidecar runs; its last status is %s old", max(0, age)), f
}

// checkFetch warns where strangers may name private addresses.
func (d *doctor) checkFetch(_ context.Context, f facts) ([]Finding, facts) {
	c := f.cfg.Fetch
	if c.AllowPrivateURLs {
		return finding("fetch", VerdictWarn, "set fetch.allow_private_urls = false, unless all requesters are yours",
			"requests may name private addresses: strangers reach what this machine reaches"), f
	}
	return well("fetch", "public addresses only; images up to %s, inputs up to %s, %s each",
		bytesText(uint64(c.MaxImageBytes)), bytesText(uint64(c.MaxInputBytes)), time.Duration(c.Timeout)), f
}

// checkMetrics tries the address of the metrics: it is free, or the sidecar has it.
func (d *doctor) checkMetrics(ctx context.Context, f facts) ([]Finding, facts) {
	address := f.cfg.Serve.Metrics
	if address == "" {
		return well("metrics", "none are served: serve.metrics names no address"), f
	}
	if f.running {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return finding("metrics", VerdictWarn, "start the sidecar again: it may run with another configuration", "a sidecar runs, but does not answer there: %v", err), f
		}
		conn.Close()
		return well("metrics", "the sidecar answers at %s", address), f
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return finding("metrics", VerdictFail, "choose another serve.metrics, or end the program that has it", "%v", err), f
	}
	l.Close()
	return well("metrics", "%s is free", address), f
}

// checkKeyring opens the keyring and looks for the submitter's key.
func (d *doctor) checkKeyring(_ context.Context, f facts) ([]Finding, facts) {
	k := f.cfg.Key
	kr, err := d.openKeyring(k.Backend, k.Dir, d.options.Input)
	if err != nil {
		return finding("keyring", VerdictFail, "see key.backend and key.dir, and that this user may read them", "%v", err), f
	}
	record, err := kr.Key(k.Name)
	if err != nil {
		return finding("keyring", VerdictFail, fmt.Sprintf("make it: marketd keys add %s --keyring-backend %s --keyring-dir %s", shellWord(k.Name), k.Backend, shellWord(k.Dir)),
			"key %q in the %s keyring in %s: %v", k.Name, k.Backend, k.Dir, err), f
	}
	key, err := keyOf(record, k.Prover)
	if err != nil {
		return finding("keyring", VerdictFail, "set key.name to a submitter's key, and delete this one here", "%v", err), f
	}
	f.keyring, f.signer = kr, key.Address
	if k.Backend == keyring.BackendTest {
		return finding("keyring", VerdictWarn, "use key.backend = \"file\" where others may read the disk", "key %q is %s; the test keyring is not encrypted", k.Name, key.Address), f
	}
	return well("keyring", "key %q is %s, in the %s keyring", k.Name, key.Address, k.Backend), f
}

// checkStakeKey refuses a keyring that can sign for the prover (law P5).
func (d *doctor) checkStakeKey(_ context.Context, f facts) ([]Finding, facts) {
	address, err := sdk.AccAddressFromBech32(f.prover)
	if err != nil {
		return finding("stake key", VerdictFail, "correct key.prover", "%v", err), f
	}
	if record, err := f.keyring.KeyByAddress(address); err == nil && record.GetType() == keyring.TypeLocal {
		return finding("stake key", VerdictFail, "keep it elsewhere, and delete it here: marketd keys delete "+shellWord(record.Name),
			"key %q is that of prover %s, which owns the stake", record.Name, f.prover), f
	}
	return well("stake key", "the key of prover %s is not in the keyring", f.prover), f
}
