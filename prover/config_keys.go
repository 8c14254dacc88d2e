package prover

import (
	"fmt"
	"strings"

	"github.com/proofmarket/proofmarket/prover/backend/pico"
	"github.com/proofmarket/proofmarket/prover/chain"
	"github.com/proofmarket/proofmarket/prover/strategy"
)

// keyDoc says what a key, or a section, of the configuration means.
type keyDoc struct {
	// Text is the meaning with its unit and range, for the file, which leaves the
	// backticks out, and README.md.
	Text string
	// Default replaces the default value, where that says too little.
	Default string
	// Bytes marks a number of bytes.
	Bytes bool
}

const mustBeSet = "none, it must be set"

// configDocs has an entry for every key and section of Config, named by its path. It
// is where config.toml and README.md take their words from; the defaults are those of
// DefaultConfig and the ranges those of Validate.
var configDocs = map[string]keyDoc{
	"chain":                    {Text: "Where the chain is."},
	"chain.id":                 {Text: "id of the chain to work on; a home folder belongs to one", Default: mustBeSet},
	"chain.nodes":              {Text: "RPC addresses of nodes (http, https or tcp), best first; the next is asked where one fails or lags"},
	"chain.gas_price":          {Text: "paid for each unit of gas, in uproof"},
	"chain.gas_margin_percent": {Text: fmt.Sprintf("added to simulated gas, besides a fixed reserve of %d; at most %d", chain.GasReserve, maxGasMarginPercent)},
	"chain.tx_ttl":             {Text: fmt.Sprintf("how long a transaction may wait for its block, at most %s", chain.MaxTxTTL)},
	"chain.poll_interval":      {Text: "how often a node is asked for a new block"},
	"chain.timeout":            {Text: "how long one call to one node may take"},

	"key":         {Text: "Who signs, and for whom. Never keep the prover's own key here: it owns the stake, and proverd needs the submitter's only."},
	"key.prover":  {Text: "address of the prover to act for; asked of the chain where empty"},
	"key.name":    {Text: "name of the submitter's key in the keyring"},
	"key.backend": {Text: "keyring that holds it: " + codeList(keyringBackends) + "; `test` is not encrypted, `file` is unlocked with `PROVERD_KEYRING_PASSPHRASE`"},
	"key.dir":     {Text: "folder of the keyring, from the home folder where not absolute", Default: "the home folder"},

	"price":                   {Text: "What proofs cost us, and what we ask for them. Amounts are whole uproof; a bps is 1/100 percent."},
	"price.fixed_cost":        {Text: "what a proof costs us, whatever its size, in uproof"},
	"price.per_million_units": {Text: "what a million units of work (constraints, cycles) cost us, in uproof"},
	"price.per_mebibyte":      {Text: "what a mebibyte of image and input costs us, in uproof"},
	"price.load_factor_bps":   {Text: fmt.Sprintf("added to the cost when all places of a backend are taken, in proportion before, in bps; at most %d", strategy.MaxLoadFactorBps)},
	"price.margin_bps":        {Text: "wanted margin on the cost, in bps"},
	"price.min_margin_bps":    {Text: "least margin that is still worth it, in bps; at most `margin_bps`"},
	"price.min_fee":           {Text: "least fee ever asked, in uproof"},
	"price.max_fee":           {Text: "largest fee ever asked, in uproof; 0 for no cap"},
	"price.standby":           {Text: "offer to replace winners that fail"},

	"price.programs":                   {Text: "Costs of one program, in place of those above. What is left out is as for others."},
	"price.programs.program":           {Text: "the program: 64 lower-case hex digits", Default: mustBeSet},
	"price.programs.fixed_cost":        {Text: "in place of `price.fixed_cost` for this program, in uproof", Default: asForOthers},
	"price.programs.per_million_units": {Text: "in place of `price.per_million_units` for this program, in uproof", Default: asForOthers},
	"price.programs.per_mebibyte":      {Text: "in place of `price.per_mebibyte` for this program, in uproof", Default: asForOthers},
	"price.backends":                   {Text: "Costs on one backend, in place of those above; a program's go before."},
	"price.backends.backend":           {Text: "name of the backend", Default: mustBeSet},
	"price.backends.fixed_cost":        {Text: "in place of `price.fixed_cost` on this backend, in uproof", Default: asForOthers},
	"price.backends.per_million_units": {Text: "in place of `price.per_million_units` on this backend, in uproof", Default: asForOthers},
	"price.backends.per_mebibyte":      {Text: "in place of `price.per_mebibyte` on this backend, in uproof", Default: asForOthers},

	"filter":                   {Text: fmt.Sprintf("Which requests to bid for. An empty list, and a limit of 0, stand in nobody's way; a list holds %d at most.", maxListed)},
	"filter.verifiers":         {Text: "take these only: ids, or the start of ids and `*`", Default: "all"},
	"filter.programs":          {Text: "take these only: 64 lower-case hex digits each", Default: "all"},
	"filter.denied_programs":   {Text: "never take these: 64 lower-case hex digits each", Default: "none"},
	"filter.requesters":        {Text: "take requests of these addresses only", Default: "all"},
	"filter.denied_requesters": {Text: "never take requests of these addresses", Default: "none"},
	"filter.max_penalty":       {Text: "largest penalty risked on a request, in uproof; 0 for no limit"},
	"filter.max_units":         {Text: "largest request, in units of work; 0 for no limit"},
	"filter.max_input_bytes":   {Text: "largest input, in bytes; 0 for no limit"},
	"filter.max_jobs":          {Text: fmt.Sprintf("requests under way at a time on all backends, standing bids included, at most %d; 0 for what their queues hold", maxJobsLimit)},
	"filter.count_delegations": {Text: "let bids rest on delegators' stake too; they may leave before the reveal, which costs the bond"},

	"breaker":              {Text: "When to stop bidding on a backend that fails."},
	"breaker.max_failures": {Text: "failures of one kind in a row that stop bidding on a backend; 0 for never"},
	"breaker.retry_after":  {Text: "how long after the last of them one job is tried"},

	"fetch":                    {Text: "What may be downloaded for strangers."},
	"fetch.allow_private_urls": {Text: "let requests name private addresses: strangers then reach what this machine reaches"},
	"fetch.file_dirs":          {Text: "folders whose files requests may name, such as `file:///srv/images/a.bin`: absolute paths; links that lead out of them are not followed"},
	"fetch.timeout":            {Text: "how long one download may take"},
	"fetch.max_image_bytes":    {Text: "largest image, in bytes", Bytes: true},
	"fetch.max_input_bytes":    {Text: "largest input, in bytes", Bytes: true},
	"fetch.max_cache_bytes":    {Text: "files kept beyond need, in bytes", Bytes: true},

	"serve":         {Text: "What operators' tools may ask."},
	"serve.metrics": {Text: "address for Prometheus and health checks, such as `127.0.0.1:9464`; empty for none"},

	"log":        {Text: "How the log looks."},
	"log.format": {Text: "`text` or `json`"},
	"log.level":  {Text: "`debug`, `info`, `warn` or `error`"},

	// Zero, or left out, means the default.
	"backends":                       {Text: "A way to make proofs. There may be several: the first whose verifiers match serves a request. Zero, or left out, means the default."},
	"backends.name":                  {Text: "your name for it: up to 32 of a-z, 0-9, `-` and `_`; jobs and metrics hold it", Default: mustBeSet},
	"backends.kind":                  {Text: codeList(backendKinds) + ": which of the sections below it has", Default: mustBeSet},
	"backends.verifiers":             {Text: "ids of verifiers that it proves for, such as `circuit`, or the start of ids and `*`, such as `pico/*`", Default: mustBeSet},
	"backends.workers":               {Text: fmt.Sprintf("proofs at a time, and dry runs at a time; at most %d", maxWorkers)},
	"backends.queue":                 {Text: fmt.Sprintf("jobs taken on and not yet proved, standing bids included; at most %d", maxQueue)},
	"backends.units_per_second":      {Text: "speed of one worker, in units of work a second, until it is measured"},
	"backends.evaluate_timeout":      {Text: "for download, dry run and trial proof of one request"},
	"backends.prove_timeout":         {Text: "for one attempt at a proof"},
	"backends.trial_proofs":          {Text: fmt.Sprintf("prove before bidding: `%s` for image and program pairs not proved before, `%s`, `%s`", TrialNew, TrialAlways, TrialNever)},
	"backends.gnark":                 {Text: "For kind gnark: any Groth16 circuit over BN254, on this machine."},
	"backends.gnark.in_process":      {Text: "prove in the sidecar's own process: a stranger's image may then crash it"},
	"backends.gnark.max_constraints": {Text: "largest circuit, in constraints"},
	"backends.gnark.max_programs":    {Text: "circuits kept loaded in memory"},
	"backends.pico":                  {Text: "For kind pico: a Pico proving service."},
	"backends.pico.address":          {Text: fmt.Sprintf("host:port of the service, which listens at port %d", pico.DefaultPort), Default: mustBeSet},
	"backends.pico.tls":              {Text: "encrypt the connection; the service has no TLS itself: put a proxy before it, or keep it on this machine"},
	"backends.pico.ca_file":          {Text: "file of certificates to trust, in PEM; for `tls = true`", Default: "the system's"},
	"backends.pico.server_name":      {Text: "name in the service's certificate; for `tls = true`", Default: "the address's host"},
	"backends.pico.token_file":       {Text: "file of the bearer token, read at each call, so it may be replaced; empty for none"},
	"backends.pico.use_gpu":          {Text: "prove on the service's GPU"},
	"backends.pico.poll_interval":    {Text: "how often the service is asked for a proof"},
	"backends.exec":                  {Text: "For kind exec: a program of yours, run once for each piece of work."},
	"backends.exec.command":          {Text: "the program, with a path or found in PATH", Default: mustBeSet},
	"backends.exec.args":             {Text: "its arguments; the job comes on its standard input"},
	"backends.exec.work_dir":         {Text: "folder of images, inputs and proofs", Default: "`backends/` and its name, in the home folder"},
	"backends.exec.max_programs":     {Text: "images kept for the program"},
	"backends.exec.memory_bytes":     {Text: "memory that each of its processes may use, in bytes; 0 for no limit"},
	"backends.exec.cpu_seconds":      {Text: "processor time that each of its processes may use, in seconds; 0 for no limit"},
}

const asForOthers = "as for others"

// exampleBackends are a backend of each kind, valid as they are.
func exampleBackends() []BackendConfig {
	list := []BackendConfig{
		defaultBackend(),
		{Name: "pico", Kind: KindPico, Verifiers: []string{"pico/*"}, Pico: &PicoConfig{Address: fmt.Sprintf("127.0.0.1:%d", pico.DefaultPort)}},
		{
			Name: "script", Kind: KindExec, Verifiers: []string{"sp1/*", "risc0/*"},
			Exec: &ExecConfig{Command: "/usr/local/bin/prove", Args: []string{"--gpu", "0"}},
		},
	}
	for i := range list {
		list[i].fillDefaults()
	}
	return list
}

// defaultsByPath are the defaults of all keys, as TOML writes them.
func defaultsByPath() map[string]string {
	cfg := DefaultConfig("")
	b := BackendConfig{Gnark: &GnarkConfig{}, Pico: &PicoConfig{}, Exec: &ExecConfig{}}
	b.fillDefaults()
	cfg.Backends = []BackendConfig{b}
	defaults := make(map[string]string)
	eachKey(cfg, func(path, literal string) { defaults[path] = literal })
	return defaults
}

// defaultText says for people what a key is where it is left out.
func defaultText(path string, defaults map[string]string) string {
	doc := configDocs[path]
	literal := defaults[path]
	switch {
	case doc.Default != "":
		return doc.Default
	case literal == "" || literal == "''" || literal == "[]":
		return "none"
	case doc.Bytes:
		var n uint64
		if _, err := fmt.Sscan(literal, &n); err == nil {
			return fmt.Sprintf("%s (%s)", literal, bytesText(n))
		}
	}
	return strings.Trim(literal, "[']")
}

// codeList writes names one after the other.
func codeList(names []string) string { return "`" + strings.Join(names, "`, `") + "`" }

// bytesText writes a number of bytes for people.
func bytesText(n uint64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	at, whole := 0, n
	for whole >= 1024 && at < len(units)-1 {
		whole /= 1024
		at++
	}
	size := uint64(1) << (10 * at)
	if tenths := n % size * 10 / size; whole < 10 && tenths > 0 {
		return fmt.Sprintf("%d.%d %s", whole, tenths, units[at])
	}
	return fmt.Sprintf("%d %s", whole, units[at])
}
