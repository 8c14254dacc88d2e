# Everything here needs Go, make and a C compiler, and nothing else: other tools
# are pinned in tools/go.mod and built on first use.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo v0.0.0)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)

# The version is set by the linker only and paths are not trimmed, so that builds
# and tests share one cache of compiled packages.
sdkversion := github.com/cosmos/cosmos-sdk/version
LDFLAGS := -s -w -X $(sdkversion).Version=$(VERSION) -X $(sdkversion).Commit=$(COMMIT)
COMMANDS := ./cmd/marketd ./cmd/proverd

# What holds the money rules and the state: small enough for the race detector.
RACE_PACKAGES := ./internal/... ./x/... ./app/lanes/... ./prover/strategy/... ./prover/store/...

# Time for each fuzz target, and which one; all of them when empty.
TIME ?= 30s
TARGET ?=

# Steps of the random machines: in all, and in one run of the provers' on average.
SOAK_STEPS ?= 1000000
SOAK_RUN_STEPS ?= 100

.PHONY: help
help: ## Show this list
	@echo "Usage: make <target>"; echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo; echo "A fresh machine needs only: make demo, make test"

# go build -v names each package as it compiles it. This turns the names into a
# counter, one line on a terminal, else a line now and then, and lets everything
# else, such as errors, through.
PROGRESS = awk -v total="$$total" -v tty="$$tty" ' \
	/^[^ :\#]+$$/ { n++; \
		if (tty) printf "\r  compiled %d of at most %d packages", n, total; \
		else if (n % 100 == 0) printf "  compiled %d of at most %d packages\n", n, total; \
		fflush(); next } \
	{ if (tty && n) print ""; print; fflush() } \
	END { if (tty && n) print "" }'

.PHONY: build
build: ## Build build/marketd and build/proverd (the first time takes minutes)
	@mkdir -p build; tty=; if [ -t 1 ]; then tty=1; fi; \
	total=$$(go list -deps $(COMMANDS) | wc -l); \
	echo "Building marketd and proverd $(VERSION)."; \
	echo "With an empty build cache this compiles $$total packages and takes several minutes; later builds take seconds."; \
	go build -v -ldflags '$(LDFLAGS)' -o build/ $(COMMANDS) 2>&1 | $(PROGRESS)
	@echo "Built build/marketd and build/proverd."

.PHONY: install
install: ## Install marketd and proverd into Go's bin folder
	go install -ldflags '$(LDFLAGS)' $(COMMANDS)

.PHONY: demo
demo: build ## Run the whole flow once: a real proof, bought and settled
	build/marketd devnet --once

.PHONY: test
test: ## Run all tests
	go test -timeout 30m ./...

.PHONY: test-race
test-race: ## Run the modules' and the sidecar's core tests under the race detector
	go test -race $(RACE_PACKAGES)

# The line of totals comes last, after a failure too.
.PHONY: test-crash
test-crash: ## Kill sidecars of a running network over and over: make test-crash [ROUNDS=200] [SEED=number]
	@totals=$$(mktemp); trap 'rm -f "$$totals"' EXIT; status=0; \
	go test ./devnet -v -count 1 -timeout 0 -run '^TestCrash$$' \
		-crash.rounds $(or $(ROUNDS),200) -crash.seed $(or $(SEED),0) -crash.totals "$$totals" || status=$$?; \
	cat "$$totals"; exit $$status

# The table comes last, after a failure too.
.PHONY: test-chaos
test-chaos: ## Break a network under load in every way: make test-chaos [MINUTES=15] [SEED=number]
	@table=$$(mktemp); trap 'rm -f "$$table"' EXIT; status=0; \
	go test ./devnet/trial -v -count 1 -timeout 0 -run '^TestChaos$$' \
		-trial.minutes $(or $(MINUTES),15) -trial.seed $(or $(SEED),0) -trial.table "$$table" || status=$$?; \
	cat "$$table"; exit $$status

# For figures that mean something the machine must be quiet.
.PHONY: load-table
load-table: ## Measure networks of one and four validators: make load-table [REQUESTS=1000]
	@table=$$(mktemp); trap 'rm -f "$$table"' EXIT; \
	go test ./devnet/trial -v -count 1 -timeout 0 -run '^TestLoadTable$$' \
		-trial.requests $(or $(REQUESTS),1000) -trial.table "$$table" >&2; \
	cat "$$table"

# For figures that mean something the machine must be quiet.
.PHONY: latency
latency: ## Measure how long requests wait on a network with the shortest windows: make latency [REQUESTS=200]
	@table=$$(mktemp); trap 'rm -f "$$table"' EXIT; \
	go test ./devnet/trial -v -count 1 -timeout 0 -run '^TestLatency$$' \
		-trial.latency $(or $(REQUESTS),200) -trial.table "$$table" >&2; \
	cat "$$table"

.PHONY: lint
lint: build/tools/golangci-lint ## Check style, documentation and import arrows
	build/tools/golangci-lint run ./...

.PHONY: fmt
fmt: build/tools/golangci-lint ## Format the code (gofumpt, import order)
	build/tools/golangci-lint fmt ./...

.PHONY: proto-gen
proto-gen: ## Generate Go code and the OpenAPI file from proto/
	bash scripts/proto-gen.sh

# Compares both ways: a file that differs or is missing, and a generated file
# that no longer has a source.
.PHONY: proto-check
proto-check: ## Fail if generated code differs from proto/
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp"' EXIT; \
	bash scripts/proto-gen.sh "$$tmp"; \
	find x app prover -name '*.pb.go' -o -name '*.pb.gw.go' -o -name '*.swagger.json' | LC_ALL=C sort > "$$tmp.have"; \
	(cd "$$tmp" && find x app prover -type f) | LC_ALL=C sort > "$$tmp.want"; \
	trap 'rm -rf "$$tmp" "$$tmp.have" "$$tmp.want"' EXIT; \
	diff -u "$$tmp.have" "$$tmp.want" || { echo "generated files are missing or left over; run: make proto-gen" >&2; exit 1; }; \
	while read -r f; do cmp -s "$$f" "$$tmp/$$f" || { echo "$$f is out of date; run: make proto-gen" >&2; exit 1; }; done < "$$tmp.want"; \
	echo "generated code is up to date: $$(wc -l < "$$tmp.want") files"

.PHONY: curve-gen
curve-gen: ## Derive the code for BLS12-381 from that for BN254
	bash scripts/curve-gen.sh

# Both ways too: curve.go and curve_test.go are written by hand on either side.
.PHONY: curve-check
curve-check: ## Fail if the code for BLS12-381 differs from that for BN254
	@tmp=$$(mktemp -d); trap 'rm -rf "$$tmp" "$$tmp.have" "$$tmp.want"' EXIT; \
	bash scripts/curve-gen.sh "$$tmp"; \
	find x/verifier/proof -path '*/bls12381/*.go' ! -name curve.go ! -name curve_test.go | LC_ALL=C sort > "$$tmp.have"; \
	(cd "$$tmp" && find x -type f) | LC_ALL=C sort > "$$tmp.want"; \
	diff -u "$$tmp.have" "$$tmp.want" || { echo "generated files are missing or left over; run: make curve-gen" >&2; exit 1; }; \
	while read -r f; do cmp -s "$$f" "$$tmp/$$f" || { echo "$$f is out of date; run: make curve-gen" >&2; exit 1; }; done < "$$tmp.want"; \
	echo "the curves run the same code: $$(wc -l < "$$tmp.want") files"

# A target that takes steps writes how many to the file that FUZZ_STEPS names, a line for
# each run of it: its workers are processes. Their sum comes last, after a failure too.
.PHONY: fuzz
fuzz: build/tools/peakmem ## Fuzz for a while: make fuzz [TARGET=FuzzName] [TIME=30s]
	@export FUZZ_STEPS=$$(mktemp); trap 'rm -f "$$FUZZ_STEPS"' EXIT; \
	grep -rEho --include='*_test.go' 'func Fuzz[A-Za-z0-9_]+' . | awk '{ print $$2 }' | sort -u | while read -r f; do \
		if [ -n "$(TARGET)" ] && [ "$$f" != "$(TARGET)" ]; then continue; fi; \
		for file in $$(grep -rl --include='*_test.go' "func $$f(" .); do \
			echo "== $$f ($$(dirname "$$file")) for $(TIME)"; status=0; : > "$$FUZZ_STEPS"; \
			build/tools/peakmem go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(TIME) -fuzzminimizetime 10x "$$(dirname "$$file")" < /dev/null || status=$$?; \
			awk '{ n += $$1 } END { if (NR) printf "%d steps in %d runs\n", n, NR }' "$$FUZZ_STEPS"; \
			if [ $$status -ne 0 ]; then exit $$status; fi; \
		done; \
	done

# One core and fewer collections of garbage. A failure is made smaller for two minutes
# at most, and printed with its seed and every message.
.PHONY: soak-provers
soak-provers: ## Run the provers' random machine: make soak-provers [SOAK_STEPS=1000000]
	GOMAXPROCS=1 GOGC=800 GOMEMLIMIT=1GiB go test ./x/staking/keeper -v -run '^TestMachine$$' -count 1 -timeout 0 \
		-rapid.checks=$$(($(SOAK_STEPS) * 101 / 100 / $(SOAK_RUN_STEPS) + 1)) -rapid.steps=$(SOAK_RUN_STEPS) -rapid.shrinktime=2m

.PHONY: soak-market
soak-market: ## Run the whole application's random machine: make soak-market [SOAK_STEPS=1000000]
	go test ./testutil/machine -v -run '^TestMachine$$' -count 1 -timeout 0 -rapid.steps=150 -machine.steps=$(SOAK_STEPS)

# A failure prints its seed and the command that repeats it.
.PHONY: sim
sim: ## Simulate the whole application, all modules at work: make sim [BLOCKS=200] [SEEDS=10] [SEED=2]
	go test ./app -v -run '^TestSimulationOfTheWholeApplication' -count 1 -timeout 0 \
		-sim.blocks $(or $(BLOCKS),200) -sim.seeds $(or $(SEEDS),10) -sim.seed $(or $(SEED),2)

.PHONY: determinism
determinism: ## Execute random blocks in eight processes in different ways: make determinism [BLOCKS=1000] [SEED=1]
	go test ./testutil/machine -v -run '^TestDeterminism$$' -count 1 -timeout 0 \
		-machine.blocks $(or $(BLOCKS),1000) -machine.seed $(or $(SEED),1)

# For figures that mean something the machine must be quiet. WORLDS is an absolute path.
.PHONY: bench
bench: ## Measure what the chain is to be fast at, in one table: make bench [REQUESTS=100000] [WORLDS=folder to keep them in]
	go run ./testutil/benchtable -requests $(or $(REQUESTS),100000) -worlds "$(WORLDS)"

.PHONY: bench-raw
bench-raw: ## Run all benchmarks
	go test -run '^$$' -bench . -benchmem $$(grep -rl --include='*_test.go' 'func Benchmark' . | xargs -n1 dirname | sort -u)

.PHONY: bench-settings
bench-settings: ## Run lifecycles on nodes that differ in one setting each, and recheck a full pool: make bench-settings [ROUNDS=15]
	go test -run '^$$' -bench 'Settings|Recheck' -benchtime $(or $(ROUNDS),15)x -timeout 60m ./testutil/e2e

.PHONY: bench-vaults
bench-vaults: ## Benchmark the vaults with up to a million positions (ten minutes, 10 GiB): make bench-vaults [POSITIONS=1000000]
	BENCH_POSITIONS=$(or $(POSITIONS),1000000) go test -run '^$$' -bench Vaults -benchtime 40x -timeout 60m ./x/staking/keeper

.PHONY: bench-market
bench-market: ## Benchmark the market with many open requests: make bench-market [REQUESTS=100000] [WORLDS=folder to keep them in] [BACKEND=pebbledb]
	BENCH_REQUESTS=$(or $(REQUESTS),100000) BENCH_WORLDS=$(WORLDS) BENCH_BACKEND=$(BACKEND) GOMEMLIMIT=8GiB go test -v -run '^$$' -bench Market -benchtime 40x -timeout 180m ./x/market/keeper

.PHONY: load-proofs
load-proofs: ## Make the key and the proofs that marketd load uses (devnet/load/data)
	go test ./devnet/load -count 1 -run '^TestWriteProofs$$' -write-proofs

.PHONY: gas-table
gas-table: ## Measure verifications and write their prices (x/verifier/types/gas_table.go)
	go test ./x/verifier/types -count 1 -run '^TestWriteGasTable$$' -gas-table gas_table.go

# For figures that mean something the machine must be quiet.
.PHONY: gas-check
gas-check: ## Measure verifications, and fail if a price is under its cost
	go test ./x/verifier/types -run '^$$' -bench PricesCoverCosts -benchtime 1x

.PHONY: vuln
vuln: build/tools/govulncheck ## Look the dependencies up in the vulnerability database (needs network)
	build/tools/govulncheck ./...

build/tools/golangci-lint: tools/go.mod tools/go.sum
	@echo "Building golangci-lint (the first time takes minutes)"
	cd tools && go build -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

# Linux counts memory in KiB. What the compiler and linker need counts too.
build/tools/peakmem: tools/peakmem/main.go
	cd tools && go build -o ../$@ ./peakmem

build/tools/govulncheck: tools/go.mod tools/go.sum
	cd tools && go build -o ../$@ golang.org/x/vuln/cmd/govulncheck
	@touch $@
