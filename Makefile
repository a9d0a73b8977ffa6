# One dozen verbs; `make help` lists them. Nothing needs to be installed but Go,
# and PostgreSQL's server binaries when its half of the tests shall run.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

# Linters live in a module of their own: Regal and Keyhall need different versions of OPA.
TOOL := go tool -modfile=internal/tools/go.mod
# Runs a command beside a throw-away PostgreSQL; alone when none is installed (an error with CI=true).
WITH_POSTGRES := go run ./internal/apptest/pgtest/cmd/withpostgres
GO_FILES = (git ls-files -co --exclude-standard -- '*.go'; git ls-files -d -- '*.go') | sort | uniq -u
# What `make generate` may write. Its state before and after is compared.
GENERATED := go.mod go.sum ent graph policy docs console/src
STATE = git ls-files -co --exclude-standard --deduplicate -- $(GENERATED) | sort | xargs -r -d '\n' sha256sum 2>&1 || true

EXPLORER := console/explorer/dist/site/index.html.gz

# How tests run, fuzz and soak; set them on the command line: make fuzz FUZZTIME=5m
TESTFLAGS ?=
FUZZTIME ?= 20s
BENCH ?= .
SOAK ?= 1h
# What is measured: HUGE=1 also 1,000,000 secrets (a quarter of an hour to load, 5 GB); CLEAN=1 removes what was loaded.
HUGE ?=
CLEAN ?=

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: build ## Build, and start Keyhall with a small sample team in ./data-demo
	./keyhall demo

.PHONY: run
run: build ## Build, and start Keyhall with the data in ./data
	./keyhall serve

.PHONY: build
build: explorer ## Build ./keyhall, with the explorer where Node is
	go build -o keyhall .
	@printf 'keyhall: %d MiB\n' $$(( $$(wc -c <keyhall) / 1048576 ))

# Not one of the verbs: build and test need it. Where it cannot be built Keyhall goes without it, and says so.
.PHONY: explorer
explorer:
	@if ! command -v npm >/dev/null; then echo 'npm is not installed: Keyhall goes without its explorer'; \
	elif ! $(MAKE) --no-print-directory $(EXPLORER); then \
		echo 'the explorer could not be built: Keyhall goes without it'; [ "$${CI:-}" != true ]; fi

$(EXPLORER): $(filter-out %_test.go %.go,$(wildcard console/explorer/*.*)) $(wildcard console/explorer/src/*.* console/explorer/src/*/*.*)
	cd console/explorer && npm ci --ignore-scripts --prefer-offline --loglevel error && npm run --silent build

.PHONY: generate
generate: ## Write the generated code and documents again
	go generate ./...

# Not one of the verbs: a step of the recipe "Add a type".
.PHONY: migration
migration:
	@[ -n "$(NAME)" ] || { echo 'say what it does: make migration NAME=groups'; exit 1; }
	cd ent && go run ../internal/apptest/pgtest/cmd/withpostgres go run -mod=mod migrate/main.go '$(NAME)'

.PHONY: check
check: lint ## All that is quick: lint, generated code fresh, descriptions, floors, figures
	@before=$$($(STATE)); go generate ./...; after=$$($(STATE)); \
	if [ "$$before" != "$$after" ]; then \
		echo 'generated code was not fresh; commit what make generate wrote:'; \
		diff <(echo "$$before") <(echo "$$after") | awk '/^>/ { print "  " $$3 }'; exit 1; \
	fi
	go test ./internal/floors ./internal/figures
	@go test -count=1 -run BuiltInLaw -v ./policy | grep -o '[a-zA-Z0-9]*: [0-9]* permissions, leaves.*'
	if ls graph/*_test.go >/dev/null 2>&1; then go test -run Description ./graph; fi
	go run ./internal/figures

.PHONY: lint
lint: ## gofmt, go vet, staticcheck; Regal (with opa fmt) for the policy
	@unformatted=$$($(GO_FILES) | xargs -r -d '\n' gofmt -l); \
	if [ -n "$$unformatted" ]; then echo 'gofmt would change:'; echo "$$unformatted"; exit 1; fi
	go vet ./...
	$(TOOL) staticcheck ./...
	$(TOOL) regal lint policy

# What measures, or computes alone for long, or asks question after question, runs without the race detector, which would
# falsify the one and finds nothing in the others that it does not find where things are done at once. The line above such a
# test says so, or the line above the package clause of a folder of them; both runs are chosen by it (races.awk), so that no test
# is in neither. -short is for what others run beside: long campaigns are left to `go test` of a folder and to `make soak`. What
# go vet finds, `make check` says. SQLite is C made into Go, and not ours: the checks of unsafe pointers that come with the
# detector leave it out, which saves a sixth of the time. Much of the time is waiting, for which more tests than processors run
# side by side.
RACE := -race -gcflags='modernc.org/...=-d=checkptr=0'
ALIKE := -short -vet=off -parallel 4 -timeout 30m
TEST_FILES = go list -f '{{$$d := .Dir}}{{range .TestGoFiles}}{{$$d}}/{{.}} {{end}}{{range .XTestGoFiles}}{{$$d}}/{{.}} {{end}}' ./...
.PHONY: test
test: explorer ## Every test, on SQLite and PostgreSQL; with the race detector but for what measures
	@{ read -r alone; read -r beside; read -r raced; read -r others; } < <(awk -f internal/apptest/races.awk $$($(TEST_FILES))); \
	export alone beside raced others; $(WITH_POSTGRES) bash -euc '\
		echo "with the race detector:"; go test $(RACE) $(ALIKE) -skip "^($$alone)\$$" $(TESTFLAGS) $$raced; \
		echo "without it:"; go test $(ALIKE) -skip "^($$beside)\$$" $(TESTFLAGS) $$others'

.PHONY: bench
bench: ## The bars of speed, as ratios against a baseline of the same run; HUGE=1 with 1,000,000 secrets
	KEYHALL_BENCH_HUGE=$(HUGE) $(WITH_POSTGRES) \
		go test -C internal/benches -count=1 -v -timeout 120m -run '$(BENCH)' .
	if [[ TestVerifyManyKeys =~ $(BENCH) ]]; then KEYHALL_BENCH=1 go test -count=1 -v -run '^TestVerifyManyKeys$$' ./internal/verify; fi
	go test -C internal/benches/openfga -count=1 -v -timeout 60m -run '$(BENCH)' .

.PHONY: bench-data
bench-data: ## Load the secrets that are measured, once, into KEYHALL_BENCH_DATA or a temporary folder (HUGE=1, CLEAN=1)
	go run ./internal/apptest/city/cmd/benchdata $(if $(HUGE),huge) $(if $(CLEAN),clean)

.PHONY: fuzz
fuzz: ## Every fuzz test for FUZZTIME (20s)
	@{ grep -rl --include='*_test.go' '^func Fuzz' . || true; } | while read -r file; do \
		for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			echo "$$name in $$file"; \
			go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "./$$(dirname "$$file")" </dev/null; \
		done; \
	done

.PHONY: soak
soak: ## The long tests (named TestSoak...) for SOAK (1h)
	KEYHALL_SOAK=$(SOAK) $(WITH_POSTGRES) go test -count=1 -v -run '^TestSoak' -timeout 24h ./...

.PHONY: clean
clean: ## Remove what was built, and the demo's data (never ./data)
	rm -rf keyhall bin data-demo console/explorer/dist/site console/*/node_modules examples/*/node_modules
